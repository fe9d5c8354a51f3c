package notice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/notice"
)

// from makes a message of Nova with this payload, and more fields of the notification if there are any.
func from(eventType, payload string, more ...string) notice.Message {
	head := `{"event_type":"` + eventType + `","publisher_id":"compute.n1.example.org","timestamp":"2014-02-03 04:05:06","_context_request_id":"req-7","message_id":"m-1"`
	for _, m := range more {
		head += "," + m
	}
	return notice.Message{Exchange: "nova", RoutingKey: "monitor.info", Body: []byte(head + `,"payload":` + payload + `}`)}
}

func parse(t *testing.T, m notice.Message) notice.Notice {
	t.Helper()
	n, err := notice.Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var null = notice.Text{}

func some(s string) notice.Text { return notice.Text{S: s, OK: true} }

func TestColumns(t *testing.T) {
	tests := []struct {
		name  string
		m     notice.Message
		field func(notice.Notice) any
		want  any
	}{
		{"the source is what stands before the first dot", from("x", `{}`), func(n notice.Notice) any { return n.Source }, "compute"},
		{"the host is all that follows it", from("x", `{}`), func(n notice.Notice) any { return n.Host }, some("n1.example.org")},
		{"without a dot there is no host", from("x", `{}`, `"publisher_id":"alone"`), func(n notice.Notice) any { return n.Host }, null},
		{"the request", from("x", `{}`), func(n notice.Notice) any { return n.RequestID }, "req-7"},
		{"no request is the empty text", from("x", `{}`, `"_context_request_id":null`), func(n notice.Notice) any { return n.RequestID }, ""},
		{"the tenant of the payload", from("x", `{"tenant_id":"t"}`, `"_context_project_id":"p"`), tenant, some("t")},
		{"the project of the context", from("x", `{}`, `"_context_project_id":"p"`), tenant, some("p")},
		{"a tenant that is null stays null", from("x", `{"tenant_id":null}`, `"_context_project_id":"p"`), tenant, null},

		{"instance_id", from("x", `{"instance_id":"a"}`), instance, some("a")},
		{"instance_uuid goes before it", from("x", `{"instance_id":"a","instance_uuid":"b"}`), instance, some("b")},
		{"and hides it even if it is null", from("x", `{"instance_id":"a","instance_uuid":null,"instance":{"uuid":"d"}}`), instance, some("d")},
		{"the instance of an exception", from("x", `{"exception":{"kwargs":{"uuid":"c"}},"instance":{"uuid":"d"}}`), instance, some("c")},
		{"the object instance", from("x", `{"instance_id":"","exception":{"kwargs":{"uuid":""}},"instance":{"uuid":"d"}}`), instance, some("d")},
		{"an exception that is null", from("x", `{"exception":null,"instance":null}`), instance, null},
		{"an exception that is a text", from("x", `{"exception":"boom","instance":"d"}`), instance, null},
		{"no instance at all", from("x", `{}`), instance, null},
		{"a payload that is null", from("x", `null`), instance, null},
		{"a payload that is a list", from("x", `[{"instance_id":"a"}]`), instance, null},
		{"a number", from("x", `{"instance_id":42}`), instance, some("42")},

		{"state", from("compute.x", `{"state":"active"}`), state, some("active")},
		{"a state that is missing is empty", from("compute.x", `{}`), state, some("")},
		{"a state that is null is null", from("compute.x", `{"state":null}`), state, null},
		{"a state that is an object is null", from("compute.x", `{"state":{}}`), state, null},
		{"the last one counts", from("compute.x", `{"state":"a","state":"b"}`), state, some("b")},
		{"also of objects", notice.Message{Body: []byte(`{"payload":{"state":"a"},"payload":{},"event_type":"compute.x","publisher_id":"p","timestamp":"2014-01-01 00:00:00"}`)}, state, some("")},
		{"old state", from("compute.x", `{"old_state":"a"}`), func(n notice.Notice) any { return n.OldState }, some("a")},
		{"old task", from("compute.x", `{"old_task_state":"a"}`), func(n notice.Notice) any { return n.OldTask }, some("a")},
		{"new task", from("compute.x", `{"new_task_state":"a"}`), func(n notice.Notice) any { return n.Task }, some("a")},
		{"names are case sensitive", from("compute.x", `{"State":"a"}`), state, some("")},
		{"a name that is escaped", from("compute.x", `{"st\u0061te":"a"}`), state, some("a")},
		{"a long text is kept whole", from("compute.x", `{"state":"`+strings.Repeat("x", notice.MaxText)+`"}`), state, some(strings.Repeat("x", notice.MaxText))},
		{"generic events have no state", generic(`{"state":"a"}`), state, null},

		{"a base image", from("compute.x", `{"image_meta":{"image_type":"base","os_type":"linux","os_distro":"ubuntu"}}`), bits, 0x111},
		{"a snapshot of another system", from("compute.x", `{"image_meta":{"image_type":"snapshot","os_type":"windows"},"os_type":"linux"}`), bits, 0x22},
		{"an import", from("compute.x", `{"image_meta":{"image_type":"import","os_distro":"rhel"},"os_type":"freebsd"}`), bits, 0x843},
		{"the system of the image counts even if it is null", from("compute.x", `{"image_meta":{"os_type":null},"os_type":"linux"}`), bits, 0},
		{"no image", from("compute.x", `{"image_meta":null}`), bits, 0},

		{"the old timestamp", from("x", `{}`, `"timestamp":""`, `"_context_timestamp":"2013-01-01T00:00:00.5"`), func(n notice.Notice) any { return n.When },
			time.Date(2013, 1, 1, 0, 0, 0, 500_000_000, time.UTC)},
		{"glance", glance(`{"owner":"o","status":"active","id":"u","properties":{"instance_uuid":"i"}}`), image, []notice.Text{some("o"), some("active"), some("u"), some("i")}},
		{"glance with a text for a payload", glance(`"it broke"`), image, []notice.Text{null, null, null, null}},
		{"glance has no tenant", glance(`{"tenant_id":"t"}`), tenant, null},
		{"texts that are not UTF-8", from("compute.x", "{\"state\":\"a\xff\"}"), state, some("a\uFFFD")},
		{"characters beyond 16 bits", from("compute.x", `{"state":"\ud83d\ude00"}`), state, some("\U0001F600")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, tt.field(parse(t, tt.m))); d != "" {
				t.Error(d)
			}
		})
	}
}

func tenant(n notice.Notice) any   { return n.Tenant }
func instance(n notice.Notice) any { return n.Instance }
func state(n notice.Notice) any    { return n.State }
func bits(n notice.Notice) any     { return n.ImageType }
func image(n notice.Notice) any    { return []notice.Text{n.Owner, n.Status, n.UUID, n.Instance} }

func glance(payload string) notice.Message {
	m := from("image.update", payload, `"publisher_id":"image.g1"`)
	m.Exchange = "glance"
	return m
}

func generic(payload string) notice.Message {
	m := from("volume.create.start", payload, `"publisher_id":"volume.v1"`)
	m.Exchange = "cinder"
	return m
}

func TestTheServiceIsThatOfTheEvent(t *testing.T) {
	tests := []struct{ name, eventType, publisher, exchange, want string }{
		{"by the type", "compute.instance.create.end", "x", "openstack", notice.Nova},
		{"of the scheduler", "scheduler.run_instance.start", "scheduler.s1", "openstack", notice.Nova},
		{"an image in the exchange of Nova", "image.update", "image.g1", "nova", notice.Glance},
		{"an error that is named for a function, by its publisher", "attach_volume", "compute.n1", "openstack", notice.Nova},
		{"an error of Glance", "error", "glance-api:g1", "openstack", notice.Glance},
		{"by the exchange", "change_instance_metadata", "api.a1", "nova", notice.Nova},
		{"by the exchange of Glance", "task.create", "g1", "glance", notice.Glance},
		{"nobody's", "volume.create.start", "volume.v1", "openstack", notice.Generic},
		{"nobody's without an exchange", "port.create.end", "network.n1", "", notice.Generic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := from(tt.eventType, `{}`, `"publisher_id":"`+tt.publisher+`"`)
			m.Exchange = tt.exchange
			if got := parse(t, m).Service; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheBodyIsKeptAsItCame(t *testing.T) {
	m := from("x", "{ \"b\": 1.50,\n \"a\":\t\"\\u00e9\" }")
	want := `["monitor.info", ` + string(m.Body) + `]`
	if got := string(parse(t, m).Body); got != want {
		t.Errorf("bare: got %s", got)
	}
	if got := string(parse(t, enveloped(m)).Body); got != want {
		t.Errorf("in its envelope: got %s", got)
	}
	m.RoutingKey = "a\"b\\\x01"
	if got := string(parse(t, m).Body); !strings.HasPrefix(got, `["a\"b\\\u0001", {`) {
		t.Errorf("a strange key: got %s", got)
	}
}

func TestAnEnvelopeChangesNothing(t *testing.T) {
	for _, s := range seeds[:9] {
		m := notice.Message{Exchange: "nova", RoutingKey: "k", Body: []byte(strings.ToValidUTF8(s, "?"))}
		bare, err := notice.Parse(m)
		if err != nil || strings.HasPrefix(s, `{"oslo`) {
			continue
		}
		bare.Body = nil
		wrapped := parse(t, enveloped(m))
		wrapped.Body = nil
		if d := cmp.Diff(bare, wrapped); d != "" {
			t.Errorf("%s\n%s", s, d)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	deep := strings.Repeat("[", notice.MaxDepth) + strings.Repeat("]", notice.MaxDepth)
	tests := []struct{ name, body, field, reason string }{
		{"no JSON", `{"a":`, "body", "not JSON at byte 5: a value is missing"},
		{"nothing", ``, "body", "a notification is an object"},
		{"a list", `["monitor.info", {}]`, "body", "a notification is an object"},
		{"two", `{} {}`, "body", "something follows"},
		{"nested too deep", `{"a":` + deep + `}`, "body", "nested too deep"},
		{"a payload nested too deep, that is read", `{"payload":` + strings.Repeat(`{"nova_object.data":`, 200) + `1` + strings.Repeat("}", 201), "body", "nested too deep"},
		{"too long", `{"a":"` + strings.Repeat("x", notice.MaxBody) + `"}`, "body", "1048584 bytes, of 1048576 that are read"},
		{"no event type", `{"publisher_id":"p","timestamp":"2014-01-01 00:00:00"}`, "event_type", "missing"},
		{"an event type that is no text", `{"event_type":5,"publisher_id":"p","timestamp":"2014-01-01 00:00:00"}`, "event_type", "not a text"},
		{"no publisher", `{"event_type":"e","timestamp":"2014-01-01 00:00:00"}`, "publisher_id", "missing"},
		{"a publisher that is null", `{"event_type":"e","publisher_id":null,"timestamp":"2014-01-01 00:00:00"}`, "publisher_id", "not a text"},
		{"no timestamp", `{"event_type":"e","publisher_id":"p"}`, "timestamp", "missing"},
		{"a timestamp of another kind", `{"event_type":"e","publisher_id":"p","timestamp":1389818384}`, "timestamp", "a date is a text"},
		{"a timestamp that is none", `{"event_type":"e","publisher_id":"p","timestamp":"yesterday"}`, "timestamp", `"yesterday" is no date`},
		{"a context timestamp that is none", `{"event_type":"e","publisher_id":"p","_context_timestamp":"yesterday"}`, "_context_timestamp", "no date"},
		{"an event type that is too long", notification("event_type", notice.MaxText+1), "event_type", "513 bytes, of 512 that are kept"},
		{"a publisher that is too long", notification("publisher_id", notice.MaxText+1), "publisher_id", "513 bytes"},
		{"a message id that is too long", notification("message_id", 1<<19), "message_id", "524288 bytes"},
		{"a request that is too long", notification("_context_request_id", notice.MaxText+1), "request_id", "513 bytes"},
		{"a tenant that is too long", notification("_context_project_id", notice.MaxText+1), "tenant", "513 bytes"},
		{"an instance that is too long", inPayload("compute.x", "instance_id"), "instance", "513 bytes"},
		{"a state that is too long", inPayload("compute.x", "state"), "state", "513 bytes"},
		{"an image that is too long", inPayload("image.x", "id"), "id", "513 bytes"},
		{"an owner that is too long", inPayload("image.x", "owner"), "owner", "513 bytes"},
		{"an envelope of another version", `{"oslo.version":"3.0","oslo.message":"{}"}`, "oslo.version", `"3.0"`},
		{"an envelope of nothing", `{"oslo.version":"2.0","oslo.message":""}`, "body", "a notification is an object"},
		{"an envelope in an envelope", `{"oslo.version":"2.0","oslo.message":"{\"oslo.version\":\"2.0\",\"oslo.message\":\"{}\"}"}`, "event_type", "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := notice.Parse(notice.Message{Exchange: "nova", Body: []byte(tt.body)})
			var refused *notice.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if refused.Field != tt.field || !strings.Contains(refused.Reason, tt.reason) {
				t.Errorf("got %v, want %s: %s", refused, tt.field, tt.reason)
			}
		})
	}
}

// notification has one field of so many bytes.
func notification(field string, bytes int) string {
	return `{"event_type":"e","publisher_id":"p","timestamp":"2014-01-01 00:00:00","` + field + `":"` + strings.Repeat("x", bytes) + `"}`
}

// inPayload has one field that is a byte too long in its payload.
func inPayload(eventType, field string) string {
	return `{"event_type":"` + eventType + `","publisher_id":"p","timestamp":"2014-01-01 00:00:00","payload":{"` + field + `":"` + strings.Repeat("x", notice.MaxText+1) + `"}}`
}

func TestTextsMayBeAsLongAsTheyMayBe(t *testing.T) {
	for _, field := range []string{"event_type", "publisher_id", "message_id", "_context_request_id", "_context_project_id"} {
		if _, err := notice.Parse(notice.Message{RoutingKey: strings.Repeat("k", notice.MaxKey), Body: []byte(notification(field, notice.MaxText))}); err != nil {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := notice.Parse(notice.Message{RoutingKey: strings.Repeat("k", notice.MaxKey+1), Body: from("x", `{}`).Body})
	var refused *notice.Error
	if !errors.As(err, &refused) || refused.Field != "routing_key" {
		t.Errorf("a routing key that is too long: %v", err)
	}
}

func TestLimits(t *testing.T) {
	m := from("x", `{"a":{"b":1}}`)
	if _, err := (notice.Limits{Body: len(m.Body) - 1}).Parse(m); err == nil {
		t.Error("a body over the limit")
	}
	if _, err := (notice.Limits{Depth: 2}).Parse(m); err == nil {
		t.Error("a depth over the limit")
	}
	if _, err := (notice.Limits{Body: len(m.Body), Depth: 3}).Parse(m); err != nil {
		t.Error(err)
	}
}
