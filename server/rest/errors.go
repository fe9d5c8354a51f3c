package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"yardmaster/auth"
)

// The errors of this package.
var (
	ErrBody     = errors.New("request body cannot be parsed")
	ErrTooLarge = errors.New("request body is too large")
)

// Row says that an error which is Is answers with Status.
type Row struct {
	Is     error
	Status int
}

// Table maps errors to statuses. The first row that matches wins, so the
// narrow ones come first.
type Table []Row

// Status looks err up; false is an error that nobody foresaw, to be answered
// with Internal. A refused caller, a body too large and a body that cannot be
// parsed are known without a row, and a row overrules them.
func (t Table) Status(err error) (int, bool) {
	for _, row := range t {
		if errors.Is(err, row.Is) {
			return row.Status, true
		}
	}
	var refusal *auth.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Status, true
	case errors.Is(err, ErrTooLarge):
		return http.StatusRequestEntityTooLarge, true
	case errors.Is(err, ErrBody):
		return http.StatusBadRequest, true
	}
	return 0, false
}

// PlainText is a Render for dialects that speak of errors in plain text: the
// error's own text under the table's status.
func PlainText(t Table) func(*http.Request, error) Response {
	return func(r *http.Request, err error) Response {
		if status, ok := t.Status(err); ok {
			return TextError(status, err.Error())
		}
		return Internal(r, err)
	}
}

// Internal answers for an error that no table knows: the client gets the
// request's id, the log gets the chain.
func Internal(r *http.Request, err error) Response {
	resp := TextError(http.StatusInternalServerError, InternalText(r.Context()))
	resp.Cause = err
	return resp
}

// InternalText is what a client may know of an unforeseen error, for dialects
// with a shape of their own; they set Response.Cause themselves.
func InternalText(ctx context.Context) string {
	return fmt.Sprintf("internal error, request %s", RequestID(ctx))
}
