// Package stacktach speaks the REST API of StackTach, so that the stacky command line and what billing systems have grown around its
// /db routes work unchanged. It turns requests into queries of store/events and calls of jobs/events, and records into StackTach's
// tables; it writes no record by itself, knows no broker and builds no report.
//
//	params.go    what a query string says: limits, times, services     errors.go   the one writer of errors, in both formats
//	lookup.go    Django's lookups of /stacky/search, and plan.go how    python.go   JSON as Python prints it
//	             they become queries of the store                      text.go     times and durations as texts
//	dblist.go    the lists of /db: filters, orders, pages
//
// Where it answers otherwise than StackTach does, docs/quirks/stacktach.md says so and why.
package stacktach

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"yardmaster/auth"
	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// Name is the dialect's name in logs and metrics.
const Name = "stacktach"

// Service is what the dialect asks of the domain.
type Service interface {
	// View reads the state of one moment.
	View(ctx context.Context, fn func(*events.Tx) error) error
	// Recent gives the events with since < When <= until from memory, by When and then by id. whole is false if there may be more.
	Recent(s events.Service, since, until time.Time) (recent []events.Event, whole bool)
	// Confirm sets the send status, and where given the event id, of exists records by their message ids. Ids that no record has are
	// unknown; an id that several records of nova have changes none of them.
	Confirm(ctx context.Context, s events.Service, sent map[string]int, eventIDs map[string]string) (unknown, several []string, err error)
	// Repair takes pending exists records for sent, and tells which are not there and which are not pending.
	Repair(ctx context.Context, s events.Service, messageIDs []string) (absent, notPending []string, err error)
	// PutTenants keeps what is known of tenants.
	PutTenants(ctx context.Context, tenants []events.Tenant) error
}

// Options are what the dialect is made of. Service, Auth and Now must be given.
type Options struct {
	Service Service
	Auth    auth.Authenticator
	Now     func() time.Time
	Logger  *slog.Logger
}

// API is the dialect.
type API struct {
	service Service
	auth    auth.Authenticator
	now     func() time.Time
	log     *slog.Logger
}

// New refuses options that lack a part.
func New(o Options) (*API, error) {
	if o.Service == nil || o.Auth == nil || o.Now == nil {
		return nil, errors.New("stacktach dialect: no service, no authenticator or no clock")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &API{service: o.Service, auth: o.Auth, now: o.Now, log: o.Logger}, nil
}

// Dialect is what the mux serves.
func (a *API) Dialect() rest.Dialect {
	return rest.Dialect{
		Name:     Name,
		Prefixes: []string{"stacky", "db", "db/usage", "db/usage/glance", "db/stats", "db/confirm", "db/tenant"},
		Routes:   a.routes(),
		Auth:     a.auth,
		Render:   a.render,
		NotFound: notFoundPage(),
		Slash:    rest.SlashRedirect,
		JSONType: jsonType,
	}
}

const jsonType = "application/json"

// reply answers with a value.
func reply(status int, v value) rest.Response { return rest.Body(status, jsonType, v.print(nil)) }

// empty is the answer that has nothing to say and is no error.
func empty() rest.Response { return rest.Body(200, jsonType, nil) }
