package hmapi

import (
	"context"
	"net/http"

	"yardmaster/jobs"
	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// table is ordered: the first row that matches wins.
var table = rest.Table{
	{Is: instances.ErrInvalid, Status: http.StatusBadRequest},
	{Is: instances.ErrNotFound, Status: http.StatusNotFound},
	{Is: instances.ErrConflict, Status: http.StatusConflict},
	{Is: instances.ErrUnavailable, Status: http.StatusServiceUnavailable},
	{Is: jobs.ErrBusy, Status: http.StatusConflict},
	{Is: jobs.ErrThrottled, Status: http.StatusServiceUnavailable},
	{Is: jobs.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: store.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: context.Canceled, Status: http.StatusServiceUnavailable},
	{Is: context.DeadlineExceeded, Status: http.StatusServiceUnavailable},
}

// outcome is what an answer says that has nothing else to say.
type outcome struct {
	Success bool     `json:"success"`
	Changes []string `json:"changes,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func success() rest.Response { return rest.JSON(http.StatusOK, outcome{Success: true}) }

func refusal(status int, text string) rest.Response { return rest.JSON(status, outcome{Error: text}) }

// render is the dialect's one error writer. What nobody foresaw is for the log.
func (a *API) render(r *http.Request, err error) rest.Response {
	if status, known := table.Status(err); known {
		return refusal(status, err.Error())
	}
	resp := refusal(http.StatusInternalServerError, rest.InternalText(r.Context()))
	resp.Cause = err
	return resp
}
