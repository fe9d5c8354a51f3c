package deploymanager

import (
	"context"
	"errors"
	"net/http"

	"yardmaster/auth"
	"yardmaster/jobs"
	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// table is ordered: the first row that matches wins.
var table = rest.Table{
	{Is: configs.ErrInvalid, Status: http.StatusBadRequest},
	{Is: configs.ErrNotFound, Status: http.StatusNotFound},
	{Is: configs.ErrConflict, Status: http.StatusConflict},
	{Is: configs.ErrUnavailable, Status: http.StatusServiceUnavailable},
	{Is: configs.ErrNoCluster, Status: http.StatusServiceUnavailable},
	{Is: jobs.ErrBusy, Status: http.StatusConflict},
	{Is: jobs.ErrThrottled, Status: http.StatusServiceUnavailable},
	{Is: jobs.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: store.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: context.Canceled, Status: http.StatusServiceUnavailable},
	{Is: context.DeadlineExceeded, Status: http.StatusServiceUnavailable},
}

// judge is what a client may know of an error. What nobody foresaw comes back as the cause, for the log.
func judge(r *http.Request, err error) (status int, text string, cause error) {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return refusal.Status, refusal.Text, nil
	}
	if status, known := table.Status(err); known {
		return status, err.Error(), nil
	}
	return http.StatusInternalServerError, rest.InternalText(r.Context()), err
}

// render is the dialect's one error writer: the envelope without data.
func (a *API) render(r *http.Request, err error) rest.Response {
	status, text, cause := judge(r, err)
	resp := failed(status, nil, text)
	resp.Cause = cause
	return resp
}

// inWords has the errors of a route told as a bare JSON text. Who may not come in is told so in the envelope all the same.
func inWords(handle rest.Handler) rest.Handler {
	return shaped(handle, func(text string) any { return text })
}

// underError has them told as an object that holds nothing else.
func underError(handle rest.Handler) rest.Handler {
	return shaped(handle, func(text string) any { return map[string]string{"error": text} })
}

func shaped(handle rest.Handler, shape func(text string) any) rest.Handler {
	return func(r *http.Request) (rest.Response, error) {
		resp, err := handle(r)
		if err == nil {
			return resp, nil
		}
		status, text, cause := judge(r, err)
		resp = rest.JSON(status, shape(text))
		resp.Cause = cause
		return resp, nil
	}
}
