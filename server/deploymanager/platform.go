package deploymanager

import (
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

func (a *API) platformVersion(r *http.Request) (rest.Response, error) {
	version, err := a.service.ReleaseVersion(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]string{"release_version": version}), nil
}

// component is a part of the platform with its checks.
type component struct {
	Updated int64            `json:"last_updated_epoch_seconds"`
	Checks  map[string]check `json:"health_checks_by_id"`
}

type check struct {
	ID          string        `json:"id"`
	Status      string        `json:"status"`
	Component   string        `json:"component_name"`
	Details     string        `json:"details"`
	Tags        []string      `json:"tags"`
	Critical    bool          `json:"is_critical"`
	Fails       int           `json:"contiguous_fails"`
	First       int64         `json:"first_check_started_at_epoch_seconds"`
	Last        int64         `json:"last_checked_at_epoch_seconds"`
	Runtime     int64         `json:"last_check_runtime_milliseconds"`
	LastSuccess int64         `json:"last_success_at_epoch_seconds"`
	Failures    []failedCheck `json:"failures"`
}

type failedCheck struct {
	At      int64  `json:"at_epoch_seconds"`
	Details string `json:"details"`
}

func checkOf(c configs.Check) check {
	failure := func(f configs.FailedCheck) failedCheck { return failedCheck{seconds(f.At), f.Details} }
	return check{ID: c.ID, Status: c.Status, Component: c.Component, Details: c.Details, Tags: list(c.Tags), Critical: c.Critical, Fails: c.Fails,
		First: seconds(c.First), Last: seconds(c.Last), Runtime: c.Runtime.Milliseconds(), LastSuccess: seconds(c.LastSuccess),
		Failures: each(c.Failures, failure)}
}

func (a *API) platformStatus(r *http.Request) (rest.Response, error) {
	all, err := a.service.Checks(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	parts := map[string]component{}
	for _, c := range all {
		part := parts[c.Component]
		if part.Checks == nil {
			part.Checks = map[string]check{}
		}
		part.Checks[c.ID] = checkOf(c)
		part.Updated = max(part.Updated, seconds(c.Last))
		parts[c.Component] = part
	}
	return enveloped(parts), nil
}
