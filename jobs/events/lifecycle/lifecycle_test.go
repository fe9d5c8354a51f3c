package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/jobs/events/lifecycle"
)

var noon = time.Date(2014, 2, 3, 12, 0, 0, 0, time.UTC)

func TestStep(t *testing.T) {
	for _, tt := range []struct {
		event, name string
		edge        lifecycle.Edge
	}{
		{"compute.instance.create.start", "compute.instance.create", lifecycle.Start},
		{"compute.instance.resize.prep.end", "compute.instance.resize.prep", lifecycle.End},
		{"compute.instance.create.error", "", lifecycle.None},
		{"compute.instance.exists", "", lifecycle.None},
		{"compute.instance.create.started", "", lifecycle.None},
		{"start", "", lifecycle.None},
		{".end", "", lifecycle.End},
		{"", "", lifecycle.None},
	} {
		if name, edge := lifecycle.Step(tt.event); name != tt.name || edge != tt.edge {
			t.Errorf("%q: got %q %v", tt.event, name, edge)
		}
	}
}

// yard keeps the open timings by instance and step, as whoever uses Advance must.
type yard struct {
	open map[[2]string][]lifecycle.Timing
	done []lifecycle.Timing
}

func (y *yard) take(e lifecycle.Event) *lifecycle.Timing {
	name, _ := lifecycle.Step(e.Type)
	key := [2]string{e.Instance, name}
	left, done := lifecycle.Advance(y.open[key], e)
	y.open[key] = left
	if done != nil {
		y.done = append(y.done, *done)
	}
	return done
}

func (y *yard) all() []lifecycle.Timing {
	all := slices.Clone(y.done)
	for _, open := range y.open {
		all = append(all, open...)
	}
	return sorted(all)
}

func sorted(all []lifecycle.Timing) []lifecycle.Timing {
	slices.SortFunc(all, func(a, b lifecycle.Timing) int { return int(first(a) - first(b)) })
	return all
}

func first(t lifecycle.Timing) int64 {
	if t.StartID != 0 {
		return t.StartID
	}
	return t.EndID
}

// reference goes through a list of all timings for every event.
func reference(all []lifecycle.Event) []lifecycle.Timing {
	var timings []*lifecycle.Timing
	for _, e := range all {
		name, edge := lifecycle.Step(e.Type)
		if e.Instance == "" || edge == lifecycle.None {
			continue
		}
		var found *lifecycle.Timing
		for _, t := range timings {
			if edge == lifecycle.End && found == nil && t.Instance == e.Instance && t.Name == name && t.StartID != 0 && t.EndID == 0 {
				found = t
			}
		}
		if found == nil {
			found = &lifecycle.Timing{Instance: e.Instance, Name: name}
			timings = append(timings, found)
		}
		if edge == lifecycle.Start {
			found.StartID, found.Start = e.ID, e.When
		} else {
			found.EndID, found.End = e.ID, e.When
		}
	}
	var out []lifecycle.Timing
	for _, t := range timings {
		out = append(out, *t)
	}
	return sorted(out)
}

func someEvents(t *rapid.T) []lifecycle.Event {
	n := rapid.IntRange(0, 60).Draw(t, "events")
	all := make([]lifecycle.Event, n)
	for i := range all {
		all[i] = lifecycle.Event{
			ID:        int64(i + 1),
			When:      noon.Add(time.Duration(rapid.IntRange(-20, 20).Draw(t, "second")) * time.Second),
			Type:      rapid.SampledFrom([]string{"a.b.start", "a.b.end", "a.start", "a.end", "a.b.error", "a.b"}).Draw(t, "type"),
			Instance:  rapid.SampledFrom([]string{"i", "j", ""}).Draw(t, "instance"),
			RequestID: rapid.SampledFrom([]string{"r", "s"}).Draw(t, "request"),
		}
	}
	return all
}

func TestPairsAreThoseOfTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := someEvents(t)
		y := yard{open: map[[2]string][]lifecycle.Timing{}}
		for _, e := range all {
			y.take(e)
		}
		if d := cmp.Diff(reference(all), y.all()); d != "" {
			t.Error(d)
		}
	})
}

func TestAnEndClosesTheOldestStartOfItsInstanceAndStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := someEvents(t)
		y := yard{open: map[[2]string][]lifecycle.Timing{}}
		last := map[[2]string]int64{}
		for _, e := range all {
			done := y.take(e)
			if done == nil {
				continue
			}
			name, _ := lifecycle.Step(e.Type)
			if done.Instance != e.Instance || done.Name != name || done.EndID != e.ID || !done.End.Equal(e.When) {
				t.Fatalf("%+v of %+v", done, e)
			}
			if done.Complete() {
				key := [2]string{done.Instance, done.Name}
				start := all[done.StartID-1]
				if start.Instance != e.Instance || start.Type != name+".start" || done.StartID >= e.ID || done.StartID <= last[key] {
					t.Fatalf("%+v pairs %+v with %+v", done, start, e)
				}
				if done.Took() != e.When.Sub(start.When) {
					t.Fatalf("took %v", done.Took())
				}
				last[key] = done.StartID
			}
		}
	})
}

func TestAdvanceLeavesWhatItIsGivenAlone(t *testing.T) {
	backing := make([]lifecycle.Timing, 1, 4)
	backing[0] = lifecycle.Timing{Instance: "i", Name: "a", StartID: 1}
	left, _ := lifecycle.Advance(backing, lifecycle.Event{ID: 2, Type: "a.start", Instance: "i"})
	again, _ := lifecycle.Advance(backing, lifecycle.Event{ID: 3, Type: "a.start", Instance: "i"})
	if left[1].StartID != 2 || again[1].StartID != 3 || backing[0].EndID != 0 {
		t.Errorf("left %v, again %v", left, again)
	}
	_, done := lifecycle.Advance(backing, lifecycle.Event{ID: 4, Type: "a.end", Instance: "i"})
	if done.StartID != 1 || backing[0].EndID != 0 {
		t.Errorf("done %v of %v", done, backing)
	}
}

func TestTrackers(t *testing.T) {
	update := lifecycle.Event{ID: 5, When: noon, Type: "compute.instance.update", Source: "api", Instance: "i", RequestID: "r", Tenant: "t"}
	for _, tt := range []struct {
		name   string
		change func(*lifecycle.Event)
		want   bool
	}{
		{"an update by an api service", func(*lifecycle.Event) {}, true},
		{"by one of another name", func(e *lifecycle.Event) { e.Source = "nova-api" }, true},
		{"an update by a compute service", func(e *lifecycle.Event) { e.Source = "compute" }, false},
		{"another event of an api service", func(e *lifecycle.Event) { e.Type = "compute.instance.create.start" }, false},
		{"an update of nothing", func(e *lifecycle.Event) { e.Instance = "" }, false},
	} {
		e := update
		tt.change(&e)
		if got := lifecycle.Tracks(e); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
	tr := lifecycle.NewTracker(update)
	if d := cmp.Diff(lifecycle.Tracker{RequestID: "r", Start: noon}, tr); d != "" {
		t.Errorf("new: %s", d)
	}
	tr = tr.Advance("compute.instance.create", lifecycle.Event{ID: 9, When: noon.Add(90 * time.Second), Instance: "i", RequestID: "r", Tenant: "t"})
	tr = tr.Advance("compute.instance.reboot", lifecycle.Event{ID: 11, When: noon.Add(2 * time.Minute), Instance: "j", RequestID: "r", Tenant: "u"})
	want := lifecycle.Tracker{RequestID: "r", Start: noon, Instance: "j", LastTiming: "compute.instance.reboot", LastEnd: 11, Tenant: "u", Duration: 2 * time.Minute}
	if d := cmp.Diff(want, tr); d != "" {
		t.Errorf("after two pairs: %s", d)
	}
}
