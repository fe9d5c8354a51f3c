// Package openstack is a cloud that exists only in its notifications: instances are made, resized, rebuilt, saved, rescued and
// deleted, images come and go, some of it fails, and audits count it all, as Nova and Glance would tell of it in their legacy
// format. It is deterministic: the same options give the same messages, byte for byte, by a clock of its own that starts where
// it is told and stands still between messages.
//
// It sends nothing anywhere, waits for nothing and listens to nobody; whoever wants a slow cloud waits until Message.When.
package openstack

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Options are how large and how busy a cloud is. Zeros are the defaults in brackets.
type Options struct {
	Seed        uint64
	Start       time.Time     // [2026-01-01 00:00 UTC]
	Deployments []string      // [cell-1, cell-2]
	Hosts       int           // compute nodes of a deployment [8]
	Tenants     int           // [6]
	Instances   int           // about how many are alive at a time [60]
	Images      int           // public ones; as many snapshots may be kept [10]
	Pace        time.Duration // between the beginnings of two operations, on average [15 s]
	Audit       time.Duration // period of the audits [1 h]
	Envelope    bool          // wrap bodies as oslo.messaging 2.0 does
}

// Message is one notification as a broker would deliver it.
type Message struct {
	Deployment string
	Exchange   string // nova or glance
	RoutingKey string // monitor.info, monitor.error, monitor_glance.info
	When       time.Time
	Body       []byte
}

// Cloud is a cloud under way. It is not safe for concurrent use.
type Cloud struct {
	options   Options
	rand      *rand.Rand
	now       time.Time
	due       agenda
	told      int // steps planned so far, which orders those of one instant
	cells     []*cell
	tenants   []tenant
	instances []*instance // alive, or being made
	gone      []*instance // deleted since the last audit
	public    []*image
	private   []*image
	lost      []*image // deleted since the last audit
}

// cell is a deployment with machines of its own.
type cell struct {
	name  string
	apis  []string
	hosts []string
}

type tenant struct{ id, user, name string }

// New is a cloud with its public images on their way in and no instance yet.
func New(o Options) *Cloud {
	o = o.withDefaults()
	c := &Cloud{options: o, rand: rand.New(rand.NewPCG(o.Seed, 0x59617264)), now: o.Start.UTC().Truncate(time.Microsecond)}
	for _, name := range o.Deployments {
		c.cells = append(c.cells, newCell(name, o.Hosts))
	}
	for i := range o.Tenants {
		c.tenants = append(c.tenants, tenant{id: c.hex(32), user: c.hex(32), name: customers[i%len(customers)]})
	}
	at := c.now
	for i := range o.Images {
		at = at.Add(c.between(time.Second, 3*time.Second))
		c.publish(at, i)
	}
	c.plan(at, c.begin)
	c.plan(c.now.Truncate(o.Audit).Add(o.Audit), c.audit)
	return c
}

func (o Options) withDefaults() Options {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if len(o.Deployments) == 0 {
		o.Deployments = []string{"cell-1", "cell-2"}
	}
	for _, d := range []struct {
		n         *int
		byDefault int
	}{{&o.Hosts, 8}, {&o.Tenants, 6}, {&o.Instances, 60}, {&o.Images, 10}} {
		if *d.n <= 0 {
			*d.n = d.byDefault
		}
	}
	if o.Pace <= 0 {
		o.Pace = 15 * time.Second
	}
	if o.Audit <= 0 {
		o.Audit = time.Hour
	}
	return o
}

// Next is the next message. There is always one, and never one that is older than the one before.
func (c *Cloud) Next() Message {
	for {
		s := heap.Pop(&c.due).(step)
		c.now = s.at
		if m, ok := s.do(s.at); ok {
			m.When = s.at
			return m
		}
	}
}

// begin begins one operation, and plans the next one.
func (c *Cloud) begin(at time.Time) (Message, bool) {
	c.operate(at)
	c.plan(at.Add(time.Duration(c.rand.ExpFloat64()*float64(c.options.Pace))), c.begin)
	return Message{}, false
}

// step is something that happens at its time. It may have a message to tell.
type step struct {
	at  time.Time
	nth int
	do  func(at time.Time) (Message, bool)
}

func (c *Cloud) plan(at time.Time, do func(time.Time) (Message, bool)) {
	c.told++
	heap.Push(&c.due, step{at.Truncate(time.Microsecond), c.told, do})
}

// agenda is a heap of what is to happen.
type agenda []step

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(s any)   { *a = append(*a, s.(step)) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].nth < a[j].nth
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	s := (*a)[last]
	(*a)[last] = step{}
	*a = (*a)[:last]
	return s
}
