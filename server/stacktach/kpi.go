package stacktach

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

const (
	kpiBack = 24 * time.Hour
	mostKPI = 100_000 // rows of one answer
)

// kpi is /stacky/kpi/.
func (a *API) kpi(r *http.Request) (rest.Response, error) {
	return a.rows(r, func(tx *events.Tx) (list, error) {
		return a.kpiRows(tx, func(*events.Tracker) bool { return true })
	})
}

// kpiOfTenant is /stacky/kpi/<tenant>/. A tenant is known by any event of nova.
func (a *API) kpiOfTenant(r *http.Request) (rest.Response, error) {
	tenant := rest.Var(r, "tenant")
	return a.rows(r, func(tx *events.Tx) (list, error) {
		known, err := tx.Find(events.Query{Service: events.Nova, Tenant: &tenant, Order: events.ByWhenDesc, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(known) == 0 {
			return nil, absent("Could not find raws for tenant %s", tenant)
		}
		return a.kpiRows(tx, func(t *events.Tracker) bool { return t.Tenant.OK && t.Tenant.S == tenant })
	})
}

func (a *API) kpiRows(tx *events.Tx, wanted func(*events.Tracker) bool) (list, error) {
	all, err := tx.TrackersSince(a.now().Add(-kpiBack))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t events.Tracker) bool { return t.LastEnd == 0 || !wanted(&t) })
	slices.SortFunc(all, func(x, y events.Tracker) int {
		return cmp.Or(cmp.Compare(x.Duration, y.Duration), cmp.Compare(x.ID, y.ID))
	})
	all = all[:min(len(all), mostKPI)]
	n, err := namesOf(tx)
	rows := append(make(list, 0, len(all)+1), strs("Event", "Time", "UUID", "Deployment"))
	for i := range all {
		t := &all[i]
		rows = append(rows, strs(t.LastTiming, durationText(t.Duration), t.Instance, n[t.Deployment]))
	}
	return rows, err
}
