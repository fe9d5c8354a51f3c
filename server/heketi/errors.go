package heketi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
)

// invalid is a request whose form is wrong; clients are told 400 and the text.
type invalid struct{ text string }

func (e *invalid) Error() string { return e.text }

// unprocessable is a request that is well formed and names what cannot be: 422 and the text.
type unprocessable struct{ text string }

func (e *unprocessable) Error() string { return e.text }

// unknownOperation is a pending operation that is not there; its text carries the id.
type unknownOperation struct{ id string }

func (e *unknownOperation) Error() string { return "Id not found: " + e.id }

// row says how an error that matches is answered; no text is the error's own.
type row struct {
	match  func(error) bool
	status int
	text   string
}

// table is ordered: the first row that matches wins. A BuildError has causes that other rows know, so it comes before them.
var table = []row{
	{is(volumes.ErrThrottled), http.StatusTooManyRequests, volumes.ErrThrottled.Error()},
	{is(jobs.ErrThrottled), http.StatusTooManyRequests, volumes.ErrThrottled.Error()},
	{as[*volumes.BuildError], http.StatusInternalServerError, ""},
	{as[*invalid], http.StatusBadRequest, ""},
	{as[*unprocessable], http.StatusUnprocessableEntity, ""},
	{as[*unknownOperation], http.StatusNotFound, ""},
	{is(rest.ErrTooLarge), http.StatusRequestEntityTooLarge, ""},
	{is(rest.ErrBody), http.StatusUnprocessableEntity, "request unable to be parsed"},
	{is(errAdminOnly), http.StatusUnauthorized, ""},
	{is(errMaintenance), http.StatusServiceUnavailable, ""},
	{is(volumes.ErrNotFound), http.StatusNotFound, volumes.ErrNotFound.Error()},
	{is(jobs.ErrNoOperation), http.StatusNotFound, volumes.ErrNotFound.Error()},
	{is(volumes.ErrNoCluster), http.StatusNotFound, ""},
	{is(volumes.ErrNoNode), http.StatusNotFound, ""},
	{is(volumes.ErrInvalid), http.StatusBadRequest, ""},
	{is(volumes.ErrNoGlusterd), http.StatusBadRequest, ""},
	{is(volumes.ErrConflict), http.StatusConflict, ""},
	{is(volumes.ErrBusy), http.StatusConflict, volumes.ErrBusy.Error()},
	{is(jobs.ErrBusy), http.StatusConflict, volumes.ErrBusy.Error()},
	{is(volumes.ErrUnavailable), http.StatusServiceUnavailable, ""},
	{is(jobs.ErrClosed), http.StatusServiceUnavailable, ""},
	{is(context.Canceled), http.StatusServiceUnavailable, "request interrupted"},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, volumes.ErrUnavailable.Error()},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// render is the dialect's one error writer.
func (a *API) render(r *http.Request, err error) rest.Response {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return rest.TextError(refusal.Status, refusal.Text)
	}
	for _, row := range table {
		if !row.match(err) {
			continue
		}
		text := row.text
		if text == "" {
			text = err.Error()
		}
		resp := rest.TextError(row.status, text)
		if row.status == http.StatusTooManyRequests {
			resp = resp.With("Retry-After", seconds(a.retryAfter))
		}
		return resp
	}
	return rest.Internal(r, err)
}

// seconds rounds up: clients read whole numbers, and 0 would be no pause at all.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
