package placement

// maxExactSets bounds the exact choice of arbiters, whose work grows with the
// square of the number of sets.
const maxExactSets = 32

// frontier says for each number of arbiters how many data bricks still fit;
// impossible marks a number of arbiters that does not fit at all.
type frontier []int

const impossible = -1

// arbiters chooses how many arbiters each candidate takes so that the most data
// bricks fit beside them; nil when even so it is too few.
func (t *trial) arbiters(bricks int) []int {
	members := make([][]int, t.groups())
	for i := range t.all {
		if c := &t.all[i]; c.fits(data) || c.fits(arbiter) {
			g := t.group(c)
			members[g] = append(members[g], i)
		}
	}
	groups := make([]chain, len(members))
	whole := newChain(t.sets)
	for g, devices := range members {
		groups[g] = newChain(t.sets)
		for _, i := range devices {
			groups[g].add(t.all[i].frontier(t.sets))
		}
		whole.add(groups[g].best.capped(t.sets))
	}
	if whole.best[t.sets] < bricks {
		return nil
	}
	out := make([]int, len(t.all))
	for g, n := range whole.trace(t.sets) {
		for k, m := range groups[g].trace(n) {
			out[members[g][k]] = m
		}
	}
	return out
}

func (c *candidate) frontier(sets int) frontier {
	out := make(frontier, sets+1)
	most, spare := c.room(arbiter), *c
	for a := range out {
		out[a] = impossible
		if a <= most {
			spare.left = c.left - uint64(a)*c.cost[arbiter]
			out[a] = min(spare.room(data), sets)
		}
	}
	return out
}

// capped is the frontier of a group, which has one brick of a set at most.
func (f frontier) capped(sets int) frontier {
	out := make(frontier, len(f))
	for a, n := range f {
		out[a] = min(n, sets-a)
	}
	return out
}

// chain adds up frontiers and remembers how each best was reached.
type chain struct {
	best  frontier
	share [][]uint8 // by member, by arbiters in all up to it: those of the member
}

func newChain(sets int) chain {
	best := make(frontier, sets+1)
	for a := range best {
		best[a] = impossible
	}
	best[0] = 0
	return chain{best: best}
}

func (c *chain) add(f frontier) {
	next, share := make(frontier, len(f)), make([]uint8, len(f))
	for a := range next {
		next[a] = impossible
		for own := 0; own <= a; own++ {
			if f[own] == impossible || c.best[a-own] == impossible {
				continue
			}
			if n := f[own] + c.best[a-own]; n > next[a] {
				next[a], share[a] = n, uint8(own)
			}
		}
	}
	c.best = next
	c.share = append(c.share, share)
}

// trace is how many of n arbiters each member takes.
func (c *chain) trace(n int) []int {
	out := make([]int, len(c.share))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = int(c.share[i][n])
		n -= out[i]
	}
	return out
}
