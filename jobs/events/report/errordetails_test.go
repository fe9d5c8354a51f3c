package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/report"
)

func TestTheErrorsOfADay(t *testing.T) {
	p := params(t, "error-details")
	r, err := report.ErrorDetails(p, day(t, p), cloud(t, converted(t, busyDay), busyBodies))
	// r3 has the code 404: 200 s = 3.33 minutes. r4 took too long: it is told of, but no event is to blame. r5 fell into the state
	// error without an exception: 10 s = 0.17 minutes. r6 came as an error whose payload is no object: 4000 s = 66.67 minutes.
	golden(t, r, err, `[{"codes":{"404":1},
		"event_counts":{"compute.instance.create.error":1,"compute.instance.resize.prep.end":1,"compute.instance.update":1},
		"exception_counts":{"reason: no host for $1, code: 404":1},
		"instances":{"i1":["r3","r4"],"i2":["r5","r6"]},
		"report_format":"json",
		"tenant_issues":{"t1":4}},
		{"req":"r3","uuid":"i1","tenant":"t1","duration":"3.33 minutes","operation":"create","platform":["base","linux"],"event_id":7,
		"service":"compute","host":"c1","deployment":"DFW-a","event":"compute.instance.create.error","when":"2026-11-20 12:03:20",
		"exception":{"kwargs":{"code":"404","reason":"no host for req-11111111-2222-3333-4444-555555555555"}},"failure_type":"404","details":[
		{"host":"c1","event":"compute.instance.create.start","old_state":null,"state":null,"old_task":null,"task":null},
		{"host":"c1","event":"compute.instance.create.error","old_state":null,"state":null,"old_task":null,"task":null}]},
		{"req":"r5","uuid":"i2","tenant":"t1","duration":"0.17 minutes","operation":"resize","platform":["snapshot","windows"],"event_id":11,
		"service":"compute","host":"c1","deployment":"ord-b","event":"compute.instance.update","when":"2026-11-20 13:00:10","failure_type":"state","details":[
		{"host":"c1","event":"compute.instance.resize.prep.start","old_state":null,"state":null,"old_task":null,"task":null},
		{"host":"c1","event":"compute.instance.update","old_state":"active","state":"error","old_task":null,"task":null}]},
		{"req":"r6","uuid":"i2","tenant":"t1","duration":"66.67 minutes","operation":"resize","platform":["snapshot","windows"],"event_id":13,
		"service":"compute","host":"c1","deployment":"ord-b","event":"compute.instance.resize.prep.end","when":"2026-11-20 15:06:40","failure_type":"http","details":[
		{"host":"c1","event":"compute.instance.resize.prep.start","old_state":null,"state":null,"old_task":null,"task":null},
		{"host":"c1","event":"compute.instance.resize.prep.end","old_state":null,"state":null,"old_task":null,"task":null}]}]`)
	if r.Name != "Error detail report" || r.Version != 1 || !r.End.Equal(at(t, "23:59:59")) {
		t.Errorf("%s %d %v", r.Name, r.Version, r.End)
	}
	printable(t, r)
}

func TestNoErrors(t *testing.T) {
	p := params(t, "error details")
	r, err := report.ErrorDetails(p, day(t, p), report.Requests{})
	golden(t, r, err, `[{"codes":{},"event_counts":{},"exception_counts":{},"instances":{},"report_format":"json","tenant_issues":{}}]`)
}

func TestWhatAnExceptionIsCountedBy(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct{ name, payload, want string }{
		{"the parts have an order", `{"exception": {"message": "m", "code": 500, "kwargs": {"code": 404, "topic": "t", "reason": "r"}, "details": "d"}}`,
			"reason: r, topic: t, code: 404, d, message: m, code: 500"},
		{"a traceback is left out", `{"exception": {"kwargs": {"value": "no\nTraceback (most recent call last)"}}}`, "value: no\n$TRACEBACK"},
		{"what begins with a traceback stays", `{"exception": {"kwargs": {"value": "Traceback x"}}}`, "value: Traceback x"},
		{"what tells nothing is left out", `{"exception": {"kwargs": {"reason": "", "code": 0, "method": null}, "message": "m", "cmd": [], "stderr": false}}`,
			"message: m"},
		{"details that are a list", `{"exception": {"details": ["a", 5]}}`, "a, 5"},
		{"details that are an object", `{"exception": {"details": {"b": 1, "a": "x"}}}`, "a: x, b: 1"},
		{"the first of what was expected", `{"exception": {"kwargs": {"expected": ["active", "stopped"], "actual": "error"}}}`, "actual: error, expected: active"},
		{"a command with its output", `{"exception": {"cmd": ["qemu-img", "<x>"], "exit_code": 1, "stdout": "s", "stderr": "e"}}`,
			`cmd: ["qemu-img","<x>"], stderr: e, exit_code: 1, stdout: s`},
		{"nothing of that", `{"exception": {"zone": "z", "args": [1]}}`, "args: [1], zone: z"},
		{"a text", `{"exception": "it broke at 10.0.0.1"}`, "it broke at $3"},
		{"a versioned notification", `{"nova_object.data": {"fault": {"nova_object.data": {"exception": "NoValidHost", "exception_message": "none"}}}}`,
			"exception: NoValidHost, exception_message: none"},
		{"a long one is cut", `{"exception": {"message": "` + long + `"}}`, "message: " + long[:2000-len("message: ")] + "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := converted(t, []event{{id: 1, when: "10:00:00", kind: update, instance: "i1", request: "r1", failed: true}})
			p := params(t, "error details")
			r, err := report.ErrorDetails(p, day(t, p), cloud(t, events, map[int64]string{1: `["k", {"payload": ` + c.payload + `}]`}))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{c.want: 1.0}
			if diff := cmp.Diff(want, decoded(t, r)[0].(map[string]any)["exception_counts"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAReportOfErrorsIsBounded(t *testing.T) {
	var events []event
	bodies := map[int64]string{}
	for i := range 1002 {
		e := event{id: int64(i + 1), when: "10:00:00", kind: update, instance: "i1", request: fmt.Sprintf("r%04d", i), failed: true}
		events, bodies[e.id] = append(events, e), fmt.Sprintf(`["k", {"payload": {"exception": {"message": "fault x%dx"}}}]`, i)
	}
	for i := range 600 {
		events = append(events, event{id: int64(2000 + i), when: "10:00:01", kind: update, instance: "i1", request: "r0000"})
	}
	bodies[1] = `["k", {"payload": {"exception": {"message": "` + strings.Repeat("é", 20000) + `"}}}]`
	p := params(t, "error details")
	r, err := report.ErrorDetails(p, day(t, p), cloud(t, converted(t, events), bodies))
	if err != nil {
		t.Fatal(err)
	}
	all := decoded(t, r)
	counts := all[0].(map[string]any)["exception_counts"].(map[string]any)
	if len(counts) != 1001 || counts["other messages"] != 2.0 {
		t.Errorf("%d texts, %v others", len(counts), counts["other messages"])
	}
	first := all[1].(map[string]any)
	if details := first["details"].([]any); len(details) != 500 || first["details_left_out"] != 101.0 {
		t.Errorf("%d details, %v left out", len(details), first["details_left_out"])
	}
	if shown, ok := first["exception"].(string); !ok || len(shown) > 17000 || strings.ContainsRune(shown, '\uFFFD') {
		t.Errorf("exception of %d bytes", len(shown))
	}
}
