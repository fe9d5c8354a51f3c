package stacktach

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// methods are those that every path takes: StackTach looks at the path alone, and where it wants PUT or POST the handler says so.
// A GET answers HEAD too.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// mostBody bounds what clients send: the largest thing is a batch of confirmations.
const mostBody = 4 << 20

// path is a row of the table below: all methods of one path.
type path struct {
	path    string
	need    auth.Need
	handle  rest.Handler
	summary string
}

// routes is the whole dialect. A path without its last slash is sent to the one with it.
func (a *API) routes() []rest.Route {
	var all []rest.Route
	paths := append(a.stackyPaths(), a.dbPaths()...)
	for _, m := range methods { // those of GET come first, since the router tries one after the other
		for _, p := range paths {
			all = append(all, rest.Route{Method: m, Path: p.path, Need: p.need, Limit: mostBody, Handle: p.handle, Summary: p.summary})
		}
	}
	return all
}

func (a *API) stackyPaths() []path {
	return []path{
		{"/stacky/deployments/", auth.Reader, a.deployments, "ids and names of all deployments"},
		{"/stacky/events/", auth.Reader, a.eventNames, "types of events, of one service or of all"},
		{"/stacky/hosts/", auth.Reader, a.hosts, "hosts that sent events"},
		{"/stacky/uuid/", auth.Reader, a.byUUID, "events of one instance or image"},
		{"/stacky/timings/uuid/", auth.Reader, a.timingsByUUID, "how long each step of one instance took"},
		{"/stacky/timings/", auth.Reader, a.timingsByName, "how long one step took, the fastest first"},
		{"/stacky/summary/", auth.Reader, a.summary, "least, greatest and average time of every step"},
		{"/stacky/request/", auth.Reader, a.byRequest, "events of one request"},
		{"/stacky/show/{id:[0-9]+}/", auth.Reader, a.show, "one event with its body"},
		{"/stacky/watch/{id:[0-9]+}/", auth.Reader, a.watch, "events of the last seconds, of one deployment or (0) of all"},
		{"/stacky/search/", auth.Reader, a.search, "events by any of their columns"},
		{"/stacky/kpi/", auth.Reader, a.kpi, "how long requests of the last day took"},
		{"/stacky/kpi/{tenant}/", auth.Reader, a.kpiOfTenant, "the same, of one tenant"},
		{"/stacky/reports/", auth.Reader, a.reports, "reports by when they were made"},
		{"/stacky/report/{id:[0-9]+}/", auth.Reader, a.report, "one report"},
		{"/stacky/reports/search/", auth.Reader, a.searchReports, "reports by name, id, period or day"},
	}
}

func (a *API) dbPaths() []path {
	const one = "{id:[0-9]+}/"
	var all []path
	for _, base := range []string{"/db/usage/", "/db/usage/nova/"} {
		all = append(all,
			path{base + "launches/", auth.Reader, listed(a, launches), "launches of instances"},
			path{base + "launches/" + one, auth.Reader, single(a, launches), "one launch"},
			path{base + "deletes/", auth.Reader, listed(a, deletes), "deletes of instances"},
			path{base + "deletes/" + one, auth.Reader, single(a, deletes), "one delete"},
			path{base + "exists/", auth.Reader, listed(a, exists), "audit records of instances"},
			path{base + "exists/" + one, auth.Reader, single(a, exists), "one audit record"})
	}
	return append(all,
		path{"/db/usage/glance/images/", auth.Reader, listed(a, images), "images that were activated"},
		path{"/db/usage/glance/images/" + one, auth.Reader, single(a, images), "one image"},
		path{"/db/usage/glance/deletes/", auth.Reader, listed(a, imageDeletes), "deletes of images"},
		path{"/db/usage/glance/deletes/" + one, auth.Reader, single(a, imageDeletes), "one delete of an image"},
		path{"/db/usage/glance/exists/", auth.Reader, listed(a, imageExists), "audit records of images"},
		path{"/db/usage/glance/exists/" + one, auth.Reader, single(a, imageExists), "one audit record of an image"},

		path{"/db/stats/nova/exists/", auth.Reader, counted(a, exists), "audit records of instances, counted by status"},
		path{"/db/stats/glance/exists/", auth.Reader, counted(a, imageExists), "audit records of images, counted by status"},
		path{"/db/stats/events/", auth.Reader, a.eventStats, "events, counted by type"},

		path{"/db/confirm/usage/exists/batch/", auth.User, a.confirmBatch, "say what became of many audit records that were sent on (PUT or POST)"},
		path{"/db/confirm/usage/exists/{message:[A-Za-z0-9_-]+}/", auth.User, a.confirm, "say what became of one (PUT or POST)"},
		path{"/db/repair/", auth.User, a.repair, "take pending audit records for sent"},
		path{"/db/tenant/batch_info/", auth.User, a.tenantsPut, "keep what is known of many tenants (PUT or POST)"},
		path{"/db/tenant/info/{tenant}/", auth.User, a.tenantPut, "keep what is known of one tenant (PUT or POST)"},
	)
}
