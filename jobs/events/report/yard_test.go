package report_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yardmaster/jobs/events/report"
)

func yardEvents(t testing.TB) []report.Event {
	of := func(id int64, when, kind, subject string) report.Event {
		e := report.Event{ID: id, When: at(t, when), Type: kind}
		if subject != "" {
			e.Instance = report.Some(subject)
		}
		return e
	}
	return []report.Event{
		// Three volumes: 1.5 s, 200 s from the day before on, and one that failed after 4,000 s.
		of(1, "10:00:00", "yardmaster.volume.create.start", "v1"), of(2, "10:00:01.5", "yardmaster.volume.create.end", "v1"),
		of(3, "2026-11-19 23:58:20", "yardmaster.volume.create.start", "v2"), of(4, "00:01:40", "yardmaster.volume.create.end", "v2"),
		of(5, "11:00:00", "yardmaster.volume.create.start", "v3"), of(6, "12:06:40", "yardmaster.volume.create.error", "v3"),
		// v1 is expanded twice: 10 s and 20 s. A third time runs on.
		of(7, "13:00:00", "yardmaster.volume.expand.start", "v1"), of(8, "13:00:10", "yardmaster.volume.expand.end", "v1"),
		of(9, "14:00:00", "yardmaster.volume.expand.start", "v1"), of(10, "14:00:20", "yardmaster.volume.expand.end", "v1"),
		of(11, "23:59:59", "yardmaster.volume.expand.start", "v1"), of(12, nextMidnight, "yardmaster.volume.expand.end", "v1"),
		// Its start is not kept any more; the rest is of nothing, or no operation.
		of(13, "15:00:00", "yardmaster.vm.clone.error", "m1"),
		of(14, "15:00:00", "yardmaster.vm.clone.end", ""), of(15, "15:00:00", "yardmaster.started", "m1"), of(16, "15:00:00", "compute.x.end", "m1"),
		of(17, "15:00:00", "yardmaster.start", "m1"),
	}
}

func yardInput(events []report.Event) report.YardInput {
	return report.YardInput{Window: rows(events...), History: func(subject string) ([]report.Event, error) {
		return slices.DeleteFunc(slices.Clone(events), func(e report.Event) bool { return e.Instance.S != subject }), nil
	}}
}

func TestTheOperationsOfADay(t *testing.T) {
	p := params(t, "yard operations", "period_length", "day")
	r, err := report.YardOperations(p, day(t, p), yardInput(yardEvents(t)))
	// vm.clone: one, failed, not timed. create: 1.5, 200, 4000 s: median [1], 97 % [int(2.91)] = [2]; 1 of 3 failed. expand: 10, 20 s.
	// In all 6, 2 failed: 33.3 %.
	golden(t, r, err, `[{"end":1795219200.0,"failure_rate":33.333333333333336,"failures":2,"percentile":97,"start":1795132800.0,"total":6,"unknown_start":1},
		["Operation","Count","Failures","% Failures","Min","Max","Med","97%"],
		["vm.clone",1,1,1.0,"-","-","-","-"],
		["volume.create",3,1,0.3333333333333333,"1.500s","01:06:40","3:20s","01:06:40"],
		["volume.expand",2,0,0.0,"10.000s","20.000s","20.000s","20.000s"]]`)
	if r.Name != "yard operations" || r.Version != 1 {
		t.Errorf("%s %d", r.Name, r.Version)
	}
	printable(t, r)
}

func TestOperationsThatOverlapEndInTheOrderOfTheirBeginnings(t *testing.T) {
	of := func(id int64, when, step string) report.Event {
		return report.Event{ID: id, When: at(t, when), Type: "yardmaster.vm.clone." + step, Instance: report.Some("m1")}
	}
	p := params(t, "yard operations")
	r, err := report.YardOperations(p, day(t, p), yardInput([]report.Event{
		of(1, "10:00:00", "start"), of(2, "10:00:04", "start"), of(3, "10:00:05", "end"), of(4, "10:00:30", "error")}))
	// 5 s and 26 s; the last in, first out would be 1 s and 30 s.
	golden(t, r, err, `[{"end":1795219200.0,"failure_rate":50.0,"failures":1,"percentile":97,"start":1795132800.0,"total":2},
		["Operation","Count","Failures","% Failures","Min","Max","Med","97%"],["vm.clone",2,1,0.5,"5.000s","26.000s","26.000s","26.000s"]]`)
}

func TestNoOperations(t *testing.T) {
	p := params(t, "yard operations")
	r, err := report.YardOperations(p, day(t, p), report.YardInput{})
	golden(t, r, err, `[{"end":1795219200.0,"failure_rate":0.0,"failures":0,"percentile":97,"start":1795132800.0,"total":0},
		["Operation","Count","Failures","% Failures","Min","Max","Med","97%"]]`)
}

func TestOperationsAddUpInAnyOrder(t *testing.T) {
	p := params(t, "yard operations")
	rapid.Check(t, func(rt *rapid.T) {
		steps := []string{"yardmaster.a.b.start", "yardmaster.a.b.end", "yardmaster.a.c.start", "yardmaster.a.c.error"}
		var events []report.Event
		for i := range rapid.IntRange(0, 30).Draw(rt, "events") {
			when := at(t, lastMidnight).Add(time.Duration(rapid.IntRange(0, 3*24*60).Draw(rt, "minute")) * time.Minute)
			events = append(events, report.Event{ID: int64(i + 1), When: when, Type: rapid.SampledFrom(steps).Draw(rt, "step"),
				Instance: report.Some(rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "subject"))})
		}
		w := day(t, p)
		r, err := report.YardOperations(p, w, yardInput(events))
		first := text(t, r, err)
		if again, err := report.YardOperations(p, w, yardInput(shuffled(events, 5))); text(t, again, err) != first {
			rt.Fatal(first)
		}
		ended := 0.0
		for _, e := range events {
			if (e.Type == steps[1] || e.Type == steps[3]) && !e.When.Before(w.Start) && e.When.Before(w.End) {
				ended++
			}
		}
		if total := decoded(t, r)[0].(map[string]any)["total"]; total != ended {
			rt.Fatalf("%v ended, got %v", ended, total)
		}
	})
}
