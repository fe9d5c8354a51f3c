package deploymanager

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// patches are those of one object, or all.
func (a *API) patches(r *http.Request) (rest.Response, error) {
	all, err := a.service.Patches(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"patches": each(all, a.patch(r))}), nil
}

func (a *API) patchList(r *http.Request) (rest.Response, error) {
	all, err := a.service.Patches(r.Context(), rest.Var(r, "object"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"patches": each(all, headOf)}), nil
}

func (a *API) searchPatches(r *http.Request) (rest.Response, error) {
	f := &form{query: r.URL.Query()}
	query, limit := f.need("query"), f.count("limit", 1, 0)
	f.need("limit")
	caseSensitive := f.needFlag("caseSensitive")
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	all, err := a.service.SearchPatches(r.Context(), query, caseSensitive, limit)
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string]any{"patches": each(all, foundOf)}), nil
}

func (a *API) applyPatches(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	p := configs.PatchUpload{Description: f.text("description"), Source: "user", Dry: f.dry()}
	if p.Files, err = sources(f, "patch"); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.ApplyPatches(r.Context(), who(r), p)
	return a.pushed(r, c, err, p.Dry, sayApplied)
}

func (a *API) deletePatch(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	dry := f.dry()
	version := f.version(rest.Var(r, "version"))
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.DeletePatch(r.Context(), who(r), version, dry)
	return a.pushed(r, c, err, dry, sayBoth)
}

// version is that of a patch, as a path has it.
func (f *form) version(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		f.wrong("patch version", fmt.Sprintf("%.40q is no whole number above 0", text))
	}
	return n
}

// rewrite is a change of all objects that one text names.
type rewrite func(ctx context.Context, by configs.Who, to, description string, dry bool) (configs.Change, error)

func (a *API) moveNamespace(r *http.Request) (rest.Response, error) {
	return a.rewritten(r, "namespace", a.service.MoveNamespace)
}

func (a *API) setRegistry(r *http.Request) (rest.Response, error) {
	return a.rewritten(r, "registry", a.service.SetRegistry)
}

func (a *API) rewritten(r *http.Request, field string, change rewrite) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	to, description, dry := f.need(field), f.text("description"), f.dry()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := change(r.Context(), who(r), to, description, dry)
	return a.pushed(r, c, err, dry, sayBoth)
}
