package deploymanager

import (
	"context"
	"net/http"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// push takes one object's config to the cluster, or all.
func (a *API) push(r *http.Request) (rest.Response, error) {
	dry, err := onlyDry(r)
	if err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.Push(r.Context(), who(r), rest.Var(r, "object"), dry)
	return a.pushed(r, c, err, dry, sayUpdated)
}

func (a *API) hibernate(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.Hibernate)
}
func (a *API) revive(r *http.Request) (rest.Response, error) { return a.done(r, a.service.Revive) }

func (a *API) pauseAutoscaling(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.PauseAutoscaling)
}

func (a *API) resumeAutoscaling(r *http.Request) (rest.Response, error) {
	return a.done(r, a.service.ResumeAutoscaling)
}

// done is a change that needs no word, is told in none, and cannot be tried.
func (a *API) done(r *http.Request, change func(context.Context, configs.Who) (configs.Change, error)) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	c, err := change(r.Context(), who(r))
	return a.pushed(r, c, err, false, sayNothing)
}

func (a *API) namespace(*http.Request) (rest.Response, error) {
	return enveloped(map[string]string{"namespace": a.service.Namespace()}), nil
}
