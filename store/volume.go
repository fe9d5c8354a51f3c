package store

import "time"

// Durability is how a volume keeps its data, as it was asked for.
type Durability struct {
	Type       string `json:"type"` // "none", "replicate", "disperse"; "" is none
	Replica    int    `json:"replica,omitempty"`
	Data       int    `json:"data,omitempty"`
	Redundancy int    `json:"redundancy,omitempty"`
}

// Volume is one GlusterFS volume. Size in GiB.
type Volume struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	Cluster        string     `json:"cluster"`
	SizeGiB        int        `json:"size"`
	Durability     Durability `json:"durability"`
	GID            int64      `json:"gid,omitempty"`
	Snapshot       bool       `json:"snapshot,omitempty"`
	SnapshotFactor float64    `json:"snapshot_factor"`
	Options        []string   `json:"options"` // as gluster gets them: "key value"; may hold empty ones, which clients see
	Block          bool       `json:"block,omitempty"`
	FreeGiB        int        `json:"block_free,omitempty"`
	ReservedGiB    int        `json:"block_reserved,omitempty"`
	Restriction    string     `json:"restriction,omitempty"`
	Mounts         []string   `json:"mounts,omitempty"` // storage hosts, in node-id order
	Pending        string     `json:"pending,omitempty"`
	Hidden         bool       `json:"hidden,omitempty"` // being created or deleted: left out of every answer
	Owner          string     `json:"owner,omitempty"`
	Created        time.Time  `json:"created"`
}

// Brick is one directory of a volume, on a thin LV of its own. Sizes in KiB; Pool and Meta are those of its thin pool, which
// a clone shares with its origin.
type Brick struct {
	ID      string `json:"id"`
	Volume  string `json:"volume"`
	Cluster string `json:"cluster"`
	Node    string `json:"node"`
	Device  string `json:"device"`
	Set     int    `json:"set"`  // which brick set of the volume
	Slot    int    `json:"slot"` // which place in the set; 2 is the arbiter
	Arbiter bool   `json:"arbiter,omitempty"`
	Path    string `json:"path"`
	LV      string `json:"lv"`
	Pool    string `json:"pool"`
	SizeKiB uint64 `json:"size"`
	PoolKiB uint64 `json:"pool_size"`
	MetaKiB uint64 `json:"meta_size"`
	GID     int64  `json:"gid,omitempty"`
	Cloned  bool   `json:"cloned,omitempty"`
	Pending string `json:"pending,omitempty"` // being made, removed, or left on a machine that does not answer
}

// VG is the name of the volume group that the brick lies in: its device's.
func (b Brick) VG() string { return Device{ID: b.Device}.VG() }

// TotalKiB is what the brick's thin pool takes of its device.
func (b Brick) TotalKiB() uint64 { return b.PoolKiB + b.MetaKiB }

// BlockVolume is one iSCSI target on a hosting volume. Sizes in GiB.
type BlockVolume struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Cluster   string    `json:"cluster"`
	Hosting   string    `json:"hosting"` // the volume that holds it
	SizeGiB   int       `json:"size"`
	UsableGiB int       `json:"usable"`
	HA        int       `json:"ha"`
	Auth      bool      `json:"auth,omitempty"`
	Hosts     []string  `json:"hosts,omitempty"`
	IQN       string    `json:"iqn,omitempty"`
	LUN       int       `json:"lun"`
	Username  string    `json:"username,omitempty"`
	Password  string    `json:"password,omitempty"`
	Pending   string    `json:"pending,omitempty"`
	Hidden    bool      `json:"hidden,omitempty"`
	Owner     string    `json:"owner,omitempty"`
	Created   time.Time `json:"created"`
}

// Setting is one small fact about the installation itself: its id, its epoch.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
