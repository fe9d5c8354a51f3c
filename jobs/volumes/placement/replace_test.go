package placement

import (
	"errors"
	"testing"
)

func TestReplace(t *testing.T) {
	brick := func(d Device) Slot {
		return Slot{Device: d.ID, Node: d.Node, Zone: d.Zone, SizeKiB: 10 * gib}
	}
	two := yard(4, 2, 4, 500*gib)
	for _, tt := range []struct {
		name   string
		change func(d []Device)
		want   Want
		node   string // where the new brick must stand
		reason map[Reason]int
	}{
		{name: "a free node", node: "node-03", change: func(d []Device) { d[1].FreeKiB = 0 }},
		{name: "the same node", node: "node-00", change: func(d []Device) { d[6].FreeKiB, d[7].FreeKiB = 0, 0 }},
		{name: "strict zones", node: "node-00", want: Want{StrictZones: true}, change: func(d []Device) {
			d[6].Zone, d[7].Zone = 2, 2
		}},
		{name: "another zone is better", node: "node-00", change: func(d []Device) { d[6].Zone, d[7].Zone = 2, 2 }},
		{name: "nothing", change: func(d []Device) { d[1].FreeKiB, d[6].FreeKiB, d[7].Zone = 9, 9, 2; d[6].Zone = 2 },
			want: Want{StrictZones: true}, reason: map[Reason]int{SameDevice: 1, NodeTaken: 4, ZoneTaken: 2, Full: 1}},
		{name: "tags", want: Want{Match: []TagRule{{Key: "tier", Value: "ssd"}}},
			reason: map[Reason]int{SameDevice: 1, NodeTaken: 4, TagMismatch: 3}},
		{name: "arbiters only", want: Want{Durability: arbitrated()}, change: func(d []Device) {
			for i := range d {
				d[i].Tags = map[string]string{"arbiter": "required"}
			}
		}, reason: map[Reason]int{SameDevice: 1, NodeTaken: 4, ArbiterOnly: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			devices := append([]Device(nil), two...)
			if tt.change != nil {
				tt.change(devices)
			}
			rest := []Slot{brick(two[2]), brick(two[4])}
			rest[1].Zone = 0
			got, report, err := Replace(devices, rest, brick(devices[0]), tt.want, 1)
			if tt.node == "" {
				if !errors.Is(err, ErrNoReplacement) {
					t.Fatalf("got %+v, %v", got, err)
				}
				counts := report.Attempts[0].Counts
				for reason, n := range tt.reason {
					if counts[reason] != n {
						t.Errorf("counts %v, want %v", counts, tt.reason)
					}
				}
				return
			}
			if err != nil || got.Node != tt.node || got.Device == devices[0].ID || got.TotalKiB != 10539008 {
				t.Errorf("got %+v, %v %+v", got, err, report)
			}
		})
	}
}

func TestReplaceKeepsAnArbiterAnArbiter(t *testing.T) {
	devices := yard(4, 1, 1, 500*gib)
	devices[3].Tags = map[string]string{"arbiter": "disabled"}
	old := Slot{Device: "dev-02-00", Node: "node-02", Zone: 1, SizeKiB: 163840, Arbiter: true}
	rest := []Slot{{Device: "dev-00-00", Node: "node-00"}, {Device: "dev-01-00", Node: "node-01"}}
	if got, report, err := Replace(devices, rest, old, Want{}, 1); !errors.Is(err, ErrNoReplacement) || report.Attempts[0].Counts[NoArbiter] != 1 {
		t.Errorf("got %+v, %v, %+v", got, err, report)
	}
	devices[3].Tags = nil
	got, _, err := Replace(devices, rest, old, Want{}, 1)
	if err != nil || got.Device != "dev-03-00" || !got.Arbiter || got.SizeKiB != 163840 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReplaceRefusesABrickWithoutSize(t *testing.T) {
	if _, _, err := Replace(yard(2, 1, 1, tib), nil, Slot{}, Want{}, 1); !errors.Is(err, ErrWant) {
		t.Errorf("got %v", err)
	}
}
