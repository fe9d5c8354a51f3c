// Package heketi speaks the API of Heketi, so that heketi-cli, Heketi's Go and Python clients and the provisioners that grew
// up with it work unchanged. It turns requests into calls of jobs/volumes and records into Heketi's JSON; it plans nothing,
// reaches no machine and writes no record by itself.
//
//	routes.go     every route            validate.go   the form of requests
//	gate.go       who may come in        errors.go     the one table error -> status and text
//	wire*.go      the JSON shapes        queue.go      an operation as clients poll it
//
// Where it answers otherwise than Heketi does, docs/quirks/heketi.md says so and why.
package heketi

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/auth"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// Name is the dialect's name in logs, metrics and operations.
const Name = "heketi"

// Options are what the dialect is made of. Service, Runner, DB and Auth must be given.
type Options struct {
	Service *volumes.Service
	Runner  *jobs.Runner
	DB      *store.DB

	Auth      auth.Authenticator // auth.HeketiJWT, or a chain that starts with it
	OpenHello bool               // /hello answers anybody

	AdminState string        // "normal" ("" is the same), "read-only" or "local-client"
	RetryAfter time.Duration // what a throttled client is told to wait; 0 is 10 s

	Logger   *slog.Logger
	LogLevel *slog.LevelVar // what /internal/logging reads and sets; nil is a level of its own

	Registry prometheus.Registerer // gets the heketi_ metrics; nil is none
}

// API is the dialect and the few things about it that can be switched while it serves.
type API struct {
	service *volumes.Service
	runner  *jobs.Runner
	db      *store.DB

	auth       auth.Authenticator
	hello      auth.Need
	state      *adminState
	retryAfter time.Duration

	log   *slog.Logger
	level *slog.LevelVar
}

const defaultRetryAfter = 10 * time.Second

// New refuses options that would leave the door open by mistake.
func New(o Options) (*API, error) {
	if o.Service == nil || o.Runner == nil || o.DB == nil || o.Auth == nil {
		return nil, errors.New("heketi dialect: no service, runner, store or authenticator")
	}
	a := &API{
		service: o.Service, runner: o.Runner, db: o.DB, auth: o.Auth, hello: auth.Reader,
		retryAfter: cmp.Or(o.RetryAfter, defaultRetryAfter), log: o.Logger, level: o.LogLevel,
	}
	var err error
	if a.state, err = newAdminState(o.AdminState); err != nil {
		return nil, fmt.Errorf("heketi dialect: %w", err)
	}
	if o.OpenHello {
		a.hello = auth.Public
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.level == nil {
		a.level = new(slog.LevelVar)
	}
	if o.Registry != nil {
		if err := o.Registry.Register(collector{o.DB}); err != nil {
			return nil, fmt.Errorf("heketi dialect: register metrics: %w", err)
		}
	}
	return a, nil
}

// Dialect is what the mux serves.
func (a *API) Dialect() rest.Dialect {
	return rest.Dialect{
		Name: Name,
		Prefixes: []string{"hello", "clusters", "nodes", "devices", "volumes", "blockvolumes", "bricks", "queue", "operations/pending",
			"topology", "admin", "backup", "db/dump", "db/check", "internal"},
		Routes:     a.routes(),
		Auth:       a.auth,
		Gate:       a.gate,
		Render:     a.render,
		NotFound:   rest.TextError(http.StatusNotFound, "Invalid path or request"),
		NotAllowed: rest.Empty(http.StatusMethodNotAllowed),
		Slash:      rest.SlashRedirect,
	}
}

// ResetAdminState lets requests through again, whoever shut them out; the server calls it on SIGUSR2.
func (a *API) ResetAdminState() { a.state.set(stateNormal) }

// caller is who asks, as operations remember it.
func caller(r *http.Request) volumes.Caller {
	return volumes.Caller{Dialect: Name, Owner: auth.From(r.Context()).Name, RequestID: rest.RequestID(r.Context())}
}
