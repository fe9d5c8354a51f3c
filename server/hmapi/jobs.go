package hmapi

import (
	"context"
	"errors"
	"net/http"

	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
)

// job is how a job stands.
type job struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

func jobOf(j instances.Job) job { return job(j) }

// reload answers 500 for a configuration that cannot be used, since it is not the caller who wrote it.
func (a *API) reload(r *http.Request) (rest.Response, error) {
	changes, err := a.service.Reload(r.Context(), who(r))
	switch {
	case errors.Is(err, instances.ErrInvalid):
		return refusal(http.StatusInternalServerError, err.Error()), nil
	case err != nil:
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, outcome{Success: true, Changes: changes}), nil
}

// jobs are those of the path's organization, or of all.
func (a *API) jobs(r *http.Request) (rest.Response, error) {
	org := 0
	if rest.Var(r, "org") != "" {
		var err error
		if org, err = orgOf(r); err != nil {
			return rest.Response{}, err
		}
	}
	all, err := a.service.Jobs(r.Context(), org)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, each(all, jobOf)), nil
}

func (a *API) job(r *http.Request) (rest.Response, error) {
	org, err := orgOf(r)
	if err != nil {
		return rest.Response{}, err
	}
	j, err := a.service.Job(r.Context(), org, rest.Var(r, "job"))
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, jobOf(j)), nil
}

func (a *API) abortJob(r *http.Request) (rest.Response, error) {
	org, err := orgOf(r)
	if err != nil {
		return rest.Response{}, err
	}
	return a.awaited(r, func(ctx context.Context) error { return a.service.AbortJob(ctx, who(r), org, rest.Var(r, "job")) })
}

// each turns records into what is shown of them; none is a list too.
func each[R, W any](all []R, show func(R) W) []W {
	out := make([]W, len(all))
	for i := range all {
		out[i] = show(all[i])
	}
	return out
}
