package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"yardmaster/auth"
)

// Options are what the mux needs beside the dialects.
type Options struct {
	Logger *slog.Logger
	// Fallback names the dialect that answers for prefixes that nobody owns:
	// it authenticates first, so that a stranger cannot map the paths.
	Fallback     string
	MaxBody      int64         // default limit of a body; 0 is 1 MiB
	WriteTimeout time.Duration // for one answer, or one piece of a stream; 0 is 30 s
}

const (
	defaultMaxBody      = 1 << 20
	defaultWriteTimeout = 30 * time.Second
)

type mux struct {
	prefixes     prefixes
	fallback     *Dialect
	log          *slog.Logger
	writeTimeout time.Duration
}

// NewMux checks all dialects and serves them. Its error names every fault of
// the route tables at once.
func NewMux(dialects []Dialect, o Options) (http.Handler, error) {
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = defaultWriteTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &mux{log: o.Logger, writeTimeout: o.WriteTimeout}
	var err error
	m.prefixes, err = build(dialects, o.MaxBody)
	for i := range dialects {
		if dialects[i].Name == o.Fallback {
			m.fallback = &dialects[i]
		}
	}
	if o.Fallback != "" && m.fallback == nil {
		err = errors.Join(err, errors.New("fallback dialect "+o.Fallback+" is not served"))
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trace := traceOf(r.Context())
	if trace == nil {
		trace = &Trace{}
		r = r.WithContext(WithTrace(r.Context(), trace))
	}
	trace.Route = Unmatched
	path := cleanPath(r.URL.Path)
	d, hit := m.find(r, path)
	if d == nil {
		m.write(w, r, &Dialect{}, TextError(http.StatusNotFound, "no such path"))
		return
	}
	trace.Dialect = d.Name
	if hit.route != nil {
		trace.Route = hit.route.label
	}
	if hit.redirect == "" && path != r.URL.Path {
		hit.redirect = path
	}
	r, resp, err := serve(w, r, trace, d, hit)
	if err != nil {
		resp = render(r, d, err)
	}
	m.write(w, r, d, resp)
}

// find is the switch in front and the small router behind it.
func (m *mux) find(r *http.Request, path string) (*Dialect, hit) {
	if a := m.prefixes.owner(path); a != nil {
		return a.dialect, a.match(r, path)
	}
	return m.fallback, hit{}
}

// serve holds the order of the judges. The request that it returns carries
// what became known of the caller, for the error writer.
func serve(w http.ResponseWriter, r *http.Request, trace *Trace, d *Dialect, h hit) (*http.Request, Response, error) {
	ctx := r.Context()
	if h.needsCaller(d) {
		p, err := admit(r, d, h)
		trace.Principal = p
		if err != nil {
			return r, Response{}, err
		}
		ctx = auth.With(ctx, p)
	}
	if len(h.vars) > 0 {
		ctx = context.WithValue(ctx, varsKey{}, h.vars)
	}
	r = r.WithContext(ctx)
	switch {
	case h.route == nil && len(h.allowed) > 0:
		return r, notAllowed(d, h.allowed), nil
	case h.route == nil:
		return r, notFound(d), nil
	case h.redirect != "":
		return r, Redirect(r, http.StatusMovedPermanently, redirectTo(r, h.redirect)), nil
	}
	if err := h.route.Need.Check(trace.Principal); err != nil {
		return r, Response{}, err
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, h.route.Limit)
	}
	resp, err := h.route.Handle(r)
	return r, resp, err
}

// admit proves the caller and lets the gate judge. Where anyone may come,
// nothing sent is no fault.
func admit(r *http.Request, d *Dialect, h hit) (auth.Principal, error) {
	nobody := auth.Principal{Name: "anonymous", Issuer: auth.IssuerNone, Anonymous: true}
	p := nobody
	if d.Auth != nil {
		var err error
		p, err = d.Auth.Authenticate(r)
		switch {
		case err == nil:
		case errors.Is(err, auth.ErrNoCredentials) && h.route != nil && h.route.Need == auth.Anyone:
			p = nobody
		default:
			return auth.Principal{}, err
		}
	}
	if d.Gate != nil {
		if err := d.Gate(r, p); err != nil {
			return p, err
		}
	}
	return p, nil
}

func render(r *http.Request, d *Dialect, err error) Response {
	resp := d.Render(r, err)
	if resp.Status == 0 {
		resp = Internal(r, err)
	}
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return refused(resp, refusal)
	}
	return resp
}

// refused adds what a dialect has no word for: how to come in, when to come again, and for the log why nobody could be asked.
func refused(resp Response, refusal *auth.Refusal) Response {
	if refusal.Challenge != "" && resp.Header.Get("WWW-Authenticate") == "" {
		resp = resp.With("WWW-Authenticate", refusal.Challenge)
	}
	if refusal.RetryAfter > 0 && resp.Header.Get("Retry-After") == "" {
		seconds := (refusal.RetryAfter + time.Second - 1) / time.Second
		resp = resp.With("Retry-After", strconv.Itoa(int(seconds)))
	}
	if refusal.Status >= http.StatusInternalServerError && resp.Cause == nil {
		resp.Cause = refusal.Unwrap()
	}
	return resp
}

func notFound(d *Dialect) Response {
	if d.NotFound.Status == 0 {
		return TextError(http.StatusNotFound, "no such path")
	}
	return d.NotFound
}
