package stacktach

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// What pages are like if nothing else is said, and at most.
const (
	usualLimit = 50
	mostLimit  = 1000
	mostOffset = 1 << 31
)

// longestValue bounds one value of a query string.
const longestValue = 4096

// params is a query string. Of a name that comes more than once the last value counts.
type params struct{ url.Values }

func paramsOf(r *http.Request) params { return params{r.URL.Query()} }

func (p params) get(name string) (string, bool) {
	all := p.Values[name]
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}

// need is a value that must be there.
func (p params) need(name string) (string, error) {
	s, ok := p.get(name)
	switch {
	case !ok:
		return "", bad("The parameter '%s' is missing.", name)
	case len(s) > longestValue:
		return "", bad("The parameter '%s' is longer than %d bytes.", name, longestValue)
	}
	return s, nil
}

// page is a piece of a list.
type page struct{ offset, limit int }

// cut is the piece of all that the page shows.
func cut[T any](p page, all []T) []T {
	all = all[min(p.offset, len(all)):]
	return all[:min(p.limit, len(all))]
}

// page reads limit and offset. An empty limit is the largest one.
func (p params) page() (page, error) {
	at := page{limit: usualLimit}
	if s, ok := p.get("limit"); ok {
		at.limit = mostLimit
		if s != "" {
			n, ok := pythonInt(s)
			if !ok || n < 0 {
				return page{}, bad("The limit '%s' is no number from 0.", s)
			}
			at.limit = int(min(n, mostLimit))
		}
	}
	if s, _ := p.get("offset"); s != "" {
		n, ok := pythonInt(s)
		if !ok || n < 0 {
			return page{}, bad("The offset '%s' is no number from 0.", s)
		}
		at.offset = int(min(n, mostOffset))
	}
	return at, nil
}

// pythonInt reads a decimal number with a sign and blanks around it. One that is too large is the largest of its sign.
func pythonInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || len(digits) > longestNumber || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, _ := strconv.ParseInt(s, 10, 64) // out of range it gives the nearest number
	return n, true
}

// idOf is the id in a path, which the route lets be digits alone. One that is too long for a number is nobody's.
func idOf(r *http.Request) int64 {
	if id, ok := pythonInt(rest.Var(r, "id")); ok {
		return id
	}
	return math.MaxInt64
}

// services by the names that clients use.
var services = map[string]events.Service{
	"nova": events.Nova, "glance": events.Glance, "generic": events.Generic, "yard": events.Yard,
}

// service reads which service is asked for; usual if none is named.
func (p params) service(usual events.Service) (events.Service, error) {
	s, ok := p.get("service")
	if !ok {
		return usual, nil
	}
	if service, known := services[s]; known {
		return service, nil
	}
	return "", bad("The service '%s' is unknown: nova, glance, generic or yard.", s)
}

// novaOrYard is for routes that never took a service and answer for nova: the yard can be asked for, all else is passed over.
func (p params) novaOrYard() events.Service {
	if s, _ := p.get("service"); s == string(events.Yard) {
		return events.Yard
	}
	return events.Nova
}

// uuid reads the id of what is asked about. The yard's own things have names of any form.
func (p params) uuid(s events.Service) (string, error) {
	id, err := p.need("uuid")
	if err == nil && s != events.Yard && !isUUID(id) {
		return "", bad("%s is not uuid-like", id)
	}
	return id, err
}

// span is a range of time, both ends inclusive; zero leaves an end open.
type span struct{ min, max time.Time }

// whens reads when_min and when_max. Empty ones are none.
func (p params) whens() (span, error) { return p.span("when_min", "when_max", true) }

// span reads two times in unixtime. If emptyIsNone is not set, an empty one is an error.
func (p params) span(lower, upper string, emptyIsNone bool) (sp span, err error) {
	if sp.min, err = p.time(lower, atLeast, emptyIsNone); err != nil {
		return span{}, err
	}
	sp.max, err = p.time(upper, atMost, emptyIsNone)
	return sp, err
}

func (p params) time(name string, read func(string) (time.Time, bool), emptyIsNone bool) (time.Time, error) {
	s, given := p.get(name)
	if !given || s == "" && emptyIsNone {
		return time.Time{}, nil
	}
	t, ok := read(strings.TrimSpace(s))
	if !ok {
		return time.Time{}, bad("'%s' is no unixtime: %s wants seconds, with or without decimals.", s, name)
	}
	return t, nil
}
