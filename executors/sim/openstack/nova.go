package openstack

import "time"

const (
	info  = "info"
	fault = "error"
)

// request is what a customer asked for.
type request struct {
	id     string
	at     time.Time
	tenant tenant
	api    string // the address that it came from
}

// nova is a notification of Nova.
func (c *Cloud) nova(k *cell, at time.Time, publisher, eventType, level string, r request, payload func(*document)) (Message, bool) {
	d := document{b: make([]byte, 0, 3072)}
	d.b = append(d.b, '{')
	d.raw("_context_roles", `["compute:admin", "identity:user-admin"]`)
	d.text("_context_request_id", r.id)
	d.raw("_context_quota_class", "null")
	d.text("event_type", eventType)
	d.raw("_context_service_catalog", "[]")
	d.raw("_context_auth_token", "null")
	d.text("_context_user_id", r.tenant.user)
	d.text("_context_user_name", r.tenant.name+"-ops")
	d.text("_context_project_name", r.tenant.name)
	d.text("_context_project_id", r.tenant.id)
	d.text("_context_tenant", r.tenant.id)
	d.raw("_context_is_admin", "false")
	d.text("_context_read_deleted", "no")
	d.text("_context_remote_address", r.api)
	d.text("_context_timestamp", letterDate(r.at))
	d.object("payload", func() { payload(&d) })
	d.text("priority", map[string]string{info: "INFO", fault: "ERROR"}[level])
	d.text("publisher_id", publisher)
	d.text("message_id", c.uuid())
	d.text("timestamp", blankDate(at))
	d.b = append(d.b, '}')
	return Message{Deployment: k.name, Exchange: "nova", RoutingKey: "monitor." + level, Body: c.wrap(d.b)}, true
}

// wrap puts a body into the envelope of oslo.messaging, if the cloud does that.
func (c *Cloud) wrap(body []byte) []byte {
	if !c.options.Envelope {
		return body
	}
	d := document{b: append(make([]byte, 0, len(body)*5/4), '{')}
	d.text("oslo.version", "2.0")
	d.text("oslo.message", string(body))
	return append(d.b, '}')
}

// describe writes what every notification of an instance says of it.
func (i *instance) describe(d *document) {
	d.text("state_description", i.task)
	d.raw("availability_zone", "null")
	d.text("terminated_at", secondDate(i.terminated))
	d.number("ephemeral_gb", 0)
	d.number("instance_type_id", int64(i.flavor.typeID))
	d.text("instance_flavor_id", i.flavor.id)
	d.text("deleted_at", secondDate(i.deleted))
	d.text("reservation_id", i.reservation)
	d.text("instance_id", i.id)
	d.text("user_id", i.tenant.user)
	d.text("hostname", i.name)
	d.text("state", i.state)
	d.text("launched_at", secondDate(i.launched))
	d.raw("metadata", "[]")
	d.text("node", i.host)
	d.text("ramdisk_id", "")
	d.raw("access_ip_v6", "null")
	d.number("disk_gb", int64(i.flavor.disk))
	d.raw("access_ip_v4", "null")
	d.text("kernel_id", "")
	d.text("host", i.host)
	d.text("display_name", i.name)
	d.text("image_ref_url", "http://images.example.net:9292/images/"+i.image.id)
	d.number("root_gb", int64(i.flavor.disk))
	d.text("tenant_id", i.tenant.id)
	d.text("created_at", secondDate(i.created))
	d.number("memory_mb", int64(i.flavor.memory))
	d.text("instance_type", i.flavor.name)
	d.number("vcpus", int64(i.flavor.cpus))
	d.text("architecture", "x64")
	d.text("os_type", i.image.system.kind)
	d.object("image_meta", func() { i.image.meta(d) })
}

func (m *image) meta(d *document) {
	d.text("image_type", m.kind)
	d.text("container_format", "ovf")
	d.text("disk_format", "vhd")
	d.text("base_image_ref", m.id)
	d.text("os_type", m.system.kind)
	d.text("os_distro", m.system.distro)
	d.text("org.openstack__1__architecture", "x64")
	d.text("org.openstack__1__os_distro", m.system.label)
	d.text("org.openstack__1__os_version", m.system.version)
	d.text("com.rackspace__1__options", m.options)
}

// addresses writes those of the instance's two networks.
func (i *instance) addresses(d *document) {
	nets := [...][2]string{{"public", i.public}, {"private", i.private}}
	d.list("fixed_ips", len(nets), func(n int) {
		d.raw("floating_ips", "[]")
		d.text("label", nets[n][0])
		d.number("version", 4)
		d.raw("meta", "{}")
		d.text("address", nets[n][1])
		d.text("type", "fixed")
	})
}

// traffic writes how much went over them.
func (i *instance) traffic(d *document, in, out int64) {
	d.object("bandwidth", func() {
		d.object("public", func() {
			d.number("bw_in", in)
			d.number("bw_out", out)
		})
		d.object("private", func() {
			d.number("bw_in", in/7)
			d.number("bw_out", out/7)
		})
	})
}
