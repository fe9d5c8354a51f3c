package stacktach

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// counted makes the handler that counts audit records by what became of them.
func counted[T any](a *API, r *relation[T]) rest.Handler {
	type group struct {
		status string
		sent   int
	}
	return func(req *http.Request) (rest.Response, error) {
		l, err := r.filters(paramsOf(req))
		if err != nil {
			return rest.Response{}, err
		}
		counts := map[group]int{}
		err = a.service.View(req.Context(), func(tx *events.Tx) error {
			all, _ := l.source(tx)
			return l.matching(req.Context(), all, func(v *T) bool {
				var g group
				g.status, g.sent = r.status(v)
				counts[g]++
				return true
			})
		})
		groups := make([]group, 0, len(counts))
		for g := range counts {
			groups = append(groups, g)
		}
		slices.SortFunc(groups, func(x, y group) int { return cmp.Or(strings.Compare(x.status, y.status), cmp.Compare(x.sent, y.sent)) })
		stats := list{}
		for _, g := range groups {
			stats = append(stats, object{{"status", str(g.status)}, {"send_status", num(g.sent)}, {"event_count", num(counts[g])}})
		}
		return reply(http.StatusOK, object{{"stats", stats}}), err
	}
}

// widestStats is the longest time of which events are counted.
const widestStats = 7 * 24 * time.Hour

// eventStats is /db/stats/events/.
func (a *API) eventStats(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	s, err := p.service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	within, err := p.statsSpan()
	if err != nil {
		return rest.Response{}, err
	}
	only, asked := p.get("event")
	stats := list{}
	err = a.service.View(r.Context(), func(tx *events.Tx) error {
		counts, err := tx.TypeCounts(s, within.min, within.max, only)
		for _, c := range counts {
			if !asked || c.Type == only {
				stats = append(stats, statOf(c.Type, c.Count))
			}
		}
		return err
	})
	if asked && len(stats) == 0 {
		stats = append(stats, statOf(only, 0))
	}
	return reply(http.StatusOK, object{{"stats", stats}}), err
}

func statOf(event string, count int64) object {
	return object{{"event", str(event)}, {"event_count", num(count)}}
}

// statsSpan reads when_min and when_max, which here are dates, and come both or not at all.
func (p params) statsSpan() (sp span, err error) {
	first, hasFirst := p.get("when_min")
	last, hasLast := p.get("when_max")
	if !hasFirst && !hasLast {
		return span{}, nil
	}
	if !hasFirst || !hasLast {
		return span{}, bad("when_min and when_max come together.")
	}
	var ok, also bool
	sp.min, ok = parseDate(first)
	sp.max, also = parseDate(last)
	switch {
	case !ok || !also:
		return span{}, bad("when_min and when_max must be dates such as 2014-01-15 20:39:44.")
	case sp.max.Sub(sp.min) > widestStats:
		return span{}, bad("when_min and when_max may be at most %d seconds apart.", int(widestStats.Seconds()))
	}
	return sp, nil
}
