package placement

import "fmt"

// Replace finds another device for the brick old, whose set also has the bricks
// rest. It keeps the brick's size, and its role if it is an arbiter. A zero Zone
// in rest is looked up among the devices.
func Replace(devices []Device, rest []Slot, old Slot, want Want, seed uint64) (Slot, Report, error) {
	want, err := want.checked()
	if err != nil {
		return Slot{}, Report{}, err
	}
	if old.SizeKiB == 0 {
		return Slot{}, Report{}, fmt.Errorf("%w: a brick without a size", ErrWant)
	}
	want.Arbiter = want.Arbiter || old.Arbiter
	f, err := newField(devices, want, seed)
	if err != nil {
		return Slot{}, Report{}, err
	}
	t, r := f.trialFor(old, want.SnapshotFactor)
	barred := t.bar(t.neighbours(rest), old.Device)
	i := t.pick(r, r == arbiter)
	if i < 0 {
		i = t.pick(r, false)
	}
	var report Report
	if i < 0 {
		report.add(t.unreplaced(barred, r))
		report.Stop = ErrNoReplacement.Error()
		return Slot{}, report, ErrNoReplacement
	}
	report.add(t.placed())
	return t.slot(i, r), report, nil
}

// trialFor is the search for a single brick like old.
func (f *field) trialFor(old Slot, factor float64) (*trial, role) {
	t := &trial{field: f, sets: 1, factor: factor}
	r := data
	if old.Arbiter {
		r = arbiter
	}
	t.size[r], t.perSet[r] = old.SizeKiB, 1
	t.start()
	return t, r
}

// neighbours is where the other bricks of a set stand.
type neighbours struct {
	nodes map[string]bool
	zones map[int]bool
}

func (t *trial) neighbours(rest []Slot) neighbours {
	n := neighbours{nodes: make(map[string]bool), zones: make(map[int]bool)}
	for _, s := range rest {
		n.nodes[s.Node] = true
		if s.Zone != 0 {
			n.zones[s.Zone] = true
		}
	}
	for i := range t.all {
		if d := t.all[i].dev; n.nodes[d.Node] {
			n.zones[d.Zone] = true
		}
	}
	return n
}

// bar takes from the field what may not hold the brick and says why, and marks
// the zones of the neighbours as less welcome.
func (t *trial) bar(set neighbours, old string) map[int]Reason {
	why := make(map[int]Reason)
	for i := range t.all {
		c := &t.all[i]
		if set.zones[c.dev.Zone] && !t.strict {
			t.inZone[c.zone] = 1
		}
		switch {
		case c.dev.ID == old:
			why[i] = SameDevice
		case set.nodes[c.dev.Node]:
			why[i] = NodeTaken
		case t.strict && set.zones[c.dev.Zone]:
			why[i] = ZoneTaken
		default:
			continue
		}
		c.may = [roles]bool{}
	}
	return why
}
