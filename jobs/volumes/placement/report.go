package placement

// Reason says in one word what a device lacks.
type Reason string

// Reasons, as they stand in a Report.
const (
	Full        Reason = "full"         // no room for one brick
	TagMismatch Reason = "tag"          // a tag rule keeps it out
	NodeTaken   Reason = "node-taken"   // its node has a brick of the set
	ZoneTaken   Reason = "zone-taken"   // zones are strict and its zone has a brick of the set
	SameDevice  Reason = "same-device"  // it holds the brick that is to leave
	Usable      Reason = "usable"       // it has room, but its peers do not suffice
	ArbiterOnly Reason = "arbiter-only" // it is kept for arbiters
	NoArbiter   Reason = "no-arbiter"   // arbiters may not go there
)

const (
	maxAttempts = 8
	maxRefusals = 32
)

// Report tells an operator how the search went. It never changes the outcome,
// and holds at most 9 attempts of 32 devices each; the counts are complete.
type Report struct {
	Attempts []Attempt `json:"attempts"`
	Omitted  int       `json:"attempts_omitted,omitempty"`
	Stop     string    `json:"stop,omitempty"` // what ended a search in vain
}

// Attempt is the search for one brick size.
type Attempt struct {
	Sets           int            `json:"sets"`
	BrickKiB       uint64         `json:"brick_kib,omitempty"`
	ArbiterKiB     uint64         `json:"arbiter_kib,omitempty"`
	Placed         bool           `json:"placed"`
	Why            string         `json:"why,omitempty"` // what the devices together lack
	Counts         map[Reason]int `json:"counts,omitempty"`
	Devices        []Refusal      `json:"devices,omitempty"`
	DevicesOmitted int            `json:"devices_omitted,omitempty"`
}

// Refusal is what one device lacks in one attempt.
type Refusal struct {
	Device   string `json:"device"`
	Node     string `json:"node"`
	Zone     int    `json:"zone"`
	Reason   Reason `json:"reason"`
	NeedKiB  uint64 `json:"need_kib,omitempty"` // by its smallest brick; more than this must be free
	FreeKiB  uint64 `json:"free_kib"`
	Rule     string `json:"rule,omitempty"`     // the tag rule that keeps it out
	Bricks   int    `json:"bricks,omitempty"`   // how many data bricks it has room for
	Arbiters int    `json:"arbiters,omitempty"` // or arbiters
}

// add keeps what fits the bound; the attempt that found a layout always does.
func (r *Report) add(a Attempt) {
	if len(r.Attempts) >= maxAttempts && !a.Placed {
		r.Omitted++
		return
	}
	r.Attempts = append(r.Attempts, a)
}

func (a *Attempt) add(r Refusal) {
	a.Counts[r.Reason]++
	if len(a.Devices) >= maxRefusals {
		a.DevicesOmitted++
		return
	}
	a.Devices = append(a.Devices, r)
}

func (t *trial) placed() Attempt {
	return Attempt{Sets: t.sets, BrickKiB: t.size[data], ArbiterKiB: t.size[arbiter], Placed: true}
}

func (t *trial) refused(why string) Attempt {
	t.reset()
	a := t.placed()
	a.Placed, a.Why, a.Counts = false, why, make(map[Reason]int)
	for i := range t.all {
		a.add(t.all[i].refusal())
	}
	return a
}

func (t *trial) unreplaced(barred map[int]Reason, r role) Attempt {
	a := t.placed()
	a.Placed, a.Why, a.Counts = false, "no other device can take the brick", make(map[Reason]int)
	for i := range t.all {
		c := &t.all[i]
		refusal := c.refusal()
		switch {
		case barred[i] != "":
			refusal.Reason = barred[i]
		case c.broken != nil || c.may[r]:
		case r == data:
			refusal.Reason = ArbiterOnly
		default:
			refusal.Reason = NoArbiter
		}
		a.add(refusal)
	}
	return a
}

func (c *candidate) refusal() Refusal {
	out := Refusal{
		Device: c.dev.ID, Node: c.dev.Node, Zone: c.dev.Zone, Reason: Full,
		FreeKiB: c.dev.FreeKiB, Bricks: c.room(data), Arbiters: c.room(arbiter),
	}
	for r := range roles {
		if c.may[r] && (out.NeedKiB == 0 || c.cost[r] < out.NeedKiB) {
			out.NeedKiB = c.cost[r]
		}
	}
	switch {
	case c.broken != nil:
		out.Reason, out.Rule = TagMismatch, c.broken.String()
	case out.Bricks+out.Arbiters == 0:
	case !c.may[data]:
		out.Reason = ArbiterOnly
	case c.may[arbiter] || c.cost[arbiter] == 0:
		out.Reason = Usable
	default:
		out.Reason = NoArbiter
	}
	return out
}
