package stacktach

import (
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// byUUID is /stacky/uuid/.
func (a *API) byUUID(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	s, err := p.service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	id, err := p.uuid(s)
	if err != nil {
		return rest.Response{}, err
	}
	q, err := p.query(s, events.ByWhen)
	if err != nil {
		return rest.Response{}, err
	}
	if s == events.Glance {
		q.UUID = &id
	} else {
		q.Instance = &id
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		found, err := tx.Find(q)
		if err != nil {
			return nil, err
		}
		return serviceRows(tx, s, found)
	})
}

// query begins a query with the times and the page that are asked for.
func (p params) query(s events.Service, order events.Order) (events.Query, error) {
	when, err := p.whens()
	if err != nil {
		return events.Query{}, err
	}
	at, err := p.page()
	return events.Query{Service: s, WhenMin: when.min, WhenMax: when.max, Order: order, Offset: at.offset, Limit: at.limit}, err
}

// byRequest is /stacky/request/.
func (a *API) byRequest(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	s := p.novaOrYard()
	id, err := p.need("request_id")
	if err != nil {
		return rest.Response{}, err
	}
	if s != events.Yard && !isRequestID(id) {
		return rest.Response{}, bad("%s is not request-id-like", id)
	}
	q, err := p.query(s, events.ByWhen)
	if err != nil {
		return rest.Response{}, err
	}
	q.RequestID = &id
	return a.rows(r, func(tx *events.Tx) (list, error) {
		found, err := tx.Find(q)
		if err != nil {
			return nil, err
		}
		n, err := namesOf(tx)
		rows := list{headers[events.Nova]}
		for i := range found {
			rows = append(rows, n.stateRow(&found[i]))
		}
		return rows, err
	})
}
