package heketi

import "yardmaster/store"

func nodeLinks(tx *store.Tx, n store.Node) *links {
	l := from(tx, "node", n.ID)
	refers(l, store.Clusters, "cluster", n.Cluster)
	l.held(n.Pending)
	return l
}

func deviceLinks(tx *store.Tx, d store.Device) *links {
	l := from(tx, "device", d.ID)
	refers(l, store.Nodes, "node", d.Node)
	l.held(d.Pending)
	l.expect(d.FreeKiB+d.UsedKiB == d.TotalKiB, "free %d and used %d do not make total %d", d.FreeKiB, d.UsedKiB, d.TotalKiB)
	return l
}

func volumeLinks(tx *store.Tx, v store.Volume) *links {
	l := from(tx, "volume", v.ID)
	refers(l, store.Clusters, "cluster", v.Cluster)
	l.held(v.Pending)
	l.expect(v.Hidden || store.Bricks.CountBy(tx, store.ByVolume, v.ID) > 0, "has no bricks")
	l.expect(!v.Hidden || v.Pending != "", "is hidden, and no operation holds it")
	return l
}

// brickLinks lets a brick be without a volume while an operation makes or cleans it.
func brickLinks(tx *store.Tx, b store.Brick) *links {
	l := from(tx, "brick", b.ID)
	refers(l, store.Nodes, "node", b.Node)
	refers(l, store.Devices, "device", b.Device)
	if b.Volume != "" || b.Pending == "" {
		refers(l, store.Volumes, "volume", b.Volume)
	}
	l.held(b.Pending)
	return l
}

func blockLinks(tx *store.Tx, b store.BlockVolume) *links {
	l := from(tx, "block volume", b.ID)
	refers(l, store.Clusters, "cluster", b.Cluster)
	refers(l, store.Volumes, "hosting volume", b.Hosting)
	l.held(b.Pending)
	return l
}
