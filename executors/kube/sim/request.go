package sim

import (
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"yardmaster/executors/kube"
)

// request is what a client asks for.
type request struct {
	key
	version string
	kind    *kind // nil for discovery
	sub     string
	verb    string
	path    string
	form    types.PatchType
	query   url.Values
	body    []byte
}

func (r request) ref() kube.Ref {
	if r.kind == nil {
		return kube.Ref{}
	}
	return kube.Ref{APIVersion: r.kind.GroupVersion().String(), Kind: r.kind.Kind, Namespace: r.namespace, Name: r.name}
}

func (r request) dry() bool { return r.query.Get("dryRun") == "All" }

func (s *server) parse(req *http.Request, body []byte) (request, error) {
	r := request{path: strings.Trim(req.URL.Path, "/"), query: req.URL.Query(), body: body, verb: "discover",
		form: types.PatchType(req.Header.Get("Content-Type"))}
	parts := strings.Split(r.path, "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		r.version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		r.group, r.version, parts = parts[1], parts[2], parts[3:]
	default:
		return r, nil
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		r.namespace, parts = parts[1], parts[2:]
	}
	r.resource = parts[0]
	if len(parts) > 1 {
		r.name = parts[1]
	}
	if len(parts) > 2 {
		r.sub = parts[2]
	}
	if r.group == metricsGroup {
		r.verb = "metrics"
		return r, nil
	}
	s.mu.Lock()
	r.kind = s.find(r.group, r.version, r.resource)
	s.mu.Unlock()
	if r.kind == nil {
		return r, notServed(r)
	}
	r.verb = verbOf(req.Method, r)
	return r, nil
}

func verbOf(method string, r request) string {
	switch {
	case r.sub == "log":
		return "logs"
	case method == http.MethodGet && r.name == "":
		return "list"
	case method == http.MethodGet:
		return "get"
	case method == http.MethodDelete:
		return "delete"
	case method == http.MethodPatch && r.sub == "scale":
		return "scale"
	case method == http.MethodPatch && r.form == types.ApplyPatchType && r.dry():
		return "dry run"
	case method == http.MethodPatch && r.form == types.ApplyPatchType:
		return "apply"
	case method == http.MethodPatch:
		return "patch"
	}
	return strings.ToLower(method)
}

func (s *server) serve(r request) (any, error) {
	switch r.verb {
	case "discover":
		return s.discover(r)
	case "metrics":
		return s.metrics(r)
	case "logs":
		return s.logs(r)
	case "list":
		return s.list(r)
	case "get":
		return s.get(r)
	case "delete":
		return s.unlink(r)
	case "apply", "dry run":
		return s.apply(r)
	case "patch":
		return s.patch(r)
	case "scale":
		return s.scale(r)
	}
	return nil, apierrors.NewMethodNotSupported(r.gr(), r.verb)
}
