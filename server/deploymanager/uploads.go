package deploymanager

import (
	"cmp"
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// sources are the texts of an upload: a field with the text, or files, but not both.
func sources(f *form, field string) ([]configs.File, error) {
	value := f.text(field)
	switch {
	case value != "" && len(f.files) > 0:
		f.wrong(field, "is given beside a file")
	case value == "" && len(f.files) == 0:
		f.wrong(field, "is required, or a file")
	}
	if err := f.fault(); err != nil {
		return nil, err
	}
	if value != "" {
		return []configs.File{{Name: field, Text: []byte(value)}}, nil
	}
	all := make([]configs.File, len(f.files))
	for i, up := range f.files {
		all[i] = configs.File{Name: up.name, Text: up.body}
	}
	return configs.ReadFiles(all)
}

// submitUpload stores base configs and begins to push them.
func (a *API) submitUpload(r *http.Request) (c configs.Change, dry bool, err error) {
	f, err := readForm(r)
	if err != nil {
		return configs.Change{}, false, err
	}
	u := configs.Upload{Release: f.need("release_version"), Dry: f.dry()}
	if u.Files, err = sources(f, "base_config"); err != nil {
		return configs.Change{}, false, err
	}
	c, err = a.service.Upload(r.Context(), who(r), u)
	return c, u.Dry, err
}

func (a *API) uploadBases(r *http.Request) (rest.Response, error) {
	c, dry, err := a.submitUpload(r)
	return a.pushed(r, c, err, dry, sayApplied)
}

// nothingToPush stands for the operation of an upload that changed nothing.
const nothingToPush = "unchanged"

// uploadAsync has the odd keys of its example, and the usual one beside them.
func (a *API) uploadAsync(r *http.Request) (rest.Response, error) {
	c, dry, err := a.submitUpload(r)
	if dry || err != nil {
		return a.pushed(r, c, err, dry, sayApplied)
	}
	return bare(map[string]any{
		"data":        map[string]string{"RequestID": cmp.Or(c.Op.ID, nothingToPush)},
		"status_code": http.StatusOK, "statusCode": http.StatusOK,
	}), nil
}

func (a *API) uploadResult(r *http.Request) (rest.Response, error) {
	id := rest.Var(r, "id")
	if id == nothingToPush {
		return sayApplied(configs.Change{}, configs.Outcome{}), nil
	}
	o, err := a.service.OutcomeOf(r.Context(), id)
	if err != nil {
		return rest.Response{}, err
	}
	if o.Live {
		data := map[string]any{"status": "RUNNING", "successful_apply": list(o.Applied)}
		return rest.JSON(http.StatusAccepted, envelope{StatusCode: http.StatusAccepted, Data: data}), nil
	}
	return sayApplied(configs.Change{}, o), nil
}
