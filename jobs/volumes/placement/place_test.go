package placement

import (
	"errors"
	"fmt"
	"testing"
)

// yard is nodes with equal devices; node i stands in zone i%zones+1.
func yard(nodes, perNode, zones int, sizeKiB uint64) []Device {
	var out []Device
	for n := range nodes {
		for d := range perNode {
			out = append(out, Device{
				ID: fmt.Sprintf("dev-%02d-%02d", n, d), Node: fmt.Sprintf("node-%02d", n), Zone: n%zones + 1,
				SizeKiB: sizeKiB, FreeKiB: sizeKiB, ExtentKiB: 4096,
			})
		}
	}
	return out
}

func replica(n int) Durability { return Durability{Kind: Replicate, Replica: n} }
func disperse(d, r int) Durability {
	return Durability{Kind: Disperse, Data: d, Redundancy: r}
}
func arbitrated() Durability { return Durability{Kind: Replicate, Replica: 3, Arbiter: true} }

// book takes the layout's space from the devices, as the caller does.
func book(devices []Device, l Layout) {
	for _, set := range l.Sets {
		for _, s := range set {
			for i := range devices {
				if devices[i].ID == s.Device {
					devices[i].FreeKiB -= s.TotalKiB
					devices[i].Bricks++
				}
			}
		}
	}
}

func TestDurabilitiesGiveTheirBrickSizes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		want     Want
		devices  []Device
		sets     int
		perSet   int
		brickKiB uint64
	}{
		{"none", Want{SizeKiB: 10 * gib}, yard(2, 1, 1, 500*gib), 1, 1, 10 * gib},
		{"replica defaults to two", Want{SizeKiB: 10 * gib, Durability: replica(0)}, yard(2, 1, 1, 500*gib), 1, 2, 10 * gib},
		{"replica one", Want{SizeKiB: 10 * gib, Durability: replica(1)}, yard(2, 1, 1, 500*gib), 1, 1, 10 * gib},
		{"replica three", Want{SizeKiB: 10 * gib, Durability: replica(3)}, yard(3, 1, 3, 500*gib), 1, 3, 10 * gib},
		{"disperse 2+1", Want{SizeKiB: 10 * gib, Durability: disperse(2, 1)}, yard(3, 1, 3, 500*gib), 1, 3, 5 * gib},
		{"disperse 4+2", Want{SizeKiB: 10 * gib, Durability: disperse(4, 2)}, yard(6, 1, 3, 500*gib), 1, 6, 10 * gib / 4},
		{"disperse 8+3", Want{SizeKiB: 10 * gib, Durability: disperse(8, 3)}, yard(11, 1, 3, 500*gib), 1, 11, 10 * gib / 8},
		{"disperse 8+4", Want{SizeKiB: 10 * gib, Durability: disperse(8, 4)}, yard(12, 1, 3, 500*gib), 1, 12, 10 * gib / 8},
		{"two sets where one brick is too large", Want{SizeKiB: 600 * gib, Durability: replica(2)}, yard(2, 2, 1, 500*gib), 2, 2, 300 * gib},
		{"bricks above the largest are skipped", Want{SizeKiB: 5 * tib}, yard(1, 1, 1, 100*tib), 2, 1, 5 * tib / 2},
		{"odd sizes round down", Want{SizeKiB: 10*gib + 1, Durability: disperse(2, 1)}, yard(3, 1, 1, 500*gib), 1, 3, 5 * gib},
		{"nine sets on uneven room", Want{SizeKiB: 97000 * gib, Durability: replica(3), Limits: Limits{BrickMaxKiB: 16 * tib}},
			yard(27, 1, 3, 11175*gib), 9, 3, 97000 * gib / 9},
		{"27 disks of 11175 GiB under default limits", Want{SizeKiB: 97000 * gib}, yard(27, 1, 3, 11175*gib), 32, 1, 97000 * gib / 32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, report, err := Place(tt.devices, tt.want, 1)
			if err != nil {
				t.Fatalf("Place: %v %+v", err, report)
			}
			if len(got.Sets) != tt.sets || got.BrickKiB != tt.brickKiB {
				t.Errorf("got %d sets of %d KiB, want %d of %d", len(got.Sets), got.BrickKiB, tt.sets, tt.brickKiB)
			}
			if got.Bricks() != tt.sets*tt.perSet {
				t.Errorf("got %d bricks, want %d sets of %d", got.Bricks(), tt.sets, tt.perSet)
			}
			verify(t, tt.devices, tt.want, got)
		})
	}
}

func TestLimitsEndTheSearch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		devices []Device
		want    Want
		err     error
	}{
		{"no device at all", nil, Want{SizeKiB: 10 * gib}, ErrMinimumBrickSize},
		{"no room", yard(3, 1, 1, gib), Want{SizeKiB: 10 * gib, Durability: replica(3)}, ErrMinimumBrickSize},
		{"exactly full is too full", yard(1, 1, 1, 10539008), Want{SizeKiB: 10 * gib, Limits: Limits{BrickMinKiB: 6 * gib}}, ErrMinimumBrickSize},
		{"too many bricks", yard(3, 1, 1, gib), Want{SizeKiB: 100 * gib, Durability: replica(3)}, ErrMaxBricks},
		{"too many bricks already", yard(3, 1, 1, tib), Want{SizeKiB: 10 * gib, Durability: replica(3), ExistingBricks: 30}, ErrMaxBricks},
		{"too few nodes", yard(2, 4, 2, tib), Want{SizeKiB: 4 * gib, Durability: replica(3)}, ErrMinimumBrickSize},
		{"too few zones", yard(6, 2, 2, tib), Want{SizeKiB: 4 * gib, Durability: replica(3), StrictZones: true}, ErrMinimumBrickSize},
		{"no device with the tag", yard(3, 1, 1, tib), Want{SizeKiB: 4 * gib, Match: []TagRule{{Key: "tier", Value: "ssd"}}}, ErrMinimumBrickSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, report, err := Place(tt.devices, tt.want, 1)
			if !errors.Is(err, tt.err) || !errors.Is(err, ErrNoSpace) {
				t.Fatalf("got %v, want %v as a case of %v", err, tt.err, ErrNoSpace)
			}
			if report.Stop != tt.err.Error() {
				t.Errorf("report stops with %q", report.Stop)
			}
		})
	}
}

func TestOneMoreKiBThanTheBrickIsEnough(t *testing.T) {
	devices := yard(1, 1, 1, 10539009)
	got, _, err := Place(devices, Want{SizeKiB: 10 * gib}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Sets[0][0]; s.TotalKiB != 10539008 || s.PoolKiB != 10485760 || s.MetaKiB != 53248 {
		t.Errorf("got %+v", s)
	}
}

func TestImpossibleRequestsAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		want Want
		err  error
	}{
		{"unknown durability", Want{SizeKiB: gib, Durability: Durability{Kind: "mirror"}}, ErrWant},
		{"four replicas", Want{SizeKiB: gib, Durability: replica(4)}, ErrWant},
		{"disperse of nothing", Want{SizeKiB: gib, Durability: disperse(0, 0)}, ErrWant},
		{"arbiter of two", Want{SizeKiB: gib, Durability: Durability{Kind: Replicate, Replica: 2, Arbiter: true}}, ErrWant},
		{"snapshot factor", Want{SizeKiB: gib, SnapshotFactor: 0.5}, ErrWant},
		{"existing bricks", Want{SizeKiB: gib, ExistingBricks: -1}, ErrWant},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Place(yard(4, 1, 1, tib), tt.want, 1); !errors.Is(err, tt.err) {
				t.Errorf("got %v, want %v", err, tt.err)
			}
		})
	}
	twice := append(yard(1, 1, 1, tib), yard(1, 1, 1, tib)...)
	if _, _, err := Place(twice, Want{SizeKiB: gib}, 1); !errors.Is(err, ErrDevices) {
		t.Errorf("one device twice: got %v", err)
	}
	torn := yard(1, 2, 1, tib)
	torn[1].Zone = 7
	if _, _, err := Place(torn, Want{SizeKiB: gib}, 1); !errors.Is(err, ErrDevices) {
		t.Errorf("a node in two zones: got %v", err)
	}
}
