package openstack

import (
	"fmt"
	"slices"
	"time"
)

// instance is one machine of a customer, as Nova knows it at the time of the cloud's clock.
type instance struct {
	id, name, reservation string
	tenant                tenant
	cell                  *cell
	host                  string
	flavor                flavor
	image                 *image
	public, private       string // addresses
	state, task           string
	created               time.Time
	launched              time.Time
	terminated, deleted   time.Time
	busy                  bool // an operation is under way
	rescued               bool
}

func (c *Cloud) newInstance(at time.Time) *instance {
	k := pick(c, c.cells)
	t := pick(c, c.tenants)
	i := &instance{id: c.uuid(), tenant: t, cell: k, host: pick(c, k.hosts), flavor: pick(c, flavors), image: c.anyImage(),
		reservation: "r-" + c.hex(8), created: at, state: "building", busy: true}
	i.name = fmt.Sprintf("%s-%s-%d", t.name, pick(c, []string{"web", "db", "cache", "queue", "build"}), c.rand.IntN(100))
	i.public = fmt.Sprintf("198.51.100.%d", 1+c.rand.IntN(254))
	i.private = fmt.Sprintf("10.%d.%d.%d", c.rand.IntN(256), c.rand.IntN(256), 1+c.rand.IntN(254))
	c.instances = append(c.instances, i)
	return i
}

// idle is an instance that nothing is done to, or nil.
func (c *Cloud) idle() *instance {
	if len(c.instances) == 0 {
		return nil
	}
	for range 8 {
		if i := pick(c, c.instances); !i.busy {
			return i
		}
	}
	return nil
}

// bury moves an instance to those that the next audit counts for the last time.
func (c *Cloud) bury(i *instance) {
	c.instances = slices.DeleteFunc(c.instances, func(other *instance) bool { return other == i })
	c.gone = append(c.gone, i)
}

// script plans the steps of one operation on an instance, one after the other.
type script struct {
	*Cloud
	i       *instance
	request request
	at      time.Time
}

func (c *Cloud) script(i *instance, at time.Time) *script {
	i.busy = true
	r := request{id: "req-" + c.uuid(), at: at, tenant: i.tenant, api: fmt.Sprintf("192.0.2.%d", 1+c.rand.IntN(20))}
	return &script{Cloud: c, i: i, request: r, at: at}
}

func (s *script) wait(min, max time.Duration) { s.at = s.at.Add(s.between(min, max)) }

// then changes the instance without a word.
func (s *script) then(change func(at time.Time)) {
	s.plan(s.at, func(at time.Time) (Message, bool) {
		change(at)
		return Message{}, false
	})
}

// tell plans an event of the instance, sent by its host, with more fields if there are any.
func (s *script) tell(event string, more ...func(*document)) {
	s.plan(s.at, func(at time.Time) (Message, bool) {
		return s.nova(s.i.cell, at, "compute."+s.i.host, "compute.instance."+event, info, s.request, func(d *document) {
			s.i.describe(d)
			for _, m := range more {
				m(d)
			}
		})
	})
}

// asked plans the update with which an API server begins an operation.
func (s *script) asked(task string) {
	api := "api." + pick(s.Cloud, s.i.cell.apis)
	s.update(api, "", task)
}

// update plans a change of state and task. An empty state stays as it is, an empty task is none.
func (s *script) update(publisher, state, task string) {
	s.plan(s.at, func(at time.Time) (Message, bool) {
		i := s.i
		oldState, oldTask := i.state, i.task
		if state != "" {
			i.state = state
		}
		i.task = task
		if publisher == "" {
			publisher = "compute." + i.host
		}
		return s.nova(i.cell, at, publisher, "compute.instance.update", info, s.request, func(d *document) {
			i.describe(d)
			d.text("old_state", oldState)
			d.textOrNull("old_task_state", oldTask)
			d.textOrNull("new_task_state", task)
			d.text("audit_period_beginning", secondDate(at.Truncate(s.options.Audit)))
			d.text("audit_period_ending", secondDate(at))
			d.raw("bandwidth", "{}")
		})
	})
}

// during plans what lies between NAME.start and NAME.end, and the two.
func (s *script) during(event string, min, max time.Duration) {
	s.tell(event + ".start")
	s.wait(min, s.late(max))
	s.tell(event + ".end")
}

// late is the time that a step may take; once in a while it is far too long.
func (s *script) late(usual time.Duration) time.Duration {
	if s.oneIn(150) {
		return usual + 2*time.Hour
	}
	return usual
}

func (s *script) done() {
	s.then(func(time.Time) { s.i.busy = false })
}
