// Package plan decides what a pool needs: which machines to make, hand over, give up and destroy. It is pure: a Snapshot goes
// in, a list of Actions comes out, and the same Snapshot gives the same list. It knows no record, no provider and no clock.
package plan

import "time"

// State is where a machine stands, as the records have it.
type State string

// The states that are judged.
const (
	Pending   State = "pending"
	Ready     State = "ready"
	Running   State = "running"
	Completed State = "completed"
	Destroyed State = "destroyed"
)

// Pool is how a pool should be. Zero durations mean never.
type Pool struct {
	Size          int
	Template      string
	Target        string
	Timeout       time.Duration // until a pending machine is given up
	NotifyAfter   time.Duration
	ReadyTTL      time.Duration
	Lifetime      time.Duration // of a checked out machine that has none of its own
	Reset         time.Time     // what is older, and nobody's, is replaced
	CheckHostname bool
	Settle        bool   // where a machine runs is looked at once it is checked out, also if nobody knows by whom
	Place         string // what Inventory is of
	Gone          bool   // not configured any more: nothing is made, what is nobody's goes
}

// VM is one machine of the pool.
type VM struct {
	Name       string
	State      State
	Template   string
	Target     string
	Request    string // made for it
	Created    time.Time
	Cloned     time.Time // zero: its clone is under way
	Ready      time.Time
	CheckedOut time.Time
	Destroyed  time.Time
	Lifetime   time.Duration // its own or its tags'; 0 is the pool's
	Mark       string        // what it carries since it was made; "" is not known
	Busy       bool          // an operation works on it
	Changing   bool          // that operation is a change of it, which may be called off
	Tasks      bool          // changes wait for their turn
	Checked    bool
	Warned     bool
	Settled    bool
	Place      string // where it was made, to be compared with Pool.Place; "" is not known
	Named      bool   // it is known who has it, which is to be noted on it
	Lost       bool   // destroyed in the records alone: it was held when its provider did not have it any more
}

// Machine is one machine as its provider shows it.
type Machine struct{ Name, Hostname, Mark string }

// Foreign says that this is not the machine that carries a mark, though it has its name. One that carries none may have lost it,
// or was made before there were marks.
func (m Machine) Foreign(mark string) bool { return m.Mark != "" && m.Mark != mark }

// Inventory is everything in the pool's place at a time.
type Inventory struct {
	Asked    time.Time // when the question was sent: what was made later need not be in it
	Machines []Machine
}

// Probe is what the last readiness check of a machine said; Fault "" is well.
type Probe struct{ Fault string }

// Request is what an on-demand request still waits for from this pool.
type Request struct {
	ID        string
	Want      int // machines of this pool
	Have      int // of them checked out to it
	Making    int // of them pending
	Requested time.Time
}

// Counts are the pool's machines by state, those that are not in VMs included.
type Counts struct {
	Pending  int
	OnDemand int // those of Pending that are made for a request
	Ready    int
}

// Sure is how many inventories in a row must miss a machine that somebody holds before it counts as gone.
const Sure = 2

// Snapshot is all that a plan is made from. VMs may be a part of the pool's machines: pending and completed ones always, and
// the others if Inventory is there.
type Snapshot struct {
	Now       time.Time
	Pool      Pool
	Counts    Counts
	VMs       []VM
	Inventory *Inventory // nil: nobody asked
	Probes    map[string]Probe
	Absent    map[string]int // machines that their provider, asked for each by name, does not have: how many inventories missed them before
	Requests  []Request
	TTL       time.Duration // of a request
	Purge     bool          // what nobody made is destroyed
	Spare     []string      // patterns of names that a purge leaves alone
	Strangers map[string]bool
	Broken    bool // the provider is left alone: nothing is begun there

	Clones, OnDemandClones, Destroys, Changes, Settles int // how many more may begin
}

// Verb is what to do.
type Verb string

// The verbs. Those of the first group change records alone, those of the second begin work on machines.
const (
	MakeReady Verb = "ready"        // pending -> ready
	HandOver  Verb = "hand over"    // pending -> running, for its request
	Complete  Verb = "complete"     // give up
	Lose      Verb = "lose"         // held, and not there any more: nothing is left to destroy
	Locate    Verb = "locate"       // it is where the inventory is of, which its record does not say
	Restore   Verb = "restore"      // lost, and there again: it is its user's as before
	Warn      Verb = "warn"         // it takes long
	MarkWell  Verb = "mark well"    // found well once more
	Fault     Verb = "fault"        // the check said something against it
	Adopt     Verb = "adopt"        // a stranger, to be destroyed
	Stranger  Verb = "stranger"     // a stranger, to be told of
	Fail      Verb = "fail request" // too late
	Fulfil    Verb = "fulfil"       // the request has all of its machines
	Resurrect Verb = "resurrect"    // destroyed, and yet there: destroy again
	MarkGone  Verb = "gone"         // completed, and not there any more: no need to destroy it
	CallOff   Verb = "call off"     // completed while its clone, or a change of it, is under way

	Clone   Verb = "clone"
	Destroy Verb = "destroy"
	Probing Verb = "probe" // ask whether it is ready
	Doubt   Verb = "doubt" // an inventory missed it: ask for it by name
	Task    Verb = "task"  // begin the first of the changes that wait
	Settle  Verb = "settle"
)

// Action is one thing to do, to a machine or a request or, for a clone, to neither.
type Action struct {
	Do      Verb
	VM      string
	Request string
	Reason  string
}
