// Package hmapi speaks the hosted-metrics API, so that the curl lines that were written for it work unchanged. It turns requests into
// calls of the instances and what comes back into the documented JSON and text; it knows no Kubernetes, expands no instance, makes no
// diff and writes no record by itself.
//
//	routes.go   every route and what it needs      errors.go   the one table error -> status, and the shape of refusals
//	body.go     bodies, and numbers in paths       patience.go how long a request waits for what it asked for
//	masked.go   what only administrators see       jobs.go, instances.go, changes.go  the handlers
//
// Where the API's document contradicts itself or says nothing, docs/quirks/hmapi.md says what is done and why.
package hmapi

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
)

// Name is the dialect's name in logs and metrics.
const Name = "hmapi"

// Options are what the dialect is made of. Service and Auth must be given.
type Options struct {
	Service  Service
	Auth     auth.Authenticator
	Patience time.Duration // how long a request waits for a change that has no job's id; 0 is 10 minutes
	Logger   *slog.Logger
}

// API is the dialect.
type API struct {
	service  Service
	auth     auth.Authenticator
	patience time.Duration
	log      *slog.Logger
}

// New refuses options that would leave the door open.
func New(o Options) (*API, error) {
	if o.Service == nil || o.Auth == nil {
		return nil, errors.New("hmapi dialect: no service or no authenticator")
	}
	a := &API{service: o.Service, auth: o.Auth, patience: cmp.Or(o.Patience, 10*time.Minute), log: o.Logger}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Dialect is what the mux serves.
func (a *API) Dialect() rest.Dialect {
	return rest.Dialect{
		Name:       Name,
		Prefixes:   []string{"reload", "jobs", "instance"},
		Routes:     a.routes(),
		Auth:       a.auth,
		Render:     a.render,
		NotFound:   refusal(http.StatusNotFound, "no such path"),
		NotAllowed: refusal(http.StatusMethodNotAllowed, "this path does not take this method"),
		Slash:      rest.SlashIgnore,
		JSONType:   "application/json",
	}
}

// who is the caller as the instances know them; nobody vouches for an anonymous one.
func who(r *http.Request) instances.Who {
	by := instances.Who{RequestID: rest.RequestID(r.Context())}
	if p := auth.From(r.Context()); !p.Anonymous {
		by.User = p.Name
	}
	return by
}
