package heketi

import (
	"fmt"
	"math"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// volumeRequest is a volume that a client asks for. Size is GiB.
type volumeRequest struct {
	Size       int        `json:"size"`
	Clusters   []string   `json:"clusters"`
	Name       string     `json:"name"`
	Durability durability `json:"durability"`
	GID        int64      `json:"gid"`
	Options    []string   `json:"glustervolumeoptions"`
	Block      bool       `json:"block"`
	Snapshot   snapshot   `json:"snapshot"`
}

const (
	typeNone      = "none"
	typeReplicate = "replicate"
	typeDisperse  = "disperse"

	maxReplica        = 3
	maxSnapshotFactor = 100
)

// dispersions are the data and redundancy bricks that may go together.
var dispersions = map[disperse]bool{{2, 1}: true, {4, 2}: true, {8, 3}: true, {8, 4}: true}

// check tells the fields' faults together, and after them the first of what they mean: clients know this order.
func (q *volumeRequest) check() error {
	c := checks{}
	c.note("size", positive(q.Size))
	c.note("name", optionalName(q.Name))
	if err := c.err(); err != nil {
		return err
	}
	if fault := q.meaning(); fault != "" {
		return &invalid{fault}
	}
	return nil
}

func (q *volumeRequest) meaning() string {
	d := q.Durability
	switch {
	case q.GID < 0:
		return "Bad group id less than zero"
	case q.GID >= math.MaxInt32:
		return "Bad group id equal or greater than 2**32"
	case d.Type != "" && d.Type != typeNone && d.Type != typeReplicate && d.Type != typeDisperse:
		return "Unknown durability type"
	case q.Snapshot.Enable && !(q.Snapshot.Factor >= 1 && q.Snapshot.Factor <= maxSnapshotFactor):
		return "Invalid snapshot factor"
	case d.Type == typeReplicate && (d.Replicate.Replica < 0 || d.Replicate.Replica > maxReplica):
		return "Invalid replica value"
	case d.Type == typeDisperse && !dispersions[d.Disperse]:
		return fmt.Sprintf("Invalid dispersion combination: %d+%d", d.Disperse.Data, d.Disperse.Redundancy)
	}
	return ""
}

func (q *volumeRequest) spec() volumes.Spec {
	d := store.Durability{Type: q.Durability.Type, Replica: q.Durability.Replicate.Replica,
		Data: q.Durability.Disperse.Data, Redundancy: q.Durability.Disperse.Redundancy}
	if d.Type == "" {
		d.Type = typeNone
	}
	return volumes.Spec{SizeGiB: q.Size, Name: q.Name, Durability: d, GID: q.GID, Snapshot: q.Snapshot.Enable,
		Factor: q.Snapshot.Factor, Clusters: q.Clusters, Options: q.Options, Block: q.Block}
}
