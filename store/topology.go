package store

import "time"

// EntryState is an operator's word on a node or device. The values are stored and part of the Heketi dialect.
type EntryState string

// Only what is online takes new bricks; failed means evacuated.
const (
	Online     EntryState = "online"
	Offline    EntryState = "offline"
	FailedGone EntryState = "failed"
)

// Cluster is one trusted pool of storage nodes; File and Block say which volumes it takes.
type Cluster struct {
	ID      string    `json:"id"`
	File    bool      `json:"file"`
	Block   bool      `json:"block"`
	Created time.Time `json:"created"`
}

// Node is one storage server. Manage is where commands run, Storage is the name inside brick addresses; index 0 of each is used.
type Node struct {
	ID      string            `json:"id"`
	Cluster string            `json:"cluster"`
	Zone    int               `json:"zone"`
	Manage  []string          `json:"manage"`
	Storage []string          `json:"storage"`
	Tags    map[string]string `json:"tags,omitempty"`
	State   EntryState        `json:"state"`
	Pending string            `json:"pending,omitempty"` // the operation that adds or deletes it; such a node is hidden
	Created time.Time         `json:"created"`
}

// Host is where the node's commands run.
func (n Node) Host() string { return n.Manage[0] }

// Device is one disk, a volume group of its own. Free is what bricks and reservations have left. Sizes in KiB.
type Device struct {
	ID        string            `json:"id"`
	Cluster   string            `json:"cluster"`
	Node      string            `json:"node"`
	Name      string            `json:"name"`
	Paths     []string          `json:"paths,omitempty"`
	PVUUID    string            `json:"pv_uuid,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	State     EntryState        `json:"state"`
	TotalKiB  uint64            `json:"total"`
	FreeKiB   uint64            `json:"free"`
	UsedKiB   uint64            `json:"used"`
	ExtentKiB uint64            `json:"extent"`
	Pending   string            `json:"pending,omitempty"`
	Created   time.Time         `json:"created"`
}

// VG is the name of the device's volume group.
func (d Device) VG() string { return "vg_" + d.ID }

// Take moves n KiB from free to used; the caller has checked that they are there.
func (d *Device) Take(n uint64) { d.FreeKiB, d.UsedKiB = d.FreeKiB-n, d.UsedKiB+n }

// Give moves n KiB back from used to free.
func (d *Device) Give(n uint64) {
	n = min(n, d.UsedKiB)
	d.FreeKiB, d.UsedKiB = d.FreeKiB+n, d.UsedKiB-n
}
