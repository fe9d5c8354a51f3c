// Package rest is what every dialect is written in: a route is a value, a
// handler turns a request into a Response or an error, and one mux serves the
// routes of all dialects.
//
// A handler is given no ResponseWriter, so it cannot answer twice, answer
// half, or answer inside a transaction. The mux keeps one order for every
// request: the prefix names the dialect, the dialect authenticates, its gate
// judges, its router matches, the route's Need is checked, the handler runs.
// Routes that are auth.Public skip the two judges. A route without a Need, two
// equal routes, or two dialects with one prefix stop the start.
//
// The package knows no dialect, no record and no status table but its own few
// errors; how an error looks to a client is each dialect's Render.
package rest

import (
	"net/http"

	"yardmaster/auth"
)

// Handler answers one request. The error goes to the dialect's Render.
type Handler func(r *http.Request) (Response, error)

// Route is one method on one path of a dialect.
type Route struct {
	Method  string
	Path    string // gorilla pattern: "/volumes/{id:[A-Fa-f0-9]+}"; a GET answers HEAD too
	Need    auth.Need
	Limit   int64 // bytes of body; 0 is the mux's default
	Handle  Handler
	Summary string // one line for docs/routes.md
}

// Dialect is one API: its routes, its door and its way to speak of errors.
type Dialect struct {
	Name string
	// Prefixes are the leading path segments it owns, without slashes at the
	// ends: "volumes", "db/dump". The longest one that fits a path wins, also
	// over a shorter one of another dialect. "" is the path "/" alone.
	Prefixes []string
	Routes   []Route
	Auth     auth.Authenticator
	// Gate judges a known caller before any route is looked at. May be nil.
	Gate func(*http.Request, auth.Principal) error
	// Render is its one error writer; see Table. Internal is for what it does not know.
	Render               func(*http.Request, error) Response
	NotFound, NotAllowed Response
	Slash                Slash
	Indent               string // of JSON answers; "" is one line
	JSONType             string // "" is "application/json; charset=UTF-8"
}

// Slash is what a trailing slash means that a route has not, or has.
type Slash uint8

// The readings of a stray or missing trailing slash.
const (
	SlashExact    Slash = iota // another path: not found
	SlashRedirect              // 301 to the path as the route has it
	SlashIgnore                // a stray one means nothing
)
