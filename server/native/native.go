// Package native is the API that no predecessor has: every operation of every domain, to list, follow, wait for and cancel,
// the users and tokens that are kept in the store, and events: to take in, to find, to follow, and the reports on them. It changes
// nothing else. Of operations it shows what their users may read, never their input, which is for the machines; of tokens it never
// shows the text.
package native

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"yardmaster/auth"
	"yardmaster/jobs"
	"yardmaster/jobs/accounts"
	eventjobs "yardmaster/jobs/events"
	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
	"yardmaster/store/events"
)

// Options is what the dialect is made of.
type Options struct {
	DB       *store.DB
	Runner   *jobs.Runner
	Accounts *accounts.Service  // nil: no routes for users and tokens
	Events   *eventjobs.Service // nil: no routes for events and reports
	Auth     auth.Authenticator
}

type api struct {
	db       *store.DB
	runner   *jobs.Runner
	accounts *accounts.Service
	events   *eventjobs.Service
	unpacked *semaphore.Weighted // bytes of packed bodies
}

// New is the dialect. GET /operations also carries the five counters that Heketi answers under that path.
func New(o Options) rest.Dialect {
	a := api{db: o.DB, runner: o.Runner, accounts: o.Accounts, events: o.Events, unpacked: semaphore.NewWeighted(unpackMost)}
	one := "/operations/{id:[a-f0-9]{32}}"
	d := rest.Dialect{
		Name:     "native",
		Prefixes: []string{"operations"},
		Auth:     o.Auth,
		Slash:    rest.SlashIgnore,
		Routes: []rest.Route{
			{Method: http.MethodGet, Path: "/operations", Need: auth.Reader, Handle: a.list, Summary: "operations, newest first, filtered and paged"},
			{Method: http.MethodGet, Path: "/operations/stream", Need: auth.Reader, Handle: a.stream, Summary: "server-sent events of every change"},
			{Method: http.MethodGet, Path: one, Need: auth.Reader, Handle: a.get, Summary: "one operation: journal, progress, error"},
			{Method: http.MethodGet, Path: one + "/wait", Need: auth.Reader, Handle: a.wait, Summary: "the same, once it has ended or timeout is over"},
			{Method: http.MethodDelete, Path: one, Need: auth.User, Handle: a.cancel, Summary: "cancel"},
		},
		Render:     render,
		NotFound:   failure(http.StatusNotFound, "not_found", "no such path"),
		NotAllowed: failure(http.StatusMethodNotAllowed, "method_not_allowed", "the path has no such method"),
	}
	if o.Accounts != nil {
		d.Prefixes = append(d.Prefixes, "users", "tokens")
		d.Routes = slices.Concat(d.Routes, a.userRoutes(), a.tokenRoutes())
	}
	if o.Events != nil {
		d.Prefixes = append(d.Prefixes, "events", "reports")
		d.Routes = slices.Concat(d.Routes, a.eventRoutes(), a.reportRoutes())
	}
	return d
}

// The errors of this dialect's own.
var (
	errFilter = errors.New("bad filter")
	//lint:ignore ST1005 the text that Heketi's clients know
	errOther = errors.New("Administrator access required")
)

var statuses = rest.Table{
	{Is: jobs.ErrNoOperation, Status: http.StatusNotFound},
	{Is: jobs.ErrNotCancelable, Status: http.StatusConflict},
	{Is: store.ErrCursor, Status: http.StatusBadRequest},
	{Is: errFilter, Status: http.StatusBadRequest},
	{Is: errOther, Status: http.StatusForbidden},
	{Is: errSelf, Status: http.StatusConflict},
	{Is: accounts.ErrNoUser, Status: http.StatusNotFound},
	{Is: accounts.ErrNoToken, Status: http.StatusNotFound},
	{Is: accounts.ErrReserved, Status: http.StatusConflict},
	{Is: accounts.ErrInput, Status: http.StatusBadRequest},
	{Is: auth.ErrUnfit, Status: http.StatusBadRequest},
	{Is: rest.ErrBody, Status: http.StatusBadRequest},
	{Is: rest.ErrTooLarge, Status: http.StatusRequestEntityTooLarge},
	{Is: eventjobs.ErrReport, Status: http.StatusBadRequest},
	{Is: eventjobs.ErrNoLetter, Status: http.StatusNotFound},
	{Is: eventjobs.ErrClosed, Status: http.StatusServiceUnavailable},
	{Is: events.ErrNotFound, Status: http.StatusNotFound},
	{Is: events.ErrBudget, Status: http.StatusBadRequest},
}

var codes = map[int]string{
	http.StatusNotFound: "not_found", http.StatusConflict: "conflict", http.StatusBadRequest: "bad_request",
	http.StatusForbidden: "forbidden", http.StatusUnauthorized: "unauthorized", http.StatusRequestEntityTooLarge: "too_large",
	http.StatusTooManyRequests: "too_many_requests", http.StatusServiceUnavailable: "unavailable",
}

func render(r *http.Request, err error) rest.Response {
	status, ok := statuses.Status(err)
	if !ok {
		resp := failure(http.StatusInternalServerError, "internal", rest.InternalText(r.Context()))
		resp.Cause = err
		return resp
	}
	resp := failure(status, codes[status], err.Error())
	return resp
}

func failure(status int, code, text string) rest.Response {
	return rest.JSON(status, map[string]any{"error": map[string]string{"code": code, "message": text}})
}

const (
	pageSize = 100
	pageMost = 1000
	waitTime = 30 * time.Second
	waitMost = 5 * time.Minute
)

// list answers a page and the counters. A caller who is no reader of all sees what it started.
func (a api) list(r *http.Request) (rest.Response, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return rest.Response{}, err
	}
	if p := auth.From(r.Context()); !seesAll(p) {
		f.Owner = p.Name
	}
	page, next, err := a.runner.List(r.Context(), f)
	if err != nil {
		return rest.Response{}, err
	}
	var counts volumes.Counts
	err = a.db.View(r.Context(), func(tx *store.Tx) error {
		counts, _, err = volumes.Pending(tx)
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	out := listing{Total: counts.Total, InFlight: counts.InFlight, Stale: counts.Stale, Failed: counts.Failed, New: counts.New, Next: next}
	out.Operations = make([]operation, 0, len(page))
	for _, op := range page {
		out.Operations = append(out.Operations, shape(op))
	}
	return rest.JSON(http.StatusOK, out), nil
}

// seesAll: whoever may read may read every operation, but for the holder of Heketi's user key, who sees its own.
func seesAll(p auth.Principal) bool { return p.Issuer != auth.IssuerHeketiUser }

func filter(q url.Values) (store.OperationFilter, error) {
	f := store.OperationFilter{State: store.OpState(q.Get("state")), Kind: q.Get("kind"), Target: q.Get("target"),
		Owner: q.Get("owner"), After: q.Get("after"), Limit: pageSize}
	if f.State != "" && !slices.Contains(store.States(), f.State) {
		return f, &filterError{"state", "is none of " + stateNames()}
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > pageMost {
			return f, &filterError{"limit", "is not a number from 1 to " + strconv.Itoa(pageMost)}
		}
		f.Limit = n
	}
	return f, nil
}

// filterError names a query parameter and what is wrong with it.
type filterError struct{ field, reason string }

func (e *filterError) Error() string { return e.field + ": " + e.reason }
func (e *filterError) Unwrap() error { return errFilter }

func stateNames() string {
	out := ""
	for i, s := range store.States() {
		if i > 0 {
			out += ", "
		}
		out += string(s)
	}
	return out
}

// own reads the operation of the path, if the caller may see it; another's operation is as good as none.
func (a api) own(r *http.Request) (store.Operation, error) {
	op, err := a.runner.Get(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return op, err
	}
	if !sees(r, op) {
		return op, jobs.ErrNoOperation
	}
	return op, nil
}

func sees(r *http.Request, op store.Operation) bool {
	p := auth.From(r.Context())
	return seesAll(p) || op.Owner == p.Name
}

func (a api) get(r *http.Request) (rest.Response, error) {
	op, err := a.own(r)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, shape(op)), nil
}

func (a api) wait(r *http.Request) (rest.Response, error) {
	timeout := waitTime
	if s := r.URL.Query().Get("timeout"); s != "" {
		d, err := duration(s)
		if err != nil {
			return rest.Response{}, err
		}
		timeout = d
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() { // a stop of the server ends the wait, not the answer
		select {
		case <-rest.Stopping(r.Context()):
			cancel()
		case <-ctx.Done():
		}
	})
	op, err := a.runner.WaitFor(ctx, rest.Var(r, "id"), func(op store.Operation) bool { return !op.State.Live() || !sees(r, op) })
	if err != nil {
		return rest.Response{}, err
	}
	if !sees(r, op) {
		return rest.Response{}, jobs.ErrNoOperation
	}
	return rest.JSON(http.StatusOK, shape(op)), nil
}

// duration reads "30s" or plain seconds.
func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		n, nerr := strconv.Atoi(s)
		if nerr != nil {
			return 0, &filterError{"timeout", "is neither a duration like 30s nor a number of seconds"}
		}
		d = time.Duration(n) * time.Second
	}
	if d < 0 || d > waitMost {
		return 0, &filterError{"timeout", "is not between 0 and " + waitMost.String()}
	}
	return d, nil
}

func (a api) cancel(r *http.Request) (rest.Response, error) {
	op, err := a.own(r)
	if err != nil {
		return rest.Response{}, err
	}
	if p := auth.From(r.Context()); p.Role != auth.RoleAdmin && op.Owner != p.Name {
		return rest.Response{}, errOther
	}
	if op, err = a.runner.Cancel(r.Context(), op.ID); err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusAccepted, shape(op)).With("Location", "/operations/"+op.ID), nil
}

// alive is how often a silent stream says that it is there.
const alive = 15 * time.Second

// stream sends every change as it is committed. A follower that falls behind is sent "lost" and must read the list again.
func (a api) stream(r *http.Request) (rest.Response, error) {
	f, err := filter(r.URL.Query())
	if err != nil {
		return rest.Response{}, err
	}
	if p := auth.From(r.Context()); !seesAll(p) {
		f.Owner = p.Name
	}
	return rest.Events(func(ctx context.Context, send func(rest.Event) error) error {
		events, cancel := a.runner.Watch()
		defer cancel()
		tick := time.NewTicker(alive)
		defer tick.Stop()
		for {
			var e rest.Event
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			case op, open := <-events:
				if !open {
					return send(rest.Event{Name: "lost", Data: struct{}{}})
				}
				if !f.Matches(&op) {
					continue
				}
				e = rest.Event{ID: op.ID + "-" + strconv.Itoa(op.Attempt), Name: "operation", Data: shape(op)}
			}
			if err := send(e); err != nil {
				return err
			}
		}
	}), nil
}
