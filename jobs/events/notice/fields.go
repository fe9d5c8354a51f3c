package notice

// envelope is the wrapping of oslo.messaging.
type envelope struct{ version, message value }

// notification is what is read of a message, as it stands there. Which of it counts is decided when all has been seen.
type notification struct {
	envelope
	eventType, publisher, messageID value
	timestamp, contextTimestamp     value
	requestID, project              value
	deletedAt                       value
	payload                         payload
}

// payload is what is read of the payload, if it is an object.
type payload struct {
	instanceUUID, instanceID, uuid      value
	exceptionUUID, innerUUID            value
	tenantID, requestID                 value
	state, oldState, oldTask, newTask   value
	osType, architecture                value
	meta                                imageMeta
	launchedAt, deletedAt, terminatedAt value
	begin, end                          value
	typeID, flavorID, message           value
	bandwidthOut                        value

	id, owner, status, size, createdAt value
	propertyInstance                   value
	images                             []imageEntry

	versioned   bool // and then also, each in an object of its own:
	flavor      value
	stateUpdate states
	period      period
}

type imageMeta struct{ imageType, osType, osDistro, architecture, distro, version, options value }

type states struct{ state, oldState, oldTask, newTask value }

type period struct{ begin, end value }

type imageEntry struct{ id, createdAt, deletedAt, size, owner value }

func (n *notification) read(s *scanner) {
	s.document(func(key []byte) {
		switch string(key) {
		case "event_type":
			n.eventType = s.value()
		case "publisher_id":
			n.publisher = s.value()
		case "message_id":
			n.messageID = s.value()
		case "timestamp":
			n.timestamp = s.value()
		case "_context_timestamp":
			n.contextTimestamp = s.value()
		case "_context_request_id":
			n.requestID = s.value()
		case "_context_project_id":
			n.project = s.value()
		case "deleted_at":
			n.deletedAt = s.value()
		case "payload":
			n.payload.read(s)
		case "oslo.version":
			n.version = s.value()
		case "oslo.message":
			n.message = s.value()
		default:
			s.skip()
		}
	})
}

func (p *payload) read(s *scanner) {
	p.versioned = s.fields(func(key []byte) {
		if key == nil {
			*p = payload{images: p.images[:0]}
			return
		}
		if v := p.single(key); v != nil {
			*v = s.value()
			return
		}
		p.nested(s, key)
	})
}

// single is the place of a field that is a value by itself.
func (p *payload) single(key []byte) *value {
	switch string(key) {
	case "instance_uuid":
		return &p.instanceUUID
	case "instance_id":
		return &p.instanceID
	case "uuid":
		return &p.uuid
	case "tenant_id":
		return &p.tenantID
	case "request_id":
		return &p.requestID
	case "state":
		return &p.state
	case "old_state":
		return &p.oldState
	case "old_task_state":
		return &p.oldTask
	case "new_task_state":
		return &p.newTask
	case "os_type":
		return &p.osType
	case "architecture":
		return &p.architecture
	case "launched_at":
		return &p.launchedAt
	case "deleted_at":
		return &p.deletedAt
	case "terminated_at":
		return &p.terminatedAt
	case "created_at":
		return &p.createdAt
	case "audit_period_beginning":
		return &p.begin
	case "audit_period_ending":
		return &p.end
	case "instance_type_id":
		return &p.typeID
	case "instance_flavor_id":
		return &p.flavorID
	case "message":
		return &p.message
	case "id":
		return &p.id
	case "owner":
		return &p.owner
	case "status":
		return &p.status
	case "size":
		return &p.size
	}
	return nil
}
