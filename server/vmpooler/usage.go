package vmpooler

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"yardmaster/auth"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// usage is what was used in some time by each user, and with each value of each tag.
type usage struct {
	users map[string]store.UsageDay
	tags  map[string]map[string]store.UsageDay
}

func newUsage() usage {
	return usage{map[string]store.UsageDay{}, map[string]map[string]store.UsageDay{}}
}

func (u usage) add(d store.UsageDay) {
	if d.Of == store.UsageOfUser {
		u.users[d.Name] = added(u.users[d.Name], d)
		return
	}
	tag, value := store.CutTagUsage(d.Name)
	if u.tags[tag] == nil {
		u.tags[tag] = map[string]store.UsageDay{}
	}
	u.tags[tag][value] = added(u.tags[tag][value], d)
}

func added(x, y store.UsageDay) store.UsageDay {
	return store.UsageDay{Taken: x.Taken + y.Taken, Ended: x.Ended + y.Ended, Seconds: x.Seconds + y.Seconds}
}

func (u usage) object() object {
	tags := object{}
	for _, tag := range slices.Sorted(maps.Keys(u.tags)) {
		tags = append(tags, member{tag, amounts(u.tags[tag])})
	}
	return object{{"user", amounts(u.users)}, {"tag", tags}}
}

// amounts are machines taken, machines given back, and the hours for which the latter were held.
func amounts(all map[string]store.UsageDay) object {
	o := object{}
	for _, name := range slices.SortedFunc(maps.Keys(all), byLetters) {
		d := all[name]
		held := hours(time.Duration(d.Seconds * float64(time.Second)))
		o = append(o, member{name, object{{"taken", d.Taken}, {"ended", d.Ended}, {"hours", held}}})
	}
	return o
}

// usageReport is GET /usage?from=&to=. Whoever is no administrator sees no other users.
func (e edition) usageReport(r *http.Request) (rest.Response, error) {
	from, to, err := e.span(r)
	if err != nil {
		return rest.Response{}, err
	}
	all, err := e.service.Usage(r.Context(), dateOf(from), dateOf(to))
	if err != nil {
		return rest.Response{}, err
	}
	total, daily := newUsage(), map[string]usage{}
	for _, d := range all {
		if d.Of == store.UsageOfUser && !e.sees(r, d.Name) {
			continue
		}
		total.add(d)
		if _, begun := daily[d.Date]; !begun {
			daily[d.Date] = newUsage()
		}
		daily[d.Date].add(d)
	}
	list := make(array, 0, len(daily))
	for _, date := range slices.Sorted(maps.Keys(daily)) {
		list = append(list, append(object{{"date", date}}, daily[date].object()...))
	}
	answer := append(ok(member{"from", dateOf(from)}, member{"to", dateOf(to)}), total.object()...)
	return reply(http.StatusOK, append(answer, member{"daily", list})), nil
}

// sees says whether a caller may know what a user does.
func (a *API) sees(r *http.Request, user string) bool {
	p := auth.From(r.Context())
	return a.seesAll(r) || !p.Anonymous && p.Name == user
}

// seesAll says whether a caller may know what everybody does. Where there are users, nobody may without being known, however open
// the yard is.
func (a *API) seesAll(r *http.Request) bool {
	return auth.From(r.Context()).Role == auth.RoleAdmin && a.needCaller(r) == nil
}

// held is GET /held: an administrator sees everyone's machines, others their own.
func (e edition) held(r *http.Request) (rest.Response, error) {
	p := auth.From(r.Context())
	user := p.Name
	switch {
	case e.seesAll(r):
		user = ""
	case p.Anonymous:
		return rest.Response{}, errNobody
	}
	vms, err := e.service.Held(r.Context(), user)
	if err != nil {
		return rest.Response{}, err
	}
	slices.SortStableFunc(vms, func(x, y store.VM) int { return x.CheckedOut.Compare(y.CheckedOut) })
	list := make(array, len(vms))
	for i := range vms {
		list[i] = e.holding(&vms[i])
	}
	return reply(http.StatusOK, ok(member{"total", len(vms)}, member{"vms", list})), nil
}

func (e edition) holding(v *store.VM) object {
	life := e.service.LifetimeOf(v)
	end := v.CheckedOut.Add(life)
	o := object{{"hostname", e.hostname(v)}}
	if !e.fqdn {
		o.set("domain", e.domainOf(v))
	}
	o = append(o, member{"template", v.Pool}, member{"user", v.User}, member{"lifetime", int(life / time.Hour)},
		member{"start_time", e.rfc3339(v.CheckedOut)}, member{"end_time", e.rfc3339(end)}, member{"remaining", hours(end.Sub(e.service.Now()))})
	if v.Request != "" {
		o.set(requestIDKey, v.Request)
	}
	return o
}
