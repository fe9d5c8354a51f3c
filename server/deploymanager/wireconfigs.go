package deploymanager

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"yardmaster/jobs/configs"
)

// metadata is told as a text that holds JSON.
type metadata struct {
	Type      string `json:"type"`
	Encrypted bool   `json:"isEncrypted"`
	Format    string `json:"format,omitempty"`
	CreatedBy string `json:"createdBy,omitempty"`
}

// String is its JSON; texts and a bool always have one.
func (m metadata) String() string {
	raw, _ := json.Marshal(m)
	return string(raw)
}

func state(golden bool) string {
	if golden {
		return "IS_GOLDEN"
	}
	return "NOT_GOLDEN"
}

// millis is 0 for no time at all.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// seconds is 0 for no time at all.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

type baseConfig struct {
	Object   string `json:"object_name"`
	Version  string `json:"version"`
	Previous string `json:"previous_version"`
	State    string `json:"state"`
	Config   string `json:"config"`
	Metadata string `json:"metadata"`
}

func (a *API) baseConfig(r *http.Request) func(configs.BaseConfig) baseConfig {
	return func(b configs.BaseConfig) baseConfig {
		return baseConfig{Object: b.Object, Version: b.Release, Previous: b.Previous, State: state(b.Golden), Config: a.shown(r, b.Config),
			Metadata: metadata{Type: b.Kind, CreatedBy: b.Creator}.String()}
	}
}

// config is one materialization.
type config struct {
	Object          string `json:"objectName"`
	Release         string `json:"releaseVersion"`
	Patch           int64  `json:"patchVersion"`
	PreviousRelease string `json:"previousReleaseVersion"`
	PreviousPatch   int64  `json:"previousPatchVersion"`
	State           string `json:"state"`
	Config          string `json:"config"`
	Metadata        string `json:"metadata"`
	TimestampMS     int64  `json:"timestampMS"`
}

func (a *API) config(r *http.Request) func(configs.Config) config {
	return func(c configs.Config) config {
		return config{Object: c.Object, Release: c.Release, Patch: c.PatchVersion, PreviousRelease: c.PreviousRelease, PreviousPatch: c.PreviousVersion,
			State: state(c.Golden), Config: a.shown(r, c.Config), Metadata: metadata{Type: c.Kind}.String(), TimestampMS: millis(c.At)}
	}
}

// pastConfig is a materialization among those before and after it, with how it came about.
type pastConfig struct {
	config
	Number    int64   `json:"number"`
	Current   bool    `json:"isCurrent"`
	WasGolden bool    `json:"wasGolden"`
	Patches   []int64 `json:"patchVersions"`
	Cause     string  `json:"cause"`
	CreatedBy string  `json:"createdBy"`
	Operation string  `json:"operation"`
}

func (a *API) pastConfig(r *http.Request) func(configs.Config) pastConfig {
	show := a.config(r)
	return func(c configs.Config) pastConfig {
		return pastConfig{config: show(c), Number: c.Number, Current: c.Current, WasGolden: c.WasGolden, Patches: list(c.Patches), Cause: c.Cause,
			CreatedBy: c.Creator, Operation: c.Operation}
	}
}

// patchHead is what a list of patches says of each.
type patchHead struct {
	Version     int64  `json:"version"`
	Target      string `json:"target"`
	Description string `json:"description"`
}

func headOf(p configs.Patch) patchHead { return patchHead{p.Version, p.Target, p.Description} }

// patchBody is what a patch shows whichever way its version is written.
type patchBody struct {
	Target      string `json:"target"`
	State       string `json:"state"`
	Patch       string `json:"patch"`
	Metadata    string `json:"metadata"`
	Description string `json:"description"`
}

func bodyOf(p configs.Patch) patchBody {
	return patchBody{Target: p.Target, State: state(p.Golden), Patch: p.Body, Description: p.Description,
		Metadata: metadata{Type: p.Kind, Format: p.Format, CreatedBy: p.Creator}.String()}
}

type patch struct {
	Version int64  `json:"version"`
	Next    *int64 `json:"nextVersion"` // null where none follows
	patchBody
}

func (a *API) patch(r *http.Request) func(configs.Patch) patch {
	return func(p configs.Patch) patch {
		out := patch{Version: p.Version, patchBody: bodyOf(p)}
		out.Patch = a.shown(r, p.Body)
		if p.Next != 0 {
			out.Next = &p.Next
		}
		return out
	}
}

// foundPatch has its versions as texts, as the search always had them.
type foundPatch struct {
	Version string  `json:"version"`
	Next    *string `json:"nextVersion"`
	patchBody
}

func foundOf(p configs.Patch) foundPatch {
	out := foundPatch{Version: strconv.FormatInt(p.Version, 10), patchBody: bodyOf(p)}
	if p.Next != 0 {
		next := strconv.FormatInt(p.Next, 10)
		out.Next = &next
	}
	return out
}
