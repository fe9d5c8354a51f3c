package pools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardmaster/store"
)

// Source is the Redis of a vmpooler, read and never written. A key that is not there holds nothing. One that cannot be read has an
// error of its own, and the reading goes on; an error that a method returns means that the Redis was not read to the end.
type Source interface {
	// Keys are all keys that begin so, each once.
	Keys(ctx context.Context, prefix string) ([]string, error)
	// Hashes hands over hashes, in the order of keys.
	Hashes(ctx context.Context, keys []string, each func(key string, fields map[string]string, err error) error) error
	// Members hands over sets and sorted sets, in the order of keys.
	Members(ctx context.Context, keys []string, each func(key string, members []string, err error) error) error
}

// TakeoverOptions say what is taken over, and whether it is.
type TakeoverOptions struct {
	Pools    []Pool                       // those that are configured here; machines of others are left
	Since    string                       // the first day whose counts are wanted, YYYY-MM-DD; "" is all of them
	Apply    bool                         // without it, nothing is written
	Seal     func(string) (string, error) // for the texts of tokens
	TokenTTL time.Duration                // until a token that is brought over expires, from now on; 0 is never
}

// Takeover brings over what a vmpooler that does not run any more left in its Redis: tokens, machines that are checked out or
// ready, on-demand requests, overrides and the counts of each day. It adds and never changes: what control.db has already stays
// as it is there, so that a second run adds nothing. All but the counts is written in one transaction, the counts in one for each
// day. What cannot be read is reported and stops nothing else; an error means that Redis or control.db could not be used.
func Takeover(ctx context.Context, src Source, db *store.DB, o TakeoverOptions) (*TakeoverReport, error) {
	t := &takeover{src: src, db: db, o: o, now: db.Now(), pools: make(map[string]*Pool, len(o.Pools)), report: newTakeoverReport(o.Apply)}
	if o.Apply && o.Seal == nil {
		return nil, errors.New("tokens cannot be taken over without a key that seals them")
	}
	if o.Since != "" && !isDay(o.Since) {
		return nil, fmt.Errorf("since: %q is no day of the form YYYY-MM-DD", clip(o.Since))
	}
	for i := range o.Pools {
		t.pools[o.Pools[i].Name] = &o.Pools[i]
	}
	keys, err := src.Keys(ctx, keyPrefix)
	if err != nil {
		return nil, err
	}
	t.keys = sortKeys(keys, t.report)
	for _, step := range []func(context.Context) error{
		t.readOverrides, t.readTokens, t.readQueues, t.readMachines, t.readRequests, t.readTasks, t.write, t.bringDays} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	t.report.finish()
	return t.report, nil
}

// takeover is one run: each step reads some keys and leaves records for write.
type takeover struct {
	src    Source
	db     *store.DB
	o      TakeoverOptions
	now    time.Time
	pools  map[string]*Pool
	report *TakeoverReport
	keys   redisKeys

	prepared map[string]string // what each pool cloned last
	queues   queues

	overrides map[string]*store.PoolOverride
	tokens    map[string]*store.Token // by hash
	machines  map[string]*store.VM
	requests  []*store.VMRequest
}

// write adds the records that are not there already, or counts those that would be added.
func (t *takeover) write(ctx context.Context) error {
	var clashes []string
	err := t.within(ctx, func(tx *store.Tx) error {
		r := t.report
		r.Tokens.reset()
		r.Overrides.reset()
		r.Requests.reset()
		r.resetMachines()
		clashes = nil
		for _, token := range t.tokens {
			if err := bring(tx, t.o.Apply, store.Tokens, token.Hash, token, &r.Tokens, store.Tokens.Put); err != nil {
				return fmt.Errorf("token: %w", err)
			}
		}
		for pool, o := range t.overrides {
			if err := bring(tx, t.o.Apply, store.PoolOverrides, pool, o, &r.Overrides, store.PoolOverrides.Put); err != nil {
				return fmt.Errorf("override of pool %s: %w", pool, err)
			}
		}
		for _, q := range t.requests {
			if err := bring(tx, t.o.Apply, store.VMRequests, q.ID, q, &r.Requests, store.VMRequests.Put); err != nil {
				return fmt.Errorf("request %s: %w", q.ID, err)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(t.machines)) {
			v := t.machines[name]
			if have, err := store.VMs.Get(tx, name); err == nil && have.Pool != v.Pool {
				clashes = append(clashes, name)
				continue
			}
			if err := bring(tx, t.o.Apply, store.VMs, name, v, r.machines(v), putMachine); err != nil {
				return fmt.Errorf("machine %s: %w", name, err)
			}
		}
		return nil
	})
	for _, name := range clashes {
		t.report.complain(machineKey+name, "", "control.db knows a machine of that name in another pool")
		t.report.machines(t.machines[name]).Out++
	}
	return err
}

// within runs look in a transaction that may write only if anything is to be written.
func (t *takeover) within(ctx context.Context, look func(*store.Tx) error) error {
	if t.o.Apply {
		return t.db.Update(ctx, look)
	}
	return t.db.View(ctx, look)
}

// bring adds a record unless there is one of that id.
func bring[V any](tx *store.Tx, apply bool, table store.Table[V], id string, v *V, n *TakeoverCount, put func(*store.Tx, *V) error) error {
	_, err := table.Get(tx, id)
	switch {
	case err == nil:
		n.There++
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	n.New++
	if !apply {
		return nil
	}
	return put(tx, v)
}

// putMachine writes a machine as it came about, ready first: from that its pool knows when it last booted one.
func putMachine(tx *store.Tx, v *store.VM) error {
	if v.State == store.VMRunning && !v.Ready.IsZero() {
		ready := *v
		ready.State = store.VMReady
		if err := store.PutVM(tx, &ready); err != nil {
			return err
		}
	}
	return store.PutVM(tx, v)
}
