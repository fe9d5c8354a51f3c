package placement

import "cmp"

// trial is the search at one cut: which device takes how many bricks.
type trial struct {
	*field
	sets   int
	perSet [roles]int
	size   [roles]uint64
	factor float64

	inNode, inZone []int // bricks picked so far
	picks          [roles][]int
}

// start prices the bricks for each device and forgets all picks.
func (t *trial) start() {
	var cost [roles]uint64
	extent := ^uint64(0)
	for i := range t.all {
		c := &t.all[i]
		if c.dev.ExtentKiB != extent {
			extent = c.dev.ExtentKiB
			for r := range roles {
				_, _, cost[r] = Size(t.size[r], t.factor, extent)
			}
		}
		c.cost = cost
	}
	t.reset()
}

func (t *trial) reset() {
	for i := range t.all {
		c := &t.all[i]
		c.left, c.bricks = c.dev.FreeKiB, c.dev.Bricks
		c.used = max(c.dev.SizeKiB, c.left) - c.left
	}
	t.inNode, t.inZone = make([]int, t.nodes), make([]int, t.zones)
	t.picks = [roles][]int{}
}

// taken is how many bricks the candidate's group has; the number of sets is the
// most it may have.
func (t *trial) taken(c *candidate) int {
	if t.strict {
		return t.inZone[c.zone]
	}
	return t.inNode[c.node]
}

func (t *trial) open(c *candidate, r role) bool { return c.fits(r) && t.taken(c) < t.sets }

// capacity is how many bricks of a role can still be picked in all.
func (t *trial) capacity(r role) int {
	room := make([]int, t.groups())
	for i := range t.all {
		c := &t.all[i]
		g := t.group(c)
		room[g] = min(room[g]+c.room(r), t.sets-t.taken(c))
	}
	sum := 0
	for _, n := range room {
		sum += n
	}
	return sum
}

// fill picks devices for n bricks of a role, and says how many it found.
func (t *trial) fill(r role, n int, dedicated bool) int {
	for k := range n {
		i := t.pick(r, dedicated)
		if i < 0 {
			return k
		}
		t.take(i, r)
	}
	return n
}

func (t *trial) take(i int, r role) {
	c := &t.all[i]
	c.left -= c.cost[r]
	c.used += c.cost[r]
	c.bricks++
	t.inNode[c.node]++
	t.inZone[c.zone]++
	t.picks[r] = append(t.picks[r], i)
}

// pick is the candidate that should take the next brick, or -1. The emptiest
// device counts, but one that is no fuller now than the emptiest would be with
// the brick is its equal: among equals zones and nodes are spread first.
func (t *trial) pick(r role, dedicated bool) int {
	low, found := 0.0, false
	for i := range t.all {
		c := &t.all[i]
		if t.open(c, r) && (c.dedicated || !dedicated) {
			if after := c.after(r); !found || after < low {
				low, found = after, true
			}
		}
	}
	best := -1
	for i := range t.all {
		c := &t.all[i]
		if !t.open(c, r) || (dedicated && !c.dedicated) || c.before() > low {
			continue
		}
		if best < 0 || t.compare(c, &t.all[best], r) < 0 {
			best = i
		}
	}
	return best
}

func (t *trial) compare(a, b *candidate, r role) int {
	if d := t.inZone[a.zone] - t.inZone[b.zone]; d != 0 {
		return d
	}
	if d := t.inNode[a.node] - t.inNode[b.node]; d != 0 {
		return d
	}
	if d := cmp.Compare(a.after(r), b.after(r)); d != 0 {
		return d
	}
	if d := a.bricks - b.bricks; d != 0 {
		return d
	}
	return cmp.Compare(a.rank, b.rank)
}
