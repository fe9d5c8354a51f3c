package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// role is what a brick is for; devices differ in the roles they may take.
type role int

const (
	data role = iota
	arbiter
	roles
)

// candidate is a device as the search sees it. The fields from cost on belong to
// the trial at hand.
type candidate struct {
	dev        *Device
	node, zone int // dense indices
	size       float64
	rank       uint64 // breaks ties
	may        [roles]bool
	dedicated  bool // for arbiters only
	broken     *TagRule

	cost   [roles]uint64
	left   uint64
	used   uint64
	bricks int
}

// room is how many bricks of a role still fit. Something must stay free.
func (c *candidate) room(r role) int {
	if !c.may[r] || c.left == 0 || c.cost[r] == 0 {
		return 0
	}
	return int(min((c.left-1)/c.cost[r], maxBricksEver))
}

func (c *candidate) fits(r role) bool { return c.may[r] && c.cost[r] < c.left }

func (c *candidate) before() float64 { return float64(c.used) / c.size }

func (c *candidate) after(r role) float64 { return float64(c.used+c.cost[r]) / c.size }

// field is all candidates in the order of their ids.
type field struct {
	all          []candidate
	nodes, zones int
	strict       bool
}

func newField(devices []Device, want Want, seed uint64) (*field, error) {
	f := &field{all: make([]candidate, len(devices)), strict: want.StrictZones}
	if err := f.index(inOrder(devices)); err != nil {
		return nil, err
	}
	chance := rand.NewPCG(seed, uint64(len(devices)))
	for i := range f.all {
		c := &f.all[i]
		c.rank = chance.Uint64()
		c.size = float64(max(c.dev.SizeKiB, c.dev.FreeKiB, 1))
		c.admit(want)
	}
	return f, nil
}

// index gives each device its node and zone, and refuses a list in which an id
// comes twice or a node stands in two zones.
func (f *field) index(devices []*Device) error {
	type place struct{ node, zone, named int }
	nodes := make(map[string]place)
	zones := make(map[int]int)
	for i, d := range devices {
		if i > 0 && devices[i-1].ID == d.ID {
			return fmt.Errorf("%w: device %s twice", ErrDevices, d.ID)
		}
		p, known := nodes[d.Node]
		if !known {
			zone, seen := zones[d.Zone]
			if !seen {
				zone = len(zones)
				zones[d.Zone] = zone
			}
			p = place{node: len(nodes), zone: zone, named: d.Zone}
			nodes[d.Node] = p
		}
		if p.named != d.Zone {
			return fmt.Errorf("%w: node %s in zones %d and %d", ErrDevices, d.Node, p.named, d.Zone)
		}
		f.all[i] = candidate{dev: d, node: p.node, zone: p.zone}
	}
	f.nodes, f.zones = len(nodes), len(zones)
	return nil
}

// admit decides by the tags which roles the device may take.
func (c *candidate) admit(want Want) {
	for i := range want.Match {
		if !want.Match[i].Matches(c.dev.Tags) {
			c.broken = &want.Match[i]
			return
		}
	}
	if !want.Arbiter {
		c.may[data] = true
		return
	}
	tag := c.dev.Tags[arbiterTag]
	c.dedicated = tag == arbiterRequired
	c.may[data] = tag != arbiterRequired
	c.may[arbiter] = tag != arbiterDisabled
}

// group is what two bricks of a set may not share: the node, or the zone.
func (f *field) group(c *candidate) int {
	if f.strict {
		return c.zone
	}
	return c.node
}

func (f *field) groups() int {
	if f.strict {
		return f.zones
	}
	return f.nodes
}

func (f *field) groupName() string {
	if f.strict {
		return "zones"
	}
	return "nodes"
}

func inOrder(devices []Device) []*Device {
	out := make([]*Device, len(devices))
	for i := range devices {
		out[i] = &devices[i]
	}
	slices.SortFunc(out, func(a, b *Device) int { return strings.Compare(a.ID, b.ID) })
	return out
}
