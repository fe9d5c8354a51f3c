package hmapi

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// maxBody bounds every body: an instance is a few KiB of storage schemas and keys.
const maxBody = 1 << 20

// routes is the whole dialect but for /healthz, which the yard answers for all. Literal paths come first, since the first that fits
// is taken.
func (a *API) routes() []rest.Route {
	return []rest.Route{
		change(http.MethodPost, "/reload", a.reload, "read the configuration of all instances again"),

		read("/jobs", a.jobs, "jobs that have not ended"),
		read("/jobs/{org}", a.jobs, "the same, of one organization"),
		read("/jobs/{org}/{job}", a.job, "one job, ended or not"),
		change(http.MethodDelete, "/jobs/{org}/{job}", a.abortJob, "interrupt a job"),

		read("/instance/statuslist", a.statusList, "which instances the cluster does not have as they are configured"),
		reading(change(http.MethodPost, "/instance/diff", a.diffOf, "what deploying this instance would change")),
		read("/instance", a.instances, "names of all instances"),
		change(http.MethodPost, "/instance", a.deploy, "make or change an instance"),
		change(http.MethodDelete, "/instance", a.delete, "delete an instance, and its data unless keepData"),
		read("/instance/{org}/{name}", a.instance, "an instance's configuration; keys masked for all but administrators"),
		read("/instance/{org}/{name}/diff", a.diff, "what an update would change"),
		change(http.MethodPut, "/instance/{org}/{name}/update", a.update, "deploy an instance again, with the defaults of now"),

		change(http.MethodPost, "/instance/{org}/{name}/standby-on", a.standbyOn, "bring up the other color"),
		change(http.MethodPost, "/instance/{org}/{name}/standby-off", a.standbyOff, "take the other color down"),
		change(http.MethodPost, "/instance/{org}/{name}/switchcolor", a.switchColor, "read from the other color"),
		change(http.MethodPost, "/instance/{org}/{name}/importer", a.startImporter, "start the importer"),
		change(http.MethodDelete, "/instance/{org}/{name}/importer", a.stopImporter, "stop the importer"),
	}
}

func read(path string, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: http.MethodGet, Path: path, Need: auth.Reader, Limit: maxBody, Handle: handle, Summary: summary}
}

func change(method, path string, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: method, Path: path, Need: auth.Admin, Limit: maxBody, Handle: handle, Summary: summary}
}

// reading is for what changes nothing whatever its method.
func reading(r rest.Route) rest.Route {
	r.Need = auth.Reader
	return r
}
