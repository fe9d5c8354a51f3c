package stacktach

import (
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// rows answers with a table that fill makes of one moment of the store.
func (a *API) rows(r *http.Request, fill func(tx *events.Tx) (list, error)) (rest.Response, error) {
	var all list
	err := a.service.View(r.Context(), func(tx *events.Tx) (err error) {
		all, err = fill(tx)
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, all), nil
}

// deployments is /stacky/deployments/.
func (a *API) deployments(r *http.Request) (rest.Response, error) {
	return a.rows(r, func(tx *events.Tx) (list, error) {
		all, err := tx.Deployments()
		rows := list{strs("#", "Name")}
		for _, d := range all {
			rows = append(rows, list{num(d.ID), str(d.Name)})
		}
		return rows, err
	})
}

// eventNames is /stacky/events/: of one service, or of the three of OpenStack one after the other.
func (a *API) eventNames(r *http.Request) (rest.Response, error) {
	asked := []events.Service{events.Nova, events.Glance, events.Generic}
	p := paramsOf(r)
	if s, given := p.get("service"); given && s != "all" {
		one, err := p.service("")
		if err != nil {
			return rest.Response{}, err
		}
		asked = []events.Service{one}
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		rows := list{strs("Event Name")}
		for _, s := range asked {
			types, err := tx.EventTypes(s)
			if err != nil {
				return nil, err
			}
			for _, t := range types {
				rows = append(rows, strs(t.Type))
			}
		}
		return rows, nil
	})
}

// hosts is /stacky/hosts/.
func (a *API) hosts(r *http.Request) (rest.Response, error) {
	s, err := paramsOf(r).service(events.Nova)
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		all, err := tx.Hosts(s)
		rows := list{strs("Host Name")}
		for _, h := range all {
			rows = append(rows, list{maybe(h)})
		}
		return rows, err
	})
}
