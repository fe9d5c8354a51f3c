package stacktach

import (
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

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
	return a.rows(r, func(tx *events.Tx) (list, error) {
		found, err := find(tx, q, cond)
		if err != nil {
			return nil, err
		}
		return serviceRows(tx, s, found)
	})
}
