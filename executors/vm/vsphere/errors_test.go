package vsphere

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

var sentinels = []error{vm.ErrNotFound, vm.ErrExists, vm.ErrUnavailable, vm.ErrPermanent, vm.ErrUnusable}

func TestWhatAnErrorIsToCallers(t *testing.T) {
	machine := thing("VirtualMachine", "vm-1")
	answered := func(f types.BaseMethodFault) error {
		s := &soap.Fault{Code: "ServerFaultCode", String: "in the server's words"}
		s.Detail.Fault = f
		return soap.WrapSoapFault(s)
	}
	ended := func(f types.BaseMethodFault) error {
		return &fault{&types.LocalizedMethodFault{Fault: f, LocalizedMessage: "in the server's words"}}
	}
	tests := []struct {
		name string
		err  error
		want error // nil: none of the sentinels
	}{
		{"machine gone", answered(&types.ManagedObjectNotFound{Obj: machine}), vm.ErrNotFound},
		{"host gone", answered(&types.ManagedObjectNotFound{Obj: thing("HostSystem", "host-1")}), vm.ErrUnavailable},
		{"not found", ended(&types.NotFound{}), vm.ErrNotFound},
		{"duplicate name", ended(&types.DuplicateName{Name: "a"}), vm.ErrExists},
		{"already exists", answered(&types.AlreadyExists{Name: "a"}), vm.ErrExists},
		{"no permission", answered(&types.NoPermission{PrivilegeId: "VirtualMachine.Provisioning.Clone"}), vm.ErrPermanent},
		{"wrong password", answered(&types.InvalidLogin{}), vm.ErrUnusable},
		{"invalid argument", ended(&types.InvalidArgument{InvalidProperty: "spec.host"}), vm.ErrPermanent},
		{"not supported", ended(&types.SnapshotCopyNotSupported{}), nil},
		{"unsupported here", answered(&types.NotSupported{}), vm.ErrPermanent},
		{"not logged in, though just logged in", answered(&types.NotAuthenticated{}), vm.ErrUnavailable},
		{"host does not answer", ended(&types.HostCommunication{}), vm.ErrUnavailable},
		{"host is not connected", ended(&types.HostNotConnected{}), vm.ErrUnavailable},
		{"busy", ended(&types.TaskInProgress{}), vm.ErrUnavailable},
		{"cancelled by somebody", ended(&types.RequestCanceled{}), vm.ErrUnavailable},
		{"no memory", ended(&types.InsufficientMemoryResourcesFault{}), vm.ErrUnavailable},
		{"no room", ended(&types.NoDiskSpace{}), vm.ErrUnavailable},
		{"anything else", ended(&types.GenericVmConfigFault{Reason: "x"}), nil},
		{"refused connection", &url.Error{Op: "Post", URL: "https://vc/sdk", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, vm.ErrUnavailable},
		{"cut connection", io.ErrUnexpectedEOF, vm.ErrUnavailable},
		{"out of time", context.DeadlineExceeded, vm.ErrUnavailable},
		{"unknown authority", &url.Error{Op: "Post", URL: "https://vc/sdk", Err: x509.UnknownAuthorityError{}}, vm.ErrUnusable},
		{"cancelled by the caller", fmt.Errorf("clone: %w", context.Canceled), nil},
		{"no address", errNoAddress, nil},
		{"lost task", errTaskLost, vm.ErrUnavailable},
		{"said before", wrong("folder: missing"), vm.ErrPermanent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := told(told(tt.err))
			for _, s := range sentinels {
				if errors.Is(got, s) != (s == tt.want) {
					t.Errorf("%v: is %q: %v", got, s, errors.Is(got, s))
				}
			}
			if f := faultOf(tt.err); f != nil {
				name := strings.TrimPrefix(fmt.Sprintf("%T", f), "*types.")
				if strings.Count(got.Error(), name) != 1 || strings.Count(got.Error(), "in the server's words") != 1 {
					t.Errorf("it reads %q", got)
				}
			}
			if strings.Contains(got.Error(), "Post") {
				t.Errorf("it reads %q", got)
			}
		})
	}
}

func TestAnAnswerWithoutEnd(t *testing.T) {
	b := &boundedBody{io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), 60}
	got, err := io.ReadAll(b)
	if len(got) != 60 || !errors.Is(err, errTooLong) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	b = &boundedBody{io.NopCloser(strings.NewReader("short")), 60}
	if got, err := io.ReadAll(b); string(got) != "short" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}
