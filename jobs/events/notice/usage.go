package notice

import "time"

// The roles that say something of use, for which see the package lifecycle.
const (
	roleDelete      = "compute.instance.delete.end"
	roleExists      = "compute.instance.exists"
	roleActivate    = "image.activate"
	roleImageDelete = "image.delete"
	roleImageExists = "image.exists"
)

// facts reads dates, sizes and texts, and keeps the first thing that is wrong with them.
type facts struct{ fault *Error }

func (f *facts) date(field string, v value) time.Time {
	t, err := v.date(field)
	f.keep(err)
	return t
}

func (f *facts) count(field string, v value) int64 {
	n, err := v.count(field)
	f.keep(err)
	return n
}

func (f *facts) text(field string, v value) string {
	s := v.column().S
	if len(s) > MaxText {
		f.keep(tooLong(field, len(s), MaxText))
	}
	return s
}

func (f *facts) keep(err *Error) {
	if f.fault == nil {
		f.fault = err
	}
}

// use finds what an event of Nova says of use.
func (n *notification) use(out *Notice) {
	var f facts
	u := &out.Usage
	switch out.Role {
	case "compute.instance.create.start", "compute.instance.rebuild.start", "compute.instance.resize.prep.start",
		"compute.instance.resize.revert.start", "compute.instance.rescue.start",
		"compute.instance.create.end", "compute.instance.rebuild.end", "compute.instance.finish_resize.end",
		"compute.instance.resize.revert.end", "compute.instance.rescue.end", "compute.instance.finish_resize.start":
		u.Launch = n.payload.launch(out, &f)
	case roleDelete:
		u.Delete = n.payload.delete(out, &f)
	case roleExists:
		u.Exists = n.payload.exists(out, &f)
	}
	if f.fault != nil {
		*u = Usage{Fault: f.fault}
	}
}

func (p *payload) launch(out *Notice, f *facts) *Launch {
	l := &Launch{Event: out.Role, Instance: out.Instance.S, RequestID: out.RequestID, Partial: out.Versioned,
		Message: p.outcome(), Launched: f.date("launched_at", p.launchedAt), Tenant: out.Tenant.S}
	l.TypeID, l.FlavorID = p.flavors(f)
	l.Architecture, l.Distro, l.Version, l.Options = p.image(f)
	return l
}

// outcome is the message of a step. One that is no text counts as one that is not empty, whatever it is.
func (p *payload) outcome() string {
	if p.message.kind == object || p.message.kind == list {
		return string(p.message.raw)
	}
	if p.message.empty() {
		return ""
	}
	return p.message.column().S
}

func (p *payload) flavors(f *facts) (typeID, flavorID string) {
	return f.text("instance_type_id", p.typeID), f.text("instance_flavor_id", p.flavorID.or(p.flavor))
}

func (p *payload) image(f *facts) (architecture, distro, version, options string) {
	m := &p.meta
	architecture = f.text("os_architecture", m.architecture)
	if p.versioned && architecture == "" {
		architecture = f.text("architecture", p.architecture)
	}
	return architecture, f.text("os_distro", m.distro), f.text("os_version", m.version), f.text("rax_options", m.options)
}

// delete is nil of an instance that was never launched: it has not been used.
func (p *payload) delete(out *Notice, f *facts) *Delete {
	deleted := "deleted_at"
	v := p.deletedAt
	if !p.terminatedAt.empty() {
		deleted, v = "terminated_at", p.terminatedAt
	}
	d := &Delete{Instance: out.Instance.S, Launched: f.date("launched_at", p.launchedAt), Deleted: f.date(deleted, v)}
	if d.Launched.IsZero() {
		return nil
	}
	return d
}

func (p *payload) exists(out *Notice, f *facts) *Exists {
	x := &Exists{MessageID: out.MessageID, Instance: out.Instance.S, Tenant: out.Tenant.S,
		Launched:     f.date("launched_at", p.launchedAt),
		Deleted:      f.date("deleted_at", p.deletedAt),
		Begin:        f.date("audit_period_beginning", p.begin.or(p.period.begin)),
		End:          f.date("audit_period_ending", p.end.or(p.period.end)),
		BandwidthOut: f.count("bandwidth.public.bw_out", p.bandwidthOut)}
	x.TypeID, x.FlavorID = p.flavors(f)
	x.Architecture, x.Distro, x.Version, x.Options = p.image(f)
	if x.Launched.IsZero() {
		return nil
	}
	return x
}

// images finds what an event of Glance says of use.
func (n *notification) images(out *Notice) {
	var f facts
	p, u := &n.payload, &out.Usage
	switch out.Role {
	case roleActivate:
		if !p.id.empty() {
			u.Image = &Image{UUID: out.UUID.S, Created: f.date("created_at", p.createdAt), Owner: out.Owner.S, Size: f.count("size", p.size)}
		}
	case roleImageDelete:
		if !p.id.empty() {
			u.ImageDelete = &ImageDelete{UUID: out.UUID.S, Deleted: f.date("deleted_at", n.deletedAt.orIfEmpty(p.deletedAt))}
		}
	case roleImageExists:
		u.ImageExists = p.imageExists(out, &f)
		if f.fault != nil {
			u.Fault = f.fault
		}
		return
	}
	if f.fault != nil {
		*u = Usage{Fault: f.fault}
	}
}

// imageExists is the audit of all the images that the event lists, but for those that say no date of creation or no name, and
// those with a fault.
func (p *payload) imageExists(out *Notice, f *facts) []ImageExists {
	begin, end := f.date("audit_period_beginning", p.begin), f.date("audit_period_ending", p.end)
	if f.fault != nil {
		return nil
	}
	var all []ImageExists
	for _, e := range p.images {
		var own facts
		x := ImageExists{MessageID: out.MessageID, UUID: own.text("images.id", e.id), Begin: begin, End: end, Owner: own.text("images.owner", p.owner.or(e.owner)),
			Created: own.date("images.created_at", e.createdAt),
			Deleted: own.date("images.deleted_at", e.deletedAt),
			Size:    own.count("images.size", e.size)}
		if own.fault == nil && !x.Created.IsZero() && x.UUID != "" {
			all = append(all, x)
		}
		f.keep(own.fault)
	}
	return all
}
