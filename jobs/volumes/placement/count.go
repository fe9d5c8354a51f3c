package placement

import "fmt"

// count picks devices for all bricks, and otherwise says what is lacking.
func (t *trial) count() (why string, ok bool) {
	t.start()
	bricks := t.sets * t.perSet[data]
	if n := t.capacity(data); n < bricks {
		return t.lack(n, bricks), false
	}
	if t.perSet[arbiter] == 0 {
		t.fill(data, bricks, false)
		return "", true
	}
	if t.countByTaste(bricks) || t.countExactly(bricks) {
		return "", true
	}
	return fmt.Sprintf("no %d %s have room for %d data bricks and %d arbiters in sets",
		t.perSet[data]+t.perSet[arbiter], t.groupName(), bricks, t.sets), false
}

// countByTaste gives arbiters to devices kept for them, then the emptiest
// devices to data, and the other arbiters what is left. It may miss a layout.
func (t *trial) countByTaste(bricks int) bool {
	kept := t.fill(arbiter, t.sets, true)
	return t.fill(data, bricks, false) == bricks &&
		t.fill(arbiter, t.sets-kept, false) == t.sets-kept
}

// countExactly gives arbiters to those devices that leave most room for data.
func (t *trial) countExactly(bricks int) bool {
	t.reset()
	if t.sets > maxExactSets {
		return false
	}
	for i, n := range t.arbiters(bricks) {
		for range n {
			t.take(i, arbiter)
		}
	}
	return len(t.picks[arbiter]) == t.sets && t.fill(data, bricks, false) == bricks
}

func (t *trial) lack(have, bricks int) string {
	groups := make([]bool, t.groups())
	open := 0
	for i := range t.all {
		c := &t.all[i]
		if c.fits(data) && !groups[t.group(c)] {
			groups[t.group(c)] = true
			open++
		}
	}
	if open < t.perSet[data] {
		return fmt.Sprintf("a set needs %d %s with room, there are %d", t.perSet[data], t.groupName(), open)
	}
	return fmt.Sprintf("%d bricks are needed, but only %d fit with the bricks of a set on different %s",
		bricks, have, t.groupName())
}
