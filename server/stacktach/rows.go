package stacktach

import "yardmaster/store/events"

// headers are the first rows of lists of events, a service each.
var headers = map[events.Service]list{
	events.Nova:    strs("#", "?", "When", "Deployment", "Event", "Host", "State", "State'", "Task'"),
	events.Glance:  strs("#", "?", "When", "Deployment", "Event", "Host", "Status"),
	events.Generic: strs("#", "?", "When", "Deployment", "Event", "Host", "Instance", "Request id"),
	events.Yard:    strs("#", "?", "When", "Deployment", "Event", "Host", "Instance", "Request id"),
}

// names are the deployments by their ids.
type names map[int64]string

func namesOf(tx *events.Tx) (names, error) {
	all, err := tx.Deployments()
	if err != nil {
		return nil, err
	}
	n := make(names, len(all))
	for _, d := range all {
		n[d.ID] = d.Name
	}
	return n, nil
}

// eventRow is an event as lists of its service show it.
func (n names) eventRow(e *events.Event) list {
	row := append(make(list, 0, 9), num(e.ID), mark(e), str(whenText(e.When)), str(n[e.Deployment]), str(e.Type), maybe(e.Host))
	switch e.Service {
	case events.Nova:
		return append(row, maybe(e.State), maybe(e.OldState), maybe(e.OldTask))
	case events.Glance:
		return append(row, maybe(e.Status))
	}
	return append(row, maybe(e.Instance), str(e.RequestID))
}

// stateRow is an event as the list of a request shows it, whatever its service.
func (n names) stateRow(e *events.Event) list {
	return list{num(e.ID), mark(e), str(whenText(e.When)), str(n[e.Deployment]), str(e.Type), maybe(e.Host),
		maybe(e.State), maybe(e.OldState), maybe(e.OldTask)}
}

// serviceRows is a list of events under its header; without events there is not even that.
func serviceRows(tx *events.Tx, s events.Service, found []events.Event) (list, error) {
	if len(found) == 0 {
		return list{}, nil
	}
	n, err := namesOf(tx)
	if err != nil {
		return nil, err
	}
	rows := append(make(list, 0, len(found)+1), headers[s])
	for i := range found {
		rows = append(rows, n.eventRow(&found[i]))
	}
	return rows, nil
}
