package stacktach

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// reportsBack is how far the list of reports goes back that does not say from when.
const reportsBack = 24 * time.Hour

var reportHeader = strs("Id", "Start", "End", "Created", "Name", "Version")

// reports is /stacky/reports/.
func (a *API) reports(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	made, err := p.span("created_from", "created_to", false)
	if err != nil {
		return rest.Response{}, err
	}
	now := a.now()
	if made.min.IsZero() {
		made.min = now.Add(-reportsBack)
	}
	if made.max.IsZero() {
		made.max = now
	}
	at, err := p.page()
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		var all []events.Report
		for report, err := range events.Reports.By(tx, events.ByCreated, events.Between(nil, made.min, made.max)) {
			if err != nil {
				return nil, err
			}
			report.JSON = nil // may be large, and is not shown
			all = append(all, report)
		}
		slices.SortFunc(all, func(x, y events.Report) int { return cmp.Compare(x.ID, y.ID) })
		rows := list{reportHeader}
		for _, report := range cut(at, all) {
			rows = append(rows, list{num(report.ID), unixFloat(report.Start), unixFloat(report.End), unixFloat(report.Created),
				str(report.Name), num(report.Version)})
		}
		return rows, nil
	})
}

// report is /stacky/report/<id>/: what was stored, as it was stored.
func (a *API) report(r *http.Request) (rest.Response, error) {
	id := idOf(r)
	var report events.Report
	err := a.service.View(r.Context(), func(tx *events.Tx) (err error) {
		report, err = events.Reports.Get(tx, id)
		return err
	})
	if errors.Is(err, events.ErrNotFound) {
		err = errNoPage
	}
	return rest.Body(http.StatusOK, jsonType, report.JSON), err
}
