package volumes

import "yardmaster/store"

// Counts are the operations of this domain that have not ended, by how they stand.
type Counts struct {
	Total    int `json:"total"`
	InFlight int `json:"in_flight"` // being worked on, or about to be
	Stale    int `json:"stale"`     // what ended operations left on machines that did not answer
	Failed   int `json:"failed"`    // stuck: neither done nor undone
	New      int `json:"new"`       // neither stale nor failed
}

// Standing is how an unfinished operation stands.
type Standing string

// The standings, in the words of Heketi's clients; a healthy operation has none.
const (
	Healthy Standing = ""
	Stale   Standing = "stale"
	Broken  Standing = "failed"
)

// pendingKinds are the operations that hold records until they end; the others leave nothing behind.
var pendingKinds = map[string]bool{
	"volume.create": true, "volume.expand": true, "volume.delete": true, "volume.clone": true,
	"block.create": true, "block.expand": true, "block.delete": true,
	"device.evacuate": true, "brick.evict": true, "brick.clean": true,
}

// StandingOf says how an unfinished operation stands, and whether somebody is at it.
func StandingOf(op store.Operation) (s Standing, inFlight bool) {
	switch {
	case op.State == store.Stuck:
		return Broken, false
	case op.Kind == (cleanKind{}).Name():
		return Stale, op.State == store.Running
	}
	return Healthy, true
}

// Pending lists the operations of this domain that have not ended and hold records, and counts them.
func Pending(tx *store.Tx) (Counts, []store.Operation, error) {
	var n Counts
	var ops []store.Operation
	for op, err := range store.LiveOperations(tx) {
		if err != nil {
			return n, nil, err
		}
		if !pendingKinds[op.Kind] {
			continue
		}
		ops = append(ops, op)
		n.add(op)
	}
	return n, ops, nil
}

func (n *Counts) add(op store.Operation) {
	standing, inFlight := StandingOf(op)
	n.Total++
	if inFlight {
		n.InFlight++
	}
	switch standing {
	case Stale:
		n.Stale++
	case Broken:
		n.Failed++
	default:
		n.New++
	}
}

// PendingOperation is one of the operations that Pending lists, or ErrNotFound.
func PendingOperation(tx *store.Tx, id string) (store.Operation, error) {
	op, err := known(store.Operations, tx, id)
	if err == nil && (!op.State.Live() || !pendingKinds[op.Kind]) {
		return store.Operation{}, ErrNotFound
	}
	return op, err
}
