package hmapi

import (
	"fmt"
	"net/http"
	"strings"

	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
)

// listed is an instance in the list.
type listed struct {
	Name string `json:"name"`
	Org  int    `json:"org"`
}

func (a *API) instances(r *http.Request) (rest.Response, error) {
	all, err := a.service.Instances(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, each(all, func(l instances.Listed) listed { return listed(l) })), nil
}

func (a *API) instance(r *http.Request) (rest.Response, error) {
	org, name, err := target(r)
	if err != nil {
		return rest.Response{}, err
	}
	i, err := a.service.Instance(r.Context(), org, name)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, shown(r, i)), nil
}

func (a *API) deploy(r *http.Request) (rest.Response, error) {
	i, err := readInstance(r)
	if err != nil {
		return rest.Response{}, err
	}
	return began(a.service.Deploy(r.Context(), who(r), i))
}

func (a *API) delete(r *http.Request) (rest.Response, error) {
	d, err := readRemoval(r)
	if err != nil {
		return rest.Response{}, err
	}
	return began(a.service.Delete(r.Context(), who(r), d.Org, d.Name, d.KeepData))
}

// began answers with nothing but the job's id, as a JSON text.
func began(job string, err error) (rest.Response, error) {
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, job), nil
}

func (a *API) diff(r *http.Request) (rest.Response, error) {
	org, name, err := target(r)
	if err != nil {
		return rest.Response{}, err
	}
	if !mayKnow(r) {
		return text(a.service.ClosedDiff(r.Context(), org, name))
	}
	return text(a.service.Diff(r.Context(), org, name))
}

func (a *API) diffOf(r *http.Request) (rest.Response, error) {
	i, err := readInstance(r)
	if err != nil {
		return rest.Response{}, err
	}
	if !mayKnow(r) {
		return text(a.service.ClosedDiffOf(r.Context(), i))
	}
	return text(a.service.DiffOf(r.Context(), i))
}

// text answers in plain text; none at all says that there is no difference.
func text(s string, err error) (rest.Response, error) {
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Text(http.StatusOK, s), nil
}

func (a *API) statusList(r *http.Request) (rest.Response, error) {
	all, err := a.service.StatusList(r.Context())
	return text(statusLines(all), err)
}

// statusLines has a line for each instance. The organization is told only of those that share their name.
func statusLines(all []instances.Status) string {
	of := make(map[string]int, len(all))
	for _, s := range all {
		of[s.Name]++
	}
	var b strings.Builder
	for _, s := range all {
		mark, name := "X", s.Name
		if s.Same {
			mark = "OK"
		}
		if of[s.Name] > 1 {
			name = fmt.Sprintf("%d/%s", s.Org, s.Name)
		}
		fmt.Fprintf(&b, "%-4s%s\n", mark, name)
	}
	return b.String()
}
