package plan

// Assign gives each unit one of its pools, of which no pool serves more units than it has supply; candidates come in order of
// preference. It finds an assignment whenever there is one: a unit that finds its pools empty makes others that have a choice
// move. false if there is none.
func Assign(units [][]string, supply map[string]int) ([]string, bool) {
	a := assignment{units: units, supply: supply, of: make([]string, len(units)), in: map[string][]int{}}
	for u := range units {
		if !a.place(u, map[string]bool{}) {
			return nil, false
		}
	}
	return a.of, true
}

type assignment struct {
	units  [][]string
	supply map[string]int
	of     []string         // pool of each unit
	in     map[string][]int // units of each pool
}

// place finds a pool for a unit, and moves one that is there if it must. tried are the pools that cannot be made free.
func (a *assignment) place(u int, tried map[string]bool) bool {
	for _, p := range a.units[u] {
		if len(a.in[p]) < a.supply[p] {
			a.put(u, p)
			return true
		}
	}
	for _, p := range a.units[u] {
		if tried[p] || a.supply[p] == 0 {
			continue
		}
		tried[p] = true
		for i, other := range a.in[p] {
			if len(a.units[other]) > 1 && a.place(other, tried) {
				a.in[p][i] = u
				a.of[u] = p
				return true
			}
		}
	}
	return false
}

func (a *assignment) put(u int, pool string) {
	a.of[u] = pool
	a.in[pool] = append(a.in[pool], u)
}
