package deploymanager

import (
	"yardmaster/jobs/configs"
)

// dryRun is one object of a change that was only tried: what it would be, or why that cannot be said.
type dryRun struct {
	Message *string  `json:"message"`
	DryRun  *preview `json:"dryRun"`
}

// preview is a config that nobody stored: it has no version, no predecessor and no state.
type preview struct {
	Object          string  `json:"objectName"`
	Release         string  `json:"releaseVersion"`
	Patch           *int64  `json:"patchVersion"`
	PreviousRelease *string `json:"previousReleaseVersion"`
	PreviousPatch   *int64  `json:"previousPatchVersion"`
	State           *string `json:"state"`
	Config          string  `json:"config"`
	Metadata        string  `json:"metadata"`
	TimestampMS     int64   `json:"timestampMS"`

	Diff string    `json:"diff"`
	Live []diffRow `json:"diffRows,omitempty"`
}

func dryRunOf(p configs.Preview) dryRun {
	var out dryRun
	if p.Message != "" {
		out.Message = &p.Message
	}
	if p.Config == "" {
		return out
	}
	out.DryRun = &preview{Object: p.Object, Release: p.Release, Config: p.Config, Metadata: metadata{Type: p.Kind}.String(), TimestampMS: millis(p.At),
		Diff: p.Diff, Live: each(p.Live, diffRowOf)}
	return out
}

// diffRow is one field in which record and cluster differ. Who wrote it and when is told where the cluster knows.
type diffRow struct {
	Key         string `json:"key"`
	Expected    string `json:"expected"`
	Got         string `json:"got"`
	ChangedBy   string `json:"changedBy,omitempty"`
	ChangedAtMS int64  `json:"changedAtTimestampMS,omitempty"`
}

func diffRowOf(r configs.Row) diffRow {
	return diffRow{Key: r.Key, Expected: r.Expected, Got: r.Got, ChangedBy: r.Manager, ChangedAtMS: millis(r.At)}
}
