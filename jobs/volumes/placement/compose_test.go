package placement

import (
	"math/rand/v2"
	"testing"
)

// Whatever counts came from sets can be dealt into sets again, in any mix.
func TestEveryCountComposes(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		sets, groups := 1+chance.IntN(10), 3+chance.IntN(5)
		perSet := [roles]int{data: 2, arbiter: 1}
		if chance.IntN(3) == 0 {
			perSet = [roles]int{data: 1 + chance.IntN(groups)}
		}
		tr := &trial{field: &field{nodes: groups, zones: 3}, sets: sets, perSet: perSet}
		for g := range groups {
			tr.all = append(tr.all, candidate{node: g, zone: g % 3, rank: chance.Uint64()})
		}
		for range sets {
			order := skewed(chance, groups)
			for k := range perSet[arbiter] + perSet[data] {
				r := data
				if k < perSet[arbiter] {
					r = arbiter
				}
				tr.picks[r] = append(tr.picks[r], order[k])
			}
		}
		checkComposed(t, tr, tr.compose())
	}
}

// skewed is an order of the groups in which some tend to come early.
func skewed(chance *rand.Rand, groups int) []int {
	order := chance.Perm(groups)
	for i := 1; i < groups; i++ {
		if order[i] < order[i-1] && chance.IntN(2) == 0 {
			order[i], order[i-1] = order[i-1], order[i]
		}
	}
	return order
}

func checkComposed(t *testing.T, tr *trial, sets [][]int) {
	t.Helper()
	var given [roles]map[int]int
	for r := range roles {
		given[r] = make(map[int]int)
		for _, i := range tr.picks[r] {
			given[r][i]++
		}
	}
	for n, set := range sets {
		seen := make(map[int]bool)
		for k, i := range set {
			r := data
			if tr.perSet[arbiter] > 0 && k == arbiterIndex {
				r = arbiter
			}
			if seen[i] || given[r][i] == 0 {
				t.Fatalf("set %d is %v: %d twice, or without such a brick", n, set, i)
			}
			seen[i] = true
			given[r][i]--
		}
		if len(set) != tr.perSet[data]+tr.perSet[arbiter] {
			t.Fatalf("set %d is %v", n, set)
		}
	}
}
