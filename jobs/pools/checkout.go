package pools

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// take moves machines from ready to running, or fails and leaves all as it was.
func (d *Domain) take(tx *store.Tx, by Who, wants []Want, lot *rand.Rand) ([]Taken, error) {
	left, err := d.quota(tx, by, wants)
	if err != nil {
		return nil, err
	}
	from, err := d.assign(tx, wants, left, lot)
	if err != nil {
		return nil, err
	}
	taken := make([]Taken, 0, len(wants))
	for _, w := range wants {
		t := Taken{Name: w.Name, VMs: make([]store.VM, 0, w.Count)}
		for range w.Count {
			v, err := store.OldestReady(tx, from[0])
			if err != nil {
				return nil, fmt.Errorf("ready machine of %s: %w", from[0], err)
			}
			from = from[1:]
			was := v
			d.handOver(tx, &v, by, w.Name)
			if err := store.MoveVM(tx, &was, &v); err != nil {
				return nil, err
			}
			t.VMs = append(t.VMs, v)
		}
		taken = append(taken, t)
	}
	return taken, countTaken(tx, by, taken)
}

// assign says which pool gives each machine, or ErrEmpty if those that are ready and left to the caller do not suffice in any way.
func (d *Domain) assign(tx *store.Tx, wants []Want, left allowance, lot *rand.Rand) ([]string, error) {
	var units [][]string
	supply := map[string]int{}
	for _, w := range wants {
		backends := d.backends(w.Name)
		ready := 0
		for _, b := range backends {
			if _, known := supply[b]; !known {
				c, err := store.CountsOf(tx, b)
				if err != nil {
					return nil, err
				}
				supply[b] = left.of(b, c.Ready)
			}
			ready += supply[b]
		}
		if ready < w.Count {
			return nil, fmt.Errorf("%w: %s", ErrEmpty, w.Name)
		}
		for range w.Count {
			units = append(units, d.drawn(backends, lot))
		}
	}
	from, ok := plan.Assign(units, supply)
	if !ok {
		return nil, ErrEmpty
	}
	return from, nil
}

// handOver makes a machine its taker's.
func (d *Domain) handOver(tx *store.Tx, v *store.VM, by Who, alias string) {
	v.State, v.CheckedOut = store.VMRunning, tx.Now()
	v.Alias, v.Token, v.User = alias, by.Token, by.User
	if by.Token != "" {
		v.Lifetime = d.lifetimeAuth(v.Pool)
	}
}

func countTaken(tx *store.Tx, by Who, taken []Taken) error {
	if by.User == "" {
		return nil
	}
	n := 0
	for _, t := range taken {
		n += len(t.VMs)
	}
	return store.AddUsage(tx, store.UsageOfUser, by.User, n, 0, 0)
}

// complete ends a machine's use: it waits to be destroyed.
func complete(tx *store.Tx, v *store.VM, reason string) error {
	was := *v
	v.State, v.Completed, v.Reason, v.Tasks = store.VMCompleted, tx.Now(), reason, nil
	if was.State == store.VMRunning {
		if err := countEnded(tx, &was); err != nil {
			return err
		}
	}
	return store.MoveVM(tx, &was, v)
}

func countEnded(tx *store.Tx, v *store.VM) error {
	var held time.Duration
	if !v.CheckedOut.IsZero() {
		held = tx.Now().Sub(v.CheckedOut)
	}
	if v.User != "" {
		if err := store.AddUsage(tx, store.UsageOfUser, v.User, 0, 1, held); err != nil {
			return err
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(v.Tags)) { // in the order of the keys, which costs a B+ tree least
		if err := store.AddUsage(tx, store.UsageOfTag, store.TagUsage(tag, v.Tags[tag]), 0, 1, held); err != nil {
			return err
		}
	}
	return nil
}
