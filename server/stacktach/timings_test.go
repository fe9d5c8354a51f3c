package stacktach_test

import (
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

func TestThePageOfAnInstancesTimingsIsAllOrNothing(t *testing.T) {
	y := start(t)
	path := "/stacky/timings/uuid/?uuid=" + uuid
	y.get(path).is(200, `[["?", "Event", "Time (secs)"]]`)
	for i := range 60 {
		y.took("a", at(float64(i-100)), time.Second)
	}
	for query, want := range map[string]int{"": 60, "&limit=1": 60, "&limit=": 60, "&offset=0": 60, "&limit=0": 0, "&offset=1": 0, "&service=glance": 60, "&service=yard": 0} {
		if got := len(y.get(path+query).table()) - 1; got != want {
			t.Errorf("%s: %d timings, want %d", query, got, want)
		}
	}
}

func TestTimingsOfOneStep(t *testing.T) {
	y := start(t)
	path := "/stacky/timings/?name=a.b"
	y.get(path).is(200, `[["a.b", "Time"]]`)
	y.took("a.b", at(-100), 3*time.Second)
	y.took("a.b", at(-90), -1500*time.Millisecond)
	y.took("a.b", at(-80), time.Second)
	y.took("a.c", at(-70), time.Second)
	y.put(nova("a.b.start", at(-60)))
	y.get(path).is(200, `[["a.b", "Time"], ["`+uuid+`", "-0d 00:00:01.50"], ["`+uuid+`", "0d 00:00:01.00"], ["`+uuid+`", "0d 00:00:03.00"]]`)
	y.get(path+"&limit=1&offset=1").column(1, "0d 00:00:01.00")
	y.get(path + "&limit=0").column(1)
	y.get(path+"&end_when_min="+unix(-97)+"&end_when_max="+unix(-79)).column(1, "-0d 00:00:01.50", "0d 00:00:01.00", "0d 00:00:03.00")
	y.get(path+"&end_when_min="+unix(-96)).column(1, "-0d 00:00:01.50", "0d 00:00:01.00")
	y.get(path+"&end_when_max="+unix(-97)).column(1, "0d 00:00:03.00")
	y.get(path + "&service=yard").column(1)
	y.get("/stacky/timings/?name=").is(200, `[["", "Time"]]`)
}

func TestTheSummaryCountsAPageOfEachName(t *testing.T) {
	y := start(t)
	for i := range 55 {
		y.took("a", at(float64(i*10-9000)), time.Duration(i+1)*time.Second)
	}
	y.took("b", at(-100), -time.Second) // went back in time: not counted
	y.took("c", at(-90), time.Second)
	y.get("/stacky/summary/").is(200, `[["Event", "N", "Min", "Max", "Avg"], ["a", 50, "0d 00:00:01.00", "0d 00:00:50.00", "0d 00:00:25"], ["c", 1, "0d 00:00:01.00", "0d 00:00:01.00", "0d 00:00:01"]]`)
	y.get("/stacky/summary/?limit=2").column(1, 2, 1)
	y.get("/stacky/summary/?limit=").column(1, 55, 1)
	y.get("/stacky/summary/?limit=0").column(1)
	y.get("/stacky/summary/?service=glance").column(0, "a", "c")
	y.get("/stacky/summary/?service=yard").column(0)
}

func TestTheYardsOwnTimings(t *testing.T) {
	y := start(t)
	volume := strings.ReplaceAll(uuid, "-", "")
	for _, id := range []string{volume, "swift-fox"} {
		e := events.Event{Service: events.Yard, Type: "yardmaster.volume.create.start", When: at(-9), Instance: events.Some(id)}
		f := e
		f.Type, f.When = "yardmaster.volume.create.end", at(-7.5)
		y.put(e, f)
	}
	const want = `[["?", "Event", "Time (secs)"], [".", "yardmaster.volume.create", "0d 00:00:01.50"]]`
	y.get("/stacky/timings/uuid/?uuid="+volume).is(200, want)
	y.get("/stacky/timings/uuid/?service=yard&uuid="+volume).is(200, want)
	y.get("/stacky/timings/uuid/?service=yard&uuid=swift-fox").is(200, want)
	y.get("/stacky/timings/uuid/?service=nova&uuid="+volume).is(200, `[["?", "Event", "Time (secs)"]]`)
	y.get("/stacky/timings/?service=yard&name=yardmaster.volume.create").column(1, "0d 00:00:01.50", "0d 00:00:01.50")
	y.get("/stacky/summary/?service=yard").is(200, `[["Event", "N", "Min", "Max", "Avg"], ["yardmaster.volume.create", 2, "0d 00:00:01.50", "0d 00:00:01.50", "0d 00:00:01"]]`)
}

// track puts a tracker of a request.
func (y *yard) track(all ...events.Tracker) {
	y.update(func(tx *events.Tx) error {
		for i := range all {
			if err := events.Trackers.Insert(tx, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestKPI(t *testing.T) {
	y := start(t)
	y.get("/stacky/kpi/").is(200, `[["Event", "Time", "UUID", "Deployment"]]`)
	y.put(nova("compute.instance.update", at(-90000)))
	done := events.Tracker{RequestID: "r1", Deployment: 1, Start: at(-3600), Instance: uuid, LastTiming: "compute.instance.create", LastEnd: 1, Tenant: events.Some("tenant-1"), Duration: 90*time.Second + 509*time.Millisecond}
	fast, old, open := done, done, done
	fast.Duration, fast.Tenant = time.Second, events.Some("tenant-2")
	old.Start = noon.Add(-24*time.Hour - time.Microsecond)
	open.LastEnd = 0
	y.track(done, fast, old, open)
	y.get("/stacky/kpi/").is(200, `[["Event", "Time", "UUID", "Deployment"], ["compute.instance.create", "0d 00:00:01.00", "`+uuid+`", "region-1"], `+
		`["compute.instance.create", "0d 00:01:30.50", "`+uuid+`", "region-1"]]`)
	y.get("/stacky/kpi/tenant-1/").column(1, "0d 00:01:30.50")
	y.get("/stacky/kpi/tenant-2/").is(404, `[["Error", "Message"], ["Not Found", "Could not find raws for tenant tenant-2"]]`)
	y.get("/stacky/kpi/?limit=0").column(1, "0d 00:00:01.00", "0d 00:01:30.50")
}
