package placement

import "testing"

func BenchmarkPlace(b *testing.B) {
	for _, bb := range []struct {
		name    string
		devices []Device
		want    Want
	}{
		{"replica3/24", yard(6, 4, 3, 500*gib), Want{SizeKiB: 10 * gib, Durability: replica(3)}},
		{"replica3/1000", yard(100, 10, 4, 500*gib), Want{SizeKiB: 10 * gib, Durability: replica(3)}},
		{"none32/1000", yard(100, 10, 4, 500*gib), Want{SizeKiB: 15000 * gib}},
		{"arbiter/1000", yard(100, 10, 4, 500*gib), Want{SizeKiB: 10 * gib, Durability: arbitrated()}},
		{"full/24", yard(6, 4, 3, gib), Want{SizeKiB: 10 * gib, Durability: replica(3)}},
		{"full-none/1000", yard(100, 10, 4, gib), Want{SizeKiB: 32 * gib}},
		{"full-arbiter/1000", yard(2, 500, 1, 500*gib), Want{SizeKiB: 32 * gib, Durability: arbitrated()}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _, _ = Place(bb.devices, bb.want, uint64(i))
			}
		})
	}
}

func BenchmarkReplace(b *testing.B) {
	devices := yard(100, 10, 4, 500*gib)
	old := Slot{Device: devices[0].ID, Node: devices[0].Node, SizeKiB: 10 * gib}
	rest := []Slot{{Node: "node-01"}, {Node: "node-02"}}
	for i := 0; b.Loop(); i++ {
		_, _, _ = Replace(devices, rest, old, Want{}, uint64(i))
	}
}
