package hmapi

import (
	"context"
	"net/http"

	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
)

func (a *API) update(r *http.Request) (rest.Response, error) { return followed(r, a.service.Update) }

func (a *API) standbyOn(r *http.Request) (rest.Response, error) {
	return followed(r, a.service.StandbyOn)
}

func (a *API) standbyOff(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.StandbyOff)
}

func (a *API) switchColor(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.SwitchColor)
}

func (a *API) stopImporter(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.StopImporter)
}

// startImporter may be sent settings; without a body the defaults hold.
func (a *API) startImporter(r *http.Request) (rest.Response, error) {
	settings, err := rest.ReadBody(r)
	if err != nil {
		return rest.Response{}, err
	}
	return a.done(r, func(ctx context.Context, by instances.Who, org int, name string) error {
		return a.service.StartImporter(ctx, by, org, name, settings)
	})
}

// followed is a change of the instance in the path that answers with its job.
func followed(r *http.Request, do func(ctx context.Context, by instances.Who, org int, name string) (job string, err error)) (rest.Response, error) {
	org, name, err := target(r)
	if err != nil {
		return rest.Response{}, err
	}
	return began(do(r.Context(), who(r), org, name))
}

// done is one that answers once it has ended.
func (a *API) done(r *http.Request, do func(ctx context.Context, by instances.Who, org int, name string) error) (rest.Response, error) {
	org, name, err := target(r)
	if err != nil {
		return rest.Response{}, err
	}
	return a.awaited(r, func(ctx context.Context) error { return do(ctx, who(r), org, name) })
}
