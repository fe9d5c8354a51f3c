package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"yardmaster/jobs/events/lifecycle"
)

const tenant = "0123456789abcdef0123456789abcdef"

var end = noon.Add(12 * time.Hour)

// audit agrees with launch, and is valid in every way.
func audit() lifecycle.Exists {
	return lifecycle.Exists{Instance: "i", Launched: noon, End: end, TypeID: "2", FlavorID: "f2", Tenant: tenant,
		Image: lifecycle.Image{Architecture: "x64", Distro: "org.debian", Version: "12", Options: "4"}}
}

func launch() lifecycle.Launch {
	return lifecycle.Launch{Instance: "i", RequestID: "r", Launched: noon.Add(300 * time.Millisecond), TypeID: "2", FlavorID: "f2", Tenant: tenant,
		Image: audit().Image}
}

func TestVerify(t *testing.T) {
	hour := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	gone := func(x *lifecycle.Exists, _ *lifecycle.Known) { x.Deleted = hour(3) }
	all := func(changes ...func(*lifecycle.Exists, *lifecycle.Known)) func(*lifecycle.Exists, *lifecycle.Known) {
		return func(x *lifecycle.Exists, k *lifecycle.Known) {
			for _, c := range changes {
				c(x, k)
			}
		}
	}
	deletes := func(all ...lifecycle.Delete) func(*lifecycle.Exists, *lifecycle.Known) {
		return func(_ *lifecycle.Exists, k *lifecycle.Known) { k.Deletes = all }
	}
	other := func(change func(*lifecycle.Launch)) func(*lifecycle.Exists, *lifecycle.Known) {
		return func(_ *lifecycle.Exists, k *lifecycle.Known) { change(&k.Launches[0]) }
	}
	record := func(change func(*lifecycle.Exists)) func(*lifecycle.Exists, *lifecycle.Known) {
		return func(x *lifecycle.Exists, _ *lifecycle.Known) { change(x) }
	}
	none, strict := lifecycle.Rules{}, lifecycle.Rules{Level: lifecycle.LevelAll}
	basic, byFlavor := lifecycle.Rules{Level: lifecycle.LevelBasic}, lifecycle.Rules{Level: lifecycle.LevelBasic, Flavor: lifecycle.FlavorID}

	tests := []struct {
		name   string
		rules  lifecycle.Rules
		change func(*lifecycle.Exists, *lifecycle.Known)
		reason string // a part of it; "" is verified
	}{
		{"all agrees, but for a fraction of a second", strict, all(), ""},
		{"its own launch", none, func(x *lifecycle.Exists, k *lifecycle.Known) { k.Launch, k.Launches = &k.Launches[0], nil }, ""},
		{"its own launch, of another second", none, func(x *lifecycle.Exists, k *lifecycle.Known) { k.Launch, x.Launched = &k.Launches[0], hour(1) }, "launched_at is"},
		{"no date of launch", none, record(func(x *lifecycle.Exists) { x.Launched = time.Time{} }), "no launched_at"},
		{"an instance that nobody knows", none, func(x *lifecycle.Exists, k *lifecycle.Known) { k.Launches = nil }, "no launch of instance i is known"},
		{"a launch of another second", none, other(func(l *lifecycle.Launch) { l.Launched = hour(1) }), "no launch of instance i at 2014-02-03 12:00:00 is known"},
		{"a launch of the next second, though less than a second away", none, other(func(l *lifecycle.Launch) { l.Launched = noon.Add(-time.Millisecond) }), "no launch"},
		{"two launches in one second", none, func(x *lifecycle.Exists, k *lifecycle.Known) { k.Launches = append(k.Launches, launch()) }, "2 launches"},
		{"another launch at another time", none, func(x *lifecycle.Exists, k *lifecycle.Known) {
			k.Launches = append(k.Launches, lifecycle.Launch{Launched: hour(-1)}, lifecycle.Launch{})
		}, ""},
		{"another type", none, other(func(l *lifecycle.Launch) { l.TypeID = "3" }), `instance_type_id is "2" in the record, and known as "3"`},
		{"another flavor, which is not compared", none, other(func(l *lifecycle.Launch) { l.FlavorID = "3" }), ""},
		{"another flavor, which is", byFlavor, other(func(l *lifecycle.Launch) { l.FlavorID = "3" }), "instance_flavor_id"},
		{"another type, which is not compared", byFlavor, other(func(l *lifecycle.Launch) { l.TypeID = "3" }), ""},
		{"another tenant", none, other(func(l *lifecycle.Launch) { l.Tenant = "t" }), "tenant"},
		{"other options", none, other(func(l *lifecycle.Launch) { l.Options = "5" }), "rax_options"},
		{"another architecture", none, other(func(l *lifecycle.Launch) { l.Architecture = "" }), "os_architecture"},
		{"another distribution", none, other(func(l *lifecycle.Launch) { l.Distro = "x" }), "os_distro"},
		{"another version", none, other(func(l *lifecycle.Launch) { l.Version = "x" }), "os_version"},

		{"deleted", none, all(gone, deletes(lifecycle.Delete{Launched: noon, Deleted: hour(3)})), ""},
		{"deleted, nobody knows", none, gone, "no delete of instance i"},
		{"deleted twice", none, all(gone, deletes(lifecycle.Delete{Launched: noon, Deleted: hour(3)}, lifecycle.Delete{Launched: noon, Deleted: hour(4)})), "2 deletes"},
		{"deleted at another time", none, all(gone, deletes(lifecycle.Delete{Launched: noon, Deleted: hour(4)})), `deleted_at is "2014-02-03 15:00:00"`},
		{"its own delete", none, all(gone, func(_ *lifecycle.Exists, k *lifecycle.Known) {
			k.Delete = &lifecycle.Delete{Launched: noon, Deleted: hour(3)}
		}), ""},
		{"its own delete, of another launch", none, all(gone, func(_ *lifecycle.Exists, k *lifecycle.Known) {
			k.Delete = &lifecycle.Delete{Launched: hour(1), Deleted: hour(3)}
		}), "launched_at of the delete"},
		{"alive, and yet deleted in the period", none, deletes(lifecycle.Delete{Launched: noon, Deleted: end}), "which the record does not say"},
		{"alive, deleted after the period", none, deletes(lifecycle.Delete{Launched: noon, Deleted: end.Add(time.Second)}), ""},
		{"alive, an earlier launch was deleted", none, deletes(lifecycle.Delete{Launched: hour(-5), Deleted: hour(-4)}), ""},

		{"a strange tenant, not looked at", none, all(record(func(x *lifecycle.Exists) { x.Tenant = "T" }), other(func(l *lifecycle.Launch) { l.Tenant = "T" })), ""},
		{"a strange tenant", basic, record(func(x *lifecycle.Exists) { x.Tenant = "T" }), "32 hexadecimal digits"},
		{"a type that is no number", basic, record(func(x *lifecycle.Exists) { x.TypeID = "m1.tiny" }), "should be a number"},
		{"no type", basic, record(func(x *lifecycle.Exists) { x.TypeID = "" }), "instance_type_id is missing"},
		{"no flavor", byFlavor, record(func(x *lifecycle.Exists) { x.FlavorID = "" }), "instance_flavor_id is missing"},
		{"no options, not looked at", basic, all(record(func(x *lifecycle.Exists) { x.Options = "" }), other(func(l *lifecycle.Launch) { l.Options = "" })), ""},
		{"no options", strict, record(func(x *lifecycle.Exists) { x.Options = "" }), "rax_options is missing"},
		{"a strange distribution", strict, record(func(x *lifecycle.Exists) { x.Distro = "a b" }), "os_distro"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, k := audit(), lifecycle.Known{Launches: []lifecycle.Launch{launch()}}
			tt.change(&x, &k)
			ok, reason := tt.rules.Verify(x, k)
			if ok != (tt.reason == "") || ok != (reason == "") || !strings.Contains(reason, tt.reason) {
				t.Errorf("got %v %q, want %q", ok, reason, tt.reason)
			}
		})
	}
}

func TestVerifyImage(t *testing.T) {
	id := "0c3b9f14-5a7b-4a3f-9d5e-11a1f0e7b9c2"
	later := end.Add(time.Second)
	usage := lifecycle.ImageUsage{Created: noon, Owner: tenant, Size: 7}
	strict := lifecycle.Rules{Level: lifecycle.LevelBasic}
	tests := []struct {
		name   string
		rules  lifecycle.Rules
		change func(*lifecycle.ImageExists, *lifecycle.KnownImage)
		reason string
	}{
		{"all agrees", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) {}, ""},
		{"never activated", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { k.Usage = nil }, "no activation"},
		{"made at another time", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Created = end }, "created_at"},
		{"another owner", lifecycle.Rules{}, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Owner = "o" }, "owner is"},
		{"another size", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Size = 8 }, `size is "8" in the record, and known as "7"`},
		{"deleted", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Deleted, k.Deletes = end, []time.Time{end} }, ""},
		{"its own delete", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Deleted, k.Delete = end, &end }, ""},
		{"deleted at another time", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Deleted, k.Delete = end, &later }, "deleted_at"},
		{"deleted, nobody knows", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Deleted = end }, "no delete"},
		{"deleted twice", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) {
			x.Deleted, k.Deletes = end, []time.Time{end, later}
		}, "2 deletes"},
		{"there, and yet deleted", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { k.Deletes = []time.Time{end} }, "which the record does not say"},
		{"there, deleted afterwards", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { k.Deletes = []time.Time{later} }, ""},
		{"a strange name", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.UUID = "u" }, "should be a UUID"},
		{"no owner", strict, func(x *lifecycle.ImageExists, k *lifecycle.KnownImage) { x.Owner = "" }, "owner is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, k := lifecycle.ImageExists{UUID: id, Created: noon, End: end, Owner: tenant, Size: 7}, lifecycle.KnownImage{Usage: &usage}
			tt.change(&x, &k)
			ok, reason := tt.rules.VerifyImage(x, k)
			if ok != (tt.reason == "") || ok != (reason == "") || !strings.Contains(reason, tt.reason) {
				t.Errorf("got %v %q, want %q", ok, reason, tt.reason)
			}
		})
	}
}

func TestSameSecondHoldsWhatWasCut(t *testing.T) {
	from, to := lifecycle.SameSecond(noon)
	if l := launch().Launched; l.Before(from) || l.After(to) || !to.Equal(noon.Add(time.Second)) {
		t.Errorf("from %v to %v", from, to)
	}
}
