package vmpooler

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// The refusals of this dialect's own that carry nothing.
var (
	errNotThere = errors.New("no such thing")
	errNobody   = errors.New("a known caller is needed")
	errOff      = errors.New("experimental features are switched off")
)

// fault is a refusal that brings its own body.
type fault struct {
	status int
	body   object
}

func (f *fault) Error() string { return string(pretty(f.body)) }

// sentence is a refusal in words, although its type says JSON.
type sentence struct{ text string }

func (s *sentence) Error() string { return s.text }

// badRequest says under "error" what is wrong with a request.
func badRequest(text string) error {
	return &fault{http.StatusBadRequest, notOK(member{"error", text})}
}

// message says under "message" why something cannot be.
func message(status int, text string, more ...member) error {
	return &fault{status, notOK(append(more, member{"message", text})...)}
}

// named lists under a key of its own what a request got wrong.
func named(status int, key string, names []string) error {
	return &fault{status, notOK(member{key, names})}
}

// row says how an error that matches is answered; key, if given, is where its text goes.
type row struct {
	match  func(error) bool
	status int
	key    string
}

// table is ordered: the first row that matches wins.
var table = []row{
	{is(errNobody), http.StatusUnauthorized, ""},
	{is(pools.ErrNeedToken), http.StatusUnauthorized, ""},
	{is(errNotThere), http.StatusNotFound, ""},
	{is(errNull), http.StatusNotFound, ""},
	{is(pools.ErrNotFound), http.StatusNotFound, ""},
	{is(pools.ErrNoSnapshot), http.StatusNotFound, ""},
	{is(pools.ErrNoRequest), http.StatusNotFound, ""},
	{is(accounts.ErrNoToken), http.StatusNotFound, ""},
	{as[*pools.UnknownPoolsError], http.StatusNotFound, ""},
	{is(errOff), http.StatusMethodNotAllowed, ""},
	{is(pools.ErrOff), http.StatusMethodNotAllowed, ""},
	{is(errNotObject), http.StatusBadRequest, "error"},
	{is(errComplex), http.StatusBadRequest, "error"},
	{is(errLong), http.StatusBadRequest, "error"},
	{as[*syntaxError], http.StatusBadRequest, "error"},
	{is(rest.ErrTooLarge), http.StatusRequestEntityTooLarge, "error"},
	{is(rest.ErrBody), http.StatusBadRequest, "error"},
	{is(pools.ErrQuota), http.StatusForbidden, "error"},
	{is(pools.ErrNotYours), http.StatusForbidden, "error"},
	{is(pools.ErrBusy), http.StatusConflict, "error"},
	{is(pools.ErrEmpty), http.StatusServiceUnavailable, ""},
	{is(store.ErrClosed), http.StatusServiceUnavailable, ""},
	{is(context.Canceled), http.StatusServiceUnavailable, ""},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, ""},
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
	resp := a.rendered(r, err)
	if resp.Status == http.StatusUnauthorized {
		return resp.With("WWW-Authenticate", `Basic realm="Authentication required"`)
	}
	return resp
}

func (a *API) rendered(r *http.Request, err error) rest.Response {
	var (
		refusal *auth.Refusal
		limited *limited
		own     *fault
		words   *sentence
		change  *pools.ChangeError
	)
	switch {
	case errors.As(err, &limited):
		return limited.response()
	case errors.As(err, &refusal):
		return ofRefusal(refusal)
	case errors.As(err, &own):
		return reply(own.status, own.body)
	case errors.As(err, &words):
		return rest.Body(http.StatusBadRequest, jsonType, []byte(words.text))
	case errors.As(err, &change):
		return reply(http.StatusBadRequest, notOK(member{"failure", change.Failures}))
	}
	for _, row := range table {
		if !row.match(err) {
			continue
		}
		if row.key == "" {
			return reply(row.status, notOK())
		}
		return reply(row.status, notOK(member{row.key, err.Error()}))
	}
	resp := reply(http.StatusInternalServerError, notOK(member{"error", rest.InternalText(r.Context())}))
	resp.Cause = err
	return resp
}

// ofRefusal has no word for a caller who is not known, as ever; whoever is known, or must wait, is told why.
func ofRefusal(refusal *auth.Refusal) rest.Response {
	if refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusBadRequest { // 400 is what another door calls it
		return reply(http.StatusUnauthorized, notOK())
	}
	resp := reply(refusal.Status, notOK(member{"error", refusal.Text}))
	if refusal.RetryAfter > 0 {
		resp = resp.With("Retry-After", seconds(refusal.RetryAfter))
	}
	if errors.Is(refusal, auth.ErrUnavailable) {
		resp.Cause = refusal.Unwrap()
	}
	return resp
}

// wholeSeconds rounds up: a pause of 0 would be none.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func seconds(d time.Duration) string { return strconv.Itoa(wholeSeconds(d)) }
