package openstack

import "time"

// operate begins one operation: a new instance if there are too few, else anything, with the weights that clouds see.
func (c *Cloud) operate(at time.Time) {
	i := c.idle()
	if i == nil || len(c.instances) < c.options.Instances*9/10 || len(c.instances) < c.options.Instances && c.oneIn(3) {
		c.create(at)
		return
	}
	switch n := c.rand.IntN(100); {
	case i.state == "error", n < 20:
		c.delete(i, at)
	case i.rescued:
		c.unrescue(i, at)
	case n < 40:
		c.reboot(i, at)
	case n < 58:
		c.snapshot(i, at)
	case n < 74:
		c.resize(i, at)
	case n < 82:
		c.rebuild(i, at)
	case n < 88:
		c.rescue(i, at)
	case n < 92:
		c.upload(at)
	case n < 97:
		c.discard(at)
	default:
		c.create(at)
	}
}

func (c *Cloud) create(at time.Time) {
	i := c.newInstance(at)
	s := c.script(i, at)
	s.asked("scheduling")
	s.wait(10*time.Millisecond, 200*time.Millisecond)
	s.schedule("start", false)
	s.wait(20*time.Millisecond, 300*time.Millisecond)
	s.schedule("scheduled", true)
	s.wait(time.Millisecond, 20*time.Millisecond)
	s.schedule("end", false)
	s.wait(50*time.Millisecond, 500*time.Millisecond)
	s.tell("create.start", s.origin)
	for _, task := range []string{"networking", "block_device_mapping", "spawning"} {
		s.wait(100*time.Millisecond, 4*time.Second)
		s.update("", "", task)
	}
	s.wait(8*time.Second, s.late(90*time.Second))
	if s.oneIn(14) {
		s.fail("run_instance", "create.error")
		s.done()
		return
	}
	s.then(func(at time.Time) { i.launched = at })
	s.update("", "active", "")
	s.wait(time.Millisecond, 30*time.Millisecond)
	s.tell("create.end", func(d *document) { d.text("message", "Success") }, i.addresses)
	s.done()
}

// origin is what the beginning of a creation says of the image.
func (s *script) origin(d *document) {
	d.text("image_name", s.i.image.name)
	d.raw("request_spec", "null")
}

// schedule plans an event of the scheduler. Only where a place was found does it name the instance.
func (s *script) schedule(phase string, named bool) {
	s.plan(s.at, func(at time.Time) (Message, bool) {
		i := s.i
		return s.nova(i.cell, at, "scheduler."+i.cell.name+"-scheduler-1", "scheduler.run_instance."+phase, info, s.request, func(d *document) {
			if named {
				d.text("instance_id", i.id)
				d.object("weighted_host", func() {
					d.number("weight", int64(s.rand.IntN(64)))
					d.text("host", i.host)
				})
			}
			d.object("request_spec", func() {
				d.number("num_instances", 1)
				d.object("instance_properties", func() { i.describe(d) })
			})
		})
	})
}

func (c *Cloud) reboot(i *instance, at time.Time) {
	s := c.script(i, at)
	s.asked("rebooting")
	s.wait(100*time.Millisecond, time.Second)
	s.during("reboot", 4*time.Second, 60*time.Second)
	s.update("", "active", "")
	s.done()
}

func (c *Cloud) rebuild(i *instance, at time.Time) {
	s := c.script(i, at)
	s.exists(at)
	s.asked("rebuilding")
	s.wait(100*time.Millisecond, time.Second)
	next := c.anyImage()
	s.then(func(time.Time) { i.image = next })
	s.tell("rebuild.start")
	s.update("", "", "rebuild_spawning")
	s.wait(20*time.Second, s.late(3*time.Minute))
	if s.oneIn(12) {
		s.fail("rebuild_instance", "")
		s.done()
		return
	}
	s.then(func(at time.Time) { i.launched = at })
	s.update("", "active", "")
	s.tell("rebuild.end", i.addresses)
	s.done()
}

func (c *Cloud) rescue(i *instance, at time.Time) {
	s := c.script(i, at)
	s.exists(at)
	s.asked("rescuing")
	s.wait(100*time.Millisecond, time.Second)
	s.tell("rescue.start")
	s.wait(15*time.Second, s.late(2*time.Minute))
	s.then(func(at time.Time) { i.launched, i.rescued = at, true })
	s.update("", "rescued", "")
	s.tell("rescue.end", i.addresses)
	s.done()
}

func (c *Cloud) unrescue(i *instance, at time.Time) {
	s := c.script(i, at)
	s.asked("unrescuing")
	s.wait(100*time.Millisecond, time.Second)
	s.during("unrescue", 5*time.Second, 40*time.Second)
	s.then(func(time.Time) { i.rescued = false })
	s.update("", "active", "")
	s.done()
}

// resize moves an instance to another host with another flavor. Most customers keep it so, some go back.
func (c *Cloud) resize(i *instance, at time.Time) {
	oldHost, oldFlavor := i.host, i.flavor
	newHost, newFlavor := pick(c, i.cell.hosts), pick(c, flavors)
	s := c.script(i, at)
	s.exists(at)
	s.asked("resize_prep")
	s.wait(100*time.Millisecond, time.Second)
	s.tell("resize.prep.start")
	s.wait(time.Second, 4*time.Second)
	if s.oneIn(12) {
		s.fail("prep_resize", "")
		s.done()
		return
	}
	s.tell("resize.prep.end", func(d *document) { d.number("new_instance_type_id", int64(newFlavor.typeID)) })
	s.update("", "", "resize_migrating")
	s.during("resize", 30*time.Second, 6*time.Minute)
	s.then(func(time.Time) { i.host, i.flavor = newHost, newFlavor })
	s.update("", "", "resize_finish")
	s.tell("finish_resize.start")
	s.wait(10*time.Second, 90*time.Second)
	s.then(func(at time.Time) { i.launched = at })
	s.update("", "resized", "")
	s.tell("finish_resize.end", i.addresses)
	s.wait(time.Minute, 10*time.Minute)
	s.request.id, s.request.at = "req-"+c.uuid(), s.at
	if !s.oneIn(5) {
		s.asked("")
		s.during("resize.confirm", time.Second, 10*time.Second)
		s.update("", "active", "")
		s.done()
		return
	}
	s.exists(s.at)
	s.asked("resize_reverting")
	s.tell("resize.revert.start")
	s.wait(10*time.Second, 90*time.Second)
	s.then(func(at time.Time) { i.host, i.flavor, i.launched = oldHost, oldFlavor, at })
	s.update("", "active", "")
	s.tell("resize.revert.end", i.addresses)
	s.done()
}

func (c *Cloud) delete(i *instance, at time.Time) {
	s := c.script(i, at)
	s.asked("deleting")
	s.wait(100*time.Millisecond, time.Second)
	s.tell("delete.start")
	s.wait(10*time.Millisecond, 200*time.Millisecond)
	s.during("shutdown", time.Second, 12*time.Second)
	s.then(func(at time.Time) { i.state, i.task, i.terminated, i.deleted = "deleted", "", at, at })
	s.update("", "deleted", "")
	s.tell("delete.end")
	s.then(func(time.Time) { c.bury(i) })
}
