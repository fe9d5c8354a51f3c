package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/lifecycle"
)

const prefix = "compute.instance."

// fact says something of everything.
func fact(event string) lifecycle.LaunchFact {
	return lifecycle.LaunchFact{Event: prefix + event, Instance: "i", RequestID: "r", Launched: noon, TypeID: "2", FlavorID: "f2", Tenant: "t",
		Architecture: "x64", Distro: "debian", Version: "12", Options: "4"}
}

// bare is a launch of which nothing is known but its tenant and image.
func bare() lifecycle.Launch {
	return lifecycle.Launch{Instance: "i", RequestID: "r", Tenant: "t", Image: lifecycle.Image{Architecture: "x64", Distro: "debian", Version: "12", Options: "4"}}
}

func launched(at time.Time, typeID, flavorID string) lifecycle.Launch {
	l := bare()
	l.Launched, l.TypeID, l.FlavorID = at, typeID, flavorID
	return l
}

func TestWhatAnEventMakesOfALaunch(t *testing.T) {
	never, before, after := time.Time{}, noon.Add(-time.Hour), noon.Add(time.Hour)
	known := launched(before, "1", "f1")
	null := launched(never, "", "")
	later := launched(after, "1", "f1")
	half := launched(never, "1", "")
	// For every event: what it makes of nothing, of a launch with nulls, of an older one, of one with a later date, and of one with half of a flavor.
	tests := []struct {
		event                            string
		ofNone, ofKnown, ofLater, ofHalf lifecycle.Launch
	}{
		{"create.start", launched(never, "2", "f2"), launched(before, "2", "f2"), launched(after, "2", "f2"), launched(never, "2", "f2")},
		{"rebuild.start", launched(noon, "2", "f2"), launched(before, "2", "f2"), launched(after, "2", "f2"), launched(noon, "2", "f2")},
		{"rescue.start", launched(noon, "2", "f2"), launched(before, "2", "f2"), launched(after, "2", "f2"), launched(noon, "2", "f2")},
		{"resize.prep.start", launched(noon, "2", "f2"), launched(before, "1", "f1"), launched(after, "1", "f1"), launched(noon, "1", "")},
		{"resize.revert.start", launched(noon, "2", "f2"), launched(before, "1", "f1"), launched(after, "1", "f1"), launched(noon, "1", "")},
		{"create.end", launched(noon, "2", "f2"), launched(noon, "1", "f1"), launched(after, "1", "f1"), launched(noon, "1", "f2")},
		{"rebuild.end", launched(noon, "2", "f2"), launched(noon, "1", "f1"), launched(after, "1", "f1"), launched(noon, "1", "f2")},
		{"rescue.end", launched(noon, "2", "f2"), launched(noon, "1", "f1"), launched(after, "1", "f1"), launched(noon, "1", "f2")},
		{"resize.revert.end", launched(noon, "2", "f2"), launched(noon, "2", "f2"), launched(after, "2", "f2"), launched(noon, "2", "f2")},
		{"finish_resize.start", launched(never, "2", "f2"), launched(before, "2", "f2"), launched(after, "2", "f2"), launched(never, "2", "f2")},
		{"finish_resize.end", launched(noon, "2", "f2"), launched(noon, "2", "f2"), launched(after, "2", "f2"), launched(noon, "2", "f2")},
	}
	for _, tt := range tests {
		for _, c := range []struct {
			name string
			prev *lifecycle.Launch
			want lifecycle.Launch
		}{{"none", nil, tt.ofNone}, {"null", &null, tt.ofNone}, {"known", &known, tt.ofKnown}, {"later", &later, tt.ofLater}, {"half", &half, tt.ofHalf}} {
			t.Run(tt.event+" of "+c.name, func(t *testing.T) {
				got, changed := lifecycle.ApplyLaunch(c.prev, fact(tt.event))
				if d := cmp.Diff(c.want, got); d != "" {
					t.Error(d)
				}
				if want := c.prev == nil || *c.prev != c.want; changed != want {
					t.Errorf("changed %v, want %v", changed, want)
				}
			})
		}
	}
}

func TestEveryEventTellsItsTenantAndImage(t *testing.T) {
	f := fact("create.end")
	f.Tenant, f.Architecture, f.Distro, f.Version, f.Options = "", "arm", "", "13", ""
	prev := launched(noon, "2", "f2")
	got, _ := lifecycle.ApplyLaunch(&prev, f)
	want := prev
	want.Tenant, want.Image = "", lifecycle.Image{Architecture: "arm", Version: "13"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("all of it: %s", d)
	}
	f.Partial, f.TypeID, f.FlavorID, f.Event = true, "", "f3", prefix+"resize.revert.end"
	got, _ = lifecycle.ApplyLaunch(&prev, f)
	want = prev
	want.FlavorID, want.Architecture, want.Version = "f3", "arm", "13"
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a part of it: %s", d)
	}
}

func TestACreationThatFailedIsNoLaunch(t *testing.T) {
	for message, ignored := range map[string]bool{"": false, "Success": false, "success": true, "No valid host": true} {
		f := fact("create.end")
		f.Message = message
		got, changed := lifecycle.ApplyLaunch(nil, f)
		if changed == ignored || ignored && got != (lifecycle.Launch{}) {
			t.Errorf("%q: %+v %v", message, got, changed)
		}
	}
	f := fact("rebuild.end")
	f.Message = "No valid host"
	if _, changed := lifecycle.ApplyLaunch(nil, f); !changed {
		t.Error("the message of another event counts")
	}
}

func TestEventsThatSayNothingOfALaunch(t *testing.T) {
	for _, event := range []string{"reboot.end", "create.error", "resize.prep.end", "exists"} {
		if _, changed := lifecycle.ApplyLaunch(nil, fact(event)); changed {
			t.Errorf("%s makes one", event)
		}
	}
}

func TestALaunchStaysAsItIsWhereNothingIsNew(t *testing.T) {
	prev := launched(noon.In(time.FixedZone("", 3600)), "2", "f2")
	if got, changed := lifecycle.ApplyLaunch(&prev, fact("create.end")); changed {
		t.Errorf("got %+v", got)
	}
}
