package tests

import (
	"fmt"

	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
)

// The life of an instance that only versioned notifications tell of.
const (
	versioned        = "5eed0000-1111-4222-8333-444455556666"
	versionedRequest = "req-5eed0000-1111-4222-8333-444455556666"
)

// versionedAreRead: what StackTach did not understand at all is told of with the events, and means the same as the old form did. It
// comes by an exchange that says nothing of whose it is, in envelopes, with dates in other zones.
func (s *stack) versionedAreRead(r *harness.Rabbit) {
	before := s.counted("nova")
	object := func(name string, data obj) obj {
		return obj{"nova_object.namespace": "nova", "nova_object.name": name, "nova_object.version": "1.12", "nova_object.data": data}
	}
	life := func(event, when, state string, more obj) stackmodel.Message {
		data := obj{"uuid": versioned, "tenant_id": "0123456789abcdef0123456789abcdef", "request_id": versionedRequest, "host": "host-9", "state": state,
			"launched_at": nil, "architecture": "x86_64", "flavor": object("FlavorPayload", obj{"flavorid": "7", "name": "m1.small", "memory_mb": 512})}
		for key, v := range more {
			data[key] = v
		}
		n := notification(event, "nova-compute:host-9.example.net", when, "", object("InstanceActionPayload", data)).with("_context_project_id", nil)
		return stackmodel.Message{Exchange: "openstack", RoutingKey: "notifications.info", Body: envelope(n.bytes())}
	}
	publish(s, r, []stackmodel.Message{
		life("instance.create.start", "2024-05-01 12:00:00.25", "building", nil),
		life("instance.create.end", "2024-05-01T17:30:31.75+05:30", "active", obj{"launched_at": "2024-05-01T12:00:31Z"}),
		life("instance.resize_prep.start", "2024-05-01T12:10:00Z", "active", nil),
		life("instance.resize_prep.end", "2024-05-01T12:10:02Z", "active", nil),
		life("instance.delete.end", "2024-05-01T12:20:00", "deleted", obj{"launched_at": "2024-05-01T12:00:31Z", "terminated_at": "2024-05-01T12:19:59Z"}),
	})
	harness.Eventually(s, within, "versioned notifications are stored", func() bool { return s.counted("nova") == before+5 })
	s.same("/stacky/timings/uuid/", q{"uuid", versioned}, [][]any{{"?", "Event", "Time (secs)"},
		{".", "compute.instance.create", "0d 00:00:31.50"}, {".", "compute.instance.resize.prep", "0d 00:00:02.00"}, {"E", "compute.instance.delete", "n/a"}})
	var rows [][]any
	s.ok("its events", s.asks("/stacky/request/", q{"request_id", versionedRequest}).JSON(&rows))
	expect(s, "events of the request", len(rows), 6)
	for i, want := range []string{"2024-05-01 12:00:00.250000 cell-1 instance.create.start host-9.example.net building",
		"2024-05-01 12:00:31.750000 cell-1 instance.create.end host-9.example.net active",
		"2024-05-01 12:10:00 cell-1 instance.resize_prep.start host-9.example.net active",
		"2024-05-01 12:10:02 cell-1 instance.resize_prep.end host-9.example.net active",
		"2024-05-01 12:20:00 cell-1 instance.delete.end host-9.example.net deleted"} {
		expect(s, "an event", fmt.Sprintf("%v %v %v %v %v", rows[i+1][2], rows[i+1][3], rows[i+1][4], rows[i+1][5], rows[i+1][6]), want)
	}
	var got struct {
		Launches []struct {
			Instance, Tenant string
			Launched         string `json:"launched_at"`
			Flavor           string `json:"instance_flavor_id"`
			Request          string `json:"request_id"`
			Architecture     string `json:"os_architecture"`
		}
		Deletes []struct {
			Launched string `json:"launched_at"`
			Deleted  string `json:"deleted_at"`
		}
	}
	s.ok("its launch", s.asks("/db/usage/launches/", q{"instance", versioned}).JSON(&got))
	s.ok("its delete", s.asks("/db/usage/deletes/", q{"instance", versioned}).JSON(&got))
	if len(got.Launches) != 1 || len(got.Deletes) != 1 {
		s.Fatalf("launches and deletes: %+v", got)
	}
	expect(s, "its launch", fmt.Sprint(got.Launches[0]),
		"{"+versioned+" 0123456789abcdef0123456789abcdef 2024-05-01 12:00:31 7 "+versionedRequest+" x86_64}")
	expect(s, "its delete", fmt.Sprint(got.Deletes[0]), "{2024-05-01 12:00:31 2024-05-01 12:19:59}")
}
