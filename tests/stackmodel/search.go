package stackmodel

import (
	"slices"
	"strconv"
	"strings"
)

// field is one column as searches see it. known is false if the service has no such column.
func (m *Model) field(r *Raw, name string) (v any, known bool) {
	all := map[string]any{"id": r.ID, "deployment": m.deployments[r.Deployment], "json": r.JSON, "routing_key": r.RoutingKey, "when": Unix(r.When),
		"publisher": r.Publisher, "event": r.Event, "service": r.Service, "host": r.Host, "instance": r.Instance, "request_id": r.RequestID}
	more := map[string]map[string]any{
		Nova:    {"tenant": r.Tenant, "state": r.State, "old_state": r.OldState, "old_task": r.OldTask, "task": r.Task, "image_type": int64(r.ImageType)},
		Glance:  {"owner": r.Owner, "uuid": r.UUID, "status": r.Status, "image_type": int64(r.ImageType)},
		Generic: {"tenant": r.Tenant, "message_id": r.MessageID},
	}[r.Table]
	for key, v := range more {
		all[key] = v
	}
	all["deployment__name"] = r.Deployment
	v, known = all[name]
	return v, known
}

// Search is /stacky/search/ with a column, or a column and one of Django's lookups behind two underscores.
func (m *Model) Search(service, field, value string, w Window, p Page) [][]any {
	name, op := field, "exact"
	if i := strings.LastIndex(field, "__"); i > 0 && field[i+2:] != "name" {
		name, op = field[:i], field[i+2:]
	}
	return rows(service, m.pick(service, w, p, true, func(r *Raw) bool {
		v, _ := m.field(r, name)
		return matches(op, v, value)
	}))
}

// matches compares as MySQL does: equality pays no heed to case, a search for a piece of a text does.
func matches(op string, v any, value string) bool {
	if op == "isnull" {
		return (v == nil) == (value == "True")
	}
	if v == nil {
		return false
	}
	if n, number := v.(int64); number {
		v = strconv.FormatInt(n, 10)
	}
	s := v.(string)
	switch op {
	case "exact", "iexact":
		return strings.EqualFold(s, value) || numeric(s, value, func(a, b float64) bool { return a == b })
	case "startswith":
		return strings.HasPrefix(s, value)
	case "endswith":
		return strings.HasSuffix(s, value)
	case "contains":
		return strings.Contains(s, value)
	case "icontains":
		return strings.Contains(strings.ToLower(s), strings.ToLower(value))
	case "in":
		return slices.ContainsFunc(strings.Split(value, ","), func(one string) bool { return strings.EqualFold(s, one) })
	case "gt":
		return numeric(s, value, func(a, b float64) bool { return a > b })
	case "gte":
		return numeric(s, value, func(a, b float64) bool { return a >= b })
	case "lt":
		return numeric(s, value, func(a, b float64) bool { return a < b })
	case "lte":
		return numeric(s, value, func(a, b float64) bool { return a <= b })
	}
	panic("the model knows no lookup " + op)
}

func numeric(a, b string, holds func(a, b float64) bool) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, also := strconv.ParseFloat(b, 64)
	return err == nil && also == nil && holds(x, y)
}
