package events_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"yardmaster/store/events"
)

// The values that events of the test have: few, so that they meet.
var (
	someInstances = []string{"7d1f8a52-0000-4000-8000-00000000000a", "7d1f8a52-0000-4000-8000-00000000000b", "", "x\x00y", strings.Repeat("long", 200)}
	someTypes     = []string{"compute.instance.create.start", "compute.instance.create.end", "compute.instance.update", "image.update", ""}
	someNames     = []string{"compute.instance.create", "snapshot", "wört"}
	somePlaces    = []string{"compute.c-1", "compute.c-2.example.org", "conductor", "scheduler.s"}
	someRequests  = []string{"", "req-7d1f8a52-0000-4000-8000-0000000000f1", "req-odd", "7d1f8a52-0000-4000-8000-0000000000f1"}
	someTenants   = []string{"t1", "7d1f8a5200004000800000000000000a"}
	someServices  = []events.Service{events.Nova, events.Nova, events.Glance, events.Yard}
)

var errChangedMyMind = errors.New("changed my mind")

func drawText(t *rapid.T, label string, from []string) events.Text {
	if rapid.IntRange(0, 3).Draw(t, label+" null") == 0 {
		return events.Text{}
	}
	return events.Some(rapid.SampledFrom(from).Draw(t, label))
}

func drawTime(t *rapid.T, label string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, label)) * 500 * time.Millisecond)
}

func drawEvent(t *rapid.T) events.Event {
	e := events.Event{
		Service: rapid.SampledFrom(someServices).Draw(t, "service"), When: drawTime(t, "when"), Received: drawTime(t, "received"),
		Deployment: int64(rapid.IntRange(1, 3).Draw(t, "deployment")), RoutingKey: "monitor.info",
		Type: rapid.SampledFrom(someTypes).Draw(t, "type"), Publisher: rapid.SampledFrom(somePlaces).Draw(t, "publisher"),
		Instance: drawText(t, "instance", someInstances), Tenant: drawText(t, "tenant", someTenants),
		RequestID: rapid.SampledFrom(someRequests).Draw(t, "request"),
		State:     drawText(t, "state", []string{"", "active"}), Task: drawText(t, "task", []string{"", "spawning"}),
		UUID: drawText(t, "uuid", someInstances), ImageType: rapid.IntRange(0, 3).Draw(t, "image type"),
	}
	if n := rapid.IntRange(0, 60).Draw(t, "message"); n > 0 {
		e.MessageID = fmt.Sprintf("7d1f8a52-0000-4000-8000-%012d", n)
	}
	if rapid.Bool().Draw(t, "odd host") {
		e.Source, e.Host = "elsewhere", drawText(t, "host", []string{"", "c-1"})
	} else {
		source, host, ok := strings.Cut(e.Publisher, ".")
		e.Source, e.Host = source, events.Text{S: host, OK: ok}
	}
	return e
}

func drawOptional(t *rapid.T, label string, from []string) *string {
	if rapid.IntRange(0, 4).Draw(t, label+" asked") > 0 {
		return nil
	}
	return ptr(rapid.SampledFrom(from).Draw(t, label))
}

func drawBound(t *rapid.T, label string) time.Time {
	if rapid.IntRange(0, 2).Draw(t, label+" asked") > 0 {
		return time.Time{}
	}
	return drawTime(t, label).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, label+" off")))
}

func drawQuery(t *rapid.T) events.Query {
	q := events.Query{
		Service:  rapid.SampledFrom(someServices).Draw(t, "service"),
		Instance: drawOptional(t, "instance", someInstances), UUID: drawOptional(t, "uuid", someInstances),
		RequestID: drawOptional(t, "request", someRequests), Host: drawOptional(t, "host", []string{"c-1", "s", "", "nowhere"}),
		Type: drawOptional(t, "type", someTypes), Tenant: drawOptional(t, "tenant", someTenants),
		WhenMin: drawBound(t, "when min"), WhenMax: drawBound(t, "when max"), After: drawBound(t, "after"),
		Order:  rapid.SampledFrom([]events.Order{events.ByWhen, events.ByWhenDesc, events.ByID}).Draw(t, "order"),
		Offset: rapid.SampledFrom([]int{0, 0, 1, 5}).Draw(t, "offset"), Limit: rapid.SampledFrom([]int{-1, -1, 0, 1, 4}).Draw(t, "limit"),
	}
	if rapid.IntRange(0, 4).Draw(t, "deployment asked") == 0 {
		q.Deployment = 2
	}
	switch rapid.IntRange(0, 5).Draw(t, "condition") {
	case 0:
		q.Where = func(e *events.Event) bool { return e.ImageType == 1 }
	case 1:
		q.WhereBody = func(b []byte) bool { return strings.HasSuffix(string(b), "1") }
	}
	return q
}

// both is the store and what it should be.
type both struct {
	db     *opened
	model  *model
	serial int
}

// ingest writes the same into both; with fail, into neither.
func (b *both) ingest(t *rapid.T, fail bool) {
	next := b.model.clone()
	err := b.db.Ingest(context.Background(), func(tx *events.Tx) error {
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			b.one(t, tx, next)
		}
		if rapid.Bool().Draw(t, "asked inside") {
			b.ask(t, tx, next)
		}
		if fail {
			return errChangedMyMind
		}
		return nil
	})
	if fail {
		if !errors.Is(err, errChangedMyMind) {
			t.Fatalf("got %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	b.model = next
}

func (b *both) one(t *rapid.T, tx *events.Tx, m *model) {
	e := drawEvent(t)
	b.serial++
	body := fmt.Sprint(strings.Repeat("body ", b.serial%7*b.serial%40), b.serial)
	id, fresh := m.append(e, body)
	got, err := tx.Append(&e, []byte(body))
	if err != nil || got != fresh || e.ID != id {
		t.Fatalf("appended as %d, fresh %v, error %v; want %d, %v", e.ID, got, err, id, fresh)
	}
	if !fresh || !e.Instance.OK {
		return
	}
	name := rapid.SampledFrom(someNames).Draw(t, "name")
	switch rapid.IntRange(0, 2).Draw(t, "step") {
	case 1:
		m.time(e, name, false)
		if err := tx.StartTiming(&e, name); err != nil {
			t.Fatal(err)
		}
	case 2:
		want := m.time(e, name, true)
		got, err := tx.EndTiming(&e, name)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ended timing", got, want)
	}
}

func same(t *rapid.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// ask compares the answers of both.
func (b *both) ask(t *rapid.T, tx *events.Tx, m *model) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		q := drawQuery(t)
		found, err := tx.Find(q)
		must(err)
		same(t, fmt.Sprintf("found %+v", q), found, m.find(q))
	}
	s := rapid.SampledFrom(someServices).Draw(t, "asked service")
	from, to := drawBound(t, "from"), drawBound(t, "to")
	instance, name := rapid.SampledFrom(someInstances).Draw(t, "timed"), rapid.SampledFrom(someNames).Draw(t, "named")
	offset, limit := rapid.IntRange(0, 2).Draw(t, "timings from"), rapid.IntRange(-1, 5).Draw(t, "timings")

	timings, err := tx.Timings(s, instance)
	must(err)
	same(t, "timings of an instance", timings, m.timingsOf(s, instance))
	timings, err = tx.TimingsByName(s, name, from, to, offset, limit)
	must(err)
	same(t, "timings by name", timings, m.timingsNamed(s, name, from, to, offset, limit))
	sums, err := tx.Summary(s, offset, limit)
	must(err)
	same(t, "summary", sums, m.summary(s, offset, limit))
	only := rapid.SampledFrom([]string{"", someTypes[0]}).Draw(t, "only")
	counts, err := tx.TypeCounts(s, from, to, only)
	must(err)
	same(t, "type counts", counts, m.typeCounts(s, from, to, only))
	types, err := tx.EventTypes(s)
	must(err)
	same(t, "event types", types, m.typeCounts(s, time.Time{}, time.Time{}, ""))
	hosts, err := tx.Hosts(s)
	must(err)
	same(t, "hosts", hosts, m.hosts(s))
	stats, err := tx.Stats()
	must(err)
	stats.PerService[s] = withoutParts(stats.PerService[s])
	same(t, "stats", stats.PerService[s], withoutParts(m.stats(s)))
	var each []events.Event
	must(tx.Each(s, from, to, func(e *events.Event) error { each = append(each, *e); return nil }))
	same(t, "each", each, m.find(events.Query{Service: s, WhenMin: from, WhenMax: to, Limit: -1}))
	b.askOne(t, tx, m, s)
}

func withoutParts(s events.ServiceStats) events.ServiceStats {
	s.Parts = 0 // inside a transaction a part comes only at its end
	return s
}

func (b *both) askOne(t *rapid.T, tx *events.Tx, m *model, s events.Service) {
	id := rapid.Int64Range(0, m.services[s].last+2).Draw(t, "id")
	e, err := tx.Event(s, id)
	body, bodyErr := tx.Body(s, id)
	for _, want := range m.services[s].events {
		if want.ID == id {
			if err != nil || bodyErr != nil {
				t.Fatal(err, bodyErr)
			}
			same(t, "event", e, want.Event)
			same(t, "body", string(body), want.body)
			return
		}
	}
	if !errors.Is(err, events.ErrNotFound) || !errors.Is(bodyErr, events.ErrNotFound) {
		t.Fatalf("event %d of %s is not there, got %v and %v", id, s, err, bodyErr)
	}
}

func TestWhatIsStoredIsWhatAPlainListWouldGive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { play(t) })
}

func play(t *rapid.T) {
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b := &both{}
	b.db = &opened{options: events.Options{
		Path: dir + "/events.db", Now: func() time.Time { return noon },
		PartSize: rapid.IntRange(1, 25).Draw(t, "part size"), Tail: rapid.IntRange(1, 40).Draw(t, "tail"),
	}}
	b.db.open(t)
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	b.model = newModel(b.db.options.PartSize)
	t.Repeat(map[string]func(*rapid.T){
		"ingest":  func(t *rapid.T) { b.ingest(t, false) },
		"ingest2": func(t *rapid.T) { b.ingest(t, false) },
		"fail":    func(t *rapid.T) { b.ingest(t, true) },
		"reopen":  func(t *rapid.T) { b.db.reopen(t, rapid.Bool().Draw(t, "kill")) },
		"trim": func(t *rapid.T) {
			olderThan := drawTime(t, "older than").Add(-100 * time.Second)
			parts, gone := b.model.trim(olderThan)
			trimmed, err := b.db.Trim(context.Background(), olderThan, 0)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "trimmed", trimmed, events.Trimmed{Parts: parts, Events: gone})
		},
		"sound": func(t *rapid.T) { b.db.sound(t) },
		"": func(t *rapid.T) {
			b.db.view(t, func(tx *events.Tx) error { b.ask(t, tx, b.model); return nil })
		},
	})
	b.db.sound(t)
	b.db.view(t, func(tx *events.Tx) error {
		stats, err := tx.Stats()
		for _, s := range events.Services {
			same(t, "stats of "+string(s), stats.PerService[s], b.model.stats(s))
		}
		return err
	})
}
