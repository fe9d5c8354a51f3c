package vsphere

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"

	"yardmaster/executors/vm"
)

// errHalfMade is what a machine is while it is cloned.
var errHalfMade = fmt.Errorf("%w: the machine is not whole yet", vm.ErrUnavailable)

// wrong is a refusal that no other try will mend.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", vm.ErrPermanent, fmt.Errorf(format, args...))
}

// told wraps an error in the one of package vm that it is to callers, if it is one.
func told(err error) error {
	for _, known := range []error{vm.ErrNotFound, vm.ErrExists, vm.ErrUnavailable, vm.ErrPermanent, vm.ErrUnusable, context.Canceled, errNoAddress} {
		if errors.Is(err, known) {
			return err
		}
	}
	if r := (*refusal)(nil); errors.As(err, &r) {
		return err
	}
	if f := faultOf(err); f != nil {
		if kind := kindOf(f); kind != nil {
			return fmt.Errorf("%w: %w", kind, &refusal{f, err})
		}
		return &refusal{f, err}
	}
	if certificate(err) {
		return fmt.Errorf("%w: the server's certificate is refused (insecure is not set): %w", vm.ErrUnusable, bare(err))
	}
	if network(err) {
		return fmt.Errorf("%w: %w", vm.ErrUnavailable, bare(err))
	}
	return err
}

// refusal is a fault of the server. It says which one, since the words that come with it are often few or none.
type refusal struct {
	fault types.BaseMethodFault
	err   error
}

func (r *refusal) Error() string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", r.fault), "*types.")
	if text := words(r.err); text != "" && text != name {
		return fmt.Sprintf("%s (%s)", text, name)
	}
	return name
}

func (r *refusal) Unwrap() error { return r.err }

// words are the server's own for a fault.
func words(err error) string {
	if soap.IsSoapFault(err) {
		return soap.ToSoapFault(err).String
	}
	if soap.IsVimFault(err) {
		return ""
	}
	return err.Error()
}

// faultOf finds the server's fault in an error.
func faultOf(err error) types.BaseMethodFault {
	var f interface {
		Fault() types.BaseMethodFault
	}
	if errors.As(err, &f) {
		return f.Fault()
	}
	return nil
}

func isFault[F types.BaseMethodFault](err error) bool {
	_, ok := faultOf(err).(F)
	return ok
}

// gone says that a thing does not exist any more.
func gone(err error) bool { return isFault[*types.ManagedObjectNotFound](err) }

// isMissing says that a machine, or a snapshot of it, is not there. That other things are gone says nothing of it.
func isMissing(err error) bool {
	if f, ok := faultOf(err).(*types.ManagedObjectNotFound); ok {
		return ofMachine(f.Obj)
	}
	return errors.Is(err, vm.ErrNotFound)
}

func ofMachine(r ref) bool { return r.Type == "VirtualMachine" || r.Type == "VirtualMachineSnapshot" }

// kindOf sorts the server's faults. What is in no row may or may not succeed another time.
func kindOf(f types.BaseMethodFault) error {
	switch f := f.(type) {
	case *types.ManagedObjectNotFound:
		if !ofMachine(f.Obj) {
			return vm.ErrUnavailable // removed since we found it
		}
		return vm.ErrNotFound
	case *types.NotFound:
		return vm.ErrNotFound
	case *types.DuplicateName, *types.AlreadyExists:
		return vm.ErrExists
	case *types.NotAuthenticated, // though just logged in
		*types.Timedout, *types.RequestCanceled, *types.ConcurrentAccess, *types.FileLocked, *types.ResourceInUse,
		*types.NoDiskSpace, *types.HostConnectFault, *types.InvalidHostConnectionState, *types.InvalidHostState,
		types.BaseHostCommunication, types.BaseInsufficientResourcesFault, types.BaseTaskInProgress:
		return vm.ErrUnavailable
	case *types.InvalidLogin:
		return vm.ErrUnusable
	case types.BaseNoPermission, types.BaseNotSupported, *types.NotImplemented, *types.MethodNotFound,
		*types.InvalidName, types.BaseInvalidArgument, *types.RestrictedVersion, types.BaseNotEnoughLicenses:
		return vm.ErrPermanent
	}
	return nil
}

func certificate(err error) bool {
	var refused *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var otherName x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &refused) || errors.As(err, &unknown) || errors.As(err, &otherName) || errors.As(err, &invalid)
}

// network says that the server was not reached, or not heard to the end.
func network(err error) bool {
	var transport *url.Error
	var socket net.Error
	var text *xml.SyntaxError // of what came instead of an answer, or of half of one
	return errors.As(err, &transport) || errors.As(err, &socket) || errors.As(err, &text) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, errNoDial) || errors.Is(err, errClosed)
}

// bare takes the method and the URL off an error of the transport.
func bare(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
