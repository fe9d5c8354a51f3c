package placement

import (
	"fmt"
	"testing"
)

func TestDevicesFillEvenly(t *testing.T) {
	uneven := yard(4, 2, 1, 500*gib) // zones 1, 2, 3, 3
	for i := range uneven {
		uneven[i].Zone = min(i/2+1, 3)
	}
	for _, tt := range []struct {
		name    string
		devices []Device
		want    Want
	}{
		{"one zone", yard(4, 2, 1, 500*gib), Want{Durability: replica(3)}},
		{"two zones", yard(4, 2, 2, 500*gib), Want{Durability: replica(3)}},
		{"four zones", yard(4, 2, 4, 500*gib), Want{Durability: replica(3)}},
		{"four strict zones", yard(4, 2, 4, 500*gib), Want{Durability: replica(3), StrictZones: true}},
		{"zones of different size", uneven, Want{Durability: replica(3)}},
		{"large devices in zones of different size", enlarged(uneven, 20), Want{Durability: replica(3)}},
		{"replica 2", yard(4, 2, 3, 500*gib), Want{Durability: replica(2)}},
		{"arbiters", yard(4, 2, 2, 500*gib), Want{Durability: arbitrated()}},
		{"distributed", yard(4, 2, 2, 500*gib), Want{}},
		{"disperse", yard(4, 2, 2, 500*gib), Want{Durability: disperse(2, 1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.SizeKiB = 10 * gib
			for v := range 40 {
				l, _, err := Place(tt.devices, tt.want, uint64(v))
				if err != nil {
					t.Fatalf("volume %d: %v", v, err)
				}
				verify(t, tt.devices, tt.want, l)
				book(tt.devices, l)
			}
			var most, sum uint64
			for _, d := range tt.devices {
				sum += d.SizeKiB - d.FreeKiB
				most = max(most, d.SizeKiB-d.FreeKiB)
			}
			if mean := sum / uint64(len(tt.devices)); 4*most > 5*mean {
				t.Errorf("fullest device holds %d KiB, mean is %d", most, mean)
			}
		})
	}
}

func TestLargerDevicesTakeMore(t *testing.T) {
	devices := yard(4, 2, 1, 500*gib)
	for i := range devices {
		if i%2 == 1 {
			devices[i].SizeKiB, devices[i].FreeKiB = 1500*gib, 1500*gib
		}
	}
	for v := range 100 {
		l, _, err := Place(devices, Want{SizeKiB: 10 * gib, Durability: replica(3)}, uint64(v))
		if err != nil {
			t.Fatal(err)
		}
		book(devices, l)
	}
	for _, d := range devices {
		if used := (d.SizeKiB - d.FreeKiB) * 100 / d.SizeKiB; used < 33 || used > 43 {
			t.Errorf("%s is %d %% full, all together are 38", d.ID, used)
		}
	}
}

func TestZonesArePreferredEvenWhenNotStrict(t *testing.T) {
	for _, sets := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(sets, " sets"), func(t *testing.T) {
			devices := yard(9, 1, 3, 500*gib)
			want := Want{SizeKiB: 400 * gib * uint64(sets), Durability: replica(3), Limits: Limits{BrickMaxKiB: 400 * gib}}
			if sets == 4 {
				devices = yard(6, 2, 3, 500*gib)
			}
			for seed := range uint64(20) {
				l, _, err := Place(devices, want, seed)
				if err != nil || len(l.Sets) != sets {
					t.Fatalf("%d sets, %v", len(l.Sets), err)
				}
				strict := want
				strict.StrictZones = true
				verify(t, devices, strict, l)
			}
		})
	}
}

func TestDedicatedDevicesTakeTheArbiters(t *testing.T) {
	devices := yard(4, 1, 4, 500*gib)
	devices[2].Tags = map[string]string{"arbiter": "required"}
	for seed := range uint64(10) {
		l, _, err := Place(devices, Want{SizeKiB: 10 * gib, Durability: arbitrated()}, seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Sets[0][2]; got.Device != devices[2].ID || !got.Arbiter || got.SizeKiB != 163840 {
			t.Errorf("arbiter %+v", got)
		}
	}
}

func enlarged(devices []Device, by uint64) []Device {
	out := append([]Device(nil), devices...)
	for i := range out {
		out[i].SizeKiB *= by
		out[i].FreeKiB *= by
	}
	return out
}
