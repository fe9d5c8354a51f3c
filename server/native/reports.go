package native

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"yardmaster/auth"
	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
	"yardmaster/store/events"
)

func (a api) reportRoutes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodPost, Path: "/reports", Need: auth.User, Handle: a.newReport, Summary: "build a report: its name and options; answers with the operation"},
		{Method: http.MethodGet, Path: "/reports", Need: auth.Reader, Handle: a.reports, Summary: "stored reports, newest first"},
		{Method: http.MethodGet, Path: "/reports/{id:[0-9]{1,18}}", Need: auth.Reader, Handle: a.report, Summary: "one report, as it was stored"},
	}
}

func (a api) newReport(r *http.Request) (rest.Response, error) {
	body, err := rest.ReadBody(r)
	if err != nil {
		return rest.Response{}, err
	}
	params, err := eventjobs.ParseReportJSON(body)
	if err != nil {
		return rest.Response{}, err
	}
	by := eventjobs.By{Dialect: "native", Owner: auth.From(r.Context()).Name, RequestID: rest.RequestID(r.Context())}
	op, err := a.events.RunReport(r.Context(), a.runner, by, params)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusAccepted, shape(op)).With("Location", "/operations/"+op.ID), nil
}

// reportHead is a report without what it says.
type reportHead struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Version int       `json:"version"`
	Start   time.Time `json:"period_start"`
	End     time.Time `json:"period_end"`
	Created time.Time `json:"created"`
}

func shapeReport(r *events.Report) reportHead {
	return reportHead{r.ID, r.Name, r.Version, r.Start, r.End, r.Created}
}

func (a api) reports(r *http.Request) (rest.Response, error) {
	limit := int64(eventsPage)
	if err := wholeNumber(r.URL.Query(), "limit", 1, eventsMost, &limit); err != nil {
		return rest.Response{}, err
	}
	out := []reportHead{}
	err := a.events.View(r.Context(), func(tx *events.Tx) error {
		for one, err := range events.Reports.Scan(tx, events.Range{Reverse: true}) {
			if err != nil {
				return err
			}
			if out = append(out, shapeReport(&one)); len(out) == int(limit) {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, map[string]any{"reports": out}), nil
}

func (a api) report(r *http.Request) (rest.Response, error) {
	id, err := strconv.ParseInt(rest.Var(r, "id"), 10, 64)
	if err != nil {
		return rest.Response{}, err
	}
	var found events.Report
	err = a.events.View(r.Context(), func(tx *events.Tx) error {
		found, err = events.Reports.Get(tx, id)
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, struct {
		reportHead
		Report json.RawMessage `json:"report"`
	}{shapeReport(&found), found.JSON}), nil
}
