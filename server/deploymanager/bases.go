package deploymanager

import (
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

func (a *API) baseConfigs(r *http.Request) (rest.Response, error) {
	query := r.URL.Query()
	all, err := a.service.BaseConfigs(r.Context(), query.Get("version"), query.Get("object"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"baseConfigs": each(all, a.baseConfig(r))}), nil
}

type objectVersions struct {
	Object   string   `json:"objectName"`
	Versions []string `json:"Versions"`
}

func (a *API) baseVersions(r *http.Request) (rest.Response, error) {
	all, err := a.service.BaseVersions(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	show := func(v configs.Versions) objectVersions { return objectVersions{v.Object, list(v.Releases)} }
	return bare(map[string]any{"baseConfigVersions": each(all, show)}), nil
}

func (a *API) objectVersions(r *http.Request) (rest.Response, error) {
	all, err := a.service.VersionsOf(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string][]string{"versions": list(all)}), nil
}

func (a *API) containers(r *http.Request) (rest.Response, error) {
	names, err := a.service.Containers(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(list(names)), nil
}

func (a *API) baseImage(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	i := configs.Image{Object: f.need("object"), Container: f.text("container"), Image: f.need("image"), Comment: f.need("comment"), Dry: f.dry()}
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Image(r.Context(), who(r), i)
	return a.pushed(r, c, err, i.Dry, sayApplied)
}

type upgrade struct {
	Version  string   `json:"version"`
	Creators []string `json:"creators"`
	Updated  int64    `json:"lastUpdatedTimestampMS"`
	Created  int64    `json:"createdAtTimestampMS"`
}

// baseHistory without a limit is all of it.
func (a *API) baseHistory(r *http.Request) (rest.Response, error) {
	f := &form{query: r.URL.Query()}
	limit, offset := f.count("limit", 1, 0), f.count("offset", 0, 0)
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	page, total, err := a.service.Upgrades(r.Context(), limit, offset)
	if err != nil {
		return rest.Response{}, err
	}
	show := func(u configs.Upgrade) upgrade {
		return upgrade{u.Release, list(u.Creators), millis(u.Updated), millis(u.Created)}
	}
	return enveloped(map[string]any{"upgrades": each(page, show), "total": total}), nil
}
