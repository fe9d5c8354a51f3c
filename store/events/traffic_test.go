package events_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"yardmaster/store/events"
)

// traffic makes the notifications of a cloud, the same ones each time: instances that are created, used and deleted, many at a time.
type traffic struct {
	rand    *rand.Rand
	live    []*machine
	now     time.Time
	serial  int64
	uuids   []string // of instances, a sample
	request []string
}

type machine struct {
	uuid, tenant, host, request string
	step                        int
}

// life is what happens to an instance: the types of its notifications.
var life = []string{
	"compute.instance.update", "compute.instance.create.start", "compute.instance.update", "compute.instance.create.end",
	"compute.instance.update", "compute.instance.power_off.start", "compute.instance.power_off.end", "compute.instance.update",
	"compute.instance.power_on.start", "compute.instance.power_on.end", "compute.instance.exists", "compute.instance.snapshot.start",
	"compute.instance.update", "compute.instance.snapshot.end", "compute.instance.resize.prep.start", "compute.instance.resize.prep.end",
	"compute.instance.update", "compute.instance.exists", "compute.instance.delete.start", "compute.instance.delete.end",
}

func newTraffic() *traffic {
	t := &traffic{rand: rand.New(rand.NewPCG(1, 2)), now: noon}
	for range 2000 {
		m := t.machine()
		m.step = t.rand.IntN(len(life))
		t.live = append(t.live, m)
	}
	return t
}

func (t *traffic) uuid() string {
	a, b := t.rand.Uint64(), t.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

func (t *traffic) machine() *machine {
	return &machine{uuid: t.uuid(), tenant: strings.ReplaceAll(fmt.Sprintf("%032x", t.rand.IntN(500)), "0", "a"),
		host: fmt.Sprintf("compute-%03d.example.org", t.rand.IntN(200)), request: "req-" + t.uuid()}
}

// next is one notification. Timestamps are a little out of order, as clocks are.
func (t *traffic) next() (events.Event, []byte) {
	at := t.rand.IntN(len(t.live))
	m := t.live[at]
	kind := life[m.step]
	if strings.HasSuffix(kind, ".start") || kind == "compute.instance.exists" {
		m.request = "req-" + t.uuid()
	}
	if m.step++; m.step == len(life) {
		t.live[at] = t.machine()
	}
	t.serial++
	t.now = t.now.Add(time.Duration(t.rand.IntN(2000)) * time.Microsecond)
	e := events.Event{
		Service: events.Nova, When: t.now.Add(-time.Duration(t.rand.IntN(200)) * time.Millisecond), Received: t.now, Deployment: 1,
		RoutingKey: "monitor.info", Type: kind, Publisher: "compute." + m.host, Source: "compute", Host: events.Some(m.host),
		Instance: events.Some(m.uuid), Tenant: events.Some(m.tenant), RequestID: m.request, MessageID: t.uuid(),
		State: events.Some("active"), OldState: events.Some("building"), OldTask: events.Some("spawning"), Task: events.Some(""), ImageType: 0x11,
	}
	if t.serial%5000 == 1 {
		t.uuids, t.request = append(t.uuids, m.uuid), append(t.request, m.request)
	}
	return e, t.body(m, &e)
}

func (t *traffic) body(m *machine, e *events.Event) []byte {
	when := e.When.Format("2006-01-02 15:04:05.000000")
	return fmt.Appendf(nil, `["monitor.info", {"_context_roles": ["member", "admin"], "_context_request_id": "%s", "_context_quota_class": null, `+
		`"event_type": "%s", "_context_user_name": "user%d", "_context_project_name": "project", "timestamp": "%s", "_context_is_admin": false, `+
		`"message_id": "%s", "_context_auth_token": "%032x", "_context_instance_lock_checked": false, "_context_project_id": "%s", `+
		`"_context_timestamp": "%s", "_context_read_deleted": "no", "_context_user_id": "%d", "_context_remote_address": "10.1.%d.%d", `+
		`"publisher_id": "%s", "priority": "INFO", "_unique_id": "%032x", "payload": {"state_description": "", "availability_zone": null, `+
		`"terminated_at": "", "ephemeral_gb": 0, "instance_type_id": %d, "bandwidth": {"public": {"bw_in": %d, "bw_out": %d}}, `+
		`"deleted_at": "", "reservation_id": "r-%08x", "memory_mb": 4096, "display_name": "web-%d", "fixed_ips": [{"floating_ips": [], `+
		`"label": "private", "version": 4, "meta": {}, "address": "10.%d.%d.%d", "type": "fixed", "vif_mac": "fa:16:3e:%02x:%02x:%02x"}], `+
		`"hostname": "web-%d", "state": "active", "old_state": "building", "old_task_state": "spawning", "launched_at": "%s", "metadata": {}, `+
		`"node": "%s", "ramdisk_id": "", "access_ip_v6": null, "access_ip_v4": null, "disk_gb": 40, "kernel_id": "", "host": "%s", `+
		`"user_id": "%d", "image_ref_url": "http://10.0.0.2:9292/images/%s", "cell_name": "", "root_gb": 40, "tenant_id": "%s", `+
		`"created_at": "%s", "instance_id": "%s", "instance_type": "m1.medium", "vcpus": 2, "image_meta": {"min_disk": "40", `+
		`"container_format": "bare", "min_ram": "0", "disk_format": "qcow2", "base_image_ref": "%s", "os_type": "linux"}, `+
		`"architecture": null, "os_type": "linux", "instance_flavor_id": "%d", "message": "Success"}}]`,
		m.request, e.Type, t.rand.IntN(500), when, e.MessageID, t.rand.Uint64(), m.tenant, when, t.rand.IntN(5000), t.rand.IntN(256),
		t.rand.IntN(256), e.Publisher, t.rand.Uint64(), t.rand.IntN(8), t.rand.IntN(1e9), t.rand.IntN(1e9), t.rand.Uint32(), t.rand.IntN(1e5),
		t.rand.IntN(256), t.rand.IntN(256), t.rand.IntN(256), t.rand.IntN(256), t.rand.IntN(256), t.rand.IntN(256), t.rand.IntN(1e5), when,
		m.host, m.host, t.rand.IntN(5000), t.uuid(), m.tenant, when, m.uuid, t.uuid(), t.rand.IntN(8))
}

// store appends an event as the one who takes notifications does, with its timing.
func store(tx *events.Tx, e *events.Event, body []byte) error {
	fresh, err := tx.Append(e, body)
	if err != nil || !fresh {
		return err
	}
	if name, ok := strings.CutSuffix(e.Type, ".start"); ok {
		return tx.StartTiming(e, name)
	}
	if name, ok := strings.CutSuffix(e.Type, ".end"); ok {
		_, err = tx.EndTiming(e, name)
	}
	return err
}
