package placement

import "cmp"

// pile is the picked bricks of one group that are in no set yet.
type pile struct {
	zone  int
	rank  uint64
	picks [roles][]int
	used  bool // in the set at hand
}

func (p *pile) bricks() int { return len(p.picks[data]) + len(p.picks[arbiter]) }

func (p *pile) pop(r role) int {
	i := p.picks[r][0]
	p.picks[r] = p.picks[r][1:]
	p.used = true
	return i
}

// composer deals the picked bricks into sets. With s sets to go a pile of s
// bricks must give one to each; the rest is free, and spent on spreading zones.
type composer struct {
	piles          []pile
	inZone, inPile []int // by zone: bricks of this set, bricks in piles
	left           int
}

func (t *trial) compose() [][]int {
	c := composer{inZone: make([]int, t.zones), inPile: make([]int, t.zones), left: t.sets}
	index := make(map[int]int)
	for r := range roles {
		for _, i := range t.picks[r] {
			d := &t.all[i]
			k, ok := index[t.group(d)]
			if !ok {
				k = len(c.piles)
				index[t.group(d)] = k
				c.piles = append(c.piles, pile{zone: d.zone, rank: d.rank})
			}
			c.piles[k].picks[r] = append(c.piles[k].picks[r], i)
			c.inPile[d.zone]++
		}
	}
	out := make([][]int, 0, t.sets)
	for ; c.left > 0; c.left-- {
		out = append(out, c.set(t.perSet))
	}
	return out
}

func (c *composer) set(perSet [roles]int) []int {
	clear(c.inZone)
	for i := range c.piles {
		c.piles[i].used = false
	}
	var out, last []int
	if perSet[arbiter] > 0 {
		last = append(last, c.deal(arbiter))
	}
	for range perSet[data] {
		out = append(out, c.deal(data))
	}
	return append(out, last...)
}

// deal takes one brick off the best pile. The set can always be completed: at
// most as many piles are due as it has bricks; a due pile of arbiters alone holds
// all arbiters; and data that is two in three bricks lies in two other piles.
func (c *composer) deal(r role) int {
	best := -1
	for i := range c.piles {
		p := &c.piles[i]
		if p.used || len(p.picks[r]) == 0 {
			continue
		}
		if best < 0 || c.compare(p, &c.piles[best]) < 0 {
			best = i
		}
	}
	p := &c.piles[best]
	c.inZone[p.zone]++
	c.inPile[p.zone]--
	return p.pop(r)
}

func (c *composer) compare(a, b *pile) int {
	if due := a.bricks() == c.left; due != (b.bricks() == c.left) {
		if due {
			return -1
		}
		return 1
	}
	if d := c.inZone[a.zone] - c.inZone[b.zone]; d != 0 {
		return d
	}
	if d := c.inPile[b.zone] - c.inPile[a.zone]; d != 0 {
		return d
	}
	if d := b.bricks() - a.bricks(); d != 0 {
		return d
	}
	return cmp.Compare(a.rank, b.rank)
}
