package stacktach

import (
	"net/http"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// searchTime bounds a search, which holds what it reads and a processor.
const searchTime = 5 * time.Second

// search is /stacky/search/.
func (a *API) search(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	s, err := p.service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	field, err := p.need("field")
	if err != nil {
		return rest.Response{}, err
	}
	value, err := p.need("value")
	if err != nil {
		return rest.Response{}, err
	}
	cond, err := parseCondition(s, field, value)
	if err != nil {
		return rest.Response{}, err
	}
	q, err := p.query(s, events.ByWhenDesc)
	if err != nil {
		return rest.Response{}, err
	}
	until := a.now().Add(searchTime)
	q.Stop = func() error {
		if err := r.Context().Err(); err != nil {
			return err
		}
		if a.now().After(until) {
			return bad("The search took longer than %v: name a field that is indexed, or a narrower time.", searchTime)
		}
		return nil
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		found, err := find(tx, q, cond)
		if err != nil {
			return nil, err
		}
		return serviceRows(tx, s, found)
	})
}
