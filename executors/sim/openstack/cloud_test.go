package openstack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/sim/openstack"
)

type body struct {
	EventType string `json:"event_type"`
	Publisher string `json:"publisher_id"`
	MessageID string `json:"message_id"`
	Timestamp string `json:"timestamp"`
	RequestID string `json:"_context_request_id"`
	Payload   json.RawMessage
}

type payload struct {
	InstanceID string `json:"instance_id"`
	State      string
	OldState   string `json:"old_state"`
	Launched   string `json:"launched_at"`
	Exception  *struct{ Kwargs struct{ Code int } }
}

func take(t *testing.T, c *openstack.Cloud, n int, visit func(openstack.Message, body)) {
	t.Helper()
	for range n {
		m := c.Next()
		var b body
		if err := json.Unmarshal(m.Body, &b); err != nil {
			t.Fatalf("%v in %s", err, m.Body)
		}
		visit(m, b)
	}
}

func TestTheSameOptionsGiveTheSameMessages(t *testing.T) {
	a, b := openstack.New(openstack.Options{Seed: 7}), openstack.New(openstack.Options{Seed: 7})
	other := openstack.New(openstack.Options{Seed: 8})
	same := 0
	for range 3000 {
		x, y := a.Next(), b.Next()
		if x.Deployment != y.Deployment || x.Exchange != y.Exchange || x.RoutingKey != y.RoutingKey || !x.When.Equal(y.When) || string(x.Body) != string(y.Body) {
			t.Fatalf("%s\n%s", x.Body, y.Body)
		}
		if string(other.Next().Body) == string(x.Body) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("another seed gave %d of the same messages", same)
	}
}

func TestMessagesComeInOrderEachWithItsOwnName(t *testing.T) {
	start := time.Date(2025, 5, 6, 7, 8, 9, 123456789, time.UTC)
	last := start.Truncate(time.Microsecond)
	seen := map[string]bool{}
	take(t, openstack.New(openstack.Options{Start: start}), 6000, func(m openstack.Message, b body) {
		if m.When.Before(last) || m.When.Format("2006-01-02 15:04:05.000000") != b.Timestamp {
			t.Fatalf("%v after %v, says %s", m.When, last, b.Timestamp)
		}
		if last = m.When; seen[b.MessageID] {
			t.Fatalf("%s twice", b.MessageID)
		}
		seen[b.MessageID] = true
	})
}

// TestADayHasAllThatAnOperatorSees: within the 6,000 messages that other tests take everything has occurred, everywhere.
func TestADayHasAllThatAnOperatorSees(t *testing.T) {
	types, deployments, codes, hosts, keys := map[string]int{}, map[string]int{}, map[int]int{}, map[string]bool{}, map[string]int{}
	apis := 0
	take(t, openstack.New(openstack.Options{}), 6000, func(m openstack.Message, b body) {
		types[b.EventType]++
		deployments[m.Deployment]++
		hosts[b.Publisher] = true
		keys[m.RoutingKey]++
		if strings.HasPrefix(b.EventType, "image.") != (m.Exchange == "glance") {
			t.Errorf("%s in %s", b.EventType, m.Exchange)
		}
		var p payload
		if json.Unmarshal(b.Payload, &p) == nil && p.Exception != nil {
			codes[p.Exception.Kwargs.Code/100]++
		}
		if b.EventType == "compute.instance.update" && strings.HasPrefix(b.Publisher, "api.") {
			apis++
		}
	})
	for _, want := range []string{"scheduler.run_instance.start", "scheduler.run_instance.end", "compute.instance.update", "compute.instance.exists",
		"compute.instance.create.start", "compute.instance.create.end", "compute.instance.create.error", "compute.instance.reboot.end",
		"compute.instance.rebuild.end", "compute.instance.rescue.end", "compute.instance.unrescue.end", "compute.instance.resize.prep.start",
		"compute.instance.finish_resize.end", "compute.instance.resize.confirm.end", "compute.instance.resize.revert.end", "compute.instance.snapshot.end",
		"compute.instance.delete.end", "compute.instance.shutdown.end", "run_instance",
		"image.upload", "image.activate", "image.delete", "image.exists"} {
		if types[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
	if len(deployments) != 2 || len(hosts) < 20 || codes[4] == 0 || codes[5] == 0 || keys["monitor.error"] == 0 || keys["monitor_glance.info"] == 0 || apis < 100 {
		t.Errorf("deployments %v, %d hosts, codes %v, keys %v, %d updates by an api", deployments, len(hosts), codes, keys, apis)
	}
}

func TestBodiesHaveTheSizeOfRealOnes(t *testing.T) {
	var sizes []int
	take(t, openstack.New(openstack.Options{}), 6000, func(m openstack.Message, _ body) { sizes = append(sizes, len(m.Body)) })
	slices.Sort(sizes)
	if p1, p99 := sizes[len(sizes)/100], sizes[len(sizes)*99/100]; p1 < 1300 || p99 > 3200 {
		t.Errorf("from %d to %d, at worst %d and %d", p1, p99, sizes[0], sizes[len(sizes)-1])
	}
}

func TestStartsAndEndsBelongTogether(t *testing.T) {
	open := map[string]int{}
	ends, unknown := 0, 0
	take(t, openstack.New(openstack.Options{Seed: 3}), 6000, func(_ openstack.Message, b body) {
		var p payload
		_ = json.Unmarshal(b.Payload, &p)
		if name, ok := strings.CutSuffix(b.EventType, ".start"); ok {
			open[name+p.InstanceID]++
		}
		if name, ok := strings.CutSuffix(b.EventType, ".end"); ok {
			if ends++; open[name+p.InstanceID] == 0 {
				unknown++
			} else {
				open[name+p.InstanceID]--
			}
		}
	})
	if ends < 500 || unknown > 0 {
		t.Errorf("%d of %d ends had no start", unknown, ends)
	}
}

func TestTheCloudKeepsItsSize(t *testing.T) {
	alive := map[string]bool{}
	const size = 12
	most := 0
	take(t, openstack.New(openstack.Options{Instances: size}), 8000, func(_ openstack.Message, b body) {
		var p payload
		_ = json.Unmarshal(b.Payload, &p)
		switch b.EventType {
		case "compute.instance.create.start":
			alive[p.InstanceID] = true
		case "compute.instance.delete.end":
			delete(alive, p.InstanceID)
		}
		most = max(most, len(alive))
	})
	if most > 2*size || len(alive) < size/2 {
		t.Errorf("%d alive, at most %d", len(alive), most)
	}
}

func TestEnvelope(t *testing.T) {
	bare, wrapped := openstack.New(openstack.Options{}), openstack.New(openstack.Options{Envelope: true})
	for range 500 {
		var e struct {
			Version string `json:"oslo.version"`
			Message string `json:"oslo.message"`
		}
		if err := json.Unmarshal(wrapped.Next().Body, &e); err != nil || e.Version != "2.0" {
			t.Fatal(err, e.Version)
		}
		if want := string(bare.Next().Body); e.Message != want {
			t.Fatalf("got %s\nwant %s", e.Message, want)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	c := openstack.New(openstack.Options{})
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(c.Next().Body)))
	}
}
