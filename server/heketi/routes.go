package heketi

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

const (
	byID      = "/{id:[A-Fa-f0-9]+}"
	adminPath = "/admin"
)

// routes is the whole dialect. What a user may change, its handler judges by the owner.
func (a *API) routes() []rest.Route {
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	route := func(method, path string, need auth.Need, handle rest.Handler, summary string) rest.Route {
		return rest.Route{Method: method, Path: path, Need: need, Handle: handle, Summary: summary}
	}
	return []rest.Route{
		route(get, "/hello", a.hello, hello, "a greeting, to see whether the server is there"),

		route(post, "/clusters", auth.Admin, a.clusterCreate, "make an empty cluster"),
		route(get, "/clusters", auth.Reader, a.clusterList, "ids of all clusters"),
		route(get, "/clusters"+byID, auth.Reader, a.clusterInfo, "one cluster with the ids of its nodes and volumes"),
		route(post, "/clusters"+byID+"/flags", auth.Admin, a.clusterFlags, "say which volumes a cluster takes"),
		route(del, "/clusters"+byID, auth.Admin, a.clusterDelete, "forget an empty cluster"),

		route(post, "/nodes", auth.Admin, a.nodeAdd, "add a node to a cluster"),
		route(get, "/nodes", auth.Reader, a.nodeList, "ids of all nodes"),
		route(get, "/nodes"+byID, auth.Reader, a.nodeInfo, "one node with its devices and bricks"),
		route(del, "/nodes"+byID, auth.Admin, a.nodeDelete, "remove a node without devices"),
		route(post, "/nodes"+byID+"/state", auth.Admin, a.nodeState, "online, offline, or failed: evacuate it"),
		route(post, "/nodes"+byID+"/tags", auth.Admin, a.nodeTags, "set, update or delete tags of a node"),

		route(post, "/devices", auth.Admin, a.deviceAdd, "add a disk to a node"),
		route(get, "/devices", auth.Reader, a.deviceList, "ids of all devices"),
		route(get, "/devices"+byID, auth.Reader, a.deviceInfo, "one device with its bricks"),
		route(del, "/devices"+byID, auth.Admin, a.deviceDelete, "remove a failed, empty device"),
		route(post, "/devices"+byID+"/state", auth.Admin, a.deviceState, "online, offline, or failed: evacuate it"),
		route(get, "/devices"+byID+"/resync", auth.Admin, a.deviceResync, "read a device's sizes from its machine"),
		route(post, "/devices"+byID+"/tags", auth.Admin, a.deviceTags, "set, update or delete tags of a device"),

		route(post, "/volumes", auth.User, a.volumeCreate, "make a volume"),
		route(get, "/volumes", auth.Reader, a.volumeList, "ids of all volumes"),
		route(get, "/volumes/explain", auth.Reader, a.volumeExplain, "whether a volume would find room, and why not"),
		route(get, "/volumes"+byID, auth.Reader, a.volumeInfo, "one volume with its bricks"),
		route(post, "/volumes"+byID+"/expand", auth.User, a.volumeExpand, "add space to a volume"),
		route(post, "/volumes"+byID+"/clone", auth.User, a.volumeClone, "make a writable copy of a volume"),
		route(post, "/volumes"+byID+"/block-restriction", auth.Admin, a.volumeRestrict, "lock or unlock a block hosting volume"),
		route(del, "/volumes"+byID, auth.User, a.volumeDelete, "delete a volume"),

		route(post, "/blockvolumes", auth.Admin, a.blockCreate, "make a block volume"),
		route(get, "/blockvolumes", auth.Reader, a.blockList, "ids of all block volumes"),
		route(get, "/blockvolumes"+byID, auth.Reader, a.blockInfo, "one block volume"),
		route(post, "/blockvolumes"+byID+"/expand", auth.Admin, a.blockExpand, "grow a block volume"),
		route(del, "/blockvolumes"+byID, auth.Admin, a.blockDelete, "delete a block volume"),

		route(post, "/bricks/to-evict"+byID, auth.Admin, a.brickEvict, "move a brick to another device"),

		route(get, "/queue"+byID, auth.Reader, a.queue, "how an operation goes or went"),
		route(get, "/operations/pending", auth.Reader, a.pendingList, "operations under way, and those that need a hand"),
		route(get, "/operations/pending"+byID, auth.Reader, a.pendingInfo, "one of them, with what it changes"),
		route(post, "/operations/pending/cleanup", auth.Admin, a.pendingCleanup, "try now again what waits"),

		route(get, "/topology", auth.Reader, a.topology, "all clusters, nodes, devices, bricks and volumes at once"),

		route(get, adminPath, auth.Reader, a.adminGet, "which requests are served now"),
		route(post, adminPath, auth.Admin, a.adminSet, "serve all requests, only reads, or only this machine"),
		route(get, "/backup/db", auth.Admin, a.backup, "a copy of the store, taken while it is in use"),
		route(get, "/db/dump", auth.Admin, a.dbDump, "all records in the form of Heketi's own dump"),
		route(get, "/db/check", auth.Admin, a.dbCheck, "whether the records agree with each other"),
		route(get, "/internal/state/examine/gluster", auth.Admin, a.examine, "compare the records with the machines"),
		route(get, "/internal/logging", auth.Reader, a.loggingGet, "how much is logged"),
		route(post, "/internal/logging", auth.Admin, a.loggingSet, "log more or less"),
	}
}

func hello(*http.Request) (rest.Response, error) {
	return rest.Text(http.StatusOK, "Hello from Heketi"), nil
}
