package stacktach

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"yardmaster/auth"
	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// fault is a refusal with the text that its client gets.
type fault struct {
	status int
	text   string
}

func (f *fault) Error() string { return f.text }

// bad is a 400 with a text.
func bad(format string, args ...any) error {
	return &fault{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// absent is a 404 with a text.
func absent(format string, args ...any) error {
	return &fault{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// errNoPage is a 404 that looks like that of a path that is none.
var errNoPage = errors.New("no such page")

// table says how the errors of others are answered; ordered, the first that matches wins.
var table = rest.Table{
	{Is: events.ErrBudget, Status: http.StatusBadRequest},
	{Is: events.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: context.Canceled, Status: http.StatusServiceUnavailable},
	{Is: context.DeadlineExceeded, Status: http.StatusServiceUnavailable},
}

// render is the dialect's one error writer.
func (a *API) render(r *http.Request, err error) rest.Response {
	if errors.Is(err, errNoPage) {
		return notFoundPage()
	}
	var own *fault
	if errors.As(err, &own) {
		return refusal(r, own.status, own.text)
	}
	var budget *events.BudgetError
	if errors.As(err, &budget) {
		return refusal(r, http.StatusBadRequest, tooMany(budget.Looked))
	}
	if status, known := table.Status(err); known {
		text := err.Error()
		var caller *auth.Refusal
		if errors.As(err, &caller) {
			text = caller.Text
		}
		return refusal(r, status, text)
	}
	resp := refusal(r, http.StatusInternalServerError, rest.InternalText(r.Context()))
	resp.Cause = err
	return resp
}

func tooMany(looked int) string {
	return fmt.Sprintf("The search was given up after %d records that do not match. Ask for less of time, or by an indexed field.", looked)
}

// refusal speaks in rows below /stacky and in an object below /db.
func refusal(r *http.Request, status int, text string) rest.Response {
	if strings.HasPrefix(r.URL.Path, "/db/") {
		return reply(status, object{{"message", str(text)}, {"status", num(status)}})
	}
	return reply(status, list{strs("Error", "Message"), strs(http.StatusText(status), text)})
}

// notFoundPage is what a client that shows titles shows.
func notFoundPage() rest.Response {
	const page = "<!DOCTYPE html>\n<html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>\n"
	return rest.Body(http.StatusNotFound, "text/html; charset=utf-8", []byte(page))
}
