package heketi

import (
	"cmp"

	"yardmaster/store"
)

// The shapes of this file have Heketi's names in Heketi's order. Sizes are KiB unless a name says otherwise.

type idsOf struct {
	Clusters     []string `json:"clusters,omitzero"`
	Nodes        []string `json:"nodes,omitzero"`
	Devices      []string `json:"devices,omitzero"`
	Volumes      []string `json:"volumes,omitzero"`
	BlockVolumes []string `json:"blockvolumes,omitzero"`
}

type clusterFlags struct {
	Block bool `json:"block"`
	File  bool `json:"file"`
}

type clusterInfo struct {
	ID      string   `json:"id"`
	Nodes   []string `json:"nodes"`
	Volumes []string `json:"volumes"`
	clusterFlags
	BlockVolumes []string `json:"blockvolumes"`
}

type hostnames struct {
	Manage  []string `json:"manage"`
	Storage []string `json:"storage"`
}

type nodeRecord struct {
	Zone      int               `json:"zone"`
	Hostnames hostnames         `json:"hostnames"`
	Cluster   string            `json:"cluster"`
	Tags      map[string]string `json:"tags,omitempty"`
	ID        string            `json:"id"`
}

type nodeInfo struct {
	nodeRecord
	State   store.EntryState `json:"state"`
	Devices []deviceInfo     `json:"devices"`
}

func nodeRecordOf(n store.Node) nodeRecord {
	return nodeRecord{Zone: n.Zone, Hostnames: hostnames{list(n.Manage), list(n.Storage)}, Cluster: n.Cluster, Tags: n.Tags, ID: n.ID}
}

type storageSize struct {
	Total uint64 `json:"total"`
	Free  uint64 `json:"free"`
	Used  uint64 `json:"used"`
}

type deviceRecord struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags,omitempty"`
	Storage storageSize       `json:"storage"`
	ID      string            `json:"id"`
	Paths   []string          `json:"paths,omitempty"`
	PVUUID  string            `json:"pv_uuid,omitempty"`
}

type deviceInfo struct {
	deviceRecord
	State  store.EntryState `json:"state"`
	Bricks []brickInfo      `json:"bricks"`
}

func deviceRecordOf(d store.Device) deviceRecord {
	return deviceRecord{Name: d.Name, Tags: d.Tags, Storage: storageSize{d.TotalKiB, d.FreeKiB, d.UsedKiB}, ID: d.ID,
		Paths: d.Paths, PVUUID: d.PVUUID}
}

type brickInfo struct {
	ID     string `json:"id"`
	Path   string `json:"path"`
	Device string `json:"device"`
	Node   string `json:"node"`
	Volume string `json:"volume"`
	Size   uint64 `json:"size"`
}

func brickInfoOf(b store.Brick) brickInfo {
	return brickInfo{ID: b.ID, Path: b.Path, Device: b.Device, Node: b.Node, Volume: b.Volume, Size: b.SizeKiB}
}

func byBrickID(x, y brickInfo) int { return cmp.Compare(x.ID, y.ID) }

// list is never null on the wire.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
