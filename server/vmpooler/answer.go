package vmpooler

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// answered wraps a handler in what every answer passes. Routes that are public pass no door, so that the limiter looks at them here.
func (a *API) answered(route rest.Route) rest.Handler {
	return func(r *http.Request) (rest.Response, error) {
		began := a.service.Now()
		resp, err := a.handled(r, route)
		a.metrics.handled(r, a.service.Now().Sub(began))
		if err != nil {
			resp = a.render(r, err)
		}
		a.metrics.served(r, resp)
		a.logged(r, route, resp)
		return a.compress.answer(r, resp), nil
	}
}

func (a *API) handled(r *http.Request, route rest.Route) (rest.Response, error) {
	if route.Need == auth.Public && a.limits != nil {
		if err := a.limits.take(r, auth.Principal{Anonymous: true}); err != nil {
			return rest.Response{}, err
		}
	}
	return route.Handle(r)
}

// refused is how the mux renders what never reached a handler.
func (a *API) refused(r *http.Request, err error) rest.Response {
	resp := a.render(r, err)
	a.metrics.served(r, resp)
	a.logged(r, rest.Route{}, resp)
	return a.compress.answer(r, resp)
}

// logged writes the line that LogRequests asks for. A token in a path is a secret.
func (a *API) logged(r *http.Request, route rest.Route, resp rest.Response) {
	if !a.logging {
		return
	}
	path := r.URL.Path
	if token := rest.Var(r, "token"); token != "" {
		path = strings.Replace(path, token, "***", 1)
	} else if route.Path == "" {
		path = area(path)
	}
	a.log.LogAttrs(r.Context(), slog.LevelInfo, "api request", slog.String("request", rest.RequestID(r.Context())),
		slog.String("method", r.Method), slog.Int("status", cmp.Or(resp.Status, http.StatusOK)), slog.String("path", path),
		slog.Int("bytes", len(resp.Body)), slog.String("caller", auth.From(r.Context()).Name))
}

var nouns = []string{"status", "summary", "token", "vm", "ondemandvm", "poolstat", "totalrunning", "config", "full_config", "poolreset",
	"usage", "held", "dashboard", "healthcheck", "prometheus"}

// area is a path without what it names: its version and its noun, so that there are few of them.
func area(path string) string {
	base := ""
	for _, version := range []string{"/api/v1", "/api/v2", "/api/v3"} {
		if rest, ok := strings.CutPrefix(path, version+"/"); ok {
			base, path = version, "/"+rest
		}
	}
	noun, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !slices.Contains(nouns, noun) {
		return base + "/"
	}
	return base + "/" + noun
}
