package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

// audited is an instance that was launched, and its audit.
func audited(n int, claims ...any) []domain.Incoming {
	who, req, launched := fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012x", n), fmt.Sprintf("req-0a1b2c3d-0000-4000-8000-%012x", n), stamp(at(30))
	make := func(id, kind string, seconds int, more ...any) domain.Incoming {
		p := map[string]any{"instance_id": who, "tenant_id": tenant, "instance_type_id": "7", "instance_flavor_id": "small"}
		for i := 0; i < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return note{id: id, kind: kind, at: at(seconds), request: req, payload: p}.incoming()
	}
	exists := append([]any{"launched_at", launched, "audit_period_beginning", stamp(at(0)), "audit_period_ending", stamp(at(3600))}, claims...)
	return []domain.Incoming{
		make(fmt.Sprint("start-", n), "compute.instance.create.start", 0),
		make(fmt.Sprint("end-", n), "compute.instance.create.end", 30, "launched_at", launched, "message", "Success"),
		make(fmt.Sprint("exists-", n), "compute.instance.exists", 3600, exists...),
	}
}

// clocked is a scene whose clock a test sets.
func clocked(t *testing.T, o domain.Options) (*scene, *atomic.Pointer[time.Time]) {
	t.Helper()
	var clock atomic.Pointer[time.Time]
	set(&clock, at(3600))
	c := &scene{t: t, dir: t.TempDir(), o: o, now: func() time.Time { return *clock.Load() }}
	c.open()
	t.Cleanup(c.close)
	return c, &clock
}

func set(clock *atomic.Pointer[time.Time], to time.Time) { clock.Store(&to) }

func state(c *scene, message string) events.Exists {
	for _, x := range rows(c, events.ExistsTable) {
		if x.MessageID == message {
			return x
		}
	}
	return events.Exists{}
}

func TestAnAuditIsVerifiedWhenItsPeriodHasSettled(t *testing.T) {
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond, Batch: 2}})
	c.ingest(slices.Concat(audited(1), audited(2, "instance_type_id", "8"), audited(3, "tenant_id", "other"),
		audited(4, "launched_at", stamp(at(500))), audited(5, "deleted_at", stamp(at(60))), audited(6, "audit_period_ending", stamp(at(3500))))...)
	c.keep()
	set(clock, at(3600+299))
	eventually(t, "the one of an earlier period is judged", func() bool { return c.s.Stats().Verifier.Verified == 1 })
	if x := state(c, "exists-1"); x.Status != events.ExistsPending {
		t.Errorf("before it has settled it is %s", x.Status)
	}
	set(clock, at(3600+300))
	eventually(t, "all are judged", func() bool { s := c.s.Stats().Verifier; return s.Verified+s.Failed == 6 })
	for n, want := range map[int]events.ExistsStatus{1: events.ExistsVerified, 2: events.ExistsFailed, 3: events.ExistsFailed, 4: events.ExistsFailed, 5: events.ExistsFailed} {
		x := state(c, fmt.Sprint("exists-", n))
		if x.Status != want || (x.FailReason != "") != (want == events.ExistsFailed) {
			t.Errorf("exists-%d is %s (%q), want %s", n, x.Status, x.FailReason, want)
		}
	}
}

func TestImagesAreVerifiedToo(t *testing.T) {
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond}})
	entry := map[string]any{"id": image, "created_at": stamp(at(0)), "size": 1024, "status": "active", "properties": map[string]any{}}
	other := map[string]any{"id": instance, "created_at": stamp(at(0)), "size": 5, "status": "active", "properties": map[string]any{}}
	c.ingest(glance("g1", "image.activate", 1, map[string]any{"id": image, "owner": tenant, "size": 1024, "created_at": stamp(at(0))}),
		glance("g2", "image.exists", 100, map[string]any{"owner": tenant, "audit_period_beginning": stamp(at(0)), "audit_period_ending": stamp(at(3600)),
			"images": []any{entry, other}}))
	set(clock, at(4000))
	c.keep()
	eventually(t, "both are judged", func() bool { s := c.s.Stats().Verifier; return s.Verified == 1 && s.Failed == 1 })
}

func TestAnAuditThatWasSentOnUnverifiedKeepsThatAndIsNotToldOf(t *testing.T) {
	p := &publisher{}
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond,
		Republish: &domain.Republish{To: p, Nova: domain.Destination{Exchange: "nova", RoutingKeys: []string{"out.info"}}}}})
	c.ingest(slices.Concat(audited(1), audited(2, "instance_type_id", "8"))...)
	if absent, not, err := c.s.Repair(context.Background(), events.Nova, []string{"exists-1", "exists-2", "nobody"}); err != nil || !slices.Equal(absent, []string{"nobody"}) || not != nil {
		t.Fatalf("repair: %v, %v, %v", absent, not, err)
	}
	set(clock, at(4000))
	c.keep()
	eventually(t, "both are judged", func() bool { s := c.s.Stats().Verifier; return s.Verified+s.Failed == 2 })
	if a, b := state(c, "exists-1"), state(c, "exists-2"); a.Status != events.ExistsVerified || b.Status != events.ExistsSentFailed || a.SendStatus != 201 {
		t.Errorf("they are %s and %s, sent %d", a.Status, b.Status, a.SendStatus)
	}
	if n := len(p.messages()); n != 0 {
		t.Errorf("%d were told of", n)
	}
}

func TestAnAuditThatAProcessLeftInTheMiddleIsTakenAgain(t *testing.T) {
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond}})
	c.ingest(slices.Concat(audited(1), audited(2))...)
	err := c.db.Update(context.Background(), func(tx *events.Tx) error {
		for n, status := range map[int64]events.ExistsStatus{1: events.ExistsVerifying, 2: events.ExistsSentVerifying} {
			x, err := events.ExistsTable.Get(tx, n)
			if err != nil {
				return err
			}
			x.Status = status
			if err := events.ExistsTable.Put(tx, &x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	set(clock, at(4000))
	c.keep()
	eventually(t, "both are judged", func() bool { return c.s.Stats().Verifier.Verified == 2 })
}

func TestAnotherWhoKnowsBetterIsAskedAndAskedAgain(t *testing.T) {
	var asked atomic.Int32
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond,
		Reconcile: func(_ context.Context, x events.Exists) (bool, error) {
			if asked.Add(1) == 1 {
				return false, errors.New("bridge is down")
			}
			return x.MessageID == "exists-1", nil
		}}})
	c.ingest(slices.Concat(audited(1, "instance_type_id", "8"), audited(2, "instance_type_id", "8"), audited(3))...)
	set(clock, at(4000))
	c.keep()
	eventually(t, "all are judged", func() bool {
		s := c.s.Stats().Verifier
		return s.Verified == 1 && s.Reconciled == 1 && s.Failed == 1
	})
	if x := state(c, "exists-1"); x.Status != events.ExistsReconciled || x.FailReason == "" {
		t.Errorf("it is %s (%q)", x.Status, x.FailReason)
	}
}

// publisher is a broker that refuses the first so many messages.
type publisher struct {
	mu     sync.Mutex
	refuse int
	got    []published
}

type published struct {
	exchange, key string
	body          map[string]json.RawMessage
}

func (p *publisher) Publish(_ context.Context, exchange, key string, body []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse--; p.refuse >= 0 {
		return errors.New("no broker")
	}
	var n map[string]json.RawMessage
	if err := json.Unmarshal(body, &n); err != nil {
		return err
	}
	p.got = append(p.got, published{exchange, key, n})
	return nil
}

func (p *publisher) messages() []published {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func TestAVerifiedAuditIsToldOfOnceItIsAndTheBrokerTakesIt(t *testing.T) {
	p := &publisher{refuse: 1}
	entry := map[string]any{"id": image, "created_at": stamp(at(0)), "size": 1024, "status": "active", "properties": map[string]any{}}
	o := domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond, Republish: &domain.Republish{To: p,
		Nova:   domain.Destination{Exchange: "nova", RoutingKeys: []string{"out.info", "copy.info"}},
		Glance: domain.Destination{Exchange: "glance", RoutingKeys: []string{"out.info"}, EventType: "image.exists.verified.old"}}}}
	c, clock := clocked(t, o)
	c.ingest(slices.Concat(audited(1), audited(2, "instance_type_id", "8"), []domain.Incoming{
		glance("g1", "image.activate", 1, map[string]any{"id": image, "owner": tenant, "size": 1024, "created_at": stamp(at(0))}),
		glance("g2", "image.exists", 100, map[string]any{"owner": tenant, "audit_period_beginning": stamp(at(0)), "audit_period_ending": stamp(at(3600)),
			"images": []any{entry, entry}})})...)
	set(clock, at(4000))
	c.keep()
	eventually(t, "both are told of", func() bool { return c.s.Stats().Verifier.Republished == 2 })
	got := p.messages()
	if len(got) != 3 {
		t.Fatalf("%d messages, want two copies of nova's and one of glance's two records", len(got))
	}
	byKey := map[string]published{}
	for _, m := range got {
		byKey[m.exchange+" "+m.key] = m
	}
	m := byKey["nova out.info"]
	if string(m.body["event_type"]) != `"compute.instance.exists.verified"` || string(m.body["original_message_id"]) != `"exists-1"` ||
		len(m.body["message_id"]) != 38 || len(m.body["payload"]) == 0 || string(m.body["message_id"]) != string(byKey["nova copy.info"].body["message_id"]) {
		t.Errorf("message %s", m.body)
	}
	if string(byKey["glance out.info"].body["event_type"]) != `"image.exists.verified.old"` {
		t.Errorf("message %s", byKey["glance out.info"].body)
	}
	if x := state(c, "exists-1"); x.Republished.IsZero() {
		t.Error("it is not marked")
	}
	if s := c.s.Stats().Verifier; s.Unpublished != 1 || s.Waiting != 0 {
		t.Errorf("%+v, want one try in vain", s)
	}
	c.kill()
	c.open()
	c.keep()
	c.ingest(audited(3)...)
	eventually(t, "the next is told of", func() bool { return c.s.Stats().Verifier.Republished == 1 })
	if n := len(p.messages()); n != 5 {
		t.Errorf("%d messages in all, want the two copies of the new one and no other", n)
	}
}

func TestWhatAKilledProcessDidNotTellOfTheNextOneDoes(t *testing.T) {
	p := &publisher{refuse: 1 << 30}
	c, clock := clocked(t, domain.Options{Verifier: domain.Verifier{Every: 5 * time.Millisecond, Republish: &domain.Republish{To: p,
		Nova: domain.Destination{Exchange: "nova", RoutingKeys: []string{"out.info"}}}}})
	c.ingest(audited(1)...)
	set(clock, at(4000))
	c.keep()
	eventually(t, "a try in vain", func() bool { return c.s.Stats().Verifier.Unpublished > 0 })
	c.kill()
	p.mu.Lock()
	p.refuse = 0
	p.mu.Unlock()
	c.open()
	c.keep()
	eventually(t, "it is told of", func() bool { return len(p.messages()) == 1 })
}

func TestConfirm(t *testing.T) {
	c, _ := clocked(t, domain.Options{})
	ctx := context.Background()
	entry := map[string]any{"id": image, "created_at": stamp(at(0)), "size": 1, "status": "active", "properties": map[string]any{}}
	c.ingest(slices.Concat(audited(1), audited(2), []domain.Incoming{glance("g2", "image.exists", 100, map[string]any{"owner": tenant,
		"audit_period_beginning": stamp(at(0)), "audit_period_ending": stamp(at(3600)), "images": []any{entry, entry}})})...)
	err := c.db.Update(ctx, func(tx *events.Tx) error { // what a message id that was used twice would leave
		return events.ExistsTable.Insert(tx, &events.Exists{MessageID: "exists-2", Instance: instance, Status: events.ExistsPending})
	})
	if err != nil {
		t.Fatal(err)
	}
	unknown, several, err := c.s.Confirm(ctx, events.Nova, map[string]int{"exists-1": 200, "exists-2": 200, "b": 1, "a": 2}, map[string]string{"exists-1": "event"})
	if err != nil || !slices.Equal(unknown, []string{"a", "b"}) || !slices.Equal(several, []string{"exists-2"}) {
		t.Errorf("unknown %v, several %v, %v", unknown, several, err)
	}
	if x := state(c, "exists-1"); x.SendStatus != 200 || x.EventID != "event" {
		t.Errorf("confirmed: %+v", x)
	}
	if x := state(c, "exists-2"); x.SendStatus != 0 {
		t.Errorf("one of several was changed: %+v", x)
	}
	unknown, several, err = c.s.Confirm(ctx, events.Glance, map[string]int{"g2": 201}, nil)
	if err != nil || unknown != nil || several != nil {
		t.Errorf("unknown %v, several %v, %v", unknown, several, err)
	}
	for _, x := range rows(c, events.ImageExistsTable) {
		if x.SendStatus != 201 {
			t.Errorf("image %+v", x)
		}
	}
	if unknown, _, err := c.s.Confirm(ctx, events.Generic, map[string]int{"exists-1": 1}, nil); err != nil || len(unknown) != 1 {
		t.Errorf("another service: %v, %v", unknown, err)
	}
	absent, not, err := c.s.Repair(ctx, events.Nova, []string{"exists-2", "exists-1", "zz"})
	if err != nil || !slices.Equal(absent, []string{"exists-2", "zz"}) || not != nil || state(c, "exists-1").Status != events.ExistsSentUnverified {
		t.Errorf("repair: %v, %v, %v", absent, not, err)
	}
	if absent, not, err := c.s.Repair(ctx, events.Nova, []string{"exists-1"}); err != nil || absent != nil || !slices.Equal(not, []string{"exists-1"}) {
		t.Errorf("repair again: %v, %v, %v", absent, not, err)
	}
}

func TestTenantsArePutOrReplaced(t *testing.T) {
	c, clock := clocked(t, domain.Options{})
	ctx := context.Background()
	if err := c.s.PutTenants(ctx, []events.Tenant{{ID: "a", Name: "A"}, {ID: "b", Name: "B"}}); err != nil {
		t.Fatal(err)
	}
	set(clock, at(5000))
	if err := c.s.PutTenants(ctx, []events.Tenant{{ID: "a", Name: "A2", Types: map[string]string{"size": "big"}}}); err != nil {
		t.Fatal(err)
	}
	c.view(func(tx *events.Tx) error {
		a, err := events.Tenants.Get(tx, "a")
		if err != nil || a.Name != "A2" || a.Types["size"] != "big" || !a.Updated.Equal(at(5000)) {
			t.Errorf("a is %+v, %v", a, err)
		}
		b, err := events.Tenants.Get(tx, "b")
		if err != nil || b.Name != "B" || !b.Updated.Equal(at(3600)) {
			t.Errorf("b is %+v, %v", b, err)
		}
		return nil
	})
}
