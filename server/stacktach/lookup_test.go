package stacktach

import (
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

var seen = events.Event{ID: 42, Service: events.Nova, When: time.UnixMicro(1389726000500000), RoutingKey: "monitor.error", Type: "compute.instance.create.start",
	Host: events.Some("compute-1"), State: events.Some("active"), OldState: events.Some(""), ImageType: 0x11, RequestID: "req-1", Tenant: events.Some("Tenant")}

// met tries a condition on one event, by its column alone.
func met(t *testing.T, field, value string) bool {
	t.Helper()
	c, err := parseCondition(events.Nova, field, value)
	if err != nil {
		t.Fatalf("%s=%s: %v", field, value, err)
	}
	if c.column.text != nil {
		return c.takes(c.column.text(&seen))
	}
	return c.takesNumber(c.column.number(&seen))
}

func TestEveryLookup(t *testing.T) {
	for _, c := range []struct {
		field, value string
		want         bool
	}{
		{"state", "active", true}, {"state", "ACTIVE", true}, {"state", "activ", false}, {"state__exact", "Active", true}, {"state__iexact", "ACTIVE", true},
		{"event__contains", "instance", true}, {"event__contains", "Instance", false}, {"event__icontains", "INSTANCE", true},
		{"event__startswith", "compute.", true}, {"event__startswith", "Compute.", false}, {"event__istartswith", "Compute.", true},
		{"event__endswith", ".start", true}, {"event__endswith", ".START", false}, {"event__iendswith", ".START", true},
		{"state__in", "error,active", true}, {"state__in", "error, ACTIVE", true}, {"state__in", "error", false},
		{"state__gt", "aaa", true}, {"state__gt", "ACTIVE", false}, {"state__gte", "ACTIVE", true}, {"state__lt", "b", true}, {"state__lte", "active", true},
		{"state__range", "a,b", true}, {"state__range", "b,c", false},
		{"event__regex", `^compute\.\w+\.create`, true}, {"event__regex", `^COMPUTE`, false}, {"event__iregex", `^COMPUTE`, true},
		{"state__isnull", "true", false}, {"state__isnull", "False", true}, {"old_task__isnull", "1", true}, {"old_task__isnull", "0", false},
		{"old_task", "", false}, {"old_state", "", true}, {"old_task__contains", "", false}, {"old_task__regex", ".*", false},
		{"id", "42", true}, {"id", " 42 ", true}, {"id__in", "1,42", true}, {"id__gt", "41", true}, {"id__gt", "42", false}, {"id__gte", "42", true},
		{"id__lt", "43", true}, {"id__lt", "42", false}, {"id__lte", "42", true}, {"id__range", "40,50", true}, {"id__range", "50,40", false}, {"pk", "42", true},
		{"id__contains", "4", true}, {"id__startswith", "2", false}, {"id__isnull", "true", false}, {"id__isnull", "", true}, {"id__regex", "^4.$", true},
		{"id__gt", "99999999999999999999", false}, {"id__lt", "99999999999999999999", true},
		{"image_type", "17", true}, {"image_type__in", "1,2", false},
		{"when", "1389726000.5", true}, {"when", "1389726000.50", true}, {"when", "1389726000", false}, {"when__gt", "1389726000.5", false},
		{"when__gt", "1389726000.4999999", true}, {"when__lt", "1389726000.5000001", true}, {"when", "1389726000.5000001", false},
		{"when__gte", "1389726000.5", true}, {"when__lte", "1389726000.5", true}, {"when__range", "1389726000,1389726001", true}, {"when__startswith", "1389726000.5", true},
		{"routing_key__endswith", "error", true}, {"request_id", "REQ-1", true}, {"tenant__iexact", "tenant", true},
		{"host__regex", `compute-\d`, true},
	} {
		if got := met(t, c.field, c.value); got != c.want {
			t.Errorf("%s=%s: %v", c.field, c.value, got)
		}
	}
}

func TestUnknownFieldsAndBrokenValues(t *testing.T) {
	for _, field := range []string{"foo", "Event", "", "event__foo", "event__exact__exact", "deployment__foo", "deployment__name__foo", "__", "status", "uuid", "message_id", "event__"} {
		_, err := parseCondition(events.Nova, field, "x")
		isBad(t, field, err)
		want := "The requested field '" + field + "' does not exist for the corresponding object.\nNote: The field names of database are case-sensitive."
		if err != nil && err.Error() != want {
			t.Errorf("%q: %v", field, err)
		}
	}
	for field, value := range map[string]string{"id": "x", "id__in": "1,x", "when": "yesterday", "deployment": "region-1", "id__range": "1", "image_type__gt": "1.5", "when__in": "",
		"event__regex": "(", "event__iregex": strings.Repeat("a", 256), "state__range": "a,b,c", "state__in": strings.Repeat("a,", 1000)} {
		_, err := parseCondition(events.Nova, field, value)
		isBad(t, field+"="+value, err)
	}
	for service, fields := range map[events.Service][]string{
		events.Nova:    {"state", "old_state", "old_task", "task", "image_type", "tenant", "json", "deployment__name__istartswith", "deployment__id__in"},
		events.Glance:  {"uuid", "owner", "status", "image_type", "instance"},
		events.Generic: {"message_id", "tenant", "instance"},
		events.Yard:    {"message_id", "tenant", "instance"},
	} {
		for _, field := range append(fields, "id", "when", "publisher", "event", "service", "host", "routing_key", "request_id") {
			if _, err := parseCondition(service, field, "1"); err != nil {
				t.Errorf("%s of %s: %v", field, service, err)
			}
		}
	}
	for service, fields := range map[events.Service][]string{events.Glance: {"state", "tenant", "message_id"}, events.Generic: {"state", "task", "image_type", "uuid"}} {
		for _, field := range fields {
			_, err := parseCondition(service, field, "1")
			isBad(t, field, err)
		}
	}
}

func TestFewIDsAreFetchedOneByOne(t *testing.T) {
	for _, c := range []struct {
		field, value string
		few          bool
		ids          int
	}{{"id", "5", true, 1}, {"id", "0", true, 0}, {"id", "-1", true, 0}, {"id__in", "3,1,3", true, 2}, {"id__lte", "9", true, 9}, {"id__range", "9,1", true, 0}, {"id__range", "1,2000", true, 2000},
		{"id__range", "1,2001", false, 0}, {"id__gt", "1", false, 0}, {"id__contains", "1", false, 0}} {
		cond, err := parseCondition(events.Nova, c.field, c.value)
		if err != nil {
			t.Fatal(err)
		}
		if ids, few := cond.ids(); few != c.few || len(ids) != c.ids {
			t.Errorf("%s=%s: %d ids, few %v", c.field, c.value, len(ids), few)
		}
	}
}
