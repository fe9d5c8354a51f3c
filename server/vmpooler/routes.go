package vmpooler

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// The paths that carry names.
const (
	byName     = "/vm/{name}"
	bySnapshot = byName + "/snapshot/{snapshot}"
	byToken    = "/token/{token}"
	byRequest  = "/ondemandvm/{id}"
)

// routes is the whole dialect: every edition, and what has no version. The token routes are public because they ask for a password
// themselves, or the token is its own credential.
func (a *API) routes() []rest.Route {
	var all []rest.Route
	for _, e := range a.editions() {
		all = append(all, e.common()...)
		all = append(all, e.versioned()...)
	}
	old := a.unversioned()
	all = append(all, old.common()...)
	all = append(all, old.route(http.MethodPut, byName+"/disk/{size}", auth.User, old.vmCounted("put", "disksize", old.disk), "the same as POST"))
	all = append(all, a.pages()...)
	for i := range all {
		all[i].Limit = mostBody
		all[i].Handle = a.answered(all[i])
	}
	return all
}

// mostBody bounds what clients send; the largest thing that makes sense is a set of tags.
const mostBody = 64 << 10

func (e edition) route(method, path string, need auth.Need, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: method, Path: e.base + path, Need: need, Handle: handle, Summary: summary}
}

// common are the routes that also exist without a version.
func (e edition) common() []rest.Route {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return []rest.Route{
		e.route(get, "/status", auth.Reader, e.status, "how the pools stand, all of it or the parts in ?view="),
		e.route(get, "/summary", auth.Reader, e.summary, "clones, boots and tags from ?from= to ?to="),
		e.route(get, "/summary/{part}", auth.Reader, e.summaryPart, "one of boot, clone and tag"),
		e.route(get, "/summary/{part}/{key}", auth.Reader, e.summaryPart, "the same: duration or count, or one tag"),

		e.route(get, "/token", auth.Public, e.tokenList, "the caller's tokens (password)"),
		e.route(post, "/token", auth.Public, e.tokenNew, "make a token (password)"),
		e.route(get, byToken, auth.Public, e.tokenInfo, "whose token this is, and which machines it holds"),
		e.route(del, byToken, auth.Public, e.tokenDelete, "delete a token (password)"),

		e.route(get, "/vm", auth.Reader, e.poolNames, "names of all pools"),
		e.route(post, "/vm", auth.User, e.vmCounted("post", "checkout", e.checkoutBody), "check machines out, by pool and count; ?wait= waits for them"),
		e.route(post, byName, auth.User, e.vmCounted("post", "template", e.checkoutPath), "check machines out, by names of pools with + between"),
		e.route(get, byName, auth.Reader, e.vmCounted("get", "hostname", e.vmInfo), "one machine"),
		e.route(put, byName, auth.User, e.vmCounted("put", "modify", e.vmChange), "set lifetime and tags of a machine, add a disk"),
		e.route(del, byName, auth.User, e.vmCounted("delete", "hostname", e.vmDelete), "give a machine up"),
		e.route(post, byName+"/disk/{size}", auth.User, e.vmCounted("post", "disksize", e.disk), "add a disk to a machine"),
		e.route(post, byName+"/snapshot", auth.User, e.vmCounted("post", "snapshot", e.snapshotNew), "save a machine's state, if wanted under a name"),
		e.route(post, bySnapshot, auth.User, e.vmCounted("post", "snapshot", e.snapshotRevert), "bring a machine back to a snapshot"),
	}
}

// versioned are the routes that only exist with a version.
func (e edition) versioned() []rest.Route {
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	return []rest.Route{
		e.route(del, bySnapshot, auth.User, e.vmCounted("delete", "snapshot", e.snapshotDelete), "remove a snapshot"),

		e.route(get, "/poolstat", auth.Reader, e.poolStat, "size and ready machines of the pools in ?pool="),
		e.route(get, "/totalrunning", auth.Reader, e.totalRunning, "how many machines are checked out"),

		e.route(get, "/config", auth.Reader, e.poolConfig, "the pools as they are configured now"),
		e.route(get, "/full_config", auth.Admin, e.fullConfig, "all that is configured about pools"),
		e.route(post, "/config/poolsize", e.poolsNeed, e.setSizes, "change sizes of pools while the server runs"),
		e.route(del, "/config/poolsize/{pool}", e.poolsNeed, e.undoSize, "go back to the configured size"),
		e.route(post, "/config/pooltemplate", e.poolsNeed, e.setTemplates, "change what pools clone"),
		e.route(del, "/config/pooltemplate/{pool}", e.poolsNeed, e.undoTemplate, "go back to the configured template"),
		e.route(post, "/config/clonetarget", e.poolsNeed, e.setTargets, "change where pools clone to"),
		e.route(del, "/config/clonetarget/{pool}", e.poolsNeed, e.undoTarget, "go back to the configured clone target"),
		e.route(post, "/poolreset", e.poolsNeed, e.resetPools, "replace all ready machines of pools"),

		e.route(post, "/ondemandvm", auth.User, e.odCounted("post", "requestid", e.requestBody), "ask for machines that are made for the request"),
		e.route(post, byRequest, auth.User, e.odCounted("post", "template", e.requestPath), "the same, by names of pools with + between"),
		e.route(get, byRequest, auth.Reader, e.odCounted("get", "request", e.requestInfo), "how a request stands"),
		e.route(del, byRequest, auth.User, e.odCounted("delete", "request", e.requestDelete), "call a request off and give its machines up"),

		e.route(get, "/usage", auth.Reader, e.usageReport, "what users and tags used, day by day from ?from= to ?to="),
		e.route(get, "/held", auth.Reader, e.held, "who holds which machines"),
	}
}

// counted counts calls under the names that dashboards chart.
func (a *API) counted(method, subpath, operation string, handle rest.Handler) rest.Handler {
	return func(r *http.Request) (rest.Response, error) {
		a.metrics.inc(calls, method, subpath, operation)
		return handle(r)
	}
}

func (a *API) odCounted(method, operation string, handle rest.Handler) rest.Handler {
	return a.counted(method, "ondemand", operation, handle)
}

func (a *API) vmCounted(method, operation string, handle rest.Handler) rest.Handler {
	return a.counted(method, "vm", operation, handle)
}
