package stackmodel

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

var (
	osColumns     = []string{"os_architecture", "os_distro", "os_version", "rax_options"}
	launchColumns = slices.Concat([]string{"id", "instance", "launched_at", "request_id", "instance_type_id", "instance_flavor_id", "tenant"}, osColumns)
	existsColumns = slices.Concat([]string{"id", "instance", "launched_at", "deleted_at", "audit_period_beginning", "audit_period_ending", "message_id",
		"instance_type_id", "instance_flavor_id", "status", "fail_reason", "raw", "usage", "delete", "send_status", "tenant", "bandwidth_public_out",
		"event_id", "received"}, osColumns)
	imageExistsColumns = []string{"id", "uuid", "created_at", "deleted_at", "audit_period_beginning", "audit_period_ending", "message_id", "status",
		"fail_reason", "raw", "usage", "delete", "send_status", "owner", "size", "event_id", "received"}
)

// What events say of launches, by the part of their name behind compute.instance.
var (
	launching = []string{"create.start", "rebuild.start", "resize.prep.start", "resize.revert.start", "rescue.start"}
	updating  = []string{"create.end", "rebuild.end", "finish_resize.end", "resize.revert.end", "rescue.end", "finish_resize.start"}
)

// use takes what a message of nova says of what is billed.
func (m *Model) use(r *Raw) {
	event, _ := strings.CutPrefix(r.Event, "compute.instance.")
	switch {
	case slices.Contains(launching, event), slices.Contains(updating, event):
		m.launch(r, event)
	case event == "delete.end" && !r.time("launched_at").IsZero():
		gone := r.time("terminated_at")
		if gone.IsZero() {
			gone = r.time("deleted_at")
		}
		same := func(d Record) bool {
			return d["instance"] == r.Instance && d["launched_at"] == r.time("launched_at") && d["deleted_at"] == gone
		}
		if m.Deletes.first(same) == nil {
			m.Deletes.add(Record{"instance": r.Instance, "launched_at": r.time("launched_at"), "deleted_at": gone, "raw": r.ID})
		}
	case event == "exists" && !r.time("launched_at").IsZero():
		m.audit(r)
	}
}

func (m *Model) launch(r *Raw, event string) {
	message := r.payload["message"]
	if event == "create.end" && message != nil && message != "" && message != "Success" {
		return
	}
	l := m.Launches.first(func(l Record) bool { return l["instance"] == r.Instance && l["request_id"] == r.RequestID })
	if l == nil {
		l = m.Launches.add(Record{"instance": r.Instance, "request_id": r.RequestID})
	}
	l["tenant"] = r.Tenant
	r.image(l)
	typeID, flavorID := column(r.payload, "instance_type_id", nil), column(r.payload, "instance_flavor_id", nil)
	both := func() { l["instance_type_id"], l["instance_flavor_id"] = typeID, flavorID }
	launched := r.time("launched_at")
	at, _ := l["launched_at"].(time.Time)
	switch event {
	case "create.start", "rebuild.start", "rescue.start", "resize.revert.end", "finish_resize.start", "finish_resize.end":
		both()
	case "resize.prep.start", "resize.revert.start":
		if l["instance_type_id"] == nil && l["instance_flavor_id"] == nil {
			both()
		}
	default:
		if l["instance_type_id"] == nil {
			l["instance_type_id"] = typeID
		}
		if l["instance_flavor_id"] == nil {
			l["instance_flavor_id"] = flavorID
		}
	}
	if launched.IsZero() {
		return
	}
	switch event {
	case "rebuild.start", "resize.prep.start", "resize.revert.start", "rescue.start":
		if at.IsZero() {
			l["launched_at"] = launched
		}
	case "create.end", "rebuild.end", "finish_resize.end", "resize.revert.end", "rescue.end":
		if at.Before(launched) {
			l["launched_at"] = launched
		}
	}
}

// image takes what is said of the system.
func (r *Raw) image(rec Record) {
	meta, _ := r.payload["image_meta"].(object)
	for i, key := range []string{"org.openstack__1__architecture", "org.openstack__1__os_distro", "org.openstack__1__os_version",
		"com.rackspace__1__options"} {
		rec[osColumns[i]] = column(meta, key, "")
	}
}

// audit takes an audit of an instance. Its launch and its delete were launched in the same second or the next.
func (m *Model) audit(r *Raw) {
	launched := r.time("launched_at")
	same := func(o Record) bool {
		at, _ := o["launched_at"].(time.Time)
		return o["instance"] == r.Instance && !at.Before(launched) && !at.After(launched.Add(time.Second))
	}
	x := Record{"instance": r.Instance, "launched_at": launched, "audit_period_beginning": r.time("audit_period_beginning"),
		"audit_period_ending": r.time("audit_period_ending"), "message_id": r.MessageID, "raw": r.ID, "status": "pending", "send_status": int64(0),
		"instance_type_id": column(r.payload, "instance_type_id", nil), "instance_flavor_id": column(r.payload, "instance_flavor_id", nil),
		"tenant": r.Tenant, "received": r.When, "bandwidth_public_out": whole(at(r.payload, "bandwidth", "public", "bw_out"))}
	r.image(x)
	if l := m.Launches.first(same); l != nil {
		x["usage"] = l["id"]
	}
	if gone := r.time("deleted_at"); !gone.IsZero() {
		x["deleted_at"] = gone
		if d := m.Deletes.first(same); d != nil {
			x["delete"] = d["id"]
		}
	}
	m.Exists.add(x)
}

// useImage takes what a message of glance says of what is billed.
func (m *Model) useImage(r *Raw) {
	p := r.payload
	switch {
	case r.Event == "image.activate" && r.UUID != nil:
		m.Images.add(Record{"uuid": r.UUID, "created_at": r.time("created_at"), "owner": r.Owner, "size": whole(p["size"]), "last_raw": r.ID})
	case r.Event == "image.delete" && r.UUID != nil:
		gone, told := date(r.body["deleted_at"])
		if !told {
			gone = r.time("deleted_at")
		}
		m.ImageDeletes.add(Record{"uuid": r.UUID, "deleted_at": gone, "raw": r.ID})
	case r.Event == "image.exists":
		images, _ := p["images"].([]any)
		for _, one := range images {
			i, _ := one.(object)
			m.auditImage(r, i)
		}
	}
}

func (m *Model) auditImage(r *Raw, i object) {
	created, told := date(i["created_at"])
	if !told {
		return
	}
	same := func(o Record) bool { return o["uuid"] == i["id"] }
	x := Record{"uuid": i["id"], "created_at": created, "audit_period_beginning": r.time("audit_period_beginning"),
		"audit_period_ending": r.time("audit_period_ending"), "message_id": r.MessageID, "raw": r.ID, "status": "pending", "send_status": int64(0),
		"owner": r.Owner, "size": whole(i["size"]), "received": r.When}
	if u := m.Images.first(same); u != nil {
		x["usage"] = u["id"]
	}
	if gone, deleted := date(i["deleted_at"]); deleted {
		x["deleted_at"] = gone
		if d := m.ImageDeletes.first(same); d != nil {
			x["delete"] = d["id"]
		}
	}
	m.ImageExists.add(x)
}

// time is a date of the payload, zero if there is none.
func (r *Raw) time(key string) time.Time {
	t, _ := date(r.payload[key])
	return t
}

func whole(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}
