package deploymanager

import (
	"fmt"
	"net/http"
	"strings"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// wording is how a route tells the end of a push that did not outlive the request.
type wording func(c configs.Change, o configs.Outcome) rest.Response

// pushed answers for a change: with what would be if it was only tried, else once its operation has ended.
func (a *API) pushed(r *http.Request, c configs.Change, err error, dry bool, say wording) (rest.Response, error) {
	switch {
	case err != nil:
		return rest.Response{}, err
	case dry:
		return enveloped(map[string]any{"dryRuns": each(c.Previews, dryRunOf)}), nil
	}
	o, err := a.await(r, c)
	if err != nil {
		return rest.Response{}, err
	}
	resp := say(c, o)
	if o.Live {
		a.log.WarnContext(r.Context(), "push outlives its request", "op", c.Op.ID, "request", rest.RequestID(r.Context()))
		resp = failed(http.StatusInternalServerError, listsOf(c, o), fmt.Sprintf("operation %s has not ended yet and goes on", c.Op.ID))
	}
	if c.Op.ID != "" {
		resp = resp.With("X-Operation-Id", c.Op.ID)
	}
	return resp, nil
}

// await ends with the operation, the request, the server or the dialect's patience. Where there was nothing to do, all is done.
func (a *API) await(r *http.Request, c configs.Change) (configs.Outcome, error) {
	if c.Op.ID == "" {
		return configs.Outcome{Applied: c.Objects}, nil
	}
	ctx, end := rest.UntilStop(r.Context(), a.patience)
	defer end()
	return a.service.Await(ctx, c)
}

// lists are the objects of a push, sorted by what became of them.
type lists struct {
	Applied []string          `json:"successful_apply"`
	Failed  []string          `json:"failed_to_apply,omitzero"` // nil where the document shows none
	Reasons map[string]string `json:"reasons,omitempty"`
	Patches []int64           `json:"patch_versions,omitempty"`
}

func listsOf(c configs.Change, o configs.Outcome) lists {
	l := lists{Applied: list(o.Applied), Failed: make([]string, len(o.Failed)), Patches: c.Patches}
	if len(o.Failed) > 0 {
		l.Reasons = reasonsOf(o)
	}
	for i, f := range o.Failed {
		l.Failed[i] = f.Object
	}
	return l
}

func reasonsOf(o configs.Outcome) map[string]string {
	reasons := make(map[string]string, len(o.Failed))
	for _, f := range o.Failed {
		reasons[f.Object] = f.Reason
	}
	return reasons
}

func broke(o configs.Outcome) bool { return len(o.Failed) > 0 || o.Error != "" }

// mostReasons bounds how many objects the one line of an error names.
const mostReasons = 10

// reasonOf is why a push did not succeed, in one line: what its operation says, else what its objects say.
func reasonOf(o configs.Outcome) string {
	if o.Error != "" {
		return o.Error
	}
	var b strings.Builder
	b.WriteString("not all objects could be applied")
	for i, f := range o.Failed {
		if i == mostReasons {
			fmt.Fprintf(&b, "; and %d more", len(o.Failed)-i)
			break
		}
		fmt.Fprintf(&b, "; %s: %s", f.Object, f.Reason)
	}
	return b.String()
}

// sayApplied is told by most uploads: what failed is only mentioned if something did.
func sayApplied(c configs.Change, o configs.Outcome) rest.Response {
	l := listsOf(c, o)
	if broke(o) {
		return failed(http.StatusInternalServerError, l, reasonOf(o))
	}
	l.Failed = nil
	return enveloped(l)
}

// sayBoth always has both lists.
func sayBoth(c configs.Change, o configs.Outcome) rest.Response {
	l := listsOf(c, o)
	if broke(o) {
		return failed(http.StatusInternalServerError, l, reasonOf(o))
	}
	return enveloped(l)
}

// sayUpdated has the reasons by object, and is a success where objects failed one by one.
func sayUpdated(_ configs.Change, o configs.Outcome) rest.Response {
	data := map[string]any{"successful_apply": list(o.Applied), "failed_to_apply": reasonsOf(o)}
	if o.Error != "" && len(o.Failed) == 0 {
		return failed(http.StatusInternalServerError, data, o.Error)
	}
	return enveloped(data)
}

// sayNothing has no data unless something failed.
func sayNothing(c configs.Change, o configs.Outcome) rest.Response {
	switch {
	case len(o.Failed) > 0:
		return failed(http.StatusInternalServerError, listsOf(c, o), reasonOf(o))
	case o.Error != "":
		return failed(statusOf(o), nil, o.Error)
	}
	return enveloped(nil)
}

// statusOf is for operations on a single thing, whose failure has a code.
func statusOf(o configs.Outcome) int {
	if o.Op.Error != nil {
		switch o.Op.Error.Code {
		case "not_found":
			return http.StatusNotFound
		case "conflict":
			return http.StatusConflict
		case "invalid", "refused":
			return http.StatusBadRequest
		case "unavailable", "unreachable":
			return http.StatusServiceUnavailable
		}
	}
	return http.StatusInternalServerError
}
