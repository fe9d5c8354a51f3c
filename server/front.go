package server

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"yardmaster/server/rest"
)

// front is the chain in front of the mux, as one handler: what it does before
// a request, it finishes after it in reverse.
type front struct {
	next     http.Handler
	log      *slog.Logger
	metrics  *metrics
	stopping <-chan struct{}
	now      func() time.Time
	newID    func() string
	readBody time.Duration
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trace := &rest.Trace{RequestID: r.Header.Get("X-Request-Id"), Stopping: f.stopping, Route: rest.Unmatched}
	if !saneID(trace.RequestID) {
		trace.RequestID = f.newID()
	}
	rec := &recorder{ResponseWriter: w}
	start := f.now()
	f.metrics.inFlight.Inc()
	defer func() {
		f.metrics.inFlight.Dec()
		f.finish(r, trace, rec, f.now().Sub(start))
	}()
	f.setHeaders(rec.Header(), trace.RequestID)
	inner := r.WithContext(rest.WithTrace(r.Context(), trace))
	if r.Body != nil && r.Body != http.NoBody {
		body := &timedBody{ReadCloser: r.Body, control: http.NewResponseController(w), limit: f.readBody}
		defer body.leave()
		inner.Body = body
	}
	f.guard(rec, inner, trace)
}

// guard turns a panic into a 500, or into a cut connection when a part of the
// answer is already out.
func (f *front) guard(rec *recorder, r *http.Request, trace *rest.Trace) {
	defer func() {
		v := recover()
		switch {
		case v == nil:
			return
		case v == http.ErrAbortHandler:
			panic(v)
		}
		f.log.LogAttrs(r.Context(), slog.LevelError, "handler panicked",
			slog.String("request", trace.RequestID), slog.String("dialect", trace.Dialect), slog.String("route", trace.Route),
			slog.String("err", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		if rec.status != 0 {
			panic(http.ErrAbortHandler)
		}
		rec.Header().Del("Content-Length")
		http.Error(rec, rest.InternalText(r.Context()), http.StatusInternalServerError)
	}()
	f.next.ServeHTTP(rec, r)
}

// setHeaders closes what browsers leave open by default; a handler may set
// them otherwise.
func (f *front) setHeaders(h http.Header, id string) {
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

func (f *front) finish(r *http.Request, trace *rest.Trace, rec *recorder, took time.Duration) {
	f.metrics.observe(trace, r.Method, rec.sent(), took)
	level := slog.LevelInfo
	if quiet(trace.Route) {
		level = slog.LevelDebug
	}
	f.log.LogAttrs(r.Context(), level, "request served",
		slog.String("request", trace.RequestID),
		slog.String("method", methodLabel(r.Method)),
		slog.String("dialect", trace.Dialect),
		slog.String("route", trace.Route),
		slog.Int("status", rec.sent()),
		slog.Int64("bytes", rec.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("principal", trace.Principal.Name),
		slog.String("remote", remoteHost(r.RemoteAddr)))
}

// quiet are the routes that machines ask every few seconds.
func quiet(route string) bool {
	return route == healthPath || route == readyPath || route == metricsPath
}

func remoteHost(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
