package heketi_test

import (
	"time"

	"yardmaster/store"
)

// The records of scene, by letter.
var (
	cluster1 = hexID("c")
	node1    = hexID("1")
	device1  = hexID("d")
	volume1  = hexID("a")
	brick1   = hexID("b")
	hosting  = hexID("e")
	block1   = hexID("f")
	creator  = hexID("9") // a live operation that makes volume2
	volume2  = hexID("2")
	brick2   = hexID("3")
)

// scene fills the store with one of everything, and with a volume that is still being made.
func scene(y *yard) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	put(y, store.Clusters, store.Cluster{ID: cluster1, File: true, Block: true, Created: at})
	put(y, store.Nodes, store.Node{ID: node1, Cluster: cluster1, Zone: 1, Manage: []string{"node1"}, Storage: []string{"10.0.0.1"},
		Tags: map[string]string{"rack": "7"}, State: store.Online})
	put(y, store.Devices, store.Device{ID: device1, Cluster: cluster1, Node: node1, Name: "/dev/sdb", State: store.Online, TotalKiB: 1000,
		FreeKiB: 800, UsedKiB: 200, ExtentKiB: 4096, PVUUID: "pv-1", Paths: []string{"/dev/sdb", "/dev/disk/by-id/x"}})
	put(y, store.Volumes,
		store.Volume{ID: volume1, Name: "vol1", Cluster: cluster1, SizeGiB: 10, Durability: store.Durability{Type: "replicate", Replica: 3},
			GID: 2000, Snapshot: true, SnapshotFactor: 1.5, Options: []string{"", "user.x y", ""}, Mounts: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, Owner: "user"},
		store.Volume{ID: hosting, Name: "host", Cluster: cluster1, SizeGiB: 100, Durability: store.Durability{Type: "none"}, SnapshotFactor: 1,
			Options: []string{"group gluster-block"}, Block: true, FreeGiB: 88, ReservedGiB: 2, Mounts: []string{"10.0.0.1"}, Owner: "admin"},
		store.Volume{ID: volume2, Name: "vol2", Cluster: cluster1, SizeGiB: 1, SnapshotFactor: 1, Pending: creator, Hidden: true, Owner: "alice"})
	put(y, store.Bricks,
		store.Brick{ID: brick1, Volume: volume1, Cluster: cluster1, Node: node1, Device: device1, Path: "/m/b1/brick", LV: "brick_" + brick1, Pool: "tp_x",
			SizeKiB: 100, PoolKiB: 150, MetaKiB: 8},
		store.Brick{ID: hexID("4"), Volume: hosting, Cluster: cluster1, Node: node1, Device: device1, Path: "/m/b4/brick", LV: "brick_4", Pool: "tp_4",
			SizeKiB: 10, PoolKiB: 10, MetaKiB: 4, Arbiter: true},
		store.Brick{ID: brick2, Volume: volume2, Cluster: cluster1, Node: node1, Device: device1, Path: "/m/b2/brick", LV: "brick_" + brick2, Pool: "tp_y",
			SizeKiB: 10, PoolKiB: 10, MetaKiB: 4, Pending: creator})
	put(y, store.BlockVolumes, store.BlockVolume{ID: block1, Name: "blk", Cluster: cluster1, Hosting: hosting, SizeGiB: 10, UsableGiB: 10, HA: 1, Auth: true,
		Hosts: []string{"10.0.0.1"}, IQN: "iqn.x", LUN: 0, Username: "u", Password: "sealed secret"})
	put(y, store.Operations, store.Operation{ID: creator, Kind: "volume.create", State: store.Running, Dialect: "heketi", Counted: true, Owner: "alice",
		Targets: []store.Ref{{Kind: store.KindVolume, ID: volume2}}, Attempt: 1, Created: at})
}
