package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"

	checkTimeout = 2 * time.Second
)

// Part is one thing that the server leans on. Check must honour its context
// and answer from what the part already knows: anyone may ask, at any rate.
type Part struct {
	Name     string
	Required bool // without it the server is not ready; else it is degraded
	Check    func(ctx context.Context) (detail any, err error)
}

// Health gives GET /healthz, which is OK as long as the process answers, and
// GET /readyz, which tells of each part. What a part says of itself is shown
// to known callers only.
func Health(parts ...Part) []rest.Route {
	return []rest.Route{
		{
			Method: http.MethodGet, Path: healthPath, Need: auth.Public,
			Handle:  func(*http.Request) (rest.Response, error) { return rest.Text(http.StatusOK, "OK"), nil },
			Summary: "OK while the process answers",
		},
		{
			Method: http.MethodGet, Path: readyPath, Need: auth.Anyone,
			Handle:  func(r *http.Request) (rest.Response, error) { return ready(r, parts), nil },
			Summary: "state of each part; 503 when a required one is down",
		},
	}
}

// Endpoints makes a dialect of the server's own routes, with their first
// segments as its prefixes.
func Endpoints(a auth.Authenticator, routes ...rest.Route) rest.Dialect {
	d := rest.Dialect{Name: "server", Routes: routes, Auth: a, Render: rest.PlainText(nil)}
	seen := make(map[string]bool)
	for _, route := range routes {
		prefix, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/")
		if !seen[prefix] {
			seen[prefix] = true
			d.Prefixes = append(d.Prefixes, prefix)
		}
	}
	return d
}

type readiness struct {
	Status string       `json:"status"` // ready, degraded, unready
	Parts  []partStatus `json:"parts"`
}

type partStatus struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"`
	Error    string `json:"error,omitempty"`
	Detail   any    `json:"detail,omitempty"`
}

func ready(r *http.Request, parts []Part) rest.Response {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	known := auth.Reader.Allows(auth.From(r.Context()))
	answer := readiness{Status: "ready", Parts: make([]partStatus, len(parts))}
	var checks sync.WaitGroup
	for i, p := range parts {
		checks.Go(func() { answer.Parts[i] = p.check(ctx, known) })
	}
	checks.Wait()
	status := http.StatusOK
	for _, p := range answer.Parts {
		switch {
		case p.OK:
		case p.Required:
			answer.Status, status = "unready", http.StatusServiceUnavailable
		case status == http.StatusOK:
			answer.Status = "degraded"
		}
	}
	return rest.JSON(status, answer)
}

func (p Part) check(ctx context.Context, details bool) partStatus {
	detail, err := p.Check(ctx)
	s := partStatus{Name: p.Name, OK: err == nil, Required: p.Required}
	if !details {
		return s
	}
	s.Detail = detail
	if err != nil {
		s.Error = err.Error()
	}
	return s
}
