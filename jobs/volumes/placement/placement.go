// Package placement decides on which devices the bricks of a volume go.
//
// It is a pure function of its arguments: it reads no clock, no store and no
// machine, and its only chance is a generator seeded by the caller, so the same
// devices in any order with the same seed give the same layout. It refuses to
// judge whether a device is online or healthy: whoever calls hands in only
// devices that may be used, and books the space of the layout that comes back.
//
// A layout is found in three moves, for one brick size after the other:
//
//	sizes    1, 2, 4, 8 .. brick sets, then the counts between them
//	fill     how many bricks each device takes: emptiest first, zones spread
//	compose  which of these bricks form a set: no node (strict: no zone) twice
//
// No move has to be taken back. A set takes at most one brick of a node, so
// s sets can be composed from any counts in which no node has more than s bricks
// (an edge colouring of a bipartite graph, which needs no more colours than the
// largest degree). It is therefore enough to count, and a layout is found
// whenever there is one, for any number of bricks and in polynomial time. Only
// beyond maxExactSets sets with arbiters is the count a good guess.
package placement

// Device is one disk that may take bricks. Zone belongs to the node: all devices
// of one node carry the same.
type Device struct {
	ID, Node  string
	Zone      int
	SizeKiB   uint64
	FreeKiB   uint64
	ExtentKiB uint64 // of its volume group; 0 is the default of LVM, 4096
	Bricks    int    // that it holds already
	Tags      map[string]string
}

// Want is what a volume, or an expansion of one, asks for.
type Want struct {
	SizeKiB uint64 // usable capacity
	Durability
	SnapshotFactor    float64 // thin pool to brick, 1..100; 0 is 1
	StrictZones       bool    // all bricks of a set in different zones
	Match             []TagRule
	ExistingBricks    int    // that the volume has already; they count against the limit
	Limits            Limits // zero fields take their defaults
	ArbiterAverageKiB uint64 // expected file size; 0 is Limits.AverageFileKiB
}

// Slot is one brick and its place. SizeKiB is the thin volume, PoolKiB and
// MetaKiB the thin pool under it; TotalKiB is what the device loses.
type Slot struct {
	Device, Node string
	Zone         int
	SizeKiB      uint64
	PoolKiB      uint64
	MetaKiB      uint64
	TotalKiB     uint64
	Arbiter      bool
}

// Layout is a volume's bricks, set by set in gluster's order; an arbiter is the
// third of its set. BrickKiB is the size of the data bricks.
type Layout struct {
	Sets     [][]Slot
	BrickKiB uint64
}

// Bricks counts the slots of all sets.
func (l Layout) Bricks() int {
	n := 0
	for _, set := range l.Sets {
		n += len(set)
	}
	return n
}
