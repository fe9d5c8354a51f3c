package deploymanager

import (
	"context"
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

func (a *API) resize(r *http.Request) (rest.Response, error) {
	dry, err := onlyDry(r)
	if err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.SetSize(r.Context(), who(r), rest.Var(r, "size"), dry)
	return a.pushed(r, c, err, dry, sayApplied)
}

func (a *API) autoscaled(r *http.Request) (rest.Response, error) {
	names, err := a.service.Autoscaled(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string][]string{"names": list(names)}), nil
}

func (a *API) autoscalingStatus(r *http.Request) (rest.Response, error) {
	all, err := a.service.AutoscalingStatus(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return bare(object(all)), nil
}

func (a *API) deletePod(r *http.Request) (rest.Response, error) {
	return a.onPod(r, a.service.DeletePod)
}
func (a *API) quarantinePod(r *http.Request) (rest.Response, error) {
	return a.onPod(r, a.service.QuarantinePod)
}

func (a *API) onPod(r *http.Request, change func(context.Context, configs.Who, string) (configs.Change, error)) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	pod := f.need("pod")
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := change(r.Context(), who(r), pod)
	return a.pushed(r, c, err, false, sayNothing)
}

func (a *API) deleteJob(r *http.Request) (rest.Response, error) {
	return a.done(r, func(ctx context.Context, by configs.Who) (configs.Change, error) {
		return a.service.DeleteJob(ctx, by, rest.Var(r, "job"))
	})
}
