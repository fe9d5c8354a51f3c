package tests

import (
	"fmt"
	"time"

	"yardmaster/tests/stackmodel"
)

// crooked is an instance to which everything happens that the cloud does too well.
const crooked = "c0ffee00-1111-4222-8333-444455556666"

// Its two requests.
const (
	firstRequest  = "req-aaaaaaaa-1111-4222-8333-444455556666"
	secondRequest = "req-bbbbbbbb-1111-4222-8333-444455556666"
)

// handMadeDay is long before anything that the cloud tells of.
var handMadeDay = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// handMade is the story of crooked, by cell-2. What the server must make of its steps stands in crookedTimings.
func handMade() (all []stackmodel.Message) {
	second := 0.0
	tell := func(after float64, event, publisher, request string, payload obj) note {
		second += after
		when := handMadeDay.Add(time.Duration(second * float64(time.Second))).Format("2006-01-02 15:04:05.000000")
		return notification(event, publisher, when, request, payload)
	}
	add := func(n note) {
		all = append(all, stackmodel.Message{Deployment: "cell-2", Exchange: "nova", RoutingKey: "cell-2.monitor.info", Body: n.bytes()})
	}
	it := func(more ...any) obj {
		p := obj{"instance_id": crooked}
		for i := 0; i < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return p
	}
	const host, api = "compute.crooked.example.net", "api.crooked-api"
	add(tell(0, "compute.instance.update", api, firstRequest, it("state", "building", "old_state", nil, "new_task_state", "scheduling")))
	add(tell(0.5, "compute.instance.update", api, firstRequest, it("state", nil, "old_task_state", nil)))
	add(tell(0.5, "compute.instance.create.start", host, firstRequest, it("state", "building")))
	add(tell(5, "compute.instance.create.start", host, secondRequest, it()))
	add(tell(10, "compute.instance.create.end", host, secondRequest, it("state", "active", "message", "Success")))
	add(tell(2.25, "compute.instance.create.end", host, firstRequest, it("message", "no such luck")))
	add(tell(1, "compute.instance.reboot.end", host, firstRequest, it()))
	add(tell(1, "compute.instance.suspend.start", host, firstRequest, it()))
	add(tell(1, "compute.instance.resume.start", host, firstRequest, it()))
	add(tell(-1.5, "compute.instance.resume.end", host, firstRequest, it()))
	add(tell(10, "compute.instance.pause.start", host, firstRequest, it()))
	add(tell(108123.456, "compute.instance.pause.end", host, firstRequest, it()))
	// the instance hides
	add(tell(1, "compute.instance.volume.attach", host, firstRequest, obj{"instance_uuid": crooked, "instance_id": "77", "state": ""}))
	add(tell(1, "compute.instance.volume.detach", host, firstRequest, obj{"instance_uuid": "", "exception": obj{"kwargs": obj{"uuid": crooked}}}))
	add(tell(1, "aggregate.updatemetadata.start", host, "", obj{"instance": obj{"uuid": crooked}}))
	add(tell(1, "compute.instance.nowhere", "compute", secondRequest, obj{"instance_uuid": nil, "exception": nil}))
	// dates in their other forms, and who sends what with too few dots
	add(tell(1, "compute.instance.dated", "conductor", secondRequest, it()).with("timestamp", "2024-03-02T12:00:00.5Z"))
	add(tell(1, "compute.instance.dated", "conductor", secondRequest, it()).with("timestamp", "2024-03-02T12:00:01").with("message_id", "dated 2"))
	add(tell(1, "compute.instance.dated", "scheduler.one.two", secondRequest, it("tenant_id", "the-payload's")).with("timestamp", nil).
		with("_context_timestamp", "2024-03-02T12:00:02.000001").with("message_id", "dated 3"))
	add(tell(1, "compute.instance.dated", "compute.", secondRequest, it("state", "é ☃ \U0001F600 \"quoted\" \\ <&>")).
		with("timestamp", "2024-03-02 12:00:03").with("message_id", "dated 4").with("_context_request_id", nil))
	return all
}

// crookedTimings is worked out by hand: starts and ends are paired in their order, whoever asked for them.
var crookedTimings = [][]any{
	{"?", "Event", "Time (secs)"},
	{".", "compute.instance.create", "0d 00:00:15.00"},
	{".", "compute.instance.create", "0d 00:00:12.25"},
	{"E", "compute.instance.reboot", "n/a"},
	{"S", "compute.instance.suspend", "n/a"},
	{".", "compute.instance.resume", "-0d 00:00:01.50"},
	{".", "compute.instance.pause", "1d 06:02:03.45"},
	{"S", "aggregate.updatemetadata", "n/a"},
}

// others are events of services that have no parser of their own.
func others() (all []stackmodel.Message) {
	for i := range 40 {
		when := handMadeDay.Add(time.Duration(i) * 1234567 * time.Microsecond).Format("2006-01-02 15:04:05.000000")
		event := []string{"volume.create.start", "volume.create.end", "network.create.end", "orchestration.stack.update.error"}[i%4]
		publisher := []string{"volume.block-1@lvm", "volume.block-2@ceph", "network.ctl-1.example.net", "orchestration"}[i%4]
		key := "notifications.info"
		if i%4 == 3 {
			key = "notifications.error"
		}
		payload := obj{"tenant_id": fmt.Sprintf("tenant-%d", i%3), "instance_uuid": fmt.Sprintf("0000%04d-1111-4222-8333-444455556666", i%5)}
		request := fmt.Sprintf("req-0000%04d-9999-4222-8333-444455556666", i%6)
		if i%10 == 9 {
			delete(payload, "instance_uuid")
		}
		all = append(all, stackmodel.Message{Deployment: "cell-1", Exchange: "openstack", RoutingKey: key,
			Body: notification(event, publisher, when, request, payload).bytes()})
	}
	return all
}
