package placement

import (
	"errors"
	"testing"
)

func TestSizeCountsPoolAndMetadataInWholeExtents(t *testing.T) {
	for _, tt := range []struct {
		name              string
		brick             uint64
		factor            float64
		extent            uint64
		pool, meta, total uint64
	}{
		{"10 GiB", 10 * gib, 1, 4096, 10485760, 53248, 10539008},
		{"no factor is one", 10 * gib, 0, 4096, 10485760, 53248, 10539008},
		{"no extent is 4 MiB", 10 * gib, 1, 0, 10485760, 53248, 10539008},
		{"1 GiB", gib, 1, 4096, 1048576, 8192, 1056768},
		{"snapshot factor 1.5", 10 * gib, 1.5, 4096, 15728640, 81920, 15810560},
		{"rounded up to an extent", 10*gib + 1, 1, 4096, 10489856, 53248, 10543104},
		{"large extents", gib, 1, 65536, 1048576, 65536, 1114112},
		{"metadata stops at 16 GiB", 4 * tib, 1, 4096, 4 * tib, 16 * gib, 4*tib + 16*gib},
		{"too large to count", 1 << 63, 100, 4096, unplaceable, 0, unplaceable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, meta, total := Size(tt.brick, tt.factor, tt.extent)
			if pool != tt.pool || meta != tt.meta || total != tt.total {
				t.Errorf("got %d+%d=%d, want %d+%d=%d", pool, meta, total, tt.pool, tt.meta, tt.total)
			}
		})
	}
}

func TestArbiterSize(t *testing.T) {
	for _, tt := range []struct {
		name                string
		data, average, want uint64
		err                 bool
	}{
		{"10 GiB of 64 KiB files", 10 * gib, 64, 163840, false},
		{"never below 16 MiB", gib, 64, 16384, false},
		{"1 MiB files", 100 * gib, 1024, 102400, false},
		{"one file a brick", gib, gib, 16384, false},
		{"files larger than a brick", gib, gib + 1, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := arbiterSize(tt.data, tt.average)
			if got != tt.want || (err != nil) != tt.err {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	want := Want{SizeKiB: 4 * gib, Durability: arbitrated(), ArbiterAverageKiB: 8 * gib}
	_, _, err := Place(yard(3, 1, 1, tib), want, 1)
	var average *AverageFileError
	if !errors.As(err, &average) || errors.Is(err, ErrNoSpace) {
		t.Fatalf("got %v", err)
	}
	if got := err.Error(); got != "Average file size (8388608) is greater than Brick size (4194304)" {
		t.Errorf("got %q", got)
	}
}
