// Package deploymanager speaks the Deployment Manager API, so that curl lines and Python scripts that were written for it work
// unchanged. It turns requests into calls of the configs and what comes back into the documented JSON; it knows no Kubernetes,
// merges no YAML, unpacks no archive and writes no record by itself.
//
//	routes.go   every route and what it needs        errors.go   the one table error -> status, and the shapes of refusals
//	forms.go    bodies in all the forms they have    fields.go   what a field of a body must be
//	wire*.go    the JSON of answers                  answer.go   how a push is waited for, and how its end is told
//
// Where the API's document contradicts itself or says nothing, docs/quirks/deploymanager.md says what is done and why.
package deploymanager

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// Name is the dialect's name in logs and metrics.
const Name = "deploymanager"

// Root is where the API begins.
const Root = "/api/v1/control_plane"

// Options are what the dialect is made of. Service, Auth and Mask must be given.
type Options struct {
	Service Service
	Auth    auth.Authenticator // the header Token and the yard's own doors

	// CreateAdmin makes the first administrator; an error that is configs.ErrConflict says that this was done before. nil: there are no
	// users in this yard.
	CreateAdmin func(ctx context.Context, username, email string) error
	// Mask hides the secrets of a config or patch from callers who are no administrators.
	Mask func(text string) string

	Patience  time.Duration // how long a request waits for its push; 0 is 10 minutes
	MaxUpload int64         // bytes of a body with configs, patches or an export; 0 is 64 MiB
	Logger    *slog.Logger
}

// API is the dialect.
type API struct {
	service     Service
	auth        auth.Authenticator
	createAdmin func(ctx context.Context, username, email string) error
	mask        func(text string) string
	patience    time.Duration
	maxUpload   int64
	log         *slog.Logger
}

// New refuses options that would show secrets or leave the door open.
func New(o Options) (*API, error) {
	if o.Service == nil || o.Auth == nil || o.Mask == nil {
		return nil, errors.New("deploymanager dialect: no service, authenticator or mask")
	}
	a := &API{
		service: o.Service, auth: o.Auth, createAdmin: o.CreateAdmin, mask: o.Mask,
		patience: cmp.Or(o.Patience, 10*time.Minute), maxUpload: cmp.Or(o.MaxUpload, 64<<20), log: o.Logger,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Dialect is what the mux serves.
func (a *API) Dialect() rest.Dialect {
	return rest.Dialect{
		Name:       Name,
		Prefixes:   []string{Root[1:]},
		Routes:     a.routes(),
		Auth:       a.auth,
		Render:     a.render,
		NotFound:   failed(http.StatusNotFound, nil, "no such path"),
		NotAllowed: failed(http.StatusMethodNotAllowed, nil, "this path does not take this method"),
		Slash:      rest.SlashIgnore,
		JSONType:   "application/json",
	}
}

// Reserved are names under which no object could be asked for, because a path of the API has them.
func Reserved() []string {
	return []string{"versions", "history", "image", "upload", "search", "namespace", "registry", "apply", "k8s-inconsistencies", "previous", "rollback", "prune"}
}

// who is the caller as the configs know them; nobody vouches for an anonymous one. ?wait=true asks for more than that the cluster has
// taken what was pushed: that it does its work.
func who(r *http.Request) configs.Who {
	by := configs.Who{RequestID: rest.RequestID(r.Context()), Wait: r.URL.Query().Get("wait") == "true"}
	if p := auth.From(r.Context()); !p.Anonymous {
		by.User = p.Name
	}
	return by
}

// shown is a text as this caller may see it.
func (a *API) shown(r *http.Request, text string) string {
	if auth.From(r.Context()).Role == auth.RoleAdmin {
		return text
	}
	return a.mask(text)
}
