package pools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs"
	"yardmaster/store"
)

// The kinds of this domain. The names are stored.
const (
	kindClone    = "vm.clone"
	kindDestroy  = "vm.destroy"
	kindDisk     = "vm.disk"
	kindSnapshot = "vm.snapshot"
	kindRevert   = "vm.revert"
	kindDrop     = "vm.unsnapshot"
	kindSettle   = "vm.settle"
)

// work is the input of every kind: all that a provider is told.
type work struct {
	Provider string  `json:"provider"`
	Pool     vm.Pool `json:"pool"`
	VM       string  `json:"vm"`
	Mark     string  `json:"mark,omitempty"` // of the machine; "" is not known
	Arg      string  `json:"arg,omitempty"`  // id of a disk or snapshot
	Name     string  `json:"name,omitempty"` // what its user calls a snapshot
	GB       int     `json:"gb,omitempty"`
	User     string  `json:"user,omitempty"`
	Host     string  `json:"host,omitempty"` // where it ran when this was planned
	Migrate  bool    `json:"migrate,omitempty"`
	AskDNS   bool    `json:"ask_dns,omitempty"`
}

// Resolver says whether DNS knows a host.
type Resolver func(ctx context.Context, host string) (known bool, err error)

// Kinds are the operations of this domain. Providers are by the names of the configuration.
func (d *Domain) Kinds(providers map[string]vm.Provider, dns Resolver) []jobs.Kind {
	m := machines{providers, dns}
	return []jobs.Kind{
		cloneKind{base{d, m}}, destroyKind{base{d, m}}, diskKind{base{d, m}}, snapshotKind{base{d, m}},
		revertKind{base{d, m}}, dropKind{base{d, m}}, settleKind{base{d, m}},
	}
}

type machines struct {
	providers map[string]vm.Provider
	dns       Resolver
}

// do calls the provider that an operation is for.
func (b base) do(op store.Operation, call func(p vm.Provider, w work) error) error {
	w, err := jobs.Input[work](op)
	if err != nil {
		return err
	}
	b.d.locate(&w)
	p, ok := b.m.providers[w.Provider]
	if !ok {
		return jobs.Retry(fmt.Errorf("provider %s is not configured here", w.Provider), silent(w.Provider))
	}
	return fault(w.Provider, call(p, w))
}

// silent is how a failure names the provider that did not answer.
func silent(provider string) string { return "provider/" + provider }

// fault sorts a provider's errors: what another try may mend, and what its user must know.
func fault(provider string, err error) error {
	var refused *jobs.RefusedError
	switch {
	case err == nil, errors.As(err, &refused):
		return err
	case unfit(err), errors.Is(err, context.DeadlineExceeded):
		return jobs.Retry(err, silent(provider))
	case errors.Is(err, vm.ErrPermanent), errors.Is(err, vm.ErrNotFound):
		return jobs.Refuse(err.Error())
	}
	return jobs.Retry(err)
}

// unfit says that a provider is to be left alone for a while: it does not answer, or refuses all that we ask.
func unfit(err error) bool {
	return errors.Is(err, vm.ErrUnavailable) || errors.Is(err, vm.ErrUnusable)
}

// again calls f a few times, for those last steps whose failure would leave something behind.
func again(ctx context.Context, f func() error) error {
	var err error
	for wait := 100 * time.Millisecond; wait < time.Second; wait *= 2 {
		if err = f(); err == nil || unfit(err) {
			return err
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
	return err
}

// base is what the kinds share: one machine, which the operation holds until it ends, on one provider.
type base struct {
	d *Domain
	m machines
}

// Lane is the provider that an operation waits for.
func (base) Lane(op store.Operation) string {
	w, err := jobs.Input[work](op)
	if err != nil {
		return ""
	}
	return silent(w.Provider)
}

// release ends the operation's hold on its machine and changes its record; one that is forgotten is left alone.
func release(tx *store.Tx, op *store.Operation, change func(v *store.VM)) error {
	name := op.Targets[0].ID
	v, err := store.VMs.Get(tx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	was := v
	if v.Op == op.ID {
		v.Op = ""
	}
	change(&v)
	return store.MoveVM(tx, &was, &v)
}

// Undo of a change that leaves nothing which the machine's destruction would not remove.
func (base) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }

// Abandon notes on the machine why a change of it failed.
func (base) Abandon(tx *store.Tx, op *store.Operation) error {
	return release(tx, op, func(v *store.VM) {
		if op.Error != nil {
			v.Fault = op.Kind + ": " + op.Error.Text
		}
	})
}

// change is how patient the engine is with a change that a user asked for.
func (base) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute, Attempts: 4, Backoff: 500 * time.Millisecond, MaxWait: 10 * time.Second}
}
