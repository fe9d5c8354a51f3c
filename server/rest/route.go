package rest

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	gorilla "github.com/gorilla/mux"

	"yardmaster/auth"
)

// area is one prefix of one dialect and the small router for its routes.
type area struct {
	dialect *Dialect
	prefix  string
	router  *gorilla.Router
	methods []string
}

// endpoint is a checked route. Its own ServeHTTP is never reached: gorilla
// only finds it, the mux serves it.
type endpoint struct {
	Route
	label string
	http.Handler
}

// hit is what the router found for a request.
type hit struct {
	route    *endpoint
	vars     map[string]string
	redirect string   // the path to send the client to instead
	allowed  []string // methods, when the path exists and only the method is wrong
}

// needsCaller is false where it makes no difference who asks.
func (h hit) needsCaller(d *Dialect) bool {
	if h.route == nil {
		return d.Auth != nil
	}
	return h.route.Need != auth.Public
}

// build sorts all routes into areas and refuses what cannot be served safely.
func build(dialects []Dialect, maxBody int64) (prefixes, error) {
	table := make(prefixes)
	var faults []error
	for i := range dialects {
		d := &dialects[i]
		if d.Render == nil {
			faults = append(faults, fmt.Errorf("dialect %s: no error writer", d.Name))
		}
		for _, p := range d.Prefixes {
			faults = append(faults, table.add(d, p))
		}
	}
	for i := range dialects {
		seen := make(map[string]bool)
		for _, route := range dialects[i].Routes {
			if err := table.addRoute(&dialects[i], route, maxBody, seen); err != nil {
				faults = append(faults, fmt.Errorf("dialect %s: %s %s: %w", dialects[i].Name, route.Method, route.Path, err))
			}
		}
	}
	return table, errors.Join(faults...)
}

func (t prefixes) addRoute(d *Dialect, route Route, maxBody int64, seen map[string]bool) error {
	key := route.Method + " " + expressionNames.ReplaceAllString(route.Path, "{:")
	a := t.owner(literal(route.Path))
	switch {
	case !route.Need.Set():
		return errors.New("no need is set")
	case route.Handle == nil || route.Method == "":
		return errors.New("no method or no handler")
	case seen[key]:
		return errors.New("named twice")
	case a == nil || a.dialect != d || (a.prefix == "" && route.Path != "/"):
		return errors.New("outside of the dialect's prefixes")
	case d.Auth == nil && route.Need != auth.Public && route.Need != auth.Anyone:
		return errors.New("needs a caller, and the dialect authenticates nobody")
	}
	seen[key] = true
	if route.Limit <= 0 {
		route.Limit = maxBody
	}
	methods := []string{route.Method}
	if route.Method == http.MethodGet && !d.has(http.MethodHead, route.Path) {
		methods = append(methods, http.MethodHead)
	}
	for _, m := range methods {
		if !slices.Contains(a.methods, m) {
			a.methods = append(a.methods, m)
		}
	}
	e := &endpoint{Route: route, label: template(route.Path), Handler: http.NotFoundHandler()}
	return a.router.MatcherFunc(shapeOf(route.Path).fits).Path(route.Path).Methods(methods...).Handler(e).GetError()
}

func (d *Dialect) has(method, path string) bool {
	return slices.ContainsFunc(d.Routes, func(r Route) bool { return r.Method == method && r.Path == path })
}

// match looks path up as it is, and then with its trailing slash turned over
// where the dialect gives that a meaning.
func (a *area) match(r *http.Request, path string) hit {
	h := a.lookup(r, path)
	if h.route != nil || len(h.allowed) > 0 || a.dialect.Slash == SlashExact || path == "/" {
		return h
	}
	other, had := strings.CutSuffix(path, "/")
	if !had {
		if a.dialect.Slash == SlashIgnore {
			return h
		}
		other = path + "/"
	}
	h = a.lookup(r, other)
	if h.route != nil && a.dialect.Slash == SlashRedirect {
		h.redirect = other
	}
	return h
}

func (a *area) lookup(r *http.Request, path string) hit {
	if r.URL.Path != path {
		r = withPath(r, path)
	}
	var m gorilla.RouteMatch
	if a.router.Match(r, &m) && m.MatchErr == nil {
		return hit{route: m.Handler.(*endpoint), vars: m.Vars}
	}
	if !errors.Is(m.MatchErr, gorilla.ErrMethodMismatch) {
		return hit{}
	}
	return hit{allowed: a.allowed(r)}
}

// allowed lists the methods that the path of r does have.
func (a *area) allowed(r *http.Request) []string {
	var methods []string
	for _, method := range a.methods {
		probe := *r
		probe.Method = method
		var m gorilla.RouteMatch
		if a.router.Match(&probe, &m) && m.MatchErr == nil {
			methods = append(methods, method)
		}
	}
	slices.Sort(methods)
	return methods
}

var (
	expressionNames = regexp.MustCompile(`\{[A-Za-z_][^:}]*:?`)
	expressions     = regexp.MustCompile(`\{([^:{}]+):(?:[^{}]|\{[^{}]*\})*\}`)
)

// template is a pattern without its expressions, for people and for labels.
func template(path string) string { return expressions.ReplaceAllString(path, "{$1}") }
