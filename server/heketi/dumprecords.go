package heketi

import (
	"errors"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// Heketi's numbers for the sorts of bricks.
const (
	brickNormal  = 1
	brickArbiter = 2
)

// records reads everything but operations; unlike the API it leaves nothing out that is coming or going.
func (d dump) records(tx *store.Tx) ([]store.BlockVolume, error) {
	var blocks []store.BlockVolume
	bricksOn, bricksOf, devicesOn, hosted := map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string][]string{}
	members := map[string]*clusterInfo{}
	err := errors.Join(
		each(tx, store.Clusters, func(c store.Cluster) {
			info := emptyCluster(c)
			members[c.ID] = &info
		}),
		each(tx, store.Bricks, func(b store.Brick) {
			bricksOn[b.Device], bricksOf[b.Volume] = append(bricksOn[b.Device], b.ID), append(bricksOf[b.Volume], b.ID)
			d.Bricks[b.ID] = brickEntryOf(b)
		}),
		each(tx, store.Devices, func(v store.Device) {
			devicesOn[v.Node] = append(devicesOn[v.Node], v.ID)
			d.Devices[v.ID] = deviceEntry{v.State, deviceRecordOf(v), list(bricksOn[v.ID]), v.Node, v.ExtentKiB}
		}),
		each(tx, store.Nodes, func(n store.Node) {
			if c := members[n.Cluster]; c != nil {
				c.Nodes = append(c.Nodes, n.ID)
			}
			d.Nodes[n.ID] = nodeEntry{n.State, nodeRecordOf(n), list(devicesOn[n.ID])}
		}),
		each(tx, store.BlockVolumes, func(b store.BlockVolume) {
			blocks = append(blocks, b)
			hosted[b.Hosting] = append(hosted[b.Hosting], b.ID)
			if c := members[b.Cluster]; c != nil {
				c.BlockVolumes = append(c.BlockVolumes, b.ID)
			}
			d.BlockVolumes[b.ID] = blockEntry{blockInfoOf(b), pendingMark{b.Pending}}
		}),
		each(tx, store.Volumes, func(v store.Volume) {
			if c := members[v.Cluster]; c != nil {
				c.Volumes = append(c.Volumes, v.ID)
			}
			d.Volumes[v.ID] = volumeEntry{volumeRecordOf(v, hosted[v.ID]), list(bricksOf[v.ID]), v.Options, pendingMark{v.Pending}}
		}),
	)
	for id, c := range members {
		d.Clusters[id] = clusterEntry{*c}
	}
	return blocks, err
}

// each calls do with every record of a table.
func each[V any](tx *store.Tx, t store.Table[V], do func(V)) error {
	for v, err := range t.All(tx) {
		if err != nil {
			return err
		}
		do(v)
	}
	return nil
}

func brickEntryOf(b store.Brick) brickEntry {
	e := brickEntry{Info: brickInfoOf(b), TpSize: b.PoolKiB, PoolMetadataSize: b.MetaKiB, Pending: pendingMark{b.Pending},
		LvmThinPool: b.Pool, LvmLv: b.LV, SubType: brickNormal}
	if b.Arbiter {
		e.SubType = brickArbiter
	}
	return e
}

// typeNumbers and changeNumbers are Heketi's, for the kinds and changes that have one.
var typeNumbers = map[string]int{
	"create-volume": 1, "delete-volume": 2, "expand-volume": 3, "create-block-volume": 4, "delete-block-volume": 5,
	"remove-device": 6, "clone-volume": 7, "evict-brick": 8,
}

var changeNumbers = map[string]int{
	"Add brick": 1, "Add volume": 2, "Delete brick": 3, "Delete volume": 4, "Expand volume": 5, "Add block volume": 6,
	"Delete block volume": 7, "Remove device": 8, "Clone volume from": 9,
}

func (d dump) operations(tx *store.Tx) error {
	_, ops, err := volumes.Pending(tx)
	if err != nil {
		return err
	}
	for _, op := range ops {
		bricks, err := store.Bricks.List(tx, store.ByPending, op.ID)
		if err != nil {
			return err
		}
		standing, _ := volumes.StandingOf(op)
		e := pendingEntry{Id: op.ID, Timestamp: op.Created.Unix(), Type: typeNumbers[typeNames[op.Kind]], Actions: []pendingAction{}, Status: string(standing)}
		for _, c := range changesOf(op, bricks) {
			e.Actions = append(e.Actions, pendingAction{Change: changeNumbers[c.Description], Id: c.ID})
		}
		d.Pending[op.ID] = e
	}
	return nil
}
