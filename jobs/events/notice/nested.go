package notice

// nested reads a field of which only a part counts, or nothing.
func (p *payload) nested(s *scanner, key []byte) {
	switch string(key) {
	case "image_meta":
		p.meta.read(s)
	case "exception":
		p.readException(s)
	case "instance":
		one(s, "uuid", &p.innerUUID)
	case "properties":
		one(s, "instance_uuid", &p.propertyInstance)
	case "flavor":
		one(s, "flavorid", &p.flavor)
	case "bandwidth":
		p.readBandwidth(s)
	case "images":
		p.readImages(s)
	case "state_update":
		p.stateUpdate.read(s)
	case "audit_period":
		p.period.read(s)
	default:
		s.skip()
	}
}

// one reads a single field of the object that comes next.
func one(s *scanner, name string, to *value) {
	s.fields(func(key []byte) {
		switch {
		case key == nil:
			*to = value{}
		case string(key) == name:
			*to = s.value()
		default:
			s.skip()
		}
	})
}

// readException finds the instance that an exception was raised for: kwargs.uuid.
func (p *payload) readException(s *scanner) {
	s.fields(func(key []byte) {
		switch {
		case key == nil:
			p.exceptionUUID = value{}
		case string(key) == "kwargs":
			one(s, "uuid", &p.exceptionUUID)
		default:
			s.skip()
		}
	})
}

// readBandwidth finds the bytes that went out of the public network: public.bw_out or, in a versioned payload, the entry of that
// name in a list.
func (p *payload) readBandwidth(s *scanner) {
	p.bandwidthOut = value{}
	if s.peek() == '[' {
		s.items(func() { p.readNetwork(s) })
		return
	}
	s.fields(func(key []byte) {
		switch {
		case key == nil:
			p.bandwidthOut = value{}
		case string(key) == "public":
			one(s, "bw_out", &p.bandwidthOut)
		default:
			s.skip()
		}
	})
}

func (p *payload) readNetwork(s *scanner) {
	var name, out value
	s.fields(func(key []byte) {
		switch {
		case key == nil:
			name, out = value{}, value{}
		case string(key) == "network_name":
			name = s.value()
		case string(key) == "out_bytes":
			out = s.value()
		default:
			s.skip()
		}
	})
	if name.kind == text && name.string() == "public" {
		p.bandwidthOut = out
	}
}

func (p *payload) readImages(s *scanner) {
	p.images = p.images[:0]
	s.items(func() {
		var e imageEntry
		s.fields(func(key []byte) {
			switch string(key) {
			case "":
				if key == nil {
					e = imageEntry{}
				} else {
					s.skip()
				}
			case "id":
				e.id = s.value()
			case "created_at":
				e.createdAt = s.value()
			case "deleted_at":
				e.deletedAt = s.value()
			case "size":
				e.size = s.value()
			case "owner":
				e.owner = s.value()
			default:
				s.skip()
			}
		})
		p.images = append(p.images, e)
	})
}

func (m *imageMeta) read(s *scanner) {
	s.fields(func(key []byte) {
		if key == nil {
			*m = imageMeta{}
			return
		}
		switch string(key) {
		case "image_type":
			m.imageType = s.value()
		case "os_type":
			m.osType = s.value()
		case "os_distro":
			m.osDistro = s.value()
		case "org.openstack__1__architecture":
			m.architecture = s.value()
		case "org.openstack__1__os_distro":
			m.distro = s.value()
		case "org.openstack__1__os_version":
			m.version = s.value()
		case "com.rackspace__1__options":
			m.options = s.value()
		default:
			s.skip()
		}
	})
}

func (u *states) read(s *scanner) {
	s.fields(func(key []byte) {
		if key == nil {
			*u = states{}
			return
		}
		switch string(key) {
		case "state":
			u.state = s.value()
		case "old_state":
			u.oldState = s.value()
		case "old_task_state":
			u.oldTask = s.value()
		case "new_task_state":
			u.newTask = s.value()
		default:
			s.skip()
		}
	})
}

func (a *period) read(s *scanner) {
	s.fields(func(key []byte) {
		if key == nil {
			*a = period{}
			return
		}
		switch string(key) {
		case "audit_period_beginning":
			a.begin = s.value()
		case "audit_period_ending":
			a.end = s.value()
		default:
			s.skip()
		}
	})
}
