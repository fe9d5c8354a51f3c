package deploymanager

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// routes is the whole dialect. Where the document names two methods, both are served. Paths without variables come first, since
// the first that fits is taken.
func (a *API) routes() []rest.Route {
	var all []rest.Route
	for _, part := range [][]rest.Route{a.setupRoutes(), a.baseRoutes(), a.patchRoutes(), a.configRoutes(), a.deploymentRoutes(), a.labelRoutes(),
		a.kubeRoutes(), a.platformRoutes(), a.telescopeRoutes()} {
		all = append(all, part...)
	}
	return all
}

func get(path string, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: http.MethodGet, Path: Root + path, Need: auth.Reader, Handle: handle, Summary: summary}
}

func post(path string, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: http.MethodPost, Path: Root + path, Need: auth.Admin, Handle: handle, Summary: summary}
}

func del(path string, handle rest.Handler, summary string) rest.Route {
	return rest.Route{Method: http.MethodDelete, Path: Root + path, Need: auth.Admin, Handle: handle, Summary: summary}
}

// needing is a route with another need than its method's.
func needing(need auth.Need, r rest.Route) rest.Route {
	r.Need = need
	return r
}

// upload is a route whose body may be large.
func (a *API) upload(r rest.Route) rest.Route {
	r.Limit = a.maxUpload
	return r
}

func (a *API) setupRoutes() []rest.Route {
	return []rest.Route{
		needing(auth.Admin, get("/setup", a.setup, "bind the default labels; harmless when done before")),
		post("/setup", a.setup, "the same"),
		get("/setup/status", a.setupStatus, "whether that was done"),
		needing(auth.Reader, post("/setup/status", a.setupStatus, "the same")),
		post("/database/setup", underError(a.databaseSetup), "set up, once, and make the first administrator"),
		needing(auth.Reader, post("/database/mock_ddl", underError(a.mockDDL), "what that keeps its records in")),
		get("/database/connection", a.databaseConnection, "whether records can be written"),
	}
}

func (a *API) baseRoutes() []rest.Route {
	return []rest.Route{
		get("/base_configs", a.baseConfigs, "base configs, of ?version= and ?object= or all"),
		a.upload(post("/base_configs", a.uploadBases, "take a release's base configs and push what they change")),
		get("/base_configs/versions", inWords(a.baseVersions), "the releases that hold each object"),
		get("/base_configs/history", a.baseHistory, "releases that were uploaded, newest first; ?limit= and ?offset="),
		post("/base_configs/image", a.baseImage, "a new image for one container, as a base config of its own"),
		a.upload(post("/base_configs/upload", inWords(a.uploadAsync), "take base configs and answer before they are pushed")),
		get("/base_configs/upload/{id}", a.uploadResult, "how such an upload ended; 202 while it has not"),
		get("/base_configs/{object}/versions", inWords(a.objectVersions), "the releases that hold an object"),
		get("/base_configs/{object}/containers", a.containers, "the containers of a workload"),
	}
}

func (a *API) patchRoutes() []rest.Route {
	return []rest.Route{
		get("/patches", a.patches, "all patches"),
		get("/patches/search", a.searchPatches, "patches that hold ?query=, with ?caseSensitive= and ?limit=; secrets masked"),
		a.upload(post("/patches/apply", a.applyPatches, "store patches of objects or labels and push what they change")),
		post("/patches/namespace", a.moveNamespace, "move all objects to another namespace, by patches"),
		post("/patches/registry", a.setRegistry, "take all images from another registry, by patches"),
		get("/patches/{object}", a.patches, "the patches of an object and of its labels"),
		get("/patches/{object}/list", a.patchList, "version, target and description of them"),
		del("/patches/{version}", a.deletePatch, "remove a patch and push what that changes"),
	}
}

func (a *API) configRoutes() []rest.Route {
	return []rest.Route{
		get("/configs", a.configs, "the newest materialized config of every object"),
		get("/configs/k8s-inconsistencies", inWords(a.inconsistencies), "where the cluster is not as it should be"),
		needing(auth.Reader, post("/configs/k8s-inconsistencies", inWords(a.inconsistencies), "the same")),
		post("/configs/rollback", a.rollback, "go back to an earlier materialized config of one object, or of all"),
		needing(auth.Admin, get("/configs/prune", a.prunable, "what this yard has applied once and has no records of any more")),
		post("/configs/prune", a.prune, "delete that from the cluster"),
		get("/configs/previous/{object}/{patch}", a.around, "an object's config before and after a patch"),
		get("/configs/{object}", a.configOf, "the newest materialized config of an object"),
		del("/configs/{object}", a.removeObject, "take an object out of the platform and delete it from the cluster"),
		get("/configs/{object}/history", a.history, "all that are kept of it, newest first"),
		post("/configs/{object}/self-heal", a.selfHeal, "mend the object whenever it drifts, or no longer; on=true or false"),
	}
}

func (a *API) deploymentRoutes() []rest.Route {
	return []rest.Route{
		post("/deployment/update", a.push, "push all materialized configs"),
		post("/deployment/update/{object}", a.push, "push that of one object"),
		post("/deployment/hibernate", a.hibernate, "scale all workloads to 0"),
		post("/deployment/revive", a.revive, "scale them back"),
		get("/deployments/namespace", a.namespace, "where the platform runs"),
	}
}

func (a *API) labelRoutes() []rest.Route {
	return []rest.Route{
		get("/resource_labels", a.labels, "all labels"),
		needing(auth.Reader, post("/resource_labels", a.labels, "the same")),
		post("/resource_labels/binding", a.bind, "give each of some objects each of some labels"),
		del("/resource_labels/binding/{object}", a.unbind, "take all labels from an object"),
		post("/resource_labels/update-defaults", a.updateDefaults, "bind default labels that are missing"),
		get("/resource_labels/objects/{label}", a.labelObjects, "the objects of a label; ?must_exist= leaves out those that are only names"),
		get("/resource_labels/objects/{domain}/{label}", a.labelObjects, "the same, of a label with a domain"),
		get("/resource_labels/labels/{object}", a.objectLabels, "the labels of an object"),
	}
}

func (a *API) kubeRoutes() []rest.Route {
	return []rest.Route{
		post("/resourcing/cluster/{size}", a.resize, "size all workloads: standard, large or x-large"),
		get("/resourcing/autoscaled", a.autoscaled, "objects whose replicas are somebody else's business"),
		post("/autoscaling/controllers/pause", a.pauseAutoscaling, "pause all autoscalers"),
		post("/autoscaling/controllers/resume", a.resumeAutoscaling, "let them go on"),
		get("/autoscaling/controllers/status", a.autoscalingStatus, "which run and which are paused"),
		post("/kube/pod/delete", a.deletePod, "delete a pod"),
		post("/kube/pod/quarantine", a.quarantinePod, "take a pod out of its services and keep it running"),
		del("/kube/job/{job}", a.deleteJob, "delete a Job with its pods"),
	}
}

func (a *API) platformRoutes() []rest.Route {
	return []rest.Route{
		get("/platform/version", a.platformVersion, "the newest release that is wholly in force"),
		get("/platform-status/components", a.platformStatus, "the health checks, by component"),
		get("/settings", a.settings, "the settings; secrets masked"),
		post("/settings", a.updateSettings, "set them, all at once"),
	}
}

// What an export holds are logs as they were written, so that only administrators read it.
func (a *API) telescopeRoutes() []rest.Route {
	return []rest.Route{
		post("/obs/telescope/export", a.export, "collect logs, stats and configs of services over a period"),
		get("/obs/telescope/export/{id}/status", a.exportStatus, "how that stands"),
		needing(auth.Admin, get("/obs/telescope/export/{id}/file", a.exportFile, "the file that came of it")),
		a.upload(post("/obs/telescope/import", a.importExport, "read such a file")),
		get("/obs/telescope/import/{id}/status", a.importStatus, "how that stands"),
		needing(auth.Admin, get("/obs/telescope/import/{id}/configs", a.importedConfigs, "the configs in it, by object")),
	}
}
