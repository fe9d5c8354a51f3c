package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

func TestWhatAnInstanceDidIsStoredWithAllThatFollows(t *testing.T) {
	c := newScene(t, domain.Options{})
	launched := stamp(at(30))
	image := map[string]any{"org.openstack__1__os_distro": "debian", "org.openstack__1__architecture": "x86_64"}
	r := c.ingest(
		nova("m1", "compute.instance.update", 0),
		nova("m2", "compute.instance.create.start", 1, "instance_type_id", "7", "instance_flavor_id", "m1.small", "image_meta", image),
		nova("m3", "compute.instance.create.end", 31, "launched_at", launched, "instance_type_id", "7", "instance_flavor_id", "m1.small",
			"message", "Success", "image_meta", image),
		nova("m4", "compute.instance.exists", 3600, "launched_at", launched, "deleted_at", "", "instance_type_id", "7", "instance_flavor_id", "m1.small",
			"audit_period_beginning", stamp(at(0)), "audit_period_ending", stamp(at(3600)), "image_meta", image,
			"bandwidth", map[string]any{"public": map[string]any{"bw_in": 1, "bw_out": 4711}}),
		nova("m5", "compute.instance.delete.start", 4000),
		nova("m6", "compute.instance.delete.end", 4010, "launched_at", launched, "deleted_at", stamp(at(4009)), "terminated_at", stamp(at(4008))),
		nova("m7", "compute.instance.exists", 7200, "launched_at", launched, "deleted_at", stamp(at(4008)), "audit_period_beginning", stamp(at(3600)),
			"audit_period_ending", stamp(at(7200))),
	)
	if want := (domain.Receipt{Stored: 7}); r != want {
		t.Fatalf("receipt %+v, want %+v", r, want)
	}
	list := c.all(events.Nova)
	if len(list) != 7 || list[1].Type != "compute.instance.create.start" || list[1].Host.S != "host-1.example.com" || list[1].Received.IsZero() {
		t.Fatalf("events: %+v", list)
	}
	c.view(func(tx *events.Tx) error {
		timings, err := tx.Timings(events.Nova, instance)
		if err != nil || len(timings) != 2 || timings[0].Took() != 30*time.Second || timings[1].Took() != 10*time.Second {
			t.Errorf("timings %+v, %v; want 30 s to create and 10 s to delete", timings, err)
		}
		tracker, err := tx.FirstTracker(request)
		if err != nil || tracker.LastTiming != "compute.instance.delete" || tracker.Duration != 4010*time.Second || tracker.Tenant.S != tenant {
			t.Errorf("tracker %+v, %v; want the delete, 4010 s after the request came", tracker, err)
		}
		body, err := tx.Body(events.Nova, 2)
		if err != nil || string(body[:16]) != `["monitor.info",` && string(body[:17]) != `["monitor.info", ` {
			t.Errorf("body %.40s, %v", body, err)
		}
		return nil
	})
	launches := rows(c, events.Launches)
	if len(launches) != 1 || !launches[0].Launched.Equal(at(30)) || launches[0].FlavorID != "m1.small" || launches[0].Distro != "debian" {
		t.Errorf("launches %+v", launches)
	}
	deletes := rows(c, events.Deletes)
	if len(deletes) != 1 || !deletes[0].Deleted.Equal(at(4008)) || deletes[0].Raw != 6 {
		t.Errorf("deletes %+v, want the moment of termination", deletes)
	}
	exists := rows(c, events.ExistsTable)
	if len(exists) != 2 || exists[0].Usage != launches[0].ID || exists[0].Delete != 0 || exists[1].Delete != deletes[0].ID ||
		exists[0].BandwidthOut != 4711 || exists[0].Status != events.ExistsPending || exists[0].MessageID != "m4" || !exists[0].Received.Equal(at(3600)) {
		t.Errorf("exists %+v", exists)
	}
}

func TestWhatAnImageDidIsStoredWithAllThatFollows(t *testing.T) {
	c := newScene(t, domain.Options{})
	born := stamp(at(0))
	c.ingest(
		glance("g1", "image.activate", 1, map[string]any{"id": image, "owner": tenant, "size": 1024, "created_at": born, "status": "active"}),
		glance("g2", "image.delete", 50, map[string]any{"id": image, "owner": tenant, "size": 1024, "created_at": born, "deleted_at": stamp(at(49))}),
		glance("g3", "image.exists", 100, map[string]any{"owner": tenant, "audit_period_beginning": stamp(at(0)), "audit_period_ending": stamp(at(100)),
			"images": []any{map[string]any{"id": image, "created_at": born, "deleted_at": stamp(at(49)), "size": 1024, "status": "deleted", "properties": map[string]any{}}}}),
	)
	usages, deletes, exists := rows(c, events.ImageUsages), rows(c, events.ImageDeletes), rows(c, events.ImageExistsTable)
	if len(usages) != 1 || usages[0].Size != 1024 || usages[0].Raw != 1 {
		t.Errorf("usages %+v", usages)
	}
	if len(deletes) != 1 || deletes[0].UUID != image || deletes[0].Raw != 2 {
		t.Errorf("deletes %+v", deletes)
	}
	if len(exists) != 1 || exists[0].Usage != usages[0].ID || exists[0].Delete != deletes[0].ID || exists[0].Owner != tenant {
		t.Errorf("exists %+v", exists)
	}
}

func TestAMessageThatComesTwiceIsOneEvent(t *testing.T) {
	c := newScene(t, domain.Options{})
	start := nova("m1", "compute.instance.create.start", 0)
	if r := c.ingest(start, start); r != (domain.Receipt{Stored: 1, Duplicates: 1}) {
		t.Errorf("twice in one call: %+v", r)
	}
	if r := c.ingest(start); r != (domain.Receipt{Duplicates: 1}) {
		t.Errorf("again: %+v", r)
	}
	c.kill()
	c.open()
	if r := c.ingest(start); r != (domain.Receipt{Duplicates: 1}) {
		t.Errorf("after a restart: %+v", r)
	}
	c.view(func(tx *events.Tx) error {
		if timings, err := tx.Timings(events.Nova, instance); err != nil || len(timings) != 1 {
			t.Errorf("timings %+v, %v; want the one that has begun", timings, err)
		}
		return nil
	})
}

func TestTheOrderOfACallIsThatOfTheIds(t *testing.T) {
	c := newScene(t, domain.Options{Batch: 7, InHand: 1 << 16})
	var in []domain.Incoming
	for i := range 500 {
		in = append(in, nova(id(i), "compute.instance.update", i))
	}
	c.ingest(in...)
	list := c.all(events.Nova)
	if len(list) != 500 || !slices.IsSortedFunc(list, func(a, b events.Event) int { return a.When.Compare(b.When) }) {
		t.Errorf("%d events, not in the order in which they came", len(list))
	}
}

func TestCallersShareTransactions(t *testing.T) {
	c := newScene(t, domain.Options{})
	var callers sync.WaitGroup
	const many, each = 40, 25
	for n := range many {
		callers.Go(func() {
			for i := range each {
				if _, err := c.s.Ingest(context.Background(), []domain.Incoming{nova(id(n*each+i), "compute.instance.update", i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	s := c.s.Stats()
	if s.Stored[events.Nova] != many*each || s.Transactions >= many*each/2 {
		t.Errorf("%d events in %d transactions", s.Stored[events.Nova], s.Transactions)
	}
	if len(s.Deployments) != 1 || s.Deployments[0].Name != "cell-1" || !s.Deployments[0].LastWhen.Equal(at(each-1)) || s.Deployments[0].LastReceived.IsZero() {
		t.Errorf("deployments %+v", s.Deployments)
	}
}

func TestAnEventIsStoredThoughWhatItSaysOfUsageCannotBeRead(t *testing.T) {
	c := newScene(t, domain.Options{})
	r := c.ingest(nova("m1", "compute.instance.create.start", 0),
		nova("m2", "compute.instance.create.end", 5, "launched_at", "the day before yesterday", "message", "Success"))
	if r.Stored != 2 || c.s.Stats().Faults != 1 {
		t.Errorf("receipt %+v, %d faults; want both events and one fault", r, c.s.Stats().Faults)
	}
	c.view(func(tx *events.Tx) error {
		if timings, err := tx.Timings(events.Nova, instance); err != nil || len(timings) != 1 || !timings[0].Complete() {
			t.Errorf("timings %+v, %v", timings, err)
		}
		return nil
	})
}

func TestAnEventThatTheStoreCannotHoldIsADeadLetterAndNoOneElsePays(t *testing.T) {
	c := newScene(t, domain.Options{})
	huge := note{id: "huge", kind: "compute.instance.update", at: at(1), publisher: "compute.h", request: "req-" + repeat(70_000, "x"), payload: map[string]any{"instance_id": instance}}
	r := c.ingest(nova("m1", "compute.instance.update", 0), huge.incoming(), nova("m2", "compute.instance.update", 2))
	if r.Stored+r.Dead != 3 || r.Stored < 2 {
		t.Fatalf("receipt %+v", r)
	}
	if r.Dead == 1 {
		if l, err := c.s.Letters(context.Background(), 0, 10); err != nil || len(l) != 1 || l[0].Reason == "" {
			t.Errorf("letters %+v, %v", l, err)
		}
	}
}

func TestAStoppingServiceTakesNothingMoreAndLosesNothing(t *testing.T) {
	c := newScene(t, domain.Options{})
	c.ingest(nova("m1", "compute.instance.update", 0))
	c.s.Close()
	if _, err := c.s.Ingest(context.Background(), []domain.Incoming{nova("m2", "compute.instance.update", 1)}); !errors.Is(err, domain.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if n := len(c.all(events.Nova)); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestACallerWhoGivesUpIsTold(t *testing.T) {
	c := newScene(t, domain.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.s.Ingest(ctx, []domain.Incoming{nova("m1", "compute.instance.update", 0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// reference pairs starts and ends as the contract says: first in, first out.
func reference(list []events.Event) (pairs map[int64]int64) {
	pairs = map[int64]int64{}
	open := map[string][]int64{}
	for _, e := range list {
		switch name := e.Instance.S + " " + e.Type[:len(e.Type)-len(".start")]; {
		case e.Type == "compute.instance.resize.start":
			open[name] = append(open[name], e.ID)
		default:
			name = e.Instance.S + " " + e.Type[:len(e.Type)-len(".end")]
			if starts := open[name]; len(starts) > 0 {
				pairs[e.ID], open[name] = starts[0], starts[1:]
			} else {
				pairs[e.ID] = 0
			}
		}
	}
	return pairs
}

func TestKilledInTheMiddleNothingThatWasAcknowledgedIsLostAndNothingIsTwice(t *testing.T) {
	c := newScene(t, domain.Options{Batch: 50})
	const total, callers = 1500, 5
	send := make([]domain.Incoming, total)
	for i := range send {
		kind := "compute.instance.resize.start"
		if i%3 == 1 {
			kind = "compute.instance.resize.end"
		}
		send[i] = nova(id(i+1), kind, i, "instance_id", fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012x", i%11))
	}
	acked := make([]bool, total)
	for round := 0; round < 6; round++ {
		var work sync.WaitGroup
		for n := range callers {
			work.Go(func() {
				for i := n; i < total; i += callers {
					if acked[i] {
						continue
					}
					if _, err := c.s.Ingest(context.Background(), send[i:i+1]); err != nil {
						return
					}
					acked[i] = true
				}
			})
		}
		eventually(t, "some are stored", func() bool { return c.s.Stats().Stored[events.Nova] > uint64(20*(round+1)) })
		_ = c.db.Kill()
		work.Wait()
		c.kill()
		c.open()
		here := map[string]bool{}
		for _, e := range c.all(events.Nova) {
			if here[e.MessageID] {
				t.Fatalf("%s is there twice", e.MessageID)
			}
			here[e.MessageID] = true
		}
		for i, ok := range acked {
			if ok && !here[id(i+1)] {
				t.Fatalf("round %d: %s was acknowledged and is gone", round, id(i+1))
			}
		}
	}
	c.ingest(send...)
	list := c.all(events.Nova)
	if len(list) != total {
		t.Fatalf("%d events, want %d", len(list), total)
	}
	want := reference(list)
	c.view(func(tx *events.Tx) error {
		got := map[int64]int64{}
		for n := range 11 {
			timings, err := tx.Timings(events.Nova, fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012x", n))
			if err != nil {
				return err
			}
			for _, x := range timings {
				if x.EndID != 0 {
					got[x.EndID] = x.StartID
				}
			}
		}
		for end, start := range want {
			if s, ok := got[end]; !ok || s != start {
				t.Errorf("end %d is paired with %d (%v), want %d", end, s, ok, start)
			}
		}
		return nil
	})
}

func TestWhatIsStoredIsNotHeldAnyLonger(t *testing.T) {
	c := newScene(t, domain.Options{})
	in := []domain.Incoming{nova("m1", "compute.instance.update", 0), nova("m2", "compute.instance.update", 1)}
	if held, err := c.s.Sent(context.Background(), in); err != nil || held != 0 {
		t.Errorf("%d messages in hand, %v", held, err)
	}
	defer c.kill()
	if err := c.db.Kill(); err != nil {
		t.Fatal(err)
	}
	if held, err := c.s.Sent(context.Background(), in); err == nil || held != 2 {
		t.Errorf("%d messages in hand, %v; what was not stored is tried again", held, err)
	}
}

func TestARoutingKeyHasItsWeight(t *testing.T) {
	c := newScene(t, domain.Options{InHand: 256 << 10})
	before := c.s.Stats().Transactions
	var in []domain.Incoming
	for i := range 10 { // no two of them fit into half of what may be in hand
		in = append(in, domain.Incoming{RoutingKey: repeat(80<<10, fmt.Sprint(i)), Body: []byte("{}")})
	}
	if r := c.ingest(in...); r != (domain.Receipt{Dead: 10}) {
		t.Errorf("receipt %+v", r)
	}
	if n := c.s.Stats().Transactions - before; n != 10 {
		t.Errorf("%d transactions, want one each", n)
	}
}
