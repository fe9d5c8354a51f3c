package stackmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Raw is one message in columns. Those of type any are nil or a text.
type Raw struct {
	Table      string // the service that it belongs to
	ID         int64
	Deployment string
	RoutingKey string
	Event      string
	Publisher  string
	Service    string // of the sender
	Host       any
	When       time.Time
	RequestID  string
	MessageID  string
	ImageType  int

	Instance, Tenant, State, OldState, OldTask, Task any // of nova
	UUID, Owner, Status                              any // of glance

	JSON    string // [routing key, body]
	payload object
	body    object
}

type object = map[string]any

// Parse reads the columns of a message.
func Parse(m Message) (*Raw, error) {
	body, text, err := open(m.Body)
	if err != nil {
		return nil, err
	}
	r := &Raw{Table: m.Exchange, Deployment: m.Deployment, RoutingKey: m.RoutingKey, body: body, JSON: fmt.Sprintf("[%q, %s]", m.RoutingKey, text)}
	if r.Table != Nova && r.Table != Glance {
		r.Table = Generic
	}
	var ok [3]bool
	r.Event, ok[0] = body["event_type"].(string)
	r.Publisher, ok[1] = body["publisher_id"].(string)
	when, given := body["timestamp"]
	if !given {
		when = body["_context_timestamp"]
	}
	if r.When, ok[2] = date(when); ok != [3]bool{true, true, true} {
		return nil, fmt.Errorf("no event, publisher or time in %s", text)
	}
	r.Service, r.Host = r.Publisher, nil
	if before, after, dotted := strings.Cut(r.Publisher, "."); dotted {
		r.Service, r.Host = before, after
	}
	r.RequestID, _ = body["_context_request_id"].(string)
	r.MessageID, _ = body["message_id"].(string)
	r.payload, _ = body["payload"].(object)
	if r.Table == Glance {
		r.glance()
	} else {
		r.nova()
	}
	return r, nil
}

// open takes the envelope off, if there is one.
func open(raw []byte) (body object, text string, err error) {
	if err := decode(raw, &body); err != nil {
		return nil, "", err
	}
	if inner, wrapped := body["oslo.message"].(string); wrapped {
		body = nil
		err = decode([]byte(inner), &body)
		return body, inner, err
	}
	return body, string(raw), nil
}

func decode(raw []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

func (r *Raw) nova() {
	p := r.payload
	r.Tenant = column(r.body, "_context_project_id", nil)
	r.Tenant = column(p, "tenant_id", r.Tenant)
	if _, there := p["instance_uuid"]; there {
		r.Instance = p["instance_uuid"]
	} else {
		r.Instance = p["instance_id"]
	}
	for _, place := range [][]string{{"exception", "kwargs", "uuid"}, {"instance", "uuid"}} {
		if r.Instance == nil || r.Instance == "" {
			r.Instance = at(p, place...)
		}
	}
	if r.Instance == "" {
		r.Instance = nil
	}
	if r.Table != Nova {
		return
	}
	r.State, r.OldState = column(p, "state", ""), column(p, "old_state", "")
	r.OldTask, r.Task = column(p, "old_task_state", ""), column(p, "new_task_state", "")
	r.ImageType = r.bits()
}

func (r *Raw) glance() {
	p := r.payload // nil if it is a plain text
	r.Owner, r.Status, r.UUID = column(p, "owner", nil), column(p, "status", nil), column(p, "id", nil)
	r.Instance = at(p, "properties", "instance_uuid")
	r.ImageType = r.bits()
}

func (r *Raw) bits() int {
	meta, _ := r.payload["image_meta"].(object)
	system, told := meta["os_type"]
	if !told {
		system = r.payload["os_type"]
	}
	kinds := map[any]int{"base": 1, "snapshot": 2, "import": 3}
	systems := map[any]int{"linux": 0x10, "windows": 0x20, "freebsd": 0x40}
	distros := map[any]int{"ubuntu": 0x100, "debian": 0x200, "centos": 0x400, "rhel": 0x800}
	return kinds[word(meta["image_type"])] | systems[word(system)] | distros[word(meta["os_distro"])]
}

// word is v if it is a text, so that it may be a key.
func word(v any) any {
	s, _ := v.(string)
	return s
}

// column is a text, null as nil, or what stands for a key that is not there.
func column(o object, key string, absent any) any {
	v, there := o[key]
	if !there {
		return absent
	}
	if n, number := v.(json.Number); number {
		return n.String()
	}
	return v
}

// at is what lies at the end of a path of keys, nil if it leads nowhere.
func at(o object, path ...string) any {
	for _, key := range path[:len(path)-1] {
		o, _ = o[key].(object)
	}
	return o[path[len(path)-1]]
}

// date reads the dates of notifications.
func date(v any) (time.Time, bool) {
	s, _ := v.(string)
	s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
	t, err := time.Parse("2006-01-02 15:04:05", s) // takes a fraction too
	return t, err == nil
}

// error: the message came as one.
func (r *Raw) mark() string {
	if strings.HasSuffix(r.RoutingKey, "error") {
		return "E"
	}
	return " "
}

// subject is the instance, of glance the image.
func (r *Raw) subject() any {
	if r.Table == Glance {
		return r.UUID
	}
	return r.Instance
}
