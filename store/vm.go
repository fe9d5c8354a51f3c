package store

import (
	"time"

	"yardmaster/store/kv"
)

// VMState is where a machine of a pool stands. The values are stored: append-only, never renamed.
type VMState string

// The states of a machine, in the order in which it meets them.
const (
	VMPending   VMState = "pending"   // being cloned, or booting
	VMReady     VMState = "ready"     // waits to be checked out
	VMRunning   VMState = "running"   // checked out
	VMCompleted VMState = "completed" // done with, to be destroyed
	VMDestroyed VMState = "destroyed" // gone; the record is kept for a while
)

// VM is one machine of a pool. Its name is its short host name, unique in the yard.
type VM struct {
	Name     string   `json:"name"`
	Pool     string   `json:"pool"`
	State    VMState  `json:"state"`
	Template string   `json:"template,omitempty"` // what it was cloned from
	Target   string   `json:"target,omitempty"`   // the clone target that it was made on
	Provider string   `json:"provider,omitempty"`
	Domain   string   `json:"domain,omitempty"`
	Place    *VMPlace `json:"place,omitempty"` // nil in a record from before places were kept, whose inventory has not shown it since
	IP       string   `json:"ip,omitempty"`
	Host     string   `json:"host,omitempty"` // the hypervisor that it runs on
	Migrated bool     `json:"migrated,omitempty"`
	Op       string   `json:"op,omitempty"`   // the live operation that makes or destroys it
	Mark     string   `json:"mark,omitempty"` // what it carries since it was made; "" if it was made before marks, or by others

	Alias    string            `json:"alias,omitempty"`    // the name under which it was asked for
	Request  string            `json:"request,omitempty"`  // the on-demand request that it was made for
	Token    string            `json:"token,omitempty"`    // hash of the token that took it
	User     string            `json:"user,omitempty"`     // whose token that is
	Lifetime int               `json:"lifetime,omitempty"` // hours since checkout; 0 is the pool's
	Tags     map[string]string `json:"tags,omitempty"`
	Disks    []int             `json:"disks,omitempty"` // GB, in the order in which they were added
	Snaps    []VMSnapshot      `json:"snapshots,omitempty"`
	Tasks    []VMTask          `json:"tasks,omitempty"` // asked for and not begun, one after the other

	Created    time.Time `json:"created"`
	Cloned     time.Time `json:"cloned,omitzero"`
	Ready      time.Time `json:"ready,omitzero"`
	Checked    bool      `json:"checked,omitempty"` // found well once more since it became ready
	CheckedOut time.Time `json:"checked_out,omitzero"`
	Completed  time.Time `json:"completed,omitzero"`
	Destroyed  time.Time `json:"destroyed,omitzero"`
	Reason     string    `json:"reason,omitempty"`  // why it was completed
	Fault      string    `json:"fault,omitempty"`   // what the last readiness check said against it
	Warned     bool      `json:"warned,omitempty"`  // that it takes long to become ready was said
	Settled    bool      `json:"settled,omitempty"` // where it runs was looked at since it was checked out
	Lost       bool      `json:"lost,omitempty"`    // destroyed because its provider did not have it any more while somebody held it
}

// VMPlace is where a machine was made, as its pool was configured then. A change of the pool does not move it.
type VMPlace struct {
	Datacenter string `json:"datacenter,omitempty"`
	Folder     string `json:"folder,omitempty"`
	Datastore  string `json:"datastore,omitempty"`
}

// VMTask is one change of a machine that waits for its turn.
type VMTask struct {
	Kind      string `json:"kind"`           // of the operation
	Arg       string `json:"arg"`            // the id of a disk or snapshot
	Name      string `json:"name,omitempty"` // the snapshot's name
	GB        int    `json:"gb,omitempty"`
	Owner     string `json:"owner,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// VMSnapshot is one saved state of a machine.
type VMSnapshot struct {
	ID   string    `json:"id"`             // as the provider knows it
	Name string    `json:"name,omitempty"` // as its user calls it
	At   time.Time `json:"at"`
}

// Held says that somebody has it.
func (v *VM) Held() bool { return v.State == VMRunning }

// Cloning says that its clone is under way.
func (v *VM) Cloning() bool { return v.State == VMPending && v.Cloned.IsZero() }

// PoolCounts is how many machines of a pool are in each state. It is written with every machine, in the same transaction.
type PoolCounts struct {
	Pool       string    `json:"pool"`
	Pending    int       `json:"pending,omitempty"` // cloning ones included
	Cloning    int       `json:"cloning,omitempty"`
	OnDemand   int       `json:"on_demand,omitempty"`   // those of Pending that are made for a request
	CloningFor int       `json:"cloning_for,omitempty"` // those of Cloning that are
	Ready      int       `json:"ready,omitempty"`
	Running    int       `json:"running,omitempty"`
	Completed  int       `json:"completed,omitempty"`
	Destroying int       `json:"destroying,omitempty"` // those of Completed that an operation destroys
	LastBoot   time.Time `json:"last_boot,omitzero"`
}

func (c *PoolCounts) add(v *VM, n int) {
	switch v.State {
	case VMPending:
		c.Pending += n
		if v.Cloning() {
			c.Cloning += n
		}
		if v.Request != "" {
			c.OnDemand += n
		}
		if v.Cloning() && v.Request != "" {
			c.CloningFor += n
		}
	case VMReady:
		c.Ready += n
	case VMRunning:
		c.Running += n
	case VMCompleted:
		c.Completed += n
		if v.Op != "" {
			c.Destroying += n
		}
	}
}

// same says that two counts agree but for what no machine tells.
func (c PoolCounts) same(o PoolCounts) bool {
	c.LastBoot, o.LastBoot = time.Time{}, time.Time{}
	return c == o
}

// PutVM writes a machine and keeps its pool's counts.
func PutVM(tx *Tx, v *VM) error {
	was, err := VMs.Get(tx, v.Name)
	switch {
	case isNotFound(err):
		return MoveVM(tx, nil, v)
	case err != nil:
		return err
	}
	return MoveVM(tx, &was, v)
}

// MoveVM is PutVM for those who hold the record as it was: nil for a new one.
func MoveVM(tx *Tx, was, v *VM) error {
	if was != nil && was.Pool != v.Pool {
		if err := count(tx, was.Pool, func(c *PoolCounts) { c.add(was, -1) }); err != nil {
			return err
		}
		was = nil
	}
	err := count(tx, v.Pool, func(c *PoolCounts) {
		if was != nil {
			c.add(was, -1)
		}
		c.add(v, 1)
		if v.State == VMReady && v.Ready.After(c.LastBoot) {
			c.LastBoot = v.Ready
		}
	})
	if err != nil {
		return err
	}
	return VMs.Put(tx, v)
}

// DropVM forgets a machine.
func DropVM(tx *Tx, name string) error {
	v, err := VMs.Get(tx, name)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := count(tx, v.Pool, func(c *PoolCounts) { c.add(&v, -1) }); err != nil {
		return err
	}
	return VMs.Delete(tx, name)
}

func count(tx *Tx, pool string, change func(*PoolCounts)) error {
	c, err := CountsOf(tx, pool)
	if err != nil {
		return err
	}
	before := c
	change(&c)
	if c == before {
		return nil
	}
	return poolCounts.Put(tx, &c)
}

// CountsOf is the counts of a pool; of one that never had a machine, zeros.
func CountsOf(tx *Tx, pool string) (PoolCounts, error) {
	c, err := poolCounts.Get(tx, pool)
	if isNotFound(err) {
		return PoolCounts{Pool: pool}, nil
	}
	return c, err
}

// AllCounts is the counts of every pool that ever had a machine, by name.
func AllCounts(tx *Tx) ([]PoolCounts, error) {
	var out []PoolCounts
	for c, err := range poolCounts.All(tx) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// OldestReady is the machine of a pool that has been ready for longest, or ErrNotFound.
func OldestReady(tx *Tx, pool string) (VM, error) {
	return VMs.kv.FirstIndex(tx, byReady, kv.Text(pool))
}

// VMsIn lists the machines of a pool in one state.
func VMsIn(tx *Tx, pool string, state VMState) ([]VM, error) {
	return VMs.List(tx, byPoolState, pool, string(state))
}

// VMsOf lists every machine that a pool ever had and that is not forgotten.
func VMsOf(tx *Tx, pool string) ([]VM, error) { return VMs.List(tx, byPoolState, pool) }

// HeldBy lists the names of the running machines that were taken with a token; it reads no machine.
func HeldBy(tx *Tx, tokenHash string) ([]string, error) {
	keys, err := VMs.kv.Owners(tx, byToken, kv.Text(tokenHash))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		if names[i], _, err = k.CutText(); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// CountHeldBy counts the running machines of a user, of one pool if that is given.
func CountHeldBy(tx *Tx, user, pool string) int {
	if pool == "" {
		return VMs.CountBy(tx, byUser, user)
	}
	return VMs.CountBy(tx, byUser, user, pool)
}

// VMsOfUser lists the running machines of a user.
func VMsOfUser(tx *Tx, user string) ([]VM, error) { return VMs.List(tx, byUser, user) }

// VMsOfRequest lists the machines that were made for an on-demand request.
func VMsOfRequest(tx *Tx, request string) ([]VM, error) { return VMs.List(tx, byRequest, request) }

// CheckCounts counts anew, and tells of every pool whose counts are not what its machines say.
func CheckCounts(tx *Tx) ([]string, error) {
	real := map[string]PoolCounts{}
	for v, err := range VMs.All(tx) {
		if err != nil {
			return nil, err
		}
		c := real[v.Pool]
		c.Pool = v.Pool
		c.add(&v, 1)
		real[v.Pool] = c
	}
	kept, err := AllCounts(tx)
	if err != nil {
		return nil, err
	}
	var wrong []string
	for _, c := range kept {
		r := real[c.Pool]
		r.Pool = c.Pool
		if !c.same(r) {
			wrong = append(wrong, c.Pool)
		}
		delete(real, c.Pool)
	}
	for pool := range real {
		wrong = append(wrong, pool)
	}
	return wrong, nil
}
