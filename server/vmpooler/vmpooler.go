// Package vmpooler speaks the API of vmpooler in all of its versions, so that vmfloaty, go-vmpooler and what CI systems have
// grown around them work unchanged. It turns requests into calls of jobs/pools and records into vmpooler's JSON; it decides
// nothing about machines, reaches none and writes no record by itself.
//
//	edition.go   what tells one version from another   errors.go   the one table error -> status and body
//	routes.go    every route, for every edition        answer.go   what every answer passes: errors, gzip, counters, log
//	object.go    JSON as Ruby prints it                parse.go    JSON with its keys in order
//
// Where it answers otherwise than vmpooler does, docs/quirks/vmpooler.md says so and why.
package vmpooler

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// Name is the dialect's name in logs and metrics.
const Name = "vmpooler"

// Options are what the dialect is made of. Service and Auth must be given.
type Options struct {
	Service *pools.Service

	Auth      auth.Authenticator // X-AUTH-TOKEN and the yard's own doors, with what anonymous callers may do
	Passwords auth.Authenticator // Basic, for the token routes; nil: there are no users, so no token routes and no need of tokens
	Accounts  *accounts.Service  // the tokens of users; must be given if Passwords is
	TokenTTL  time.Duration      // of new tokens; 0 is for ever

	Domain      string   // what the first version calls the domain of a machine that has none of its own; may be ""
	Metrics     *Metrics // nil: there is neither a page of metrics nor /healthcheck
	MetricsPath string   // of that page; "" is /prometheus
	MetricsOpen bool     // it asks nobody who they are
	UsageStats  bool     // count machines by user and by what its tag jenkins_build_url says
	RateLimit   bool     // no more than so many requests a minute from one client
	LogRequests bool     // one line a request, with its path

	Logger *slog.Logger
	Zone   *time.Location // of the times in answers; nil is the machine's
}

// API is the dialect.
type API struct {
	service  *pools.Service
	cfg      pools.Config
	accounts *accounts.Service
	tokenTTL time.Duration

	auth      auth.Authenticator
	passwords auth.Authenticator
	limits    *limiter // nil: none

	domain      string
	metrics     *Metrics
	metricsPath string
	metricsNeed auth.Need
	poolsNeed   auth.Need // of changes of pools
	usage       bool
	logging     bool
	compress    compressor

	log     *slog.Logger
	zone    *time.Location
	started time.Time
}

// New refuses options that would leave the door open by mistake.
func New(o Options) (*API, error) {
	switch {
	case o.Service == nil || o.Auth == nil:
		return nil, errors.New("vmpooler dialect: no service or no authenticator")
	case o.Passwords != nil && o.Accounts == nil:
		return nil, errors.New("vmpooler dialect: passwords are checked, and nobody keeps tokens")
	}
	a := &API{
		service: o.Service, cfg: o.Service.Config(), accounts: o.Accounts, tokenTTL: o.TokenTTL, auth: o.Auth, passwords: o.Passwords,
		domain: o.Domain, metrics: o.Metrics, metricsPath: cmp.Or(o.MetricsPath, "/prometheus"), metricsNeed: auth.Reader, poolsNeed: auth.Admin,
		usage: o.UsageStats, logging: o.LogRequests, log: o.Logger, zone: cmp.Or(o.Zone, time.Local), started: o.Service.Now(),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if o.MetricsOpen {
		a.metricsNeed = auth.Public
	}
	if auth.ModeOf(o.Auth) == auth.AnonymousFull && !a.cfg.Ownership {
		a.poolsNeed = auth.User // any token will do in a yard that is as open as vmpooler
	}
	if o.RateLimit {
		a.limits = newLimiter(o.Service.Now)
		a.auth = a.limits.door(o.Auth)
	}
	if o.Metrics != nil {
		if err := o.Metrics.watch(o.Service); err != nil {
			return nil, fmt.Errorf("vmpooler dialect: register metrics: %w", err)
		}
	}
	return a, nil
}

// Dialect is what the mux serves.
func (a *API) Dialect() rest.Dialect {
	return rest.Dialect{
		Name:       Name,
		Prefixes:   a.prefixes(),
		Routes:     a.routes(),
		Auth:       a.auth,
		Render:     a.refused,
		NotFound:   reply(http.StatusNotFound, notOK()),
		NotAllowed: reply(http.StatusNotFound, notOK()),
		Slash:      rest.SlashIgnore,
		JSONType:   jsonType,
	}
}

// prefixes are the leading segments that vmpooler answers, also where it has nothing to say there.
func (a *API) prefixes() []string {
	all := []string{"", "api/v1", "api/v2", "api/v3", "status", "summary", "token", "vm", "dashboard", "healthcheck",
		"poolstat", "totalrunning", "config", "full_config", "poolreset", "ondemandvm"} // the last six only with a version
	return append(all, strings.Trim(a.metricsPath, "/"))
}

const jsonType = "application/json"

// reply is an answer as the old server would print it.
func reply(status int, o object) rest.Response { return rest.Body(status, jsonType, pretty(o)) }

// ok begins most answers, notOK is the whole of most others.
func ok(more ...member) object    { return append(object{{"ok", true}}, more...) }
func notOK(more ...member) object { return append(object{{"ok", false}}, more...) }

// who is the caller as the pools see them. An anonymous caller is nobody, also where nobody may do everything.
func who(r *http.Request) pools.Who {
	p := auth.From(r.Context())
	by := pools.Who{RequestID: rest.RequestID(r.Context())}
	if !p.Anonymous {
		by.User, by.Token, by.Admin = p.Name, p.Token, p.Role == auth.RoleAdmin
	}
	return by
}

// needCaller demands that somebody is known to ask, where there are users at all: the old server asked for a token then.
func (a *API) needCaller(r *http.Request) error {
	if a.passwords != nil && auth.From(r.Context()).Anonymous {
		return errNobody
	}
	return nil
}
