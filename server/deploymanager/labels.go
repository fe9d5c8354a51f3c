package deploymanager

import (
	"net/http"
	"path"

	"yardmaster/server/rest"
)

func (a *API) labels(r *http.Request) (rest.Response, error) {
	all, err := a.service.Labels(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string][]string{"labels": list(all)}), nil
}

func (a *API) bind(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	labels, objects, dry := f.needAll("label"), f.needAll("object_name"), f.dry()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Bind(r.Context(), who(r), labels, objects, dry)
	return a.pushed(r, c, err, dry, sayBoth)
}

func (a *API) unbind(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Unbind(r.Context(), who(r), rest.Var(r, "object"))
	return a.pushed(r, c, err, false, sayBoth)
}

func (a *API) updateDefaults(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	if err := a.service.UpdateDefaults(r.Context()); err != nil {
		return rest.Response{}, err
	}
	return enveloped(nil), nil
}

func (a *API) labelObjects(r *http.Request) (rest.Response, error) {
	f := &form{query: r.URL.Query()}
	mustExist := f.flag("must_exist")
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	objects, err := a.service.ObjectsOf(r.Context(), path.Join(rest.Var(r, "domain"), rest.Var(r, "label")), mustExist)
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string][]string{"objects": list(objects)}), nil
}

func (a *API) objectLabels(r *http.Request) (rest.Response, error) {
	labels, err := a.service.LabelsOf(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string][]string{"labels": list(labels)}), nil
}
