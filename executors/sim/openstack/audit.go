package openstack

import "time"

// audit counts all that there is, or was during the period that ends, and plans the next one.
func (c *Cloud) audit(end time.Time) (Message, bool) {
	begin := end.Add(-c.options.Audit)
	at := end
	for _, all := range [][]*instance{c.instances, c.gone} {
		for _, i := range all {
			at = at.Add(c.between(time.Millisecond, 40*time.Millisecond))
			c.plan(at, func(at time.Time) (Message, bool) {
				return c.count(i, at, begin, end, request{id: "", at: at, tenant: i.tenant})
			})
		}
	}
	c.gone = nil
	at = end
	for _, t := range c.tenants {
		at = at.Add(c.between(time.Second, 3*time.Second))
		c.countImages(t, at, begin, end)
	}
	c.lost = nil
	c.plan(end.Add(c.options.Audit), c.audit)
	return Message{}, false
}

// exists plans the record of the period up to now that comes before an instance changes into something else.
func (s *script) exists(at time.Time) {
	s.plan(at, func(at time.Time) (Message, bool) {
		return s.count(s.i, at, at.Truncate(s.options.Audit), at, s.request)
	})
}

// count is the audit record of an instance, if it ever ran. One in a hundred is wrong.
func (c *Cloud) count(i *instance, at, begin, end time.Time, r request) (Message, bool) {
	if i.launched.IsZero() || i.launched.After(end) {
		return Message{}, false
	}
	if r.id == "" {
		r.id = "req-" + c.uuid()
	}
	told := *i
	if c.oneIn(100) {
		told.launched = told.launched.Add(-90 * time.Second)
	}
	if told.deleted.After(end) {
		told.deleted, told.terminated, told.state = time.Time{}, time.Time{}, "active"
	}
	in, out := c.rand.Int64N(1<<28), c.rand.Int64N(1<<30)
	return c.nova(i.cell, at, "compute."+i.host, "compute.instance.exists", info, r, func(d *document) {
		told.describe(d)
		d.text("audit_period_beginning", secondDate(begin))
		d.text("audit_period_ending", secondDate(end))
		told.traffic(d, in, out)
	})
}
