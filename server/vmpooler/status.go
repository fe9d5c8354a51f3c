package vmpooler

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// views are the parts of a status that ?view= asks for. nil asks for all.
type views []string

func (v views) want(part string) bool { return v == nil || slices.Contains(v, part) }

// viewsOf reads ?view=a,b. Without a value it asks for everything, with an empty one for nothing but the status.
func viewsOf(query string) views {
	var v views
	for pair := range strings.SplitSeq(query, "&") {
		key, value, hasValue := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(key); err != nil || name != "view" {
			continue
		}
		value, err := url.QueryUnescape(value)
		if err != nil || !hasValue {
			v = nil
			continue
		}
		v = strings.Split(value, ",")
	}
	return v
}

// status is GET /status. Its parts come in the order of their names.
func (e edition) status(r *http.Request) (rest.Response, error) {
	view := viewsOf(r.URL.RawQuery)
	all, err := e.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	var today pools.Day
	if view.want("boot") || view.want("clone") {
		date := store.Date(e.service.Now())
		days, err := e.service.Days(r.Context(), date, date)
		if err != nil {
			return rest.Response{}, err
		}
		if d := days[date]; d != nil {
			today = *d
		}
	}
	answer := object{}
	add := func(part string, make func() object) {
		if view.want(part) {
			answer.set(part, make())
		}
	}
	add("boot", func() object { return task(today.Boot).day(false, "") })
	add("capacity", func() object { return capacity(all) })
	add("clone", func() object { return task(today.Clone).day(false, "") })
	add("pools", func() object { return e.poolStates(all) })
	if view.want("queue") {
		queue, err := e.queue(r, all)
		if err != nil {
			return rest.Response{}, err
		}
		answer.set("queue", queue)
	}
	answer.set("status", e.verdict(all, view.want("pools")))
	return reply(http.StatusOK, answer), nil
}

func capacity(all []pools.PoolStatus) object {
	current, total := 0, 0
	for i := range all {
		current += all[i].Counts.Ready
		total += all[i].Pool.Size
	}
	var percent any = 0
	if total > 0 {
		percent = round(float64(current)/float64(total)*100, 1)
	}
	return object{{"current", current}, {"total", total}, {"percent", percent}}
}

func (e edition) poolStates(all []pools.PoolStatus) object {
	states := object{}
	for i := range all {
		p, c := &all[i].Pool, &all[i].Counts
		lastBoot := ""
		if !c.LastBoot.IsZero() {
			lastBoot = e.stamp(c.LastBoot)
		}
		state := object{{"ready", c.Ready}, {"running", c.Running}, {"pending", c.Pending}, {"max", p.Size}, {"lastBoot", lastBoot}}
		if len(p.Aliases) > 0 {
			state.set("alias", p.Aliases)
		}
		states = append(states, member{p.Name, state})
	}
	return states
}

func sum(all []pools.PoolStatus) store.PoolCounts {
	var total store.PoolCounts
	for i := range all {
		c := &all[i].Counts
		total.Pending += c.Pending
		total.Cloning += c.Cloning
		total.Ready += c.Ready
		total.Running += c.Running
		total.Completed += c.Completed
	}
	return total
}

// queue is how many machines are in which state. The third version also says how many are asked for on demand.
func (e edition) queue(r *http.Request, all []pools.PoolStatus) (object, error) {
	q := object{}
	if e.strict {
		requested, err := e.service.Requested(r.Context())
		if err != nil {
			return nil, err
		}
		q.set("requested", requested)
	}
	n := sum(all)
	return append(q, member{"pending", n.Pending}, member{"cloning", n.Cloning}, member{"booting", max(0, n.Pending-n.Cloning)},
		member{"ready", n.Ready}, member{"running", n.Running}, member{"completed", n.Completed},
		member{"total", n.Pending + n.Ready + n.Running + n.Completed}), nil
}

// verdict says whether all is well. It looks at the pools only if they are shown.
func (e edition) verdict(all []pools.PoolStatus, shown bool) object {
	var empty []string
	for i := range all {
		if shown && all[i].Counts.Ready == 0 && all[i].Pool.Size != 0 {
			empty = append(empty, all[i].Pool.Name)
		}
	}
	uptime := round(e.service.Now().Sub(e.started).Seconds(), 1)
	if empty != nil {
		return notOK(member{"message", fmt.Sprintf("Found %d empty pools.", len(empty))}, member{"empty", empty}, member{"uptime", uptime})
	}
	return ok(member{"message", "Battle station fully armed and operational."}, member{"uptime", uptime})
}

// poolStat is GET /poolstat?pool=a,b, by names or aliases.
func (e edition) poolStat(r *http.Request) (rest.Response, error) {
	asked := strings.Split(r.URL.Query().Get("pool"), ",")
	all, err := e.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	found := object{}
	for i := range all {
		p := &all[i].Pool
		if !slices.Contains(asked, p.Name) && !slices.ContainsFunc(p.Aliases, func(a string) bool { return slices.Contains(asked, a) }) {
			continue
		}
		stat := object{{"max", p.Size}}
		if len(p.Aliases) > 0 {
			stat.set("alias", p.Aliases)
		}
		stat.set("ready", all[i].Counts.Ready)
		found = append(found, member{p.Name, stat})
	}
	return reply(http.StatusOK, object{{"pools", found}}), nil
}

// totalRunning is GET /totalrunning.
func (e edition) totalRunning(r *http.Request) (rest.Response, error) {
	all, err := e.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, object{{"running", sum(all).Running}}), nil
}
