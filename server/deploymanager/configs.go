package deploymanager

import (
	"net/http"
	"time"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

func (a *API) configs(r *http.Request) (rest.Response, error) {
	all, err := a.service.Configs(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string]any{"configs": each(all, a.config(r))}), nil
}

func (a *API) configOf(r *http.Request) (rest.Response, error) {
	c, err := a.service.Config(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return bare(a.config(r)(c)), nil
}

func (a *API) history(r *http.Request) (rest.Response, error) {
	all, err := a.service.History(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"configs": each(all, a.pastConfig(r))}), nil
}

func (a *API) around(r *http.Request) (rest.Response, error) {
	f := &form{}
	version := f.version(rest.Var(r, "patch"))
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	prev, next, err := a.service.Around(r.Context(), rest.Var(r, "object"), version)
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]string{"prev_config": a.shown(r, prev), "new_config": a.shown(r, next)}), nil
}

// rollback takes the names that a history shows.
func (a *API) rollback(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	to := configs.Rollback{Object: f.text("object"), Number: f.number("number"), Release: f.text("release_version"), Patch: f.number("patch_version"),
		At: f.time("at"), Dry: f.dry()}
	if ms := f.number("timestampMS"); ms > 0 {
		to.At = time.UnixMilli(ms).UTC()
	}
	switch {
	case to.Number == 0 && to.Release == "" && to.Patch == 0 && to.At.IsZero():
		f.wrong("number", "is required, or release_version, patch_version or at")
	case to.Number != 0 && to.Object == "":
		f.wrong("object", "is required with a number")
	}
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Rollback(r.Context(), who(r), to)
	return a.pushed(r, c, err, to.Dry, sayBoth)
}

func (a *API) selfHeal(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	on := f.needFlag("on")
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	object := rest.Var(r, "object")
	if err := a.service.SelfHeal(r.Context(), who(r), object, on); err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"objectName": object, "selfHeal": on}), nil
}
