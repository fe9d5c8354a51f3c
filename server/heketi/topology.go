package heketi

import (
	"errors"
	"net/http"
	"slices"

	"yardmaster/server/rest"
	"yardmaster/store"
)

// topologyCluster is one cluster with everything in it.
type topologyCluster struct {
	ID string `json:"id"`
	clusterFlags
	Nodes        []nodeInfo   `json:"nodes"`
	Volumes      []volumeInfo `json:"volumes"`
	BlockVolumes []blockInfo  `json:"blockvolumes"`
}

type topologyTree struct {
	Clusters []topologyCluster `json:"clusters"`
}

// topology answers in one request what clients gather in one for each cluster, node and volume. Passwords are left out.
func (a *API) topology(r *http.Request) (rest.Response, error) {
	tree := topologyTree{Clusters: []topologyCluster{}}
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		g, err := gather(tx)
		if err == nil {
			tree.Clusters = append(tree.Clusters, g.clusters()...)
		}
		return err
	})
	return rest.JSON(http.StatusOK, tree), err
}

// harvest is every record of one transaction, each table read once and grouped by what it hangs on.
type harvest struct {
	all      []store.Cluster
	nodes    map[string][]store.Node        // by cluster
	devices  map[string][]store.Device      // by node
	volumes  map[string][]store.Volume      // by cluster
	hidden   map[string][]store.Volume      // those that are coming or going
	blocks   map[string][]store.BlockVolume // by cluster
	hosted   map[string][]string            // block volumes by hosting volume
	onDevice map[string][]store.Brick
	ofVolume map[string][]store.Brick
}

func gather(tx *store.Tx) (harvest, error) {
	g := harvest{nodes: map[string][]store.Node{}, devices: map[string][]store.Device{}, volumes: map[string][]store.Volume{}, hidden: map[string][]store.Volume{},
		blocks: map[string][]store.BlockVolume{}, hosted: map[string][]string{}, onDevice: map[string][]store.Brick{}, ofVolume: map[string][]store.Brick{}}
	all := map[string][]store.Cluster{}
	err := errors.Join(
		group(tx, store.Clusters, all, func(store.Cluster) (string, bool) { return "", true }),
		group(tx, store.Nodes, g.nodes, func(n store.Node) (string, bool) { return n.Cluster, n.Pending == "" }),
		group(tx, store.Devices, g.devices, func(d store.Device) (string, bool) { return d.Node, !coming(d) }),
		each(tx, store.Volumes, func(v store.Volume) {
			into := g.volumes
			if v.Hidden {
				into = g.hidden
			}
			into[v.Cluster] = append(into[v.Cluster], v)
		}),
		group(tx, store.BlockVolumes, g.blocks, func(b store.BlockVolume) (string, bool) { return b.Cluster, !b.Hidden }),
		group(tx, store.Bricks, g.onDevice, func(b store.Brick) (string, bool) { return b.Device, true }),
	)
	g.all = all[""]
	for _, bricks := range g.onDevice {
		for _, b := range bricks {
			g.ofVolume[b.Volume] = append(g.ofVolume[b.Volume], b)
		}
	}
	for _, blocks := range g.blocks {
		for _, b := range blocks {
			g.hosted[b.Hosting] = append(g.hosted[b.Hosting], b.ID)
		}
	}
	return g, err
}

// group reads a table into lists by key, less the records that the key leaves out.
func group[V any](tx *store.Tx, t store.Table[V], into map[string][]V, key func(V) (string, bool)) error {
	for v, err := range t.All(tx) {
		if err != nil {
			return err
		}
		if k, ok := key(v); ok {
			into[k] = append(into[k], v)
		}
	}
	return nil
}

func (g harvest) clusters() []topologyCluster {
	var out []topologyCluster
	for _, c := range g.all {
		t := topologyCluster{ID: c.ID, clusterFlags: clusterFlags{Block: c.Block, File: c.File}, Nodes: []nodeInfo{}, Volumes: []volumeInfo{}, BlockVolumes: []blockInfo{}}
		for _, n := range g.nodes[c.ID] {
			t.Nodes = append(t.Nodes, g.node(n))
		}
		for _, v := range g.volumes[c.ID] {
			info := volumeInfo{volumeRecord: volumeRecordOf(v, g.hosted[v.ID])}
			info.Bricks = briefly(g.ofVolume[v.ID], func(b store.Brick) bool { return shown(v, b) })
			t.Volumes = append(t.Volumes, info)
		}
		for _, b := range g.blocks[c.ID] {
			t.BlockVolumes = append(t.BlockVolumes, blockInfoOf(b))
		}
		out = append(out, t)
	}
	return out
}

func (g harvest) node(n store.Node) nodeInfo {
	info := nodeInfo{nodeRecord: nodeRecordOf(n), State: n.State, Devices: []deviceInfo{}}
	for _, d := range g.devices[n.ID] {
		info.Devices = append(info.Devices, deviceInfo{deviceRecord: deviceRecordOf(d), State: d.State, Bricks: briefly(g.onDevice[d.ID], nil)})
	}
	return info
}

// briefly is bricks on the wire, by id, less those that keep turns away.
func briefly(bricks []store.Brick, keep func(store.Brick) bool) []brickInfo {
	out := make([]brickInfo, 0, len(bricks))
	for _, b := range bricks {
		if keep == nil || keep(b) {
			out = append(out, brickInfoOf(b))
		}
	}
	slices.SortFunc(out, byBrickID)
	return out
}
