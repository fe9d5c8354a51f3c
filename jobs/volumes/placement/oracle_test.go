package placement

import (
	"errors"
	"fmt"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// oracle tries every way to put a cut's bricks on the devices, set by set.
type oracle struct {
	devices []Device
	want    Want
	sizes   []uint64 // by index in the set
	sets    int
	left    []uint64
	dead    map[string]bool
}

func feasible(devices []Device, want Want, sets int) bool {
	brick := want.SizeKiB / uint64(sets) / uint64(want.DataBricks())
	o := oracle{devices: devices, want: want, sets: sets, dead: make(map[string]bool)}
	for k := range want.SetSize() {
		size := brick
		if want.Arbiter && k == 2 {
			size = max(brick/want.ArbiterAverageKiB, 16*1024)
		}
		o.sizes = append(o.sizes, size)
	}
	for _, d := range devices {
		o.left = append(o.left, d.FreeKiB)
	}
	return o.set(0)
}

func (o *oracle) set(n int) bool {
	if n == o.sets {
		return true
	}
	key := fmt.Sprint(n, o.left)
	if o.dead[key] {
		return false
	}
	if o.brick(n, 0, nil) {
		return true
	}
	o.dead[key] = true
	return false
}

func (o *oracle) brick(n, k int, set []Device) bool {
	if k == len(o.sizes) {
		return o.set(n + 1)
	}
	for i, d := range o.devices {
		_, _, total := Size(o.sizes[k], o.want.SnapshotFactor, d.ExtentKiB)
		if o.left[i] <= total || !o.admits(d, k, set) {
			continue
		}
		o.left[i] -= total
		found := o.brick(n, k+1, append(set, d))
		o.left[i] += total
		if found {
			return true
		}
	}
	return false
}

func (o *oracle) admits(d Device, k int, set []Device) bool {
	for _, s := range set {
		if s.Node == d.Node || (o.want.StrictZones && s.Zone == d.Zone) {
			return false
		}
	}
	for _, r := range o.want.Match {
		if !r.Matches(d.Tags) {
			return false
		}
	}
	if !o.want.Arbiter {
		return true
	}
	if k == 2 {
		return d.Tags["arbiter"] != "disabled"
	}
	return d.Tags["arbiter"] != "required"
}

// firstCut is the number of sets that Place must choose: the first power of two
// that can be done, else the first other count; 0 when none can.
func firstCut(devices []Device, want Want) int {
	for _, doubling := range []bool{true, false} {
		for sets := 1; sets*want.SetSize()+want.ExistingBricks <= want.Limits.MaxBricks; sets++ {
			brick := want.SizeKiB / uint64(sets) / uint64(want.DataBricks())
			within := brick >= want.Limits.BrickMinKiB && brick <= want.Limits.BrickMaxKiB
			if (bits.OnesCount(uint(sets)) == 1) == doubling && within && feasible(devices, want, sets) {
				return sets
			}
		}
	}
	return 0
}

// drawCase is a request and devices that have room for a few of its bricks, give
// or take, so that about every second case can just be served or just not.
func drawCase(t *rapid.T) ([]Device, Want) {
	pick := func(label string, of ...int) int { return rapid.SampledFrom(of).Draw(t, label) }
	w := Want{
		Durability: rapid.SampledFrom([]Durability{
			{}, replica(2), replica(3), disperse(2, 1), disperse(4, 1), arbitrated(), arbitrated(), arbitrated(),
		}).Draw(t, "durability"),
		SnapshotFactor:    rapid.SampledFrom([]float64{1, 1, 1.5}).Draw(t, "factor"),
		StrictZones:       pick("strict", 0, 0, 1) == 1,
		Limits:            Limits{BrickMinKiB: 8 * mib, MaxBricks: 12, AverageFileKiB: 64},
		ArbiterAverageKiB: uint64(pick("average", 1, 2, 64)),
		ExistingBricks:    pick("existing", 0, 0, 0, 3),
	}
	brick := mib * uint64(pick("brick", 16, 24, 40))
	w.SizeKiB = brick * uint64(w.DataBricks()*pick("sets", 1, 2, 3, 4))
	w.Limits.BrickMaxKiB = brick * uint64(pick("largest", 1, 1, 2, 4))
	if pick("matched", 0, 0, 0, 1) == 1 {
		w.Match = []TagRule{{Key: "tier", Value: "ssd"}}
	}
	nodes, zones := pick("nodes", 2, 3, 4, 5, 6), pick("zones", 1, 2, 3, 4)
	var out []Device
	for i := range pick("devices", 1, 3, 4, 5, 6, 7) {
		n := (i + pick("skip", 0, 0, 0, 1, 2)) % nodes
		d := Device{ID: fmt.Sprint("d", i), Node: fmt.Sprint("n", n), Zone: n%zones + 1, Tags: map[string]string{}}
		d.ExtentKiB = rapid.SampledFrom([]uint64{0, 1, 64, 4096}).Draw(t, "extent")
		_, _, each := Size(brick, w.SnapshotFactor, d.ExtentKiB)
		_, _, arbiter := Size(max(brick/w.ArbiterAverageKiB, 16*mib), w.SnapshotFactor, d.ExtentKiB)
		d.FreeKiB = each*uint64(pick("bricks", 0, 1, 1, 2, 3, 4)) + arbiter*uint64(pick("arbiters", 0, 0, 1, 2)) + uint64(pick("spare", 0, 1, 1, 9000))
		d.SizeKiB = d.FreeKiB + uint64(pick("used", 0, 4096, 100000))
		d.Tags["arbiter"] = rapid.SampledFrom([]string{"", "", "required", "disabled", "supported", "?"}).Draw(t, "arbiter")
		d.Tags["tier"] = rapid.SampledFrom([]string{"ssd", "ssd", "hdd"}).Draw(t, "tier")
		out = append(out, d)
	}
	return out, w
}

func TestALayoutIsFoundWheneverThereIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		devices, want := drawCase(t)
		got, _, err := Place(devices, want, rapid.Uint64().Draw(t, "seed"))
		sets := firstCut(devices, want)
		if err != nil && !errors.Is(err, ErrNoSpace) {
			t.Fatalf("Place: %v", err)
		}
		if err == nil {
			verify(t, devices, want, got)
		}
		if len(got.Sets) != sets {
			t.Fatalf("got %d sets (%v), want %d", len(got.Sets), err, sets)
		}
	})
}

func TestReplaceFindsADeviceWheneverThereIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		devices, want := drawCase(t)
		layout, _, err := Place(devices, want, 7)
		if err != nil {
			return
		}
		set := layout.Sets[len(layout.Sets)-1]
		k := rapid.IntRange(0, len(set)-1).Draw(t, "brick")
		rest := append(append([]Slot(nil), set[:k]...), set[k+1:]...)
		got, _, err := Replace(devices, rest, set[k], want, rapid.Uint64().Draw(t, "seed"))

		possible := false
		for _, d := range devices {
			_, _, total := Size(set[k].SizeKiB, want.SnapshotFactor, d.ExtentKiB)
			var others []Device
			for _, s := range rest {
				others = append(others, Device{Node: s.Node, Zone: s.Zone})
			}
			o := oracle{want: want}
			fits := d.ID != set[k].Device && d.FreeKiB > total && o.admits(d, k, others)
			if err == nil && d.ID == got.Device && (!fits || got.SizeKiB != set[k].SizeKiB || got.Arbiter != set[k].Arbiter || got.TotalKiB != total) {
				t.Fatalf("replaced %+v by %+v", set[k], got)
			}
			possible = possible || fits
		}
		if possible != (err == nil) || (err != nil && !errors.Is(err, ErrNoReplacement)) {
			t.Fatalf("possible %v, got %v", possible, err)
		}
	})
}
