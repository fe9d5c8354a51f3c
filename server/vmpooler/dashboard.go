package vmpooler

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

//go:embed assets
var assets embed.FS

// dashboardPolicy lets the page load what is embedded here, and ask this server; nothing else.
const dashboardPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const dashboardPath = "/dashboard"

// pages are the routes that no version has: the dashboard, what it draws, and what monitors ask.
func (a *API) pages() []rest.Route {
	get := http.MethodGet
	route := func(path string, need auth.Need, handle rest.Handler, summary string) rest.Route {
		return rest.Route{Method: get, Path: path, Need: need, Handle: handle, Summary: summary}
	}
	all := []rest.Route{
		route("/", auth.Reader, toDashboard, "to the dashboard"),
		route(dashboardPath, auth.Reader, a.dashboard(), "pools at a glance"),
		route(dashboardPath+"/dashboard.css", auth.Public, asset("dashboard.css", "text/css; charset=utf-8"), "how it looks"),
		route(dashboardPath+"/dashboard.js", auth.Public, asset("dashboard.js", "text/javascript; charset=utf-8"), "how it draws"),
		route(dashboardPath+"/stats/vmpooler/pool", auth.Reader, a.poolStats, "size and ready machines of every pool"),
		route(dashboardPath+"/stats/vmpooler/running", auth.Reader, a.runningStats, "machines checked out, by the first word of their pools"),
	}
	if a.metrics == nil {
		return all
	}
	return append(all,
		route("/healthcheck", auth.Public, healthCheck, "whether the server answers"),
		route(a.metricsPath, a.metricsNeed, a.metrics.scrape(), "metrics under vmpooler's names"))
}

func toDashboard(r *http.Request) (rest.Response, error) {
	return rest.Redirect(r, http.StatusFound, dashboardPath+"/"), nil
}

// dashboard is the page. It is the same for everyone: what it shows, it asks for. Its links start from the slash at its end.
func (a *API) dashboard() rest.Handler {
	page := template.Must(template.ParseFS(assets, "assets/dashboard.html"))
	var out bytes.Buffer
	err := page.Execute(&out, struct{ Site string }{cmp.Or(a.cfg.SiteName, "vmpooler")})
	return func(r *http.Request) (rest.Response, error) {
		switch {
		case err != nil:
			return rest.Response{}, err
		case !strings.HasSuffix(r.URL.Path, "/"):
			return rest.Redirect(r, http.StatusMovedPermanently, dashboardPath+"/"), nil
		}
		return rest.Body(http.StatusOK, "text/html; charset=utf-8", out.Bytes()).With("Content-Security-Policy", dashboardPolicy), nil
	}
}

// asset is a file of this program. It may be kept for a while, though not without asking again.
func asset(name, contentType string) rest.Handler {
	body, err := fs.ReadFile(assets, "assets/"+name)
	return func(*http.Request) (rest.Response, error) {
		if err != nil {
			return rest.Response{}, err
		}
		return rest.Body(http.StatusOK, contentType, body).With("Cache-Control", "no-cache"), nil
	}
}

// poolStats is what the dashboard of the old server drew; ?history= adds what there is of the past, which is now.
func (a *API) poolStats(r *http.Request) (rest.Response, error) {
	all, err := a.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	history := r.URL.Query().Has("history")
	stats := object{}
	for i := range all {
		ready := all[i].Counts.Ready
		pool := object{{"size", all[i].Pool.Size}, {"ready", ready}}
		if history {
			pool.set("history", array{ready})
		}
		stats = append(stats, member{all[i].Pool.Name, pool})
	}
	return reply(http.StatusOK, stats), nil
}

// runningStats adds pools up by their name as far as the first dash.
func (a *API) runningStats(r *http.Request) (rest.Response, error) {
	all, err := a.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	var names []string
	running := map[string]int{}
	for i := range all {
		name, _, _ := strings.Cut(all[i].Pool.Name, "-")
		if _, seen := running[name]; !seen {
			names = append(names, name)
		}
		running[name] += all[i].Counts.Running
	}
	stats := object{}
	for _, name := range names {
		stats = append(stats, member{name, object{{"running", running[name]}}})
	}
	return reply(http.StatusOK, stats), nil
}
