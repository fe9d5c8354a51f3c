package placement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzPlace throws at Place what no caller should: any limits, sizes and tags.
func FuzzPlace(f *testing.F) {
	f.Add(uint64(1), uint64(10*gib), 1.0, uint8(3), false, uint64(0), uint64(0), 0)
	f.Add(uint64(2), uint64(math.MaxUint64), 100.0, uint8(2), true, uint64(1), uint64(math.MaxUint64), math.MaxInt)
	f.Add(uint64(3), uint64(0), math.NaN(), uint8(5), false, uint64(1), uint64(1), -1)
	f.Add(uint64(4), uint64(700*gib), 1.5, uint8(4), true, uint64(1), uint64(100*gib), 200)
	f.Fuzz(func(t *testing.T, seed, size uint64, factor float64, kind uint8, strict bool, least, most uint64, bricks int) {
		kinds := []Durability{{}, replica(2), disperse(4, 2), replica(3), arbitrated(), {Kind: "?"}, disperse(-1, 9)}
		want := Want{
			SizeKiB: size, Durability: kinds[int(kind)%len(kinds)], SnapshotFactor: factor, StrictZones: strict,
			Limits: Limits{BrickMinKiB: least, BrickMaxKiB: most, MaxBricks: bricks},
		}
		chance := rand.New(rand.NewPCG(seed, 0))
		var devices []Device
		for i := range chance.IntN(20) {
			n := chance.IntN(8)
			devices = append(devices, Device{
				ID: fmt.Sprint(i), Node: fmt.Sprint(n), Zone: n % 4, ExtentKiB: chance.Uint64() >> chance.IntN(64),
				SizeKiB: chance.Uint64() >> chance.IntN(64), FreeKiB: chance.Uint64() >> chance.IntN(64),
				Tags: map[string]string{"arbiter": []string{"", "required", "disabled"}[chance.IntN(3)]},
			})
		}
		layout, _, err := Place(devices, want, seed)
		if err != nil {
			return
		}
		verify(t, devices, want, layout)
		if n := layout.Bricks(); n == 0 || (bricks > 0 && n > bricks) {
			t.Fatalf("%d bricks, at most %d", n, bricks)
		}
		set := layout.Sets[0]
		if _, _, err := Replace(devices, set[1:], set[0], want, seed); err != nil && err != ErrNoReplacement {
			t.Fatalf("Replace: %v", err)
		}
	})
}
