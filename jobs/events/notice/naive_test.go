package notice_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"yardmaster/jobs/events/notice"
)

// naive reads a message with encoding/json, slowly and as it is written in the rules. ok is false if it is to be refused.
func naive(m notice.Message) (notice.Notice, bool) {
	raw := m.Body
	body, ok := decode(raw)
	if !ok {
		return notice.Notice{}, false
	}
	if inner, is := body["oslo.message"].(string); is {
		if v, there := body["oslo.version"]; there && !strings.HasPrefix(str(v), "2.") {
			return notice.Notice{}, false
		}
		raw = []byte(inner)
		if body, ok = decode(raw); !ok {
			return notice.Notice{}, false
		}
	}
	p, versioned := data(body["payload"])
	n := notice.Notice{RoutingKey: m.RoutingKey, Versioned: versioned, MessageID: str(body["message_id"]), RequestID: str(body["_context_request_id"])}
	if n.Type, ok = body["event_type"].(string); !ok || n.Type == "" {
		return n, false
	}
	if n.Publisher, ok = body["publisher_id"].(string); !ok {
		return n, false
	}
	when, _ := either(body["timestamp"], body["_context_timestamp"]).(string)
	if n.When, ok = naiveDate(when); !ok {
		return n, false
	}
	if versioned && falsy(body["_context_request_id"]) {
		n.RequestID = str(p["request_id"])
	}
	// Roles and services have tables of their own; here only what is made of them is of interest.
	real, err := notice.Parse(notice.Message{Exchange: m.Exchange, Body: []byte(`{"event_type":` + quoted(n.Type) + `,"publisher_id":` +
		quoted(n.Publisher) + `,"timestamp":"2014-01-01 00:00:00","payload":` + map[bool]string{true: `{"nova_object.data":{}}`, false: "{}"}[versioned] + `}`)})
	if err != nil {
		return n, false
	}
	n.Role, n.Service, n.Source, n.Host = real.Role, real.Service, real.Source, real.Host
	if n.Service == notice.Glance {
		naiveImage(&n, body, p)
	} else {
		naiveInstance(&n, body, p)
	}
	for _, s := range []string{n.Type, n.Publisher, n.MessageID, n.RequestID, n.Instance.S, n.Tenant.S, n.State.S, n.OldState.S, n.OldTask.S, n.Task.S, n.UUID.S,
		n.Owner.S, n.Status.S} {
		ok = ok && len(s) <= 512
	}
	if !ok || len(m.RoutingKey) > 255 {
		return n, false
	}
	n.Body = []byte("[" + quoted(m.RoutingKey) + ", " + strings.ToValidUTF8(string(bytes.TrimSpace(raw)), "\uFFFD") + "]")
	return n, true
}

func naiveInstance(n *notice.Notice, body, p map[string]any) {
	subject := first(p, "instance_uuid", "instance_id")
	if n.Versioned && strings.HasPrefix(n.Type, "instance.") {
		subject = either(subject, p["uuid"])
	}
	exception, _ := data(p["exception"])
	kwargs, _ := data(exception["kwargs"])
	inner, _ := data(p["instance"])
	if subject = either(either(subject, kwargs["uuid"]), inner["uuid"]); !falsy(subject) {
		n.Instance = column(subject)
	}
	n.Tenant = column(body["_context_project_id"])
	if v, there := p["tenant_id"]; there {
		n.Tenant = column(v)
	}
	if n.Service != notice.Nova {
		return
	}
	update, _ := data(p["state_update"])
	for _, c := range []struct {
		to   *notice.Text
		name string
	}{{&n.State, "state"}, {&n.OldState, "old_state"}, {&n.OldTask, "old_task_state"}, {&n.Task, "new_task_state"}} {
		*c.to = notice.Text{OK: true}
		if v, there := update[c.name]; there {
			*c.to = column(v)
		} else if v, there := p[c.name]; there {
			*c.to = column(v)
		}
	}
	n.ImageType = naiveBits(p)
}

func naiveImage(n *notice.Notice, body, p map[string]any) {
	properties, _ := data(p["properties"])
	n.Instance, n.Owner, n.Status, n.UUID = column(properties["instance_uuid"]), column(p["owner"]), column(p["status"]), column(p["id"])
	n.ImageType = naiveBits(p)
}

func naiveBits(p map[string]any) int {
	meta, _ := data(p["image_meta"])
	system := first(meta, "os_type")
	if _, there := meta["os_type"]; !there {
		system = p["os_type"]
	}
	return map[string]int{"base": 1, "snapshot": 2, "import": 3}[str(meta["image_type"])] |
		map[string]int{"linux": 0x10, "windows": 0x20, "freebsd": 0x40}[str(system)] |
		map[string]int{"ubuntu": 0x100, "debian": 0x200, "centos": 0x400, "rhel": 0x800}[str(meta["os_distro"])]
}

func decode(raw []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	m, ok := v.(map[string]any)
	return m, ok
}

// data are the fields of an object, of a versioned one those of its data.
func data(v any) (fields map[string]any, versioned bool) {
	fields, _ = v.(map[string]any)
	if inner, there := fields["nova_object.data"]; there {
		fields, _ = data(inner)
		return fields, true
	}
	return fields, false
}

func first(p map[string]any, names ...string) any {
	for _, n := range names {
		if v, there := p[n]; there {
			return v
		}
	}
	return nil
}

func falsy(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case bool:
		return !v
	default:
		return true
	}
}

func either(v, other any) any {
	if falsy(v) {
		return other
	}
	return v
}

func column(v any) notice.Text {
	switch v := v.(type) {
	case string:
		return notice.Text{S: v, OK: true}
	case json.Number:
		return notice.Text{S: string(v), OK: true}
	case bool:
		return notice.Text{S: strconv.FormatBool(v), OK: true}
	default:
		return notice.Text{}
	}
}

func str(v any) string { return column(v).S }

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(b.String())
}

// package time takes commas for points, one digit for an hour and 60 minutes in an offset.
var dateForm = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?$`)

// naiveDate tries the layouts one after the other.
func naiveDate(s string) (time.Time, bool) {
	if !dateForm.MatchString(s) {
		return time.Time{}, false
	}
	s = strings.Replace(s, " ", "T", 1)
	for _, zone := range []string{"", "Z", "-07:00", "-0700", "-07"} {
		if d, err := time.Parse("2006-01-02T15:04:05"+zone, s); err == nil {
			d = d.UTC().Truncate(time.Microsecond)
			return d, d.Unix() >= 0 && d.Year() <= 9999
		}
	}
	return time.Time{}, false
}
