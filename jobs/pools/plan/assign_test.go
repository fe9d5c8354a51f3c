package plan_test

import (
	"testing"

	"pgregory.net/rapid"

	"yardmaster/jobs/pools/plan"
)

func TestAssignFindsAWayWheneverThereIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pools := []string{"a", "b", "c"}
		supply := map[string]int{}
		for _, p := range pools {
			supply[p] = rapid.IntRange(0, 2).Draw(t, "supply")
		}
		units := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []string {
			return rapid.Permutation(pools).Draw(t, "order")[:rapid.IntRange(1, 3).Draw(t, "choices")]
		}), 1, 6).Draw(t, "units")
		got, ok := plan.Assign(units, supply)
		if want := possible(units, supply); ok != want {
			t.Fatalf("%v of %v: got %v, want %v", units, supply, ok, want)
		}
		if !ok {
			return
		}
		used := map[string]int{}
		for i, p := range got {
			used[p]++
			if !contains(units[i], p) || used[p] > supply[p] {
				t.Fatalf("%v of %v: %v", units, supply, got)
			}
		}
	})
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// possible tries everything.
func possible(units [][]string, supply map[string]int) bool {
	if len(units) == 0 {
		return true
	}
	for _, p := range units[0] {
		if supply[p] > 0 {
			supply[p]--
			ok := possible(units[1:], supply)
			supply[p]++
			if ok {
				return true
			}
		}
	}
	return false
}

func TestAssignKeepsToThePreference(t *testing.T) {
	got, _ := plan.Assign([][]string{{"b", "a"}, {"b", "a"}}, map[string]int{"a": 5, "b": 1})
	if got[0] != "b" || got[1] != "a" {
		t.Errorf("got %v", got)
	}
}
