package configs

import (
	"slices"
	"testing"
)

func TestReleasesInOrder(t *testing.T) {
	for _, inOrder := range [][]string{
		{"9.9", "10.0", "10.0.1", "10.1"},
		{"23.1-alpha2", "23.1-beta", "23.1-rc1", "23.1-RC2", "23.1-rc10", "23.1", "23.1-fix", "23.1-fix-fix", "23.1.1-rc1", "23.1.1", "23.2-rc1", "23.2"},
		{"23.01", "23.1", "23.02"},
		{"21.x.0", "21.0.0", "21.1.0"},
		{"v1", "v1.1", "v2"},
		{"1.0.0-snapshot", "1.0.0", "1.0.0+5"},
	} {
		for range 3 {
			shuffled := slices.Clone(inOrder)
			slices.Reverse(shuffled)
			slices.SortFunc(shuffled, compareReleases)
			if !slices.Equal(shuffled, inOrder) {
				t.Errorf("got  %v\nwant %v", shuffled, inOrder)
			}
		}
		for i, a := range inOrder {
			for j, b := range inOrder {
				if got := compareReleases(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
					t.Errorf("%s and %s: got %d", a, b, got)
				}
			}
		}
	}
}
