package deploymanager

import (
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// inconsistencies has its count under the key of the document's example too, where a letter is missing.
type inconsistencies struct {
	Count        int                      `json:"numInconsistencies"`
	Misspelt     int                      `json:"numInconstencies"`
	Inconsistent map[string]inconsistency `json:"inconsistentResources"`
	Consistent   []string                 `json:"consistentResources"`
	Foreign      map[string]additions     `json:"foreignResources"` // consistent, with what others added
	Skipped      map[string]skip          `json:"skippedResources"`
	TimestampMS  int64                    `json:"timestampMS"`
}

// inconsistency is one object that drifted. Foreign rows are what others added to it, which is no drift.
type inconsistency struct {
	Rows    []diffRow `json:"diffRows"`
	Foreign []diffRow `json:"foreignRows"`
	Missing bool      `json:"missing"`
	FoundMS int64     `json:"foundAtTimestampMS,omitempty"`
}

// additions are what others have put into an object.
type additions struct {
	Rows []diffRow `json:"foreignRows"`
}

// skip has its reason as the example misspells it, too.
type skip struct {
	Code     int    `json:"code"`
	Reason   string `json:"reason"`
	Misspelt string `json:"readon"`
}

func (a *API) inconsistencies(r *http.Request) (rest.Response, error) {
	found, err := a.service.Inconsistencies(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	n := len(found.Resources)
	out := inconsistencies{Count: n, Misspelt: n, Inconsistent: make(map[string]inconsistency, n), Consistent: list(found.Consistent),
		Foreign: make(map[string]additions, len(found.Foreign)), Skipped: make(map[string]skip, len(found.Skipped)), TimestampMS: millis(found.At)}
	for object, i := range found.Resources {
		out.Inconsistent[object] = inconsistencyOf(i)
	}
	for object, added := range found.Foreign {
		out.Foreign[object] = additions{each(added, diffRowOf)}
	}
	for object, s := range found.Skipped {
		out.Skipped[object] = skip{s.Code, s.Reason, s.Reason}
	}
	return bare(out), nil
}

func (a *API) prunable(r *http.Request) (rest.Response, error) {
	objects, err := a.service.Prunable(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string][]string{"objects": list(objects)}), nil
}

func (a *API) prune(r *http.Request) (rest.Response, error) {
	dry, err := onlyDry(r)
	if err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Prune(r.Context(), who(r), dry)
	return a.gone(r, c, err, dry)
}

func (a *API) removeObject(r *http.Request) (rest.Response, error) {
	dry, err := onlyDry(r)
	if err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Remove(r.Context(), who(r), rest.Var(r, "object"), dry)
	return a.gone(r, c, err, dry)
}

// gone answers what deletes objects. If it is only tried that says what would go, and nothing of it, for there is no config of it any more.
func (a *API) gone(r *http.Request, c configs.Change, err error, dry bool) (rest.Response, error) {
	if dry && err == nil {
		return enveloped(map[string][]string{"objects": list(c.Objects)}), nil
	}
	return a.pushed(r, c, err, false, sayPruned)
}

// sayPruned names what is gone, which no push has named.
func sayPruned(c configs.Change, o configs.Outcome) rest.Response {
	if broke(o) {
		return failed(statusOf(o), nil, reasonOf(o))
	}
	return enveloped(map[string][]string{"objects": list(c.Objects)})
}

func inconsistencyOf(i configs.Inconsistency) inconsistency {
	return inconsistency{Rows: each(i.Rows, diffRowOf), Foreign: each(i.Foreign, diffRowOf), Missing: i.Missing, FoundMS: millis(i.Found)}
}
