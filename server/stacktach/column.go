package stacktach

import (
	"slices"
	"time"

	"yardmaster/store/events"
)

// kind is what a column holds, which decides how a lookup is read.
type kind uint8

const (
	text       kind = iota
	whole           // a number
	moment          // a time, in seconds
	deployment      // a number that stands for a name
	content         // what came with the event
)

// column is one field that /stacky/search knows.
type column struct {
	name   string
	kind   kind
	in     []events.Service
	text   func(*events.Event) events.Text
	number func(*events.Event) int64           // of moments microseconds
	index  func(q *events.Query, exact string) // asks the store for one value; nil: it has no index of it
}

var (
	everywhere = events.Services
	novaOnly   = []events.Service{events.Nova}
	glanceOnly = []events.Service{events.Glance}
	notGlance  = []events.Service{events.Nova, events.Generic, events.Yard}
	openstack  = []events.Service{events.Nova, events.Glance}
	identified = []events.Service{events.Generic, events.Yard}
)

// columns are all fields, by the names that StackTach's database has for them.
var columns = []column{
	{name: "id", kind: whole, in: everywhere, number: func(e *events.Event) int64 { return e.ID }},
	{name: "pk", kind: whole, in: everywhere, number: func(e *events.Event) int64 { return e.ID }},
	{name: "deployment", kind: deployment, in: everywhere, number: func(e *events.Event) int64 { return e.Deployment }},
	{name: "when", kind: moment, in: everywhere, number: func(e *events.Event) int64 { return e.When.UnixMicro() }},
	{name: "json", kind: content, in: everywhere},
	{name: "image_type", kind: whole, in: openstack, number: func(e *events.Event) int64 { return int64(e.ImageType) }},

	{name: "event", in: everywhere, text: func(e *events.Event) events.Text { return events.Some(e.Type) },
		index: func(q *events.Query, s string) { q.Type = &s }},
	{name: "host", in: everywhere, text: func(e *events.Event) events.Text { return e.Host },
		index: func(q *events.Query, s string) { q.Host = &s }},
	{name: "instance", in: everywhere, text: func(e *events.Event) events.Text { return e.Instance },
		index: func(q *events.Query, s string) { q.Instance = &s }},
	{name: "request_id", in: everywhere, text: func(e *events.Event) events.Text { return events.Some(e.RequestID) },
		index: func(q *events.Query, s string) { q.RequestID = &s }},
	{name: "tenant", in: notGlance, text: func(e *events.Event) events.Text { return e.Tenant },
		index: func(q *events.Query, s string) { q.Tenant = &s }},
	{name: "uuid", in: glanceOnly, text: func(e *events.Event) events.Text { return e.UUID },
		index: func(q *events.Query, s string) { q.UUID = &s }},
	{name: "message_id", in: identified, text: func(e *events.Event) events.Text { return events.Some(e.MessageID) },
		index: func(q *events.Query, s string) { q.MessageID = &s }},

	{name: "routing_key", in: everywhere, text: func(e *events.Event) events.Text { return events.Some(e.RoutingKey) }},
	{name: "publisher", in: everywhere, text: func(e *events.Event) events.Text { return events.Some(e.Publisher) }},
	{name: "service", in: everywhere, text: func(e *events.Event) events.Text { return events.Some(e.Source) }},
	{name: "state", in: novaOnly, text: func(e *events.Event) events.Text { return e.State }},
	{name: "old_state", in: novaOnly, text: func(e *events.Event) events.Text { return e.OldState }},
	{name: "old_task", in: novaOnly, text: func(e *events.Event) events.Text { return e.OldTask }},
	{name: "task", in: novaOnly, text: func(e *events.Event) events.Text { return e.Task }},
	{name: "owner", in: glanceOnly, text: func(e *events.Event) events.Text { return e.Owner }},
	{name: "status", in: glanceOnly, text: func(e *events.Event) events.Text { return e.Status }},
}

// columnOf finds a field of a service.
func columnOf(s events.Service, name string) (*column, bool) {
	i := slices.IndexFunc(columns, func(c column) bool { return c.name == name && slices.Contains(c.in, s) })
	if i < 0 {
		return nil, false
	}
	return &columns[i], true
}

// shown is a number as the database would print it, for lookups that look at its digits.
func (c *column) shown(n int64) string {
	if c.kind == moment {
		return decimalText(time.UnixMicro(n))
	}
	return num(n).String()
}
