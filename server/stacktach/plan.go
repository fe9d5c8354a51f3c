package stacktach

import (
	"errors"
	"slices"
	"strings"
	"time"

	"yardmaster/store/events"
)

const (
	mostMerged  = 32     // queries of an index whose answers are merged; more values are tried event by event
	deepestPage = 10_000 // events into a list up to which merging pays
	mostPicked  = 2000   // events that are fetched one by one, by their ids
)

// finding is a search on its way: the query as far as it stands, and the condition.
type finding struct {
	tx    *events.Tx
	query events.Query
	cond  *condition
}

// find gives the events that meet a condition, in the order of the query. It asks an index where one helps.
func find(tx *events.Tx, q events.Query, c *condition) ([]events.Event, error) {
	if q.Limit == 0 {
		return nil, nil
	}
	f := finding{tx, q, c}
	switch {
	case c.column.kind == content:
		f.query.WhereBody = func(b []byte) bool { return c.takes(events.Some(string(b))) }
		return tx.Find(f.query)
	case c.column.kind == deployment:
		return f.byDeployment()
	case c.column.kind == moment && len(c.spans) == 1:
		return f.byTime(c.spans[0])
	case c.column.name == "id" || c.column.name == "pk":
		return f.byID()
	case c.column.text == nil:
		f.query.Where = func(e *events.Event) bool { return c.takesNumber(c.column.number(e)) }
		return tx.Find(f.query)
	case c.column.name == "event":
		return f.byType()
	case c.column.name == "host":
		return f.byHost()
	case c.column.index != nil && c.equal != nil && !slices.Contains(c.equal, ""): // no index has what is empty
		return f.byValues(spellings(c.equal))
	}
	return f.byText()
}

// byText tries every event.
func (f finding) byText() ([]events.Event, error) {
	f.query.Where = func(e *events.Event) bool { return f.cond.takes(f.cond.column.text(e)) }
	return f.tx.Find(f.query)
}

// byDeployment asks the few deployments first.
func (f finding) byDeployment() ([]events.Event, error) {
	all, err := f.tx.Deployments()
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, d := range all {
		if f.cond.name && f.cond.takes(events.Some(d.Name)) || !f.cond.name && f.cond.takesNumber(d.ID) {
			ids = append(ids, d.ID)
		}
	}
	switch {
	case len(ids) == len(all):
		return f.tx.Find(f.query)
	case !f.merges(len(ids)):
		f.query.Where = func(e *events.Event) bool { return slices.Contains(ids, e.Deployment) }
		return f.tx.Find(f.query)
	}
	return merged(f, ids, func(q *events.Query, id int64) { q.Deployment = id })
}

// byTime narrows the times that are asked for anyway.
func (f finding) byTime(b bounds) ([]events.Event, error) {
	b.least, b.greatest = max(b.least, firstTime.UnixMicro()), min(b.greatest, lastTime.UnixMicro())
	if b.least > b.greatest {
		return nil, nil
	}
	least, greatest := time.UnixMicro(b.least).UTC(), time.UnixMicro(b.greatest).UTC()
	if f.query.WhenMin.Before(least) {
		f.query.WhenMin = least
	}
	if f.query.WhenMax.IsZero() || f.query.WhenMax.After(greatest) {
		f.query.WhenMax = greatest
	}
	return f.tx.Find(f.query)
}

// byID fetches events one by one where few ids can match.
func (f finding) byID() ([]events.Event, error) {
	ids, few := f.cond.ids()
	if !few {
		f.query.Where = func(e *events.Event) bool { return f.cond.takesNumber(e.ID) }
		return f.tx.Find(f.query)
	}
	var found []events.Event
	for _, id := range ids {
		one := f.query
		e, err := f.tx.Event(one.Service, id)
		switch {
		case errors.Is(err, events.ErrNotFound):
		case err != nil:
			return nil, err
		case e.When.Before(one.WhenMin) || !one.WhenMax.IsZero() && e.When.After(one.WhenMax):
		default:
			found = append(found, e)
		}
	}
	return f.paged(found), nil
}

// ids lists the ids that can match, if they are few.
func (c *condition) ids() (ids []int64, few bool) {
	if c.spans == nil {
		return nil, false
	}
	for _, b := range c.spans {
		b.least = max(b.least, 1)
		if b.least > b.greatest {
			continue
		}
		if b.greatest-b.least >= mostPicked || int64(len(ids))+b.greatest-b.least >= mostPicked {
			return nil, false
		}
		for id := b.least; id <= b.greatest; id++ {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), true
}

// byType tries the types that there are, which are few, instead of all events.
func (f finding) byType() ([]events.Event, error) {
	all, err := f.tx.EventTypes(f.query.Service)
	if err != nil {
		return nil, err
	}
	var types []string
	for _, t := range all {
		if f.cond.takes(events.Some(t.Type)) {
			types = append(types, t.Type)
		}
	}
	if len(types) == len(all) {
		return f.tx.Find(f.query)
	}
	return f.byValues(types)
}

// byHost does so with the hosts. No index finds those that are null.
func (f finding) byHost() ([]events.Event, error) {
	all, err := f.tx.Hosts(f.query.Service)
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, h := range all {
		if !f.cond.takes(h) {
			continue
		}
		if !h.OK {
			return f.byText()
		}
		hosts = append(hosts, h.S)
	}
	return f.byValues(hosts)
}

// byValues asks the column's index for each of some values.
func (f finding) byValues(values []string) ([]events.Event, error) {
	if !f.merges(len(values)) {
		return f.byText()
	}
	return merged(f, values, f.cond.column.index)
}

// merges tells whether so many lists may be merged for the page.
func (f finding) merges(lists int) bool {
	return lists < 2 || lists <= mostMerged && f.query.Offset+f.query.Limit <= deepestPage
}

// merged asks for each value what could be on the page, and makes one page of it.
func merged[V any](f finding, values []V, ask func(*events.Query, V)) ([]events.Event, error) {
	if len(values) == 1 {
		ask(&f.query, values[0])
		return f.tx.Find(f.query)
	}
	var found []events.Event
	for _, v := range values {
		q := f.query
		q.Offset, q.Limit = 0, f.query.Offset+f.query.Limit
		ask(&q, v)
		some, err := f.tx.Find(q)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return f.paged(found), nil
}

// paged is the page of events that were found on several ways, the latest first.
func (f finding) paged(found []events.Event) []events.Event {
	slices.SortFunc(found, func(x, y events.Event) int {
		if c := y.When.Compare(x.When); c != 0 {
			return c
		}
		return int(min(max(y.ID-x.ID, -1), 1))
	})
	return cut(page{f.query.Offset, f.query.Limit}, found)
}

// spellings are the ways in which a value may have been written that stands in an index: as it is given, in lower or in upper case.
func spellings(values []string) []string {
	var all []string
	for _, v := range values {
		all = append(all, v, strings.ToLower(v), strings.ToUpper(v))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
