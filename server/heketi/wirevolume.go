package heketi

import (
	"strings"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

type replicate struct {
	Replica int `json:"replica,omitempty"`
}

type disperse struct {
	Data       int `json:"data,omitempty"`
	Redundancy int `json:"redundancy,omitempty"`
}

type durability struct {
	Type      string    `json:"type,omitempty"`
	Replicate replicate `json:"replicate"`
	Disperse  disperse  `json:"disperse"`
}

type snapshot struct {
	Enable bool    `json:"enable"`
	Factor float64 `json:"factor"`
}

type glusterMount struct {
	Hosts   []string          `json:"hosts"`
	Device  string            `json:"device"`
	Options map[string]string `json:"options"`
}

type mount struct {
	Glusterfs glusterMount `json:"glusterfs"`
}

// blockUse is how a block hosting volume is used, in GiB.
type blockUse struct {
	FreeSize     int      `json:"freesize,omitempty"`
	ReservedSize int      `json:"reservedsize,omitempty"`
	BlockVolumes []string `json:"blockvolume,omitempty"`
	Restriction  string   `json:"restriction,omitempty"`
}

// volumeRecord has sizes in GiB.
type volumeRecord struct {
	Size       int        `json:"size"`
	Name       string     `json:"name"`
	Durability durability `json:"durability"`
	GID        int64      `json:"gid,omitempty"`
	Options    []string   `json:"glustervolumeoptions,omitempty"`
	Block      bool       `json:"block,omitempty"`
	Snapshot   snapshot   `json:"snapshot"`
	ID         string     `json:"id"`
	Cluster    string     `json:"cluster"`
	Mount      mount      `json:"mount"`
	BlockInfo  blockUse   `json:"blockinfo"`
}

type volumeInfo struct {
	volumeRecord
	Bricks []brickInfo `json:"bricks"`
}

// volumeRecordOf needs the ids of the block volumes that a hosting volume holds.
func volumeRecordOf(v store.Volume, blocks []string) volumeRecord {
	out := volumeRecord{
		Size: v.SizeGiB, Name: v.Name, GID: v.GID, Options: v.Options, Block: v.Block, ID: v.ID, Cluster: v.Cluster,
		Durability: durability{v.Durability.Type, replicate{v.Durability.Replica}, disperse{v.Durability.Data, v.Durability.Redundancy}},
		Snapshot:   snapshot{v.Snapshot, v.SnapshotFactor},
		Mount:      mountOf(v),
	}
	if v.Block {
		out.BlockInfo = blockUse{v.FreeGiB, v.ReservedGiB, blocks, v.Restriction}
	}
	return out
}

func mountOf(v store.Volume) mount {
	m := glusterMount{Hosts: list(v.Mounts), Options: map[string]string{"backup-volfile-servers": ""}}
	if len(v.Mounts) > 0 {
		m.Device = v.Mounts[0] + ":" + v.Name
		m.Options["backup-volfile-servers"] = strings.Join(v.Mounts[1:], ",")
	}
	return mount{m}
}

// shown says whether a volume's brick belongs to its present form: one that an expansion is still making does not.
func shown(v store.Volume, b store.Brick) bool { return b.Pending == "" || b.Pending != v.Pending }

type target struct {
	Hosts    []string `json:"hosts"`
	IQN      string   `json:"iqn"`
	LUN      int      `json:"lun"`
	Username string   `json:"username"`
	Password string   `json:"password"`
}

// blockInfo has sizes in GiB.
type blockInfo struct {
	Size       int    `json:"size"`
	Name       string `json:"name"`
	HA         int    `json:"hacount,omitempty"`
	Auth       bool   `json:"auth,omitempty"`
	ID         string `json:"id"`
	Target     target `json:"blockvolume"`
	Cluster    string `json:"cluster,omitempty"`
	Hosting    string `json:"blockhostingvolume,omitempty"`
	UsableSize int    `json:"usablesize,omitempty"`
}

// blockInfoOf leaves the password out; withSecret adds it for those who may see it.
func blockInfoOf(b store.BlockVolume) blockInfo {
	return blockInfo{Size: b.SizeGiB, Name: b.Name, HA: b.HA, Auth: b.Auth, ID: b.ID, Cluster: b.Cluster, Hosting: b.Hosting,
		UsableSize: b.UsableGiB, Target: target{Hosts: list(b.Hosts), IQN: b.IQN, LUN: b.LUN, Username: b.Username}}
}

func withSecret(s *volumes.Service, b store.BlockVolume) (blockInfo, error) {
	info := blockInfoOf(b)
	var err error
	info.Target.Password, err = s.BlockPassword(b)
	return info, err
}
