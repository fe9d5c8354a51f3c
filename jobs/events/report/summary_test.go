package report_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/jobs/events/report"
)

func decoded(t testing.TB, r report.Report) []any {
	t.Helper()
	var all []any
	if err := json.Unmarshal([]byte(text(t, r, nil)), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// event is one of nova. Its state is written "old>new", its image as bits.
type event struct {
	id       int64
	when     string
	kind     string
	instance string
	request  string
	state    string
	image    int
	failed   bool
	from     int64 // deployment
}

func (e event) report(t testing.TB) report.Event {
	out := report.Event{ID: e.id, When: at(t, e.when), Type: e.kind, RequestID: e.request, ImageType: e.image, Deployment: max(e.from, 1),
		RoutingKey: "monitor.info", Source: "compute", Host: report.Some("c1"), Tenant: report.Some("t1")}
	if e.failed {
		out.RoutingKey = "monitor.error"
	}
	if e.instance != "" {
		out.Instance = report.Some(e.instance)
	}
	if e.state != "" {
		for i, r := range e.state {
			if r == '>' {
				out.OldState, out.State = report.Some(e.state[:i]), report.Some(e.state[i+1:])
			}
		}
	}
	return out
}

func converted(t testing.TB, all []event) []report.Event {
	out := make([]report.Event, len(all))
	for i, e := range all {
		out[i] = e.report(t)
	}
	return out
}

const (
	update   = "compute.instance.update"
	baseLin  = 0x11
	snapWin  = 0x22
	imported = 0x03
)

// busyDay is what happened on 20 November.
var busyDay = []event{
	// r1 on i1, create, base, linux: 10:00:00 to 10:01:05 = 65 s
	{id: 1, when: "10:00:00", kind: update, instance: "i1", request: "r1"},
	{id: 2, when: "10:00:01", kind: "compute.instance.create.start", instance: "i1", request: "r1", image: baseLin},
	{id: 3, when: "10:01:05", kind: "compute.instance.create.end", instance: "i1", request: "r1", image: baseLin},
	// r2 on i1, create, base, linux: 100 s
	{id: 4, when: "11:00:00", kind: "compute.instance.create.start", instance: "i1", request: "r2", image: baseLin},
	{id: 5, when: "11:01:40", kind: "compute.instance.create.end", instance: "i1", request: "r2", image: baseLin},
	// r3 on i1, create, base, linux: 200 s, an error with code 404
	{id: 6, when: "12:00:00", kind: "compute.instance.create.start", instance: "i1", request: "r3", image: baseLin},
	{id: 7, when: "12:03:20", kind: "compute.instance.create.error", instance: "i1", request: "r3", failed: true},
	// r4 on i1, create, base, linux: begins the day before, 2,000 s, that is more than 1,800
	{id: 8, when: "2026-11-19 23:50:00", kind: "compute.instance.create.start", instance: "i1", request: "r4", image: baseLin},
	{id: 9, when: "00:23:20", kind: "compute.instance.create.end", instance: "i1", request: "r4"},
	// r5 on i2, resize, snap, windows: 10 s, i2 falls into the state error
	{id: 10, when: "13:00:00", kind: "compute.instance.resize.prep.start", instance: "i2", request: "r5", image: snapWin, from: 2},
	{id: 11, when: "13:00:10", kind: update, instance: "i2", request: "r5", state: "active>error", from: 2},
	// r6 on i2, resize, snap, windows: 4,000 s, an error of which nothing is known: it counts as no failure
	{id: 12, when: "14:00:00", kind: "compute.instance.resize.prep.start", instance: "i2", request: "r6", image: snapWin, from: 2},
	{id: 13, when: "15:06:40", kind: "compute.instance.resize.prep.end", instance: "i2", request: "r6", failed: true, from: 2},
	// r7 touches i1 and i2, 0 s: one aux each
	{id: 14, when: "16:00:00", kind: "compute.instance.reboot.start", instance: "i1", request: "r7"},
	{id: 15, when: "16:00:00", kind: "compute.instance.reboot.start", instance: "i2", request: "r7"},
	// r8: i3 has no update in the period; r9 is an audit and nothing else; the last three have no instance, no request, another day
	{id: 16, when: "17:00:00", kind: "compute.instance.create.start", instance: "i3", request: "r8"},
	{id: 17, when: "18:00:00", kind: "compute.instance.exists", instance: "i1", request: "r9"},
	{id: 18, when: "18:00:00", kind: update, request: "r10"},
	{id: 19, when: "18:00:00", kind: update, instance: "i1"},
	{id: 20, when: "2026-11-21 00:00:00", kind: update, instance: "i3", request: "r8"},
}

var busyBodies = map[int64]string{
	7:  `["monitor.error", {"payload": {"exception": {"kwargs": {"code": "404", "reason": "no host for req-11111111-2222-3333-4444-555555555555"}}}}]`,
	13: `["monitor.error", {"payload": "something broke"}]`,
}

func TestTheSummaryOfADay(t *testing.T) {
	p := params(t, "summary")
	r, err := report.Summary(p, day(t, p), cloud(t, converted(t, busyDay), busyBodies))
	// aux: r7 twice, 0 s. create: 65, 100, 200, 2000 s: median [4/2] = 200 s = 3:20, 97 % [int(3.88)] = [3] = 2000 s = 33:20.
	// resize: 10, 4000 s: median [1] = 1:06:40, 97 % [int(1.94)] = [1].
	// 8 requests; one each of 4xx (r3), > 30 (r4), state (r5): 100*1/8 = 12.5; in all 3, 100*3/8 = 37.5.
	golden(t, r, err, `[{
		"4xx failure count":1,"4xx failure percentage":12.5,
		"5xx failure count":0,"5xx failure percentage":0.0,
		"> 30 failure count":1,"> 30 failure percentage":12.5,
		"cells":["DFW-a","ord-b"],
		"end":1795219199.0,
		"failure_grand_rate":37.5,"failure_grand_total":3,
		"hours":24,"pct":0.015,"percentile":97,"region":null,
		"start":1795132800.0,
		"state failure count":1,"state failure percentage":12.5,
		"total":8},
		["Operation","Image","OS Type","Min","Max","Med","97%","Requests","4xx","% 4xx","5xx","% 5xx","> 30","% > 30","state","% state"],
		["aux","?","?","0s","0s","0s","0s",2,0,0.0,0,0.0,0,0.0,0,0.0],
		["create","base","linux","1:05s","33:20s","3:20s","33:20s",4,1,0.25,0,0.0,1,0.25,0,0.0],
		["resize","snap","windows","10s","01:06:40","01:06:40","01:06:40",2,0,0.0,0,0.0,0,0.0,1,0.5]]`)
	if r.Name != "summary for region: all" || r.Version != 4 || !r.Start.Equal(at(t, "00:00:00")) || !r.End.Equal(at(t, "23:59:59")) {
		t.Errorf("%s %d %v %v", r.Name, r.Version, r.Start, r.End)
	}
	printable(t, r)
}

func TestARegionSeesInstancesThatItsOwnDeploymentsUpdated(t *testing.T) {
	p := params(t, "summary for region: dfw", "too_long", "2400", "percentile", "50")
	r, err := report.Summary(p, day(t, p), cloud(t, converted(t, busyDay), busyBodies))
	// Only i1: r7 once, and create as before. Nothing takes more than 40 minutes. 50 % is [4*50/100] = [2] = 200 s; of one, [0].
	golden(t, r, err, `[{
		"4xx failure count":1,"4xx failure percentage":20.0,
		"5xx failure count":0,"5xx failure percentage":0.0,
		"> 40 failure count":0,"> 40 failure percentage":0.0,
		"cells":["DFW-a"],"end":1795219199.0,"failure_grand_rate":20.0,"failure_grand_total":1,"hours":24,"pct":0.25,"percentile":50,
		"region":"DFW","start":1795132800.0,"state failure count":0,"state failure percentage":0.0,"total":5},
		["Operation","Image","OS Type","Min","Max","Med","50%","Requests","4xx","% 4xx","5xx","% 5xx","> 40","% > 40","state","% state"],
		["aux","?","?","0s","0s","0s","0s",1,0,0.0,0,0.0,0,0.0,0,0.0],
		["create","base","linux","1:05s","33:20s","3:20s","3:20s",4,1,0.25,0,0.0,0,0.0,0,0.0]]`)
	if r.Name != "summary for region: dfw" {
		t.Error(r.Name)
	}
}

func TestNothingHappened(t *testing.T) {
	p := params(t, "summary", "utcdate", "2026-11-20", "start_hour", "5", "hours", "1")
	r, err := report.Summary(p, day(t, p), report.Requests{})
	golden(t, r, err, `[{
		"4xx failure count":0,"4xx failure percentage":0.0,"5xx failure count":0,"5xx failure percentage":0.0,
		"> 30 failure count":0,"> 30 failure percentage":0.0,"cells":[],"end":1795154399.0,"failure_grand_rate":0.0,"failure_grand_total":0,
		"hours":1,"pct":0.015,"percentile":97,"region":null,"start":1795150800.0,"state failure count":0,"state failure percentage":0.0,"total":0},
		["Operation","Image","OS Type","Min","Max","Med","97%","Requests","4xx","% 4xx","5xx","% 5xx","> 30","% > 30","state","% state"]]`)
}

func TestTheSummaryHasTheKeysOfTheAPIDocument(t *testing.T) {
	p := params(t, "summary")
	r, err := report.Summary(p, day(t, p), report.Requests{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"4xx failure count", "4xx failure percentage", "5xx failure count", "5xx failure percentage", "> 30 failure count",
		"> 30 failure percentage", "cells", "end", "failure_grand_rate", "failure_grand_total", "hours", "pct", "percentile", "region", "start",
		"state failure count", "state failure percentage", "total"}
	got := slices.Sorted(maps.Keys(decoded(t, r)[0].(map[string]any)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARegionThatNoDeploymentIsIn(t *testing.T) {
	p := params(t, "summary", "region", "moon")
	_, err := report.Summary(p, day(t, p), cloud(t, nil, nil))
	var refused *report.ParamError
	if !errors.As(err, &refused) || refused.Field != "region" || !errors.Is(err, report.ErrParams) {
		t.Errorf("got %v", err)
	}
}

func TestCodesOfErrors(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a text", `["k", {"payload": {"exception": {"kwargs": {"code": "404"}}}}]`, "4xx"},
		{"a number", `["k", {"payload": {"exception": {"kwargs": {"code": 413}}}}]`, "4xx"},
		{"hexadecimal", `["k", {"payload": {"exception": {"kwargs": {"code": "0x1f7"}}}}]`, "5xx"},
		{"a number with a point", `["k", {"payload": {"exception": {"kwargs": {"code": 500.0}}}}]`, "5xx"},
		{"neither 4xx nor 5xx", `["k", {"payload": {"exception": {"kwargs": {"code": 302}}}}]`, ""},
		{"a word", `["k", {"payload": {"exception": {"kwargs": {"code": "many"}}}}]`, ""},
		{"beyond all numbers", `["k", {"payload": {"exception": {"kwargs": {"code": 1e300}}}}]`, ""},
		{"no kwargs", `["k", {"payload": {"exception": {"message": "404"}}}]`, ""},
		{"kwargs of another form", `["k", {"payload": {"exception": {"kwargs": ["code", 404]}}}]`, ""},
		{"an exception that is null", `["k", {"payload": {"exception": null}}]`, ""},
		{"a payload that is text", `["k", {"payload": "404"}]`, ""},
		{"a body that is an object", `{"payload": {"exception": {"kwargs": {"code": 404}}}}`, ""},
		{"a body that is gone", ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := converted(t, []event{{id: 1, when: "10:00:00", kind: update, instance: "i1", request: "r1"},
				{id: 2, when: "10:00:01", kind: "compute.instance.create.error", instance: "i1", request: "r1", failed: true}})
			p := params(t, "summary")
			r, err := report.Summary(p, day(t, p), cloud(t, events, map[int64]string{2: c.body}))
			if err != nil {
				t.Fatal(err)
			}
			head := decoded(t, r)[0].(map[string]any)
			for _, failure := range []string{"4xx", "5xx", "> 30", "state"} {
				want := 0.0
				if failure == c.want {
					want = 1
				}
				if got := head[failure+" failure count"]; got != want {
					t.Errorf("%s: %v", failure, got)
				}
			}
		})
	}
}

func TestAnErrorOfTheStoreEndsTheReport(t *testing.T) {
	whole := converted(t, busyDay)
	for name, spoil := range map[string]func(*report.Requests){
		"window":  func(in *report.Requests) { in.Window = broken[report.Event] },
		"request": func(in *report.Requests) { in.Request = func(string) ([]report.Event, error) { return nil, errStore } },
		"body":    func(in *report.Requests) { in.Body = func(int64) ([]byte, error) { return nil, errStore } },
	} {
		in := cloud(t, whole, busyBodies)
		spoil(&in)
		p, q := params(t, "summary"), params(t, "error details")
		if _, err := report.Summary(p, day(t, p), in); !errors.Is(err, errStore) {
			t.Errorf("summary, %s: %v", name, err)
		}
		if _, err := report.ErrorDetails(q, day(t, q), in); !errors.Is(err, errStore) {
			t.Errorf("error details, %s: %v", name, err)
		}
	}
}

// anyDay is a day of random events; their times are few, so that many are equal.
func anyDay(t *rapid.T) []report.Event {
	base := time.Date(2026, 11, 20, 0, 0, 1, 0, time.UTC)
	kinds := []string{update, update, "compute.instance.create.start", "compute.instance.snapshot.end", "compute.instance.unrescue.end",
		"compute.instance.exists", "instance.update"}
	states := []report.Text{{}, report.Some(""), report.Some("active"), report.Some("error"), report.Some("deleted")}
	n := rapid.IntRange(0, 40).Draw(t, "events")
	out := make([]report.Event, n)
	for i := range out {
		out[i] = report.Event{ID: int64(i + 1), When: base.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "when")) * 300 * time.Second),
			Deployment: int64(rapid.IntRange(1, 2).Draw(t, "deployment")), RoutingKey: rapid.SampledFrom([]string{"monitor.info", "monitor.error"}).Draw(t, "key"),
			Type: rapid.SampledFrom(kinds).Draw(t, "type"), Instance: rapid.SampledFrom([]report.Text{{}, report.Some("i1"), report.Some("i2")}).Draw(t, "instance"),
			RequestID: rapid.SampledFrom([]string{"", "r1", "r2", "r3"}).Draw(t, "request"), State: rapid.SampledFrom(states).Draw(t, "state"),
			OldState: rapid.SampledFrom(states).Draw(t, "old state"), ImageType: rapid.SampledFrom([]int{0, baseLin, snapWin, imported}).Draw(t, "image")}
	}
	return out
}

func TestWhateverHappensTheCountsAddUpAndTheOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := anyDay(rt)
		bodies := map[int64]string{}
		for _, e := range events {
			if code := rapid.SampledFrom([]int{0, 302, 404, 500}).Draw(rt, "code"); code != 0 {
				bodies[e.ID] = fmt.Sprintf(`["k", {"payload": {"exception": {"kwargs": {"code": %d}}}}]`, code)
			}
		}
		p := params(t, "summary")
		r, err := report.Summary(p, day(t, p), cloud(t, events, bodies))
		first := text(t, r, err)
		if second, err := report.Summary(p, day(t, p), cloud(t, shuffled(events, 7), bodies)); text(t, second, err) != first {
			rt.Fatalf("order matters:\n%s", first)
		}
		all := decoded(t, r)
		head, requests, failures := all[0].(map[string]any), 0.0, 0.0
		for _, row := range all[2:] {
			cells := row.([]any)
			requests += cells[7].(float64)
			inRow := 0.0
			for _, i := range []int{8, 10, 12, 14} {
				inRow += cells[i].(float64)
			}
			if failures += inRow; inRow > cells[7].(float64) {
				rt.Fatalf("more failures than requests: %v", cells)
			}
		}
		if head["total"] != requests || head["failure_grand_total"] != failures {
			rt.Fatalf("%v requests and %v failures: %v", requests, failures, head)
		}
		q := params(t, "error details")
		d, err := report.ErrorDetails(q, day(t, q), cloud(t, events, bodies))
		first = text(t, d, err)
		if second, err := report.ErrorDetails(q, day(t, q), cloud(t, shuffled(events, 7), bodies)); text(t, second, err) != first {
			rt.Fatalf("order matters:\n%s", first)
		}
	})
}
