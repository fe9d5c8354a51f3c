package stacktach

import (
	"iter"
	"slices"
	"time"

	"yardmaster/store/events"
)

// relation is one table of /db: its columns in the order in which they are shown, and how its records are found.
type relation[T any] struct {
	many, one string // the keys of answers
	fields    []field[T]
	order     string // the column by which it is listed, greatest first, if nothing else is asked for
	rows      rows[T]
	id        func(*T) int64
	indexes   map[string]string // columns of times that have an index: its name
	instance  func(*T) string   // nil: records cannot be asked for by it
	received  func(*T) time.Time
	status    func(*T) (string, int) // what is counted
}

// rows is the table in the store.
type rows[T any] interface {
	Get(tx *events.Tx, id int64) (T, error)
	Scan(tx *events.Tx, r events.Range) iter.Seq2[T, error]
	By(tx *events.Tx, index string, r events.Range) iter.Seq2[T, error]
}

func (r *relation[T]) field(name string) (field[T], error) {
	i := slices.IndexFunc(r.fields, func(f field[T]) bool { return f.name == name })
	if i < 0 {
		return field[T]{}, bad("No such field '%s'.", name)
	}
	return r.fields[i], nil
}

// show is a record as answers have it.
func (r *relation[T]) show(v *T) object {
	o := make(object, 0, len(r.fields)+1)
	for _, f := range r.fields {
		o = append(o, member{f.name, f.of(v)})
	}
	if r.received != nil {
		o = append(o, member{"received", whenOrNull(r.received(v))})
	}
	return o
}

// The fields that several tables have.
func imageFields[T any](of func(*T) *events.Image) []field[T] {
	return []field[T]{
		{"os_architecture", func(v *T) cell { return textCell(of(v).Architecture) }},
		{"os_distro", func(v *T) cell { return textCell(of(v).Distro) }},
		{"os_version", func(v *T) cell { return textCell(of(v).Version) }},
		{"rax_options", func(v *T) cell { return textCell(of(v).Options) }},
	}
}

var launches = &relation[events.Launch]{
	many: "launches", one: "launch", order: "launched_at", rows: events.Launches,
	id:       func(v *events.Launch) int64 { return v.ID },
	instance: func(v *events.Launch) string { return v.Instance },
	indexes:  map[string]string{"launched_at": events.ByLaunched},
	fields: append([]field[events.Launch]{
		{"id", func(v *events.Launch) cell { return numCell(v.ID) }},
		{"instance", func(v *events.Launch) cell { return wordCell(v.Instance) }},
		{"launched_at", func(v *events.Launch) cell { return timeCell{v.Launched} }},
		{"request_id", func(v *events.Launch) cell { return wordCell(v.RequestID) }},
		{"instance_type_id", func(v *events.Launch) cell { return wordCell(v.TypeID) }},
		{"instance_flavor_id", func(v *events.Launch) cell { return wordCell(v.FlavorID) }},
		{"tenant", func(v *events.Launch) cell { return wordCell(v.Tenant) }},
	}, imageFields(func(v *events.Launch) *events.Image { return &v.Image })...),
}

var deletes = &relation[events.Delete]{
	many: "deletes", one: "delete", order: "launched_at", rows: events.Deletes,
	id:       func(v *events.Delete) int64 { return v.ID },
	instance: func(v *events.Delete) string { return v.Instance },
	indexes:  map[string]string{"launched_at": events.ByLaunched, "deleted_at": events.ByDeleted},
	fields: []field[events.Delete]{
		{"id", func(v *events.Delete) cell { return numCell(v.ID) }},
		{"instance", func(v *events.Delete) cell { return wordCell(v.Instance) }},
		{"launched_at", func(v *events.Delete) cell { return timeCell{v.Launched} }},
		{"deleted_at", func(v *events.Delete) cell { return timeCell{v.Deleted} }},
		{"raw", func(v *events.Delete) cell { return idCell(v.Raw) }},
	},
}

var images = &relation[events.ImageUsage]{
	many: "images", one: "launch", order: "created_at", rows: events.ImageUsages, // one image is a launch, as ever
	id:      func(v *events.ImageUsage) int64 { return v.ID },
	indexes: map[string]string{"created_at": events.ByCreated},
	fields: []field[events.ImageUsage]{
		{"id", func(v *events.ImageUsage) cell { return numCell(v.ID) }},
		{"uuid", func(v *events.ImageUsage) cell { return wordCell(v.UUID) }},
		{"created_at", func(v *events.ImageUsage) cell { return timeCell{v.Created} }},
		{"owner", func(v *events.ImageUsage) cell { return wordCell(v.Owner) }},
		{"size", func(v *events.ImageUsage) cell { return numCell(v.Size) }},
		{"last_raw", func(v *events.ImageUsage) cell { return idCell(v.Raw) }},
	},
}

var imageDeletes = &relation[events.ImageDelete]{
	many: "deletes", one: "delete", order: "deleted_at", rows: events.ImageDeletes,
	id:      func(v *events.ImageDelete) int64 { return v.ID },
	indexes: map[string]string{"deleted_at": events.ByDeleted},
	fields: []field[events.ImageDelete]{
		{"id", func(v *events.ImageDelete) cell { return numCell(v.ID) }},
		{"uuid", func(v *events.ImageDelete) cell { return wordCell(v.UUID) }},
		{"deleted_at", func(v *events.ImageDelete) cell { return timeCell{v.Deleted} }},
		{"raw", func(v *events.ImageDelete) cell { return idCell(v.Raw) }},
	},
}
