package pools

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yardmaster/store"
)

// place is a queue of a pool.
type place struct{ queue, pool string }

// queues is where every machine is.
type queues struct {
	of     map[string][]place           // by machine
	active map[string]map[string]string // by pool: when each machine was checked out
	taken  map[string]place             // the machines that are brought over, by name
}

// readQueues finds the machines and decides which are brought over.
func (t *takeover) readQueues(ctx context.Context) error {
	t.queues = queues{of: map[string][]place{}, active: map[string]map[string]string{}, taken: map[string]place{}}
	err := t.src.Members(ctx, t.keys.queues, func(key string, members []string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		queue, pool, _ := cutQueue(key)
		for _, name := range members {
			if !isLabel(name) {
				t.report.complain(key, name, "is no name of a machine")
				continue
			}
			t.queues.of[name] = append(t.queues.of[name], place{queue, pool})
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = t.src.Hashes(ctx, t.keys.active, func(key string, fields map[string]string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		t.queues.active[strings.TrimPrefix(key, activeKey)] = fields
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.queues.of)) {
		t.choose(name)
	}
	return nil
}

// choose decides which of its places counts for a machine, and what that means for it.
func (t *takeover) choose(name string) {
	at, others := t.queues.stands(name)
	if others != nil {
		t.report.complain(machineKey+name, "", fmt.Sprintf("is in %s of %s, and also in %s; the first counts", at.queue, at.pool,
			strings.Join(others, ", ")))
	}
	switch {
	case at.queue == queueMigrating: // a remnant
	case at.queue != queueRunning && at.queue != queueReady:
		t.report.leave(at.queue, at.pool, name)
	case t.pools[at.pool] == nil:
		t.report.unknownPool(at.pool).machine(at.queue)
	default:
		t.queues.taken[name] = at
	}
}

// stands is the place that counts, the others as words. Of two pools that have it checked out, the one that knows since when.
func (q *queues) stands(name string) (place, []string) {
	at := slices.Clone(q.of[name])
	slices.SortFunc(at, func(a, b place) int {
		return cmp.Or(cmp.Compare(slices.Index(queueOrder, a.queue), slices.Index(queueOrder, b.queue)),
			cmp.Compare(len(q.active[b.pool][name]), len(q.active[a.pool][name])), cmp.Compare(a.pool, b.pool))
	})
	var others []string
	for _, p := range at[1:] {
		if p.queue != queueMigrating && p.queue != queueDiscovered {
			others = append(others, p.queue+" of "+p.pool)
		}
	}
	return at[0], others
}

// readMachines translates the machines that are brought over.
func (t *takeover) readMachines(ctx context.Context) error {
	t.machines = map[string]*store.VM{}
	var keys []string
	for _, name := range slices.Sorted(maps.Keys(t.queues.taken)) {
		keys = append(keys, machineKey+name)
	}
	return t.src.Hashes(ctx, keys, func(key string, fields map[string]string, err error) error {
		name := strings.TrimPrefix(key, machineKey)
		at := t.queues.taken[name]
		switch {
		case err != nil:
			t.report.complain(key, "", err.Error())
		case len(fields) == 0:
			t.report.complain(key, "", "is not there")
		case fields["destroy"] != "":
			t.report.leave(queueCompleted, at.pool, name)
			return nil
		}
		if len(fields) == 0 && at.queue == queueReady { // nobody has it, and nothing says that it lives
			t.report.machinesOf(at.pool, store.VMReady).Out++
			return nil
		}
		t.machines[name] = t.machine(name, at, t.record(key, fields))
		return nil
	})
}

// machine translates what is known of one.
func (t *takeover) machine(name string, at place, r record) *store.VM {
	p := t.pools[at.pool]
	v := &store.VM{Name: name, Pool: at.pool, State: store.VMReady, Template: t.template(at.pool), Target: t.target(at.pool),
		Provider: p.Provider, Domain: cmp.Or(r.text("domain"), p.Domain), Place: placeOf(p.Pool), IP: r.address("ip"), Host: r.text("host"),
		Migrated: r.fields["migrated"] == "true", Alias: r.text("pool_alias"), Request: r.text("request_id"),
		Created: r.time("clone"), Ready: r.time("ready"), Checked: r.fields["check"] != "", Disks: r.disks(), Snaps: r.snapshots(), Tags: r.tags()}
	if at.queue == queueRunning {
		t.checkedOut(v, at, r)
	}
	if v.Created.IsZero() {
		v.Created = earliest(t.now, v.Ready, v.CheckedOut)
	}
	if v.Ready.IsZero() && v.State == store.VMReady {
		r.complain("ready", "is missing; it counts as ready since it was cloned")
		v.Ready = v.Created
	}
	if took, ok := r.duration("clone_time"); ok {
		v.Cloned = v.Created.Add(took)
	} else {
		v.Cloned = earliest(v.Created, v.Ready)
	}
	return v
}

// checkedOut adds what only a machine has that somebody holds.
func (t *takeover) checkedOut(v *store.VM, at place, r record) {
	v.State, v.Settled = store.VMRunning, !slices.Contains(t.queues.of[v.Name], place{queueMigrating, at.pool})
	v.CheckedOut = t.record(activeKey+at.pool, t.queues.active[at.pool]).time(v.Name)
	if v.CheckedOut.IsZero() {
		v.CheckedOut = r.time("checkout")
	}
	if v.CheckedOut.IsZero() {
		r.complain("checkout", "is missing; its lifetime begins now")
		v.CheckedOut = t.now
	}
	v.User = r.text("token:user")
	if text := r.fields["token:token"]; text != "" {
		v.Token = hashToken(text)
		if token := t.tokens[v.Token]; token != nil && v.User == "" {
			v.User = token.User
		}
	}
	if hours, ok := r.whole("lifetime", 0, maxHours); ok {
		if v.Lifetime = hours; hours == 0 {
			r.complain("lifetime", "0 let it live for ever; here it lives as long as its pool says")
		}
	}
}

func (r record) disks() []int {
	s := r.text("disk")
	if s == "" {
		return nil
	}
	gb, bad := rubyDisks(s)
	for _, part := range bad {
		r.complain("disk", "%q is no disk of the form +8gb", clip(part))
	}
	return gb
}

func (r record) snapshots() []store.VMSnapshot {
	var out []store.VMSnapshot
	for id, field := range r.under("snapshot:") {
		at := r.time(field)
		if at.IsZero() {
			at = r.now
		}
		out = append(out, store.VMSnapshot{ID: id, At: at})
	}
	slices.SortStableFunc(out, func(a, b store.VMSnapshot) int { return a.At.Compare(b.At) })
	return out
}

// tags are as many as a machine may have here, the first by name.
func (r record) tags() map[string]string {
	tags := map[string]string{}
	size, beyond := 0, 0
	for tag, field := range r.under("tag:") {
		value := r.text(field)
		switch {
		case value == "":
		case len(tags) == mostTags || size+len(tag)+len(value) > mostTagBytes:
			beyond++
		default:
			tags[tag] = value
			size += len(tag) + len(value)
		}
	}
	if beyond > 0 {
		r.complain("tag:*", "%d of them are beyond %d tags or %d bytes, and stay behind", beyond, mostTags, mostTagBytes)
	}
	if len(tags) == 0 {
		return nil
	}
	return tags
}

// earliest is the first of those times that are known; otherwise, unless is.
func earliest(unless time.Time, times ...time.Time) time.Time {
	first := time.Time{}
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() {
		return unless
	}
	return first
}
