package vmpooler

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// poolNames is GET /vm.
func (e edition) poolNames(*http.Request) (rest.Response, error) {
	return rest.Body(http.StatusOK, jsonType, pretty(e.service.Names())), nil
}

// vmInfo is GET /vm/{name}.
func (e edition) vmInfo(r *http.Request) (rest.Response, error) {
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return rest.Response{}, err
	}
	v, err := e.service.VM(r.Context(), name)
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, ok(member{v.Name, e.describe(&v)})), nil
}

// describe has the keys of the old server in its order, and after them those that are new.
func (e edition) describe(v *store.VM) object {
	life := e.service.LifetimeOf(v)
	o := object{{"template", v.Pool}, {"lifetime", int(life / time.Hour)}}
	o = append(o, e.standing(v, life)...)
	o = append(o, attached(v)...)
	o.set("ip", v.IP)
	if e.fqdn {
		o.set("fqdn", e.qualified(v))
	} else {
		o.set("domain", e.domainOf(v))
	}
	if v.Host != "" {
		o.set("host", v.Host)
	}
	if v.Migrated {
		o.set("migrated", "true")
	}
	return append(o, newer(v)...)
}

// standing is the state and its times. A machine that was given up counts as running until it is destroyed, and one that is ready
// as pending until it was looked at once more: clients know it so.
func (e edition) standing(v *store.VM, life time.Duration) object {
	switch {
	case v.State == store.VMDestroyed:
		if v.CheckedOut.IsZero() {
			return object{{"state", "destroyed"}}
		}
		return object{{"running", hours(v.Destroyed.Sub(v.CheckedOut))}, {"state", "destroyed"}}
	case !v.CheckedOut.IsZero():
		now, end := e.service.Now(), v.CheckedOut.Add(life)
		return object{{"running", hours(now.Sub(v.CheckedOut))}, {"remaining", hours(end.Sub(now))},
			{"start_time", e.rfc3339(v.CheckedOut)}, {"end_time", e.rfc3339(end)}, {"state", "running"}}
	case v.Checked:
		return object{{"state", "ready"}}
	}
	return object{{"state", "pending"}}
}

// attached is what users gave a machine.
func attached(v *store.VM) object {
	var o object
	if len(v.Tags) > 0 {
		tags := object{}
		for _, tag := range slices.Sorted(maps.Keys(v.Tags)) {
			tags = append(tags, member{tag, v.Tags[tag]})
		}
		o.set("tags", tags)
	}
	if len(v.Snaps) > 0 {
		ids := make([]string, len(v.Snaps))
		for i, s := range v.Snaps {
			ids[i] = s.ID
		}
		o.set("snapshots", ids)
	}
	if len(v.Disks) > 0 {
		disks := make([]string, len(v.Disks))
		for i, gb := range v.Disks {
			disks[i] = diskText(gb)
		}
		o.set("disk", disks)
	}
	return o
}

func diskText(gb int) string { return "+" + strconv.Itoa(gb) + "gb" }

// newer are the keys that the old server did not have.
func newer(v *store.VM) object {
	var o object
	named := object{}
	for _, s := range v.Snaps {
		if s.Name != "" {
			named.set(s.Name, s.ID)
		}
	}
	if len(named) > 0 {
		o.set("snapshot_names", named)
	}
	if v.Reason != "" {
		o.set("reason", v.Reason)
	}
	if v.Fault != "" {
		o.set("check", v.Fault)
	}
	return o
}

// vmDelete is DELETE /vm/{name}. Only a machine that is checked out can be given up.
func (e edition) vmDelete(r *http.Request) (rest.Response, error) {
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return rest.Response{}, err
	}
	var was store.VM
	if e.usage {
		was, _ = e.service.VM(r.Context(), name) // Delete says what is wrong with it
	}
	err = e.service.Delete(r.Context(), who(r), name)
	if errors.Is(err, pools.ErrNotFound) {
		e.metrics.inc(deleteFailed)
	}
	if err != nil {
		return rest.Response{}, err
	}
	e.metrics.inc(deleteSuccess)
	if e.usage {
		e.metrics.used("destroy", &was)
	}
	return reply(http.StatusOK, ok()), nil
}

// running is a machine that is checked out, by the name in the path.
func (e edition) running(r *http.Request) (store.VM, error) {
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return store.VM{}, err
	}
	v, err := e.service.VM(r.Context(), name)
	if err == nil && !v.Held() {
		err = pools.ErrNotFound
	}
	return v, err
}
