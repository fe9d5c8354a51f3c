package stacktach

import (
	"errors"
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// show is /stacky/show/<id>/. Of an event that is not there nothing is said, which clients take for their own message.
func (a *API) show(r *http.Request) (rest.Response, error) {
	s, err := paramsOf(r).service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	id := idOf(r)
	resp, err := a.rows(r, func(tx *events.Tx) (list, error) {
		e, err := tx.Event(s, id)
		if err != nil {
			return nil, err
		}
		body, err := tx.Body(s, id)
		if err != nil {
			return nil, err
		}
		n, err := namesOf(tx)
		return list{facts(&e, n[e.Deployment]), str(pretty(body)), maybe(e.Subject())}, err
	})
	if errors.Is(err, events.ErrNotFound) {
		return empty(), nil
	}
	return resp, err
}

// facts is the table of what is known of an event.
func facts(e *events.Event, deployment string) list {
	state := list{str("State"), maybe(e.State)}
	switch e.Service {
	case events.Glance:
		state = list{str("Status"), maybe(e.Status)}
	case events.Generic: // has no such column
		state = list{str("State"), null{}}
	}
	return list{
		strs("Key", "Value"),
		list{str("#"), num(e.ID)},
		strs("When", whenText(e.When)),
		strs("Deployment", deployment),
		strs("Category", e.RoutingKey),
		strs("Publisher", e.Publisher),
		state,
		strs("Event", e.Type),
		strs("Service", e.Source),
		list{str("Host"), maybe(e.Host)},
		list{str("UUID"), maybe(e.Subject())},
		strs("Req ID", e.RequestID),
	}
}
