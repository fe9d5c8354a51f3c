package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// world is all that the machines hold. Its methods want the cluster's lock held.
type world struct {
	ledger  ledger
	nodes   *table[node]          // "", host
	disks   *table[disk]          // host, path
	vgs     *table[volumeGroup]   // host, name
	lvs     *table[logicalVolume] // host/vg, name
	files   *table[file]          // file system, path in it
	mounts  *table[mounted]       // host, directory
	volumes *table[volume]        // pool, name
	snaps   *table[snapshot]      // pool, name
	blocks  *table[block]         // pool/hosting volume, name
	pools   *table[poolConfig]    // "", pool
	epochs  *table[epoch]         // "", ""

	storage map[string]string // storage name -> host
	bricks  map[brickKey]*volume
	seed    uint64
	ids     *rand.Rand
}

type brickKey struct{ host, path string }

// epoch counts the openings of a world, so that ids do not repeat after one.
type epoch struct{ Opened uint64 }

// node is one machine.
type node struct {
	Host, Storage, UUID string
	Pool                string // the trusted pool it is in; alone at first
	Down                bool
	NoGlusterd          bool
	Born                int // how many nodes there were before it
}

func (n *node) glusterd() bool { return !n.Down && !n.NoGlusterd }

// disk is one block device.
type disk struct {
	Path      string
	SizeKiB   uint64
	FS, FSID  string // a file system put on it without LVM
	PVUUID    string // set: it is a physical volume
	VG        string
	MetaKiB   uint64
	AlignKiB  uint64
	ExtentKiB uint64
}

// volumeGroup is an LVM volume group.
type volumeGroup struct {
	Name, UUID string
	ExtentKiB  uint64
	PVs        []string
	Extents    uint64
	Free       uint64
}

// The sorts of logical volumes.
const (
	lvPool   = "pool"
	lvThin   = "thin"
	lvLinear = "linear"
)

// logicalVolume is a thin pool, a thin volume or a plain one.
type logicalVolume struct {
	Name, VG, UUID string
	Kind           string
	SizeKiB        uint64
	MetaKiB        uint64 // of a pool
	ChunkKiB       uint64 // of a pool
	Thins          int    // volumes in a pool
	Pool, Origin   string // of a thin volume
	Inactive       bool
	FS, FSID       string
}

// mounted is one mount of a node.
type mounted struct {
	Dir, Device, FS, FSID, Opts string
	Seq                         uint64
}

// volume is a gluster volume.
type volume struct {
	Name, UUID, Pool string
	Replica          int // 0: bricks are not copies
	Arbiter          bool
	Data, Redundancy int
	Bricks           []brick
	Options          map[string]string
	State            string // Created, Started, Stopped
	Rebalance        string // id of the last rebalance
	Removing         []string
	Clone            bool
}

// brick is one brick of a volume or snapshot: Name is how peers name its node.
type brick struct{ Host, Name, Path string }

func (b brick) String() string { return b.Name + ":" + b.Path }

// inSet is the number of bricks that hold one piece of data.
func (v *volume) inSet() int {
	switch {
	case v.Data > 0:
		return v.Data + v.Redundancy
	case v.Replica > 1:
		return v.Replica
	}
	return 1
}

// snapshot is a snapshot of a volume.
type snapshot struct {
	Name, UUID, Volume, VolumeUUID string // VolumeUUID is the snapshot's own volume
	Created                        string
	Active                         bool
	Parts                          []part
	Like                           volume // its shape, for clones
}

// part is a brick of a snapshot and the thin volume under it.
type part struct {
	brick
	VG, LV, Dir string
}

// poolConfig is what a trusted pool as a whole was told.
type poolConfig struct{ SnapHardLimit int }

// block is a gluster-block volume.
type block struct {
	Volume, Name, UUID, Password string
	GiB                          float64
	HA                           int
	Auth                         bool
	Hosts                        []string
}

func newWorld(seed uint64) *world {
	w := &world{seed: seed, storage: map[string]string{}, bricks: map[brickKey]*volume{}}
	l := &w.ledger
	w.nodes, w.disks, w.vgs = newTable[node]("node", l), newTable[disk]("disk", l), newTable[volumeGroup]("vg", l)
	w.lvs, w.files, w.mounts = newTable[logicalVolume]("lv", l), newTable[file]("file", l), newTable[mounted]("mount", l)
	w.volumes, w.snaps, w.blocks = newTable[volume]("volume", l), newTable[snapshot]("snapshot", l), newTable[block]("block", l)
	w.pools, w.epochs = newTable[poolConfig]("pool", l), newTable[epoch]("epoch", l)
	w.ids = rand.New(rand.NewPCG(seed, 0))
	return w
}

// apply sets or removes one row that the journal holds.
func (w *world) apply(table, group, name string, value json.RawMessage) error {
	switch table {
	case "node":
		return load(w.nodes, group, name, value)
	case "disk":
		return load(w.disks, group, name, value)
	case "vg":
		return load(w.vgs, group, name, value)
	case "lv":
		return load(w.lvs, group, name, value)
	case "file":
		return load(w.files, group, name, value)
	case "mount":
		return load(w.mounts, group, name, value)
	case "volume":
		return load(w.volumes, group, name, value)
	case "snapshot":
		return load(w.snaps, group, name, value)
	case "block":
		return load(w.blocks, group, name, value)
	case "pool":
		return load(w.pools, group, name, value)
	case "epoch":
		return load(w.epochs, group, name, value)
	}
	return fmt.Errorf("unknown table %q", table)
}

func load[T any](t *table[T], group, name string, value json.RawMessage) error {
	if len(value) == 0 {
		t.unset(group, name)
		return nil
	}
	row := new(T)
	if err := json.Unmarshal(value, row); err != nil {
		return fmt.Errorf("%s %s/%s: %w", t.name, group, name, err)
	}
	t.set(group, name, row)
	return nil
}

// each calls fn for every row there is.
func (w *world) each(fn func(table, group, name string, row any)) {
	eachRow(w.epochs, fn)
	eachRow(w.nodes, fn)
	eachRow(w.disks, fn)
	eachRow(w.vgs, fn)
	eachRow(w.lvs, fn)
	eachRow(w.files, fn)
	eachRow(w.mounts, fn)
	eachRow(w.pools, fn)
	eachRow(w.volumes, fn)
	eachRow(w.snaps, fn)
	eachRow(w.blocks, fn)
}

func eachRow[T any](t *table[T], fn func(table, group, name string, row any)) {
	for group, rows := range t.groups {
		for name, row := range rows {
			fn(t.name, group, name, row)
		}
	}
}

// settle rebuilds what is derived from the rows and begins a new epoch of ids.
func (w *world) settle() {
	for _, n := range w.nodes.all("") {
		w.storage[n.Storage] = n.Host
	}
	for pool := range w.volumes.groups {
		for _, v := range w.volumes.all(pool) {
			w.indexBricks(v)
		}
	}
	e := epoch{}
	if old := w.epochs.get("", ""); old != nil {
		e = *old
	}
	e.Opened++
	w.epochs.put("", "", &e)
	w.ids = rand.New(rand.NewPCG(w.seed, e.Opened))
}

func (w *world) takeChanges() map[rowKey]any {
	rows := w.ledger.rows
	w.ledger.rows = nil
	return rows
}

// uuid makes up an id in the form of a UUID.
func (w *world) uuid() string {
	a, b := w.ids.Uint64(), w.ids.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// lvmID makes up an id in the form that LVM uses.
func (w *world) lvmID() string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var s strings.Builder
	for i := range 32 {
		if i >= 6 && i <= 26 && (i-6)%4 == 0 {
			s.WriteByte('-')
		}
		s.WriteByte(letters[w.ids.IntN(len(letters))])
	}
	return s.String()
}

func (w *world) addNode(host, storage string) *node {
	n := &node{Host: host, Storage: storage, UUID: w.uuid(), Pool: w.uuid(), Born: w.nodes.size("")}
	w.nodes.put("", host, n)
	w.storage[storage] = host
	return n
}

// findNode finds a node by the name it is reached by or the one that peers know.
func (w *world) findNode(name string) *node {
	if n := w.nodes.get("", name); n != nil {
		return n
	}
	return w.nodes.get("", w.storage[name])
}

// putVolume writes a volume and the index of its bricks; old are the bricks it had.
func (w *world) putVolume(v *volume, old []brick) {
	w.dropBricks(old)
	w.indexBricks(v)
	w.volumes.put(v.Pool, v.Name, v)
}

func (w *world) delVolume(v *volume) {
	w.dropBricks(v.Bricks)
	w.volumes.del(v.Pool, v.Name)
}

func (w *world) indexBricks(v *volume) {
	for _, b := range v.Bricks {
		w.bricks[brickKey{b.Host, b.Path}] = v
	}
}

func (w *world) dropBricks(bricks []brick) {
	for _, b := range bricks {
		delete(w.bricks, brickKey{b.Host, b.Path})
	}
}
