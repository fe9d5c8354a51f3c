package events_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

// moment is a notification of that moment.
func moment(n int, when time.Time) domain.Incoming {
	return note{id: id(n), kind: "compute.instance.update", at: when, request: request, payload: map[string]any{"instance_id": instance}}.incoming()
}

func ids(list []events.Event) []int64 {
	out := []int64{}
	for _, e := range list {
		out = append(out, e.ID)
	}
	return out
}

func TestRecentIsAllOrSaysSo(t *testing.T) {
	clock := begin
	c := &scene{t: t, dir: t.TempDir(), o: domain.Options{Memory: 4}, now: func() time.Time { return clock }}
	c.open()
	t.Cleanup(c.close)
	c.ingest(moment(1, at(-10)), moment(2, at(-30)), moment(3, at(100)), moment(4, at(-20)))
	recent := func(since, until int) (string, bool) {
		list, whole := c.s.Recent(events.Nova, at(since), at(until))
		return fmt.Sprint(ids(list)), whole
	}
	check := func(what string, since, until int, want string, whole bool) {
		t.Helper()
		if got, all := recent(since, until); all != whole || whole && got != want {
			t.Errorf("%s: %s, %v; want %s, %v", what, got, all, want, whole)
		}
	}
	check("the last minute", -60, 0, "[2 4 1]", true)
	check("since one of them", -30, 0, "[4 1]", true)
	check("until one of them", -60, -20, "[2 4]", true)
	check("what is to come", -60, 200, "[2 4 1 3]", true)
	check("more than a minute", -61, 0, "", false)
	c.ingest(moment(5, at(-5)), moment(6, at(-4)))
	check("what there is no room for", -60, 0, "", false)
	check("since what had to go", -10, 0, "[5 6]", true)
	c.ingest(moment(7, at(-3)), moment(8, at(-2)), moment(9, at(-1)))
	clock = at(100)
	check("what was ahead of its time", 50, 100, "[3]", true)
	if _, whole := c.s.Recent(events.Glance, at(99), at(100)); !whole {
		t.Error("nothing of glance is not known to be all")
	}
}

func TestMemoryKnowsTheLastMinuteAfterARestart(t *testing.T) {
	clock := begin
	c := &scene{t: t, dir: t.TempDir(), now: func() time.Time { return clock }}
	c.open()
	t.Cleanup(c.close)
	c.ingest(moment(1, at(-90)), moment(2, at(-30)), moment(3, at(-10)))
	c.kill()
	c.open()
	list, whole := c.s.Recent(events.Nova, at(-60), at(0))
	if !whole || !slices.Equal(ids(list), []int64{2, 3}) {
		t.Errorf("got %v, %v", ids(list), whole)
	}
}
