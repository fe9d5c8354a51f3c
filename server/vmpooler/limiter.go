package vmpooler

import (
	"cmp"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// period is the window in which requests are counted: it opens with a client's first request and closes when it is over,
// however often the client calls meanwhile.
const period = time.Minute

// mostClients bounds what the limiter remembers. Beyond it new clients are not counted.
const mostClients = 100_000

// class is one sort of request with a limit of its own.
type class struct {
	name  string
	limit int
}

var (
	taking   = class{"vm_creation", 20}
	deleting = class{"vm_deletion", 50}
	known    = class{"authenticated", 500}
	anyone   = class{"global_per_ip", 100}
)

// classify sorts a request as the old server did.
func classify(r *http.Request, p auth.Principal) class {
	about := strings.Contains(r.URL.Path, "/vm")
	switch {
	case r.Method == http.MethodPost && about:
		return taking
	case r.Method == http.MethodDelete && about:
		return deleting
	case !p.Anonymous:
		return known
	}
	return anyone
}

type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	windows map[string]*window // by class and client
	swept   time.Time
}

type window struct {
	used int
	ends time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, windows: map[string]*window{}}
}

// limited is a request over the limit.
type limited struct {
	class class
	wait  time.Duration
	ends  time.Time
}

func (l *limited) Error() string { return "Rate limit exceeded" }

func (l *limited) response() rest.Response {
	wait := wholeSeconds(l.wait)
	resp := reply(http.StatusTooManyRequests, notOK(member{"error", l.Error()}, member{"limit", l.class.limit},
		member{"period", int(period / time.Second)}, member{"retry_after", wait}))
	return resp.With("X-RateLimit-Limit", strconv.Itoa(l.class.limit)).With("X-RateLimit-Remaining", "0").
		With("X-RateLimit-Reset", strconv.FormatInt(l.ends.Unix(), 10)).With("Retry-After", strconv.Itoa(wait))
}

// take counts one request of a client, or refuses it with *limited. What is refused is not counted. A caller is who they proved
// to be; everybody else is where they call from.
func (l *limiter) take(r *http.Request, p auth.Principal) error {
	c := classify(r, p)
	key := c.name + " " + client(r, p)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	w := l.windows[key]
	switch {
	case w == nil && len(l.windows) >= mostClients:
		return nil
	case w == nil || !now.Before(w.ends):
		w = &window{ends: now.Add(period)}
		l.windows[key] = w
	case w.used >= c.limit:
		return &limited{c, w.ends.Sub(now), w.ends}
	}
	w.used++
	return nil
}

// sweep forgets the windows that are over, at most once a period.
func (l *limiter) sweep(now time.Time) {
	if now.Before(l.swept.Add(period)) {
		return
	}
	l.swept = now
	for key, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, key)
		}
	}
}

func client(r *http.Request, p auth.Principal) string {
	if !p.Anonymous {
		return "caller " + cmp.Or(p.Token, p.Name)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return "ip " + host
}

// door counts in front of every route that asks who calls; whoever fails to say counts as their address.
func (l *limiter) door(next auth.Authenticator) auth.Authenticator { return limitedDoor{l, next} }

type limitedDoor struct {
	limits *limiter
	next   auth.Authenticator
}

func (d limitedDoor) Authenticate(r *http.Request) (auth.Principal, error) {
	p, err := d.next.Authenticate(r)
	caller := p
	if err != nil {
		caller = auth.Principal{Anonymous: true}
	}
	if over := d.limits.take(r, caller); over != nil {
		return auth.Principal{}, over
	}
	return p, err
}
