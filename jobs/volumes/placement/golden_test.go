package placement

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden layouts anew")

// A stored volume's layout can be computed again as long as these stay as they are.
func TestSameSeedSameLayout(t *testing.T) {
	half := yard(6, 4, 3, 500*gib)
	for i := range half {
		half[i].FreeKiB -= uint64(i*37%100) * gib
		half[i].Bricks = i * 37 % 10
	}
	for _, tt := range []struct {
		name string
		want Want
		seed uint64
	}{
		{"replica3", Want{SizeKiB: 10 * gib, Durability: replica(3)}, 1},
		{"replica3-other-seed", Want{SizeKiB: 10 * gib, Durability: replica(3)}, 2},
		{"replica3-strict-two-sets", Want{SizeKiB: 900 * gib, Durability: replica(3), StrictZones: true}, 3},
		{"arbiter-four-sets", Want{SizeKiB: 1600 * gib, Durability: arbitrated()}, 4},
		{"disperse42", Want{SizeKiB: 100 * gib, Durability: disperse(4, 2), SnapshotFactor: 1.5}, 5},
		{"none-large", Want{SizeKiB: 8 * tib}, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			layout, _, err := Place(half, tt.want, tt.seed)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, half, tt.want, layout)
			shuffled := slices.Clone(half)
			slices.Reverse(shuffled)
			again, _, err := Place(shuffled, tt.want, tt.seed)
			if diff := cmp.Diff(layout, again); err != nil || diff != "" {
				t.Errorf("order of the devices matters: %v\n%s", err, diff)
			}
			compareGolden(t, tt.name, layout)
		})
	}
}

func compareGolden(t *testing.T, name string, layout Layout) {
	t.Helper()
	got, err := json.MarshalIndent(layout, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Error(diff)
	}
}
