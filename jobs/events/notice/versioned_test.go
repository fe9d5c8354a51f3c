package notice_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/notice"
)

func versioned(eventType, data string) notice.Message {
	return from(eventType, `{"nova_object.name":"InstancePayload","nova_object.namespace":"nova","nova_object.version":"1.8","nova_object.data":`+data+`}`,
		`"publisher_id":"nova-compute:n1.example.org"`)
}

const versionedInstance = `"uuid":"i-1","tenant_id":"t","state":"active","task_state":null,"os_type":"linux","architecture":"x86_64",
	"launched_at":"2020-01-02T03:04:05Z","deleted_at":null,"terminated_at":"2020-01-03T00:00:00Z","request_id":"req-8",
	"flavor":{"nova_object.name":"FlavorPayload","nova_object.data":{"flavorid":"fl-1","memory_mb":512}},
	"ip_addresses":[{"nova_object.data":{"address":"192.0.2.4","meta":{}}}],
	"fault":{"nova_object.data":{"exception":"FlavorDiskTooSmall"}}`

func TestVersionedNotificationsHaveTheSameColumns(t *testing.T) {
	n := parse(t, versioned("instance.update", `{`+versionedInstance+`,"state_update":{"nova_object.data":
		{"old_state":"building","state":"active","old_task_state":"spawning","new_task_state":null}}}`))
	n.Body = nil
	want := notice.Notice{Service: notice.Nova, When: time.Date(2014, 2, 3, 4, 5, 6, 0, time.UTC), RoutingKey: "monitor.info",
		Type: "instance.update", Role: "compute.instance.update", Versioned: true, Publisher: "nova-compute:n1.example.org",
		Source: "nova-compute", Host: some("n1.example.org"), Instance: some("i-1"), Tenant: some("t"), RequestID: "req-7", MessageID: "m-1",
		State: some("active"), OldState: some("building"), OldTask: some("spawning"), Task: null, ImageType: notice.Linux}
	if d := cmp.Diff(want, n); d != "" {
		t.Error(d)
	}
}

func TestVersionedNotificationsThatLackAContext(t *testing.T) {
	m := versioned("instance.reboot.start", `{`+versionedInstance+`}`)
	m.Body = append(m.Body[:len(m.Body)-1], `,"_context_request_id":null}`...)
	if got := parse(t, m).RequestID; got != "req-8" {
		t.Errorf("got %q", got)
	}
}

func TestVersionedNotificationsOfOtherThings(t *testing.T) {
	n := parse(t, versioned("aggregate.create.end", `{"uuid":"a-1"}`))
	if n.Instance.OK || n.Role != "aggregate.create.end" {
		t.Errorf("an aggregate is no instance: %+v", n)
	}
	n = parse(t, versioned("compute_task.build_instances.error", `{"instance_uuid":"i-2","state":"error","reason":{"nova_object.data":{}}}`))
	if n.Instance != some("i-2") || n.State != some("error") || n.Service != notice.Nova {
		t.Errorf("a task that failed: %+v", n)
	}
}

func TestRoles(t *testing.T) {
	for sent, want := range map[string]string{
		"instance.create.end":               "compute.instance.create.end",
		"instance.exists":                   "compute.instance.exists",
		"instance.resize_prep.start":        "compute.instance.resize.prep.start",
		"instance.resize_finish.end":        "compute.instance.finish_resize.end",
		"instance.resize_revert.end":        "compute.instance.resize.revert.end",
		"instance.volume_attach.error":      "compute.instance.volume.attach.error",
		"instance.live_migration_pre.start": "compute.instance.live_migration.pre.start",
		"instance.power_off.start":          "compute.instance.power_off.start",
		"keypair.create.end":                "keypair.create.end",
	} {
		if got := parse(t, versioned(sent, `{}`)).Role; got != want {
			t.Errorf("%s: got %s, want %s", sent, got, want)
		}
	}
	if got := parse(t, from("instance.create.end", `{}`)).Role; got != "instance.create.end" {
		t.Errorf("a type like that in a legacy notification: got %s", got)
	}
}

func TestVersionedUse(t *testing.T) {
	launched := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	got := parse(t, versioned("instance.create.end", `{`+versionedInstance+`}`)).Usage
	want := notice.Usage{Launch: &notice.Launch{Event: "compute.instance.create.end", Partial: true, Instance: "i-1", RequestID: "req-7",
		Launched: launched, FlavorID: "fl-1", Tenant: "t", Architecture: "x86_64"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a launch: %s", d)
	}
	got = parse(t, versioned("instance.delete.end", `{`+versionedInstance+`}`)).Usage
	want = notice.Usage{Delete: &notice.Delete{Instance: "i-1", Launched: launched, Deleted: time.Date(2020, 1, 3, 0, 0, 0, 0, time.UTC)}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a delete: %s", d)
	}
	got = parse(t, versioned("instance.exists", `{`+versionedInstance+`,"audit_period":{"nova_object.data":{"audit_period_beginning":"2020-01-02T00:00:00Z",
		"audit_period_ending":"2020-01-03T00:00:00Z"}},"bandwidth":[{"nova_object.data":{"network_name":"private","out_bytes":5}},
		{"nova_object.data":{"network_name":"public","out_bytes":7,"in_bytes":1}}]}`)).Usage
	want = notice.Usage{Exists: &notice.Exists{MessageID: "m-1", Instance: "i-1", Launched: launched,
		Begin: time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC), End: time.Date(2020, 1, 3, 0, 0, 0, 0, time.UTC),
		FlavorID: "fl-1", Tenant: "t", BandwidthOut: 7, Architecture: "x86_64"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("an audit: %s", d)
	}
}
