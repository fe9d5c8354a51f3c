package placement

import "fmt"

// Durability kinds; the empty kind is none.
const (
	None      = "none"
	Replicate = "replicate"
	Disperse  = "disperse"
)

const (
	defaultReplica = 2
	arbiterIndex   = 2
)

// Durability says how a set of bricks survives the loss of some of them.
type Durability struct {
	Kind             string
	Replica          int // 0 is 2
	Data, Redundancy int
	Arbiter          bool // the third of three replicas keeps names only
}

// SetSize is the number of bricks of one set.
func (d Durability) SetSize() int {
	switch d.Kind {
	case Replicate:
		return d.replica()
	case Disperse:
		return d.Data + d.Redundancy
	}
	return 1
}

// DataBricks is the number of bricks over which the bytes of one set are split.
func (d Durability) DataBricks() int {
	if d.Kind == Disperse {
		return d.Data
	}
	return 1
}

func (d Durability) replica() int {
	if d.Replica == 0 {
		return defaultReplica
	}
	return d.Replica
}

func (d Durability) check() error {
	switch d.Kind {
	case "", None:
	case Replicate:
		if d.Replica < 0 || d.Replica > 3 {
			return fmt.Errorf("%w: replica %d", ErrWant, d.Replica)
		}
	case Disperse:
		if d.Data < 1 || d.Redundancy < 1 || d.Data > 1024 || d.Redundancy > 1024 {
			return fmt.Errorf("%w: disperse %d+%d", ErrWant, d.Data, d.Redundancy)
		}
	default:
		return fmt.Errorf("%w: durability %q", ErrWant, d.Kind)
	}
	if d.Arbiter && (d.Kind != Replicate || d.replica() != 3) {
		return fmt.Errorf("%w: an arbiter needs replica 3", ErrWant)
	}
	return nil
}
