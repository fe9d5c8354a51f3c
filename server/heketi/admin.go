package heketi

import (
	"net/http"
	"slices"

	"yardmaster/server/rest"
)

type adminStateBody struct {
	State string `json:"state"`
}

func (a *API) adminGet(*http.Request) (rest.Response, error) {
	return rest.JSON(http.StatusOK, adminStateBody{a.state.get()}), nil
}

func (a *API) adminSet(r *http.Request) (rest.Response, error) {
	var q adminStateBody
	if err := decodeAdmin(r, &q); err != nil {
		return rest.Response{}, err
	}
	c := checks{}
	switch {
	case q.State == "":
		c.note("state", isBlank)
	case !slices.Contains(adminStates, q.State):
		c.note("state", isValue)
	}
	if err := c.err(); err != nil {
		return rest.Response{}, err
	}
	if was := a.state.get(); was != q.State {
		a.log.Warn("admin state changed", "from", was, "to", q.State, "principal", caller(r).Owner, "request", rest.RequestID(r.Context()))
	}
	a.state.set(q.State)
	return rest.Empty(http.StatusNoContent), nil
}
