package heketi

import (
	"net/http"

	"yardmaster/server/rest"
)

type evictRequest struct {
	HealCheck string `json:"healcheck"`
	heal      bool
}

func (q *evictRequest) check() error {
	c := checks{}
	var fault string
	q.heal, fault = healCheck(q.HealCheck)
	c.note("healcheck", fault)
	return c.err()
}

func (a *API) brickEvict(r *http.Request) (rest.Response, error) {
	q := evictRequest{heal: true}
	if err := decodeOptional(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.EvictBrick(r.Context(), caller(r), rest.Var(r, "id"), q.heal)
	return start(r, op, err)
}
