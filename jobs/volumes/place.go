package volumes

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"yardmaster/executors/gluster"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/store"
)

// The options of a volume that steer its placement; gluster is given them too.
const (
	optArbiter  = "user.heketi.arbiter"
	optFileSize = "user.heketi.average-file-size"
	optZones    = "user.heketi.zone-checking"
	optTags     = "user.heketi.device-tag-match"
)

// option finds the value of "key value" among gluster options; the last one counts.
func option(options []string, key string) string {
	value := ""
	for _, o := range options {
		if k, v, ok := strings.Cut(strings.TrimSpace(o), " "); ok && k == key {
			value = strings.TrimSpace(v)
		}
	}
	return value
}

func wantsArbiter(v *store.Volume) bool {
	on, _ := strconv.ParseBool(option(v.Options, optArbiter))
	return on && v.Durability.Type == placement.Replicate
}

func durability(v *store.Volume) placement.Durability {
	d := placement.Durability{Kind: v.Durability.Type, Replica: v.Durability.Replica, Data: v.Durability.Data,
		Redundancy: v.Durability.Redundancy, Arbiter: wantsArbiter(v)}
	switch d.Kind {
	case "":
		d.Kind = placement.None
	case placement.Replicate:
		if d.Replica == 0 {
			d.Replica = 2
		}
		if d.Arbiter {
			d.Replica = 3
		}
	}
	return d
}

// want is what the volume asks of placement for so many GiB more.
func (d *Domain) want(v *store.Volume, sizeGiB, existing int) (placement.Want, error) {
	rules, err := placement.ParseTagRules(option(v.Options, optTags))
	if err != nil {
		return placement.Want{}, refusef(errPlan, "Invalid tag matching rule: %s", err)
	}
	w := placement.Want{
		SizeKiB: uint64(sizeGiB) * GiB, Durability: durability(v), SnapshotFactor: v.SnapshotFactor, Match: rules,
		ExistingBricks: existing, Limits: d.cfg.Limits, StrictZones: d.cfg.StrictZones,
	}
	switch option(v.Options, optZones) {
	case "strict":
		w.StrictZones = true
	case "none":
		w.StrictZones = false
	}
	if n, err := strconv.ParseUint(option(v.Options, optFileSize), 10, 64); err == nil && n > 0 {
		w.ArbiterAverageKiB = n
	}
	return w, nil
}

// field is the ground on which a cluster's bricks are placed.
type field struct {
	nodes   map[string]store.Node
	devices map[string]store.Device
	open    []placement.Device // those that may take a brick
	shut    []string           // why the others may not
	hosts   []string           // storage hosts of every node, in node-id order
}

// members reads a cluster's nodes alone, for what places nothing.
func members(tx *store.Tx, cluster string) (field, error) {
	f := field{nodes: map[string]store.Node{}, devices: map[string]store.Device{}}
	for n, err := range store.Nodes.By(tx, store.ByCluster, cluster) {
		if err != nil {
			return f, err
		}
		f.nodes[n.ID] = n
	}
	for _, id := range slices.Sorted(maps.Keys(f.nodes)) {
		if n := f.nodes[id]; n.Pending == "" {
			f.hosts = append(f.hosts, n.Storage[0])
		}
	}
	return f, nil
}

// survey reads a cluster's nodes and devices and sorts out who may take a brick: online, known to answer, not kept out by the
// caller.
func (d *Domain) survey(tx *store.Tx, cluster string, keepOut func(store.Node, store.Device) string) (field, error) {
	return d.surveyUnless(d.health.Down, tx, cluster, keepOut)
}

func (d *Domain) surveyUnless(down func(host string) bool, tx *store.Tx, cluster string, keepOut func(store.Node, store.Device) string) (field, error) {
	f, err := members(tx, cluster)
	if err != nil {
		return f, err
	}
	for dev, err := range store.Devices.By(tx, store.ByCluster, cluster) {
		if err != nil {
			return f, err
		}
		f.devices[dev.ID] = dev
		node := f.nodes[dev.Node]
		why := closedBecause(node, dev, down)
		if why == "" && keepOut != nil {
			why = keepOut(node, dev)
		}
		if why != "" {
			f.shut = append(f.shut, "device "+dev.ID+" ("+node.Host()+" "+dev.Name+"): "+why)
			continue
		}
		f.open = append(f.open, placement.Device{ID: dev.ID, Node: dev.Node, Zone: node.Zone, SizeKiB: dev.TotalKiB,
			FreeKiB: dev.FreeKiB, ExtentKiB: dev.ExtentKiB, Tags: merged(node.Tags, dev.Tags)})
	}
	return f, nil
}

func closedBecause(n store.Node, dev store.Device, down func(host string) bool) string {
	switch {
	case n.Pending != "" || dev.Pending != "":
		return "is being added or removed"
	case n.State != store.Online:
		return "node is " + string(n.State)
	case dev.State != store.Online:
		return "device is " + string(dev.State)
	case down(n.Host()):
		return "node does not answer"
	}
	return ""
}

// merged lays a device's tags over its node's.
func merged(node, device map[string]string) map[string]string {
	if len(node) == 0 {
		return device
	}
	out := maps.Clone(node)
	maps.Copy(out, device)
	return out
}

// seed makes a placement's chance out of an id: the same volume is placed the same way again.
func seed(id string) uint64 {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) < 8 {
		return uint64(len(id))
	}
	return binary.BigEndian.Uint64(raw)
}

// errNoNodes and its sister are Heketi's words for a cluster that cannot take anything at all.
var (
	errNoNodes   = refusef(placement.ErrNoSpace, "No nodes in cluster")
	errNoDevices = refusef(placement.ErrNoSpace, "No online storage devices in cluster")
)

// lay places a volume's bricks in one cluster. notes tell an operator why it went wrong.
func (d *Domain) lay(f field, v *store.Volume, sizeGiB, existing int, seedID string) (placement.Layout, []string, error) {
	switch {
	case len(f.nodes) == 0:
		return placement.Layout{}, nil, errNoNodes
	case len(f.open) == 0:
		return placement.Layout{}, f.shut, errNoDevices
	}
	w, err := d.want(v, sizeGiB, existing)
	if err != nil {
		return placement.Layout{}, nil, err
	}
	layout, report, err := placement.Place(f.open, w, seed(seedID))
	if err != nil {
		return layout, append(reasons(report, f), f.shut...), err
	}
	return layout, nil, nil
}

// reasons puts a report into an operator's words, a line each.
func reasons(r placement.Report, f field) []string {
	var out []string
	for _, a := range r.Attempts {
		line := strconv.Itoa(a.Sets) + " sets of bricks of " + strconv.FormatUint(a.BrickKiB, 10) + " KiB: " + a.Why
		for _, dev := range a.Devices {
			line += "; " + f.nodes[dev.Node].Host() + " " + f.devices[dev.Device].Name + " " + string(dev.Reason)
			if dev.NeedKiB > 0 {
				line += " (needs " + strconv.FormatUint(dev.NeedKiB, 10) + " KiB, has " + strconv.FormatUint(dev.FreeKiB, 10) + ")"
			}
		}
		out = append(out, line)
	}
	if r.Stop != "" {
		out = append(out, r.Stop)
	}
	return out
}

// reserve turns a layout into brick records of the volume, pending by op, and takes their space.
func (d *Domain) reserve(tx *store.Tx, f field, v *store.Volume, l placement.Layout, firstSet int, op string) ([]store.Brick, error) {
	var bricks []store.Brick
	for i, set := range l.Sets {
		for slot, s := range set {
			b := d.brickFor(f.devices[s.Device], v, s)
			b.Set, b.Slot, b.Pending = firstSet+i, slot, op
			if slot == 0 { // the first brick's pool has a name of its own, as Heketi's has
				b.Pool = "tp_" + d.newID()
			}
			if err := take(tx, f, s.Device, s.TotalKiB); err != nil {
				return nil, err
			}
			if err := store.Bricks.Put(tx, &b); err != nil {
				return nil, err
			}
			bricks = append(bricks, b)
		}
	}
	return bricks, nil
}

func (d *Domain) brickFor(dev store.Device, v *store.Volume, s placement.Slot) store.Brick {
	id := d.newID()
	return store.Brick{ID: id, Volume: v.ID, Cluster: v.Cluster, Node: s.Node, Device: s.Device, Arbiter: s.Arbiter,
		Path: d.cfg.MountRoot + "/" + dev.VG() + "/brick_" + id + "/brick", LV: "brick_" + id, Pool: "tp_" + id,
		SizeKiB: s.SizeKiB, PoolKiB: s.PoolKiB, MetaKiB: s.MetaKiB, GID: v.GID}
}

func take(tx *store.Tx, f field, device string, kib uint64) error {
	dev := f.devices[device]
	if dev.FreeKiB < kib {
		return placement.ErrNoSpace
	}
	dev.Take(kib)
	f.devices[device] = dev
	return store.Devices.Put(tx, &dev)
}

// sharesPool says whether another brick's record names the same thin pool: a clone's, or that of a clone's origin. The last of
// them gives the space back, whatever the machine said to whom.
func sharesPool(tx *store.Tx, b *store.Brick) (bool, error) {
	for o, err := range store.Bricks.By(tx, store.ByPool, b.Device, b.Pool) {
		if err != nil {
			return false, err
		}
		if o.ID != b.ID {
			return true, nil
		}
	}
	return false, nil
}

// release gives a brick's space back, if its thin pool is gone, and forgets the brick.
func release(tx *store.Tx, b *store.Brick, reclaimed bool) error {
	shared, err := sharesPool(tx, b)
	if err != nil {
		return err
	}
	if reclaimed && !shared {
		dev, err := store.Devices.Get(tx, b.Device)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			dev.Give(b.TotalKiB())
			if err := store.Devices.Put(tx, &dev); err != nil {
				return err
			}
		}
	}
	return store.Bricks.Delete(tx, b.ID)
}

// asGluster is the brick in the words of the machines.
func asGluster(b store.Brick, n store.Node) gluster.Brick {
	return gluster.Brick{ID: b.ID, Host: n.Host(), Storage: n.Storage[0], VG: b.VG(), Pool: b.Pool, LV: b.LV, Path: b.Path,
		SizeKiB: b.SizeKiB, PoolKiB: b.PoolKiB, MetaKiB: b.MetaKiB, GID: b.GID, Arbiter: b.Arbiter}
}

// inGlusterOrder is the order in which gluster lists a volume's bricks.
func inGlusterOrder(a, b store.Brick) int {
	if a.Set != b.Set {
		return a.Set - b.Set
	}
	return a.Slot - b.Slot
}

// inSets sorts bricks into their brick sets.
func inSets(bricks []store.Brick, f field) [][]gluster.Brick {
	slices.SortFunc(bricks, inGlusterOrder)
	var sets [][]gluster.Brick
	last := -1
	for _, b := range bricks {
		if b.Set != last {
			sets, last = append(sets, nil), b.Set
		}
		sets[len(sets)-1] = append(sets[len(sets)-1], asGluster(b, f.nodes[b.Node]))
	}
	return sets
}
