package stacktach

import (
	"net/http"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

const (
	watchBack    = 2 * time.Second // how far a watch looks back that does not say since when
	mostWatched  = 10_000          // rows of one answer; who is further behind gets the rest with the next one
	widestColumn = 50              // for the types of events, while none is known
	widestType   = 255             // of those that are known
)

// watcher is what one poll asks for.
type watcher struct {
	service    events.Service
	deployment int64  // 0: all
	event      string // "": all
	since, now time.Time
}

// watch is /stacky/watch/<deployment id>/: widths of columns, events since the last poll, and until when they are.
func (a *API) watch(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	s, err := p.service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	since, err := p.time("since", atMost, true)
	if err != nil {
		return rest.Response{}, err
	}
	w := watcher{service: s, since: since, now: a.now().UTC().Truncate(time.Second)}
	w.deployment = idOf(r)
	w.event, _ = p.get("event_name")
	if w.since.IsZero() {
		w.since = w.now.Add(-watchBack)
	}
	recent, whole := a.service.Recent(s, w.since, w.now)
	return a.rows(r, func(tx *events.Tx) (list, error) {
		n, err := namesOf(tx)
		if err != nil {
			return nil, err
		}
		if whole {
			recent = w.pick(recent)
		} else if recent, err = tx.Find(w.query()); err != nil {
			return nil, err
		}
		shown, until := w.cut(recent)
		rows := make(list, len(shown))
		for i := range shown {
			rows[i] = n.watchRow(&shown[i])
		}
		widths := list{num(10), num(1), num(15), num(20), num(width(tx, s)), num(36)}
		return list{widths, rows, str(unixText(until))}, nil
	})
}

// width is that of the types of nova, whatever is watched; the yard's own have their own.
func width(tx *events.Tx, s events.Service) int {
	if s != events.Yard {
		s = events.Nova
	}
	if n := min(tx.LongestType(s), widestType); n > 0 {
		return n
	}
	return widestColumn
}

func (w watcher) wants(e *events.Event) bool {
	return (w.deployment == 0 || e.Deployment == w.deployment) && (w.event == "" || e.Type == w.event) &&
		e.When.After(w.since) && !e.When.After(w.now)
}

// pick takes what is wanted, as many as the store would be asked for.
func (w watcher) pick(recent []events.Event) []events.Event {
	var wanted []events.Event
	for i := range recent {
		if len(wanted) > mostWatched {
			break
		}
		if w.wants(&recent[i]) {
			wanted = append(wanted, recent[i])
		}
	}
	return wanted
}

func (w watcher) query() events.Query {
	q := events.Query{Service: w.service, Deployment: w.deployment, After: w.since, WhenMax: w.now, Order: events.ByWhen, Limit: mostWatched + 1}
	if w.event != "" {
		q.Type = &w.event
	}
	return q
}

// cut keeps an answer within its bound. What is cut off begins with a moment of its own, so that the next poll, which asks for what is
// after the last one, misses nothing.
func (w watcher) cut(found []events.Event) ([]events.Event, time.Time) {
	if len(found) <= mostWatched {
		return found, w.now
	}
	n := mostWatched
	for n > 1 && found[n-1].When.Equal(found[n].When) {
		n--
	}
	return found[:n], found[n-1].When
}

func (n names) watchRow(e *events.Event) list {
	subject := e.Subject().S
	if subject == "" {
		subject = "-"
	}
	return list{num(e.ID), mark(e), str(dayText(e.When)), str(clockText(e.When)), str(n[e.Deployment]), str(e.Type), str(subject)}
}
