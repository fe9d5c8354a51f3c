package stacktach

import (
	"net/http"
	"slices"
	"strings"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// timingsByUUID is /stacky/timings/uuid/. The page is one of lifecycles, of which an instance has one, so that it holds all or nothing.
func (a *API) timingsByUUID(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	id, err := p.uuid(p.novaOrYard())
	if err != nil {
		return rest.Response{}, err
	}
	at, err := p.page()
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		rows := list{strs("?", "Event", "Time (secs)")}
		if at.limit == 0 || at.offset > 0 {
			return rows, nil
		}
		all, err := timingsOf(tx, p, id)
		for i := range all {
			rows = append(rows, timingRow(&all[i]))
		}
		return rows, err
	})
}

// timingsOf looks in nova, and if nobody asked for a service and nova knows nothing, among the yard's own.
func timingsOf(tx *events.Tx, p params, id string) ([]events.Timing, error) {
	all, err := tx.Timings(p.novaOrYard(), id)
	if _, asked := p.get("service"); err != nil || len(all) > 0 || asked {
		return all, err
	}
	return tx.Timings(events.Yard, id)
}

func timingRow(t *events.Timing) list {
	switch {
	case t.Complete():
		return strs(".", t.Name, durationText(t.Took()))
	case t.EndID != 0:
		return strs("E", t.Name, "n/a")
	case t.StartID != 0:
		return strs("S", t.Name, "n/a")
	}
	return strs("?", t.Name, "n/a")
}

// timingsByName is /stacky/timings/.
func (a *API) timingsByName(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	name, err := p.need("name")
	if err != nil {
		return rest.Response{}, err
	}
	ends, err := p.span("end_when_min", "end_when_max", false)
	if err != nil {
		return rest.Response{}, err
	}
	at, err := p.page()
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		rows := list{strs(name, "Time")}
		if at.limit == 0 {
			return rows, nil
		}
		all, err := tx.TimingsByName(p.novaOrYard(), name, ends.min, ends.max, at.offset, at.limit)
		for i := range all {
			rows = append(rows, strs(all[i].Instance, durationText(all[i].Took())))
		}
		return rows, err
	})
}

// summary is /stacky/summary/. Its page is one of timings, for each name anew.
func (a *API) summary(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	at, err := p.page()
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		rows := list{strs("Event", "N", "Min", "Max", "Avg")}
		if at.limit == 0 {
			return rows, nil
		}
		all, err := tx.Summary(p.novaOrYard(), at.offset, at.limit)
		slices.SortFunc(all, func(x, y events.NameSummary) int { return strings.Compare(x.Name+".start", y.Name+".start") }) // as events are listed
		for _, s := range all {
			rows = append(rows, list{str(s.Name), num(s.N), str(durationText(s.Min)), str(durationText(s.Max)), str(averageText(s.Avg))})
		}
		return rows, err
	})
}
