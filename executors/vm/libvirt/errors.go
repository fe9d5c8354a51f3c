package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

// errSilent is a hypervisor that did not answer, in contrast to one that is busy.
var errSilent = errors.New("no answer")

// fault is an error that was recognised: it reads as the machine's words and matches what callers tell apart.
type fault struct {
	kinds []error
	err   error
}

func (f *fault) Error() string   { return f.err.Error() }
func (f *fault) Unwrap() []error { return append(f.kinds, f.err) }

// The exit statuses of our own scripts.
const (
	exitExists = 17
	exitBusy   = 75  // somebody else holds the machine's lock
	exitLate   = 124 // timeout ended the program
	exitKilled = 137 // timeout had to kill it
	exitAbsent = 127 // there is no such program
)

// sayNothing is what a script says of a libvirt that took a question and did not answer it.
const sayNothing = "libvirt does not answer"

// sign is a phrase of virsh and what it means to callers.
type sign struct {
	text  string
	kinds []error
}

var (
	unavailable = []error{vm.ErrUnavailable}
	silence     = []error{vm.ErrUnavailable, errSilent}
	permanent   = []error{vm.ErrPermanent}
	unusable    = []error{vm.ErrUnusable}
	notFound    = []error{vm.ErrNotFound}
	exists      = []error{vm.ErrExists}
)

// signs are what any call may be refused with, most telling first.
var signs = []sign{
	{"authentication", unusable}, // of a connection: it comes together with the next one
	{"ermission denied", permanent},
	{"access denied", permanent},
	{sayNothing, silence},
	{"failed to connect to the hypervisor", silence},
	{"End of file while reading data", silence},
	{"Cannot recv data", silence},
	{"Cannot write data", silence},
	{"client socket is closed", silence},
	{"keepalive timeout", silence},
	{"time is over", unavailable},
	{"state change lock", unavailable},
	{"still being allocated", unavailable},
	{"asynchronous jobs running", unavailable},
	{"no domain snapshot with matching name", notFound},
	{"failed to get domain", notFound},
	{"no domain with matching", notFound},
	{"omain not found", notFound},
	{"no network with matching name", permanent},
	{"no storage pool with matching name", permanent},
	{"unsupported configuration", permanent},
	{"not supported", permanent},
	{"XML error", permanent},
	{"invalid argument", permanent},
	{"could not find capabilities", permanent},
	{"cannot be hotplugged", permanent},
	{"Unsafe migration", permanent},
}

// creates are what a create may be refused with beside them: they come first.
var creates = []sign{
	{"already exists", exists},
	{"exists already", exists},
	{"already in use", exists},
	{"no storage vol with matching", permanent}, // the template
}

// refused makes the error of a script that exited non-zero.
func refused(host, what string, res executors.Result, more []sign) error {
	exit := &executors.ExitError{Host: host, What: what, Result: res}
	err := fmt.Errorf("%s on %s: %w", what, host, exit)
	text := exit.Error()
	for _, list := range [][]sign{more, signs} {
		for _, s := range list {
			if strings.Contains(text, s.text) {
				return &fault{s.kinds, err}
			}
		}
	}
	switch res.Exit {
	case exitBusy, exitLate, exitKilled:
		return &fault{unavailable, err}
	case exitAbsent:
		return &fault{unusable, err}
	}
	return err
}

// unheard makes the error of a script whose end was not seen. A caller who left is no fault of the hypervisor's.
func unheard(ctx context.Context, host, what string, err error) error {
	err = fmt.Errorf("%s on %s: %w", what, host, err)
	if ctx.Err() != nil {
		return &fault{unavailable, err}
	}
	return &fault{silence, err}
}

func silent(err error) bool { return errors.Is(err, errSilent) }
