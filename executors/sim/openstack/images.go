package openstack

import (
	"slices"
	"time"
)

// image is one image, public or a customer's.
type image struct {
	id, name, kind string // kind: base or snapshot
	system         system
	options        string
	owner          tenant
	cell           *cell
	origin         string // the instance that it was saved from
	size           int64
	status         string
	created        time.Time
	deleted        time.Time
}

// anyImage is one that instances may be made from: a public one, or a customer's once it is there.
func (c *Cloud) anyImage() *image {
	if len(c.private) > 0 && c.oneIn(4) {
		if m := pick(c, c.private); m.status == "active" {
			return m
		}
	}
	return pick(c, c.public)
}

// publish plans the arrival of a public image.
func (c *Cloud) publish(at time.Time, n int) {
	system := systems[n%len(systems)]
	m := &image{id: c.uuid(), name: system.name, kind: "base", system: system, options: "0", owner: c.tenants[0],
		cell: c.cells[n%len(c.cells)], size: 1<<30 + c.rand.Int64N(1<<30), created: at, status: "queued"}
	if system.kind == "windows" {
		m.options = "4"
	}
	c.public = append(c.public, m)
	c.arrive(m, at, 800*time.Millisecond)
}

// upload begins the upload of a customer's image.
func (c *Cloud) upload(at time.Time) {
	if len(c.private) >= c.options.Images {
		c.discard(at)
		return
	}
	m := &image{id: c.uuid(), name: "golden-" + c.hex(4), kind: "base", system: pick(c, systems), options: "0", owner: pick(c, c.tenants),
		cell: pick(c, c.cells), size: c.rand.Int64N(1 << 32), created: at, status: "queued"}
	c.private = append(c.private, m)
	c.arrive(m, at, 2*time.Minute)
}

// snapshot saves an instance as an image of its owner.
func (c *Cloud) snapshot(i *instance, at time.Time) {
	if len(c.private) >= c.options.Images {
		c.discard(at)
	}
	s := c.script(i, at)
	s.asked("image_snapshot")
	s.wait(100*time.Millisecond, 2*time.Second)
	m := &image{id: c.uuid(), name: i.name + "-" + at.Format("0102"), kind: "snapshot", system: i.image.system, options: i.image.options,
		owner: i.tenant, cell: i.cell, origin: i.id, size: c.rand.Int64N(1 << 33), created: s.at, status: "queued"}
	s.tell("snapshot.start", func(d *document) { d.text("image_name", m.name) })
	s.update("", "", "image_uploading")
	s.wait(30*time.Second, s.late(15*time.Minute))
	if s.oneIn(15) {
		s.fail("snapshot_instance", "")
		s.done()
		return
	}
	c.private = append(c.private, m)
	s.at = c.arrive(m, s.at, 20*time.Second).Add(time.Millisecond)
	s.tell("snapshot.end")
	s.update("", "active", "")
	s.done()
}

// arrive plans what Glance says of an image that is uploaded, and is when it is there.
func (c *Cloud) arrive(m *image, at time.Time, most time.Duration) time.Time {
	for _, s := range []struct{ event, status string }{
		{"image.create", "queued"},
		{"image.prepare", "saving"},
		{"image.upload", "saving"},
		{"image.activate", "active"},
		{"image.update", "active"},
	} {
		c.plan(at, func(at time.Time) (Message, bool) {
			m.status = s.status
			return c.glance(m.cell, at, s.event, info, m.owner, func(d *document) { m.describe(d, at) })
		})
		at = at.Add(c.between(20*time.Millisecond, most/4))
	}
	return at
}

// discard deletes a customer's image, and now and then fails to.
func (c *Cloud) discard(at time.Time) {
	if len(c.private) == 0 {
		return
	}
	m := pick(c, c.private)
	if m.status != "active" {
		return
	}
	if c.oneIn(10) {
		c.plan(at, func(at time.Time) (Message, bool) {
			d := document{b: c.head("image.delete", m.owner)}
			d.text("payload", "Image "+m.id+" is in use and could not be deleted")
			return c.seal(m.cell, at, d, fault)
		})
		return
	}
	m.status = "deleted"
	c.private = slices.DeleteFunc(c.private, func(other *image) bool { return other == m })
	c.plan(at, func(at time.Time) (Message, bool) {
		m.deleted = at
		c.lost = append(c.lost, m)
		return c.glance(m.cell, at, "image.delete", info, m.owner, func(d *document) { m.describe(d, at) })
	})
}

// countImages plans the audit of a customer's images.
func (c *Cloud) countImages(t tenant, at, begin, end time.Time) {
	var all []*image
	for _, m := range slices.Concat(c.public, c.private, c.lost) {
		if m.owner.id == t.id && m.status != "queued" && m.status != "saving" {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return
	}
	c.plan(at, func(at time.Time) (Message, bool) {
		return c.glance(all[0].cell, at, "image.exists", info, t, func(d *document) {
			d.text("owner", t.id)
			d.text("audit_period_beginning", secondDate(begin))
			d.text("audit_period_ending", secondDate(end))
			d.list("images", len(all), func(n int) {
				m := all[n]
				d.text("id", m.id)
				d.text("name", m.name)
				d.text("status", m.status)
				d.number("size", m.size)
				d.text("created_at", imageDate(m.created))
				d.textOrNull("deleted_at", imageDate(m.gone(end)))
			})
		})
	})
}

// gone is when the image was deleted, if that was before a time.
func (m *image) gone(by time.Time) time.Time {
	if m.deleted.After(by) {
		return time.Time{}
	}
	return m.deleted
}

func (m *image) describe(d *document, at time.Time) {
	d.text("id", m.id)
	d.text("name", m.name)
	d.text("status", m.status)
	d.number("size", m.size)
	d.text("owner", m.owner.id)
	d.text("checksum", m.id[:8]+m.id[9:13]+m.id[14:18]+m.id[19:23]+m.id[24:])
	d.text("created_at", imageDate(m.created))
	d.text("updated_at", imageDate(at))
	d.textOrNull("deleted_at", imageDate(m.deleted))
	d.raw("deleted", map[bool]string{true: "true", false: "false"}[!m.deleted.IsZero()])
	d.text("disk_format", "vhd")
	d.text("container_format", "ovf")
	d.number("min_ram", 512)
	d.number("min_disk", 20)
	d.raw("is_public", map[bool]string{true: "true", false: "false"}[m.kind == "base"])
	d.raw("protected", "false")
	d.object("properties", func() {
		m.meta(d)
		d.textOrNull("instance_uuid", m.origin)
		d.text("user_id", m.owner.user)
		d.text("image_location", "store+https://objects.example.net/v1/"+m.owner.id+"/images/"+m.id+".vhd")
		d.text("description", "made by the nightly pipeline, "+m.system.name+", kept for seven days unless it is pinned by its owner")
		d.text("org.openstack__1__bootable", "true")
		d.text("com.example__1__pipeline", "https://build.example.net/pipelines/images/"+m.id[:8]+"/runs/"+m.id[24:])
	})
}

// head is the beginning of a notification of Glance.
func (c *Cloud) head(eventType string, t tenant) []byte {
	d := document{b: append(make([]byte, 0, 2560), '{')}
	d.text("event_type", eventType)
	d.text("_context_request_id", "req-"+c.uuid())
	d.text("_context_tenant", t.id)
	d.text("_context_user", t.user)
	d.raw("_context_roles", `["identity:user-admin"]`)
	d.raw("_context_is_admin", "false")
	return d.b
}

// seal ends it and makes it a message.
func (c *Cloud) seal(k *cell, at time.Time, d document, level string) (Message, bool) {
	d.text("priority", map[string]string{info: "INFO", fault: "ERROR"}[level])
	d.text("publisher_id", "image."+k.name+"-glance-1")
	d.text("message_id", c.uuid())
	d.text("timestamp", blankDate(at))
	d.b = append(d.b, '}')
	return Message{Deployment: k.name, Exchange: "glance", RoutingKey: "monitor_glance." + level, Body: c.wrap(d.b)}, true
}

func (c *Cloud) glance(k *cell, at time.Time, eventType, level string, t tenant, payload func(*document)) (Message, bool) {
	d := document{b: c.head(eventType, t)}
	d.object("payload", func() { payload(&d) })
	return c.seal(k, at, d, level)
}
