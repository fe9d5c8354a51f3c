package placement

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReportSaysWhyADeviceCouldNotServe(t *testing.T) {
	devices := yard(4, 1, 2, 500*gib)
	devices[0].FreeKiB = 5 * gib
	devices[1].Tags = map[string]string{"tier": "hdd"}
	want := Want{SizeKiB: 10 * gib, Durability: replica(3), Match: []TagRule{{Key: "tier", Value: "hdd", Not: true}}}
	want.Limits.BrickMinKiB = 10 * gib
	_, report, err := Place(devices, want, 1)
	if err == nil || len(report.Attempts) != 1 {
		t.Fatalf("got %v, %+v", err, report)
	}
	a := report.Attempts[0]
	if a.Why != "a set needs 3 nodes with room, there are 2" {
		t.Errorf("why: %q", a.Why)
	}
	want0 := Refusal{Device: "dev-00-00", Node: "node-00", Zone: 1, Reason: Full, NeedKiB: 10539008, FreeKiB: 5 * gib}
	want1 := Refusal{Device: "dev-01-00", Node: "node-01", Zone: 2, Reason: TagMismatch, Rule: "tier!=hdd", FreeKiB: 500 * gib}
	if a.Devices[0] != want0 || a.Devices[1] != want1 {
		t.Errorf("got %+v", a.Devices[:2])
	}
	if d := a.Devices[2]; d.Reason != Usable || d.Bricks != 49 {
		t.Errorf("got %+v", d)
	}
	if a.Counts[Usable] != 2 || a.Counts[Full] != 1 || a.Counts[TagMismatch] != 1 {
		t.Errorf("counts %v", a.Counts)
	}
}

func TestReportOfALayoutNamesNoDevice(t *testing.T) {
	_, report, err := Place(yard(3, 1, 1, tib), Want{SizeKiB: 10 * gib, Durability: replica(3)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(report)
	if err != nil || string(got) != `{"attempts":[{"sets":1,"brick_kib":10485760,"placed":true}]}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestReportIsBounded(t *testing.T) {
	_, report, err := Place(yard(100, 10, 4, gib), Want{SizeKiB: 3000 * gib}, 1)
	if err == nil {
		t.Fatal("placed on devices without room")
	}
	if len(report.Attempts) != maxAttempts || report.Omitted != 24 {
		t.Fatalf("%d attempts, %d omitted", len(report.Attempts), report.Omitted)
	}
	for _, a := range report.Attempts {
		if len(a.Devices) != maxRefusals || a.DevicesOmitted != 1000-maxRefusals || a.Counts[Full] != 1000 {
			t.Errorf("%d devices, %d omitted, %v", len(a.Devices), a.DevicesOmitted, a.Counts)
		}
	}
	if text, err := json.Marshal(report); err != nil || len(text) > 64<<10 || !strings.Contains(string(text), `"full":1000`) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
