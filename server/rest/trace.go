package rest

import (
	"context"
	"net/http"

	"yardmaster/auth"
)

// Trace is what the server's middleware and the mux tell each other about one
// request. The middleware puts it into the context, the mux fills it in.
type Trace struct {
	RequestID string
	Stopping  <-chan struct{} // closed when the server begins to stop

	Dialect   string // "" when no prefix fits
	Route     string // the path pattern without its expressions, or Unmatched
	Principal auth.Principal
}

// Unmatched is the route of requests that no route took.
const Unmatched = "unmatched"

type traceKey struct{}

// WithTrace returns a context that carries t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// RequestID names the request in answers and logs; "" outside of a server.
func RequestID(ctx context.Context) string {
	if t := traceOf(ctx); t != nil {
		return t.RequestID
	}
	return ""
}

// Stopping is closed when the server begins to stop: a handler that waits for
// something should then answer with what it has. It may be nil.
func Stopping(ctx context.Context) <-chan struct{} {
	if t := traceOf(ctx); t != nil {
		return t.Stopping
	}
	return nil
}

type varsKey struct{}

// Vars gives the variables of the route's path.
func Vars(r *http.Request) map[string]string {
	vars, _ := r.Context().Value(varsKey{}).(map[string]string)
	return vars
}

// Var gives one variable of the route's path, or "".
func Var(r *http.Request, name string) string { return Vars(r)[name] }

// WithVars returns a request that carries path variables, for tests that call
// a handler without a mux.
func WithVars(r *http.Request, vars map[string]string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), varsKey{}, vars))
}
