package notice

import "strings"

// Bits of Notice.ImageType: the kind of image, its system, its distribution.
const (
	Base     = 0x1
	Snapshot = 0x2
	Import   = 0x3 // both of the bits, as the predecessor has it

	Linux   = 0x10
	Windows = 0x20
	FreeBSD = 0x40

	Ubuntu = 0x100
	Debian = 0x200
	CentOS = 0x400
	RHEL   = 0x800
)

// service decides whose event it is, by the first of these that says something:
//
//  1. the first word of the event type, in its legacy name: compute, compute_task, scheduler, aggregate, flavor, keypair,
//     server_group, servergroup, instance, api and libvirt are Nova's; image and metadef_namespace, metadef_object,
//     metadef_property, metadef_resource_type, metadef_tag are Glance's;
//  2. the first word of the publisher, up to a dot or a colon: compute, nova and nova-anything are Nova's; image, glance and
//     glance-anything are Glance's;
//  3. the exchange: nova is Nova's, glance is Glance's, any other is Generic.
func service(role, publisher, exchange string) string {
	first, _, _ := strings.Cut(role, ".")
	switch first {
	case "compute", "compute_task", "scheduler", "aggregate", "flavor", "keypair", "server_group", "servergroup", "instance", "api", "libvirt":
		return Nova
	case "image", "metadef_namespace", "metadef_object", "metadef_property", "metadef_resource_type", "metadef_tag":
		return Glance
	}
	first = publisher
	if i := strings.IndexAny(publisher, ".:"); i >= 0 {
		first = publisher[:i]
	}
	switch {
	case first == "compute", first == "nova", strings.HasPrefix(first, "nova-"):
		return Nova
	case first == "image", first == "glance", strings.HasPrefix(first, "glance-"):
		return Glance
	}
	switch exchange {
	case Nova, Glance:
		return exchange
	}
	return Generic
}

// sender takes a publisher apart: compute.host-1.example.com, or nova-compute:host-1.example.com in a versioned notification.
func sender(publisher string, versioned bool) (source string, host Text) {
	if versioned {
		if source, rest, ok := strings.Cut(publisher, ":"); ok {
			return source, Text{rest, true}
		}
	}
	source, rest, ok := strings.Cut(publisher, ".")
	return source, Text{rest, ok}
}

// role is the legacy name of an event.
func role(eventType string, versioned bool) string {
	rest, ok := strings.CutPrefix(eventType, "instance.")
	if !versioned || !ok {
		return eventType
	}
	action, phase, _ := strings.Cut(rest, ".")
	if legacy, ok := legacyActions[action]; ok {
		action = legacy
	}
	if phase != "" {
		action += "." + phase
	}
	return "compute.instance." + action
}

// legacyActions are the actions on instances that have another name in versioned notifications.
var legacyActions = map[string]string{
	"resize_prep":                  "resize.prep",
	"resize_confirm":               "resize.confirm",
	"resize_revert":                "resize.revert",
	"resize_finish":                "finish_resize",
	"volume_attach":                "volume.attach",
	"volume_detach":                "volume.detach",
	"live_migration_pre":           "live_migration.pre",
	"live_migration_post":          "live_migration._post",
	"live_migration_post_dest":     "live_migration.post.dest",
	"live_migration_rollback":      "live_migration._rollback",
	"live_migration_rollback_dest": "live_migration.rollback.dest",
}

// instance fills the columns of an event of Nova, and of one that is nobody's.
func (n *notification) instance(out *Notice) {
	p := &n.payload
	out.Instance = p.subject(out.Type)
	out.Tenant = p.tenantID.or(n.project).column()
	if out.Service != Nova {
		return
	}
	out.State = p.stateUpdate.state.or(p.state).columnOr("")
	out.OldState = p.stateUpdate.oldState.or(p.oldState).columnOr("")
	out.OldTask = p.stateUpdate.oldTask.or(p.oldTask).columnOr("")
	out.Task = p.stateUpdate.newTask.or(p.newTask).columnOr("")
	out.ImageType = p.imageType()
	if out.Instance.OK {
		n.use(out)
	}
}

// subject is the instance that an event is about, which hides in many places; null if it is in none.
func (p *payload) subject(eventType string) Text {
	v := p.instanceUUID.or(p.instanceID)
	if p.versioned && strings.HasPrefix(eventType, "instance.") {
		v = v.orIfEmpty(p.uuid)
	}
	if v = v.orIfEmpty(p.exceptionUUID).orIfEmpty(p.innerUUID); v.empty() {
		return Text{}
	}
	return v.column()
}

// imageType are the bits of what image an instance was made from. Of a system that the image does not name the payload's counts.
func (p *payload) imageType() int {
	bits := 0
	switch p.meta.imageType.column().S {
	case "base":
		bits |= Base
	case "snapshot":
		bits |= Snapshot
	case "import":
		bits |= Import
	}
	switch p.meta.osType.or(p.osType).column().S {
	case "linux":
		bits |= Linux
	case "windows":
		bits |= Windows
	case "freebsd":
		bits |= FreeBSD
	}
	switch p.meta.osDistro.column().S {
	case "ubuntu":
		bits |= Ubuntu
	case "debian":
		bits |= Debian
	case "centos":
		bits |= CentOS
	case "rhel":
		bits |= RHEL
	}
	return bits
}

// glance fills the columns of an event of Glance. Its payload may be a plain text: then there is nothing to fill them with.
func (n *notification) glance(out *Notice) {
	p := &n.payload
	out.Owner, out.Status, out.UUID = p.owner.column(), p.status.column(), p.id.column()
	out.Instance = p.propertyInstance.column()
	out.ImageType = p.imageType()
	n.images(out)
}
