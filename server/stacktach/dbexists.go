package stacktach

import (
	"time"

	"yardmaster/store/events"
)

var exists = &relation[events.Exists]{
	many: "exists", one: "exist", order: "id", rows: events.ExistsTable,
	id:       func(v *events.Exists) int64 { return v.ID },
	instance: func(v *events.Exists) string { return v.Instance },
	received: func(v *events.Exists) time.Time { return v.Received },
	status:   func(v *events.Exists) (string, int) { return string(v.Status), v.SendStatus },
	indexes:  map[string]string{"received": events.ByReceived, "launched_at": events.ByLaunched},
	fields: append([]field[events.Exists]{
		{"id", func(v *events.Exists) cell { return numCell(v.ID) }},
		{"instance", func(v *events.Exists) cell { return wordCell(v.Instance) }},
		{"launched_at", func(v *events.Exists) cell { return timeCell{v.Launched} }},
		{"deleted_at", func(v *events.Exists) cell { return timeCell{v.Deleted} }},
		{"audit_period_beginning", func(v *events.Exists) cell { return timeCell{v.Begin} }},
		{"audit_period_ending", func(v *events.Exists) cell { return timeCell{v.End} }},
		{"message_id", func(v *events.Exists) cell { return wordCell(v.MessageID) }},
		{"instance_type_id", func(v *events.Exists) cell { return wordCell(v.TypeID) }},
		{"instance_flavor_id", func(v *events.Exists) cell { return wordCell(v.FlavorID) }},
		{"status", func(v *events.Exists) cell { return wordCell(v.Status) }},
		{"fail_reason", func(v *events.Exists) cell { return wordCell(v.FailReason) }},
		{"raw", func(v *events.Exists) cell { return idCell(v.Raw) }},
		{"usage", func(v *events.Exists) cell { return idCell(v.Usage) }},
		{"delete", func(v *events.Exists) cell { return idCell(v.Delete) }},
		{"send_status", func(v *events.Exists) cell { return numCell(v.SendStatus) }},
		{"tenant", func(v *events.Exists) cell { return wordCell(v.Tenant) }},
		{"bandwidth_public_out", func(v *events.Exists) cell { return numCell(v.BandwidthOut) }},
		{"event_id", func(v *events.Exists) cell { return wordCell(v.EventID) }},
	}, imageFields(func(v *events.Exists) *events.Image { return &v.Image })...),
}

var imageExists = &relation[events.ImageExists]{
	many: "exists", one: "exist", order: "id", rows: events.ImageExistsTable,
	id:       func(v *events.ImageExists) int64 { return v.ID },
	received: func(v *events.ImageExists) time.Time { return v.Received },
	status:   func(v *events.ImageExists) (string, int) { return string(v.Status), v.SendStatus },
	indexes:  map[string]string{"received": events.ByReceived},
	fields: []field[events.ImageExists]{
		{"id", func(v *events.ImageExists) cell { return numCell(v.ID) }},
		{"uuid", func(v *events.ImageExists) cell { return wordCell(v.UUID) }},
		{"created_at", func(v *events.ImageExists) cell { return timeCell{v.Created} }},
		{"deleted_at", func(v *events.ImageExists) cell { return timeCell{v.Deleted} }},
		{"audit_period_beginning", func(v *events.ImageExists) cell { return timeCell{v.Begin} }},
		{"audit_period_ending", func(v *events.ImageExists) cell { return timeCell{v.End} }},
		{"message_id", func(v *events.ImageExists) cell { return wordCell(v.MessageID) }},
		{"status", func(v *events.ImageExists) cell { return wordCell(v.Status) }},
		{"fail_reason", func(v *events.ImageExists) cell { return wordCell(v.FailReason) }},
		{"raw", func(v *events.ImageExists) cell { return idCell(v.Raw) }},
		{"usage", func(v *events.ImageExists) cell { return idCell(v.Usage) }},
		{"delete", func(v *events.ImageExists) cell { return idCell(v.Delete) }},
		{"send_status", func(v *events.ImageExists) cell { return numCell(v.SendStatus) }},
		{"owner", func(v *events.ImageExists) cell { return wordCell(v.Owner) }},
		{"size", func(v *events.ImageExists) cell { return numCell(v.Size) }},
		{"event_id", func(v *events.ImageExists) cell { return wordCell(v.EventID) }},
	},
}
