package events

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"yardmaster/store/kv"
)

// row is an event as it lies in its part, with its share in a timing. The index follows from the rows alone.
type row struct {
	Event
	step  step
	name  string    // of the timing
	pair  int64     // of an end: the event that began the timing; 0: none did
	began time.Time // When of that event
}

// step is what an event does to a timing.
type step byte

const (
	stepNone step = iota
	stepStart
	stepEnd
)

// Names of timings are the types of their events without these.
const (
	startMark = ".start"
	endMark   = ".end"
)

// rowVersion is the first byte of a row. A row of another shape will have another.
const rowVersion = 1

// What a row says of its fields before it has them. The bits are stored: append-only.
const (
	hasDerived = 1 << iota // source and host are the publisher's two parts
	hasHost                // else: the host is not null
	hasInstance
	hasTenant
	hasRequest
	hasMessage
	hasState
	hasOldState
	hasOldTask
	hasTask
	hasImageType
	hasUUID
	hasOwner
	hasStatus
	hasStart
	hasEnd
	hasName // the timing's name does not follow from the type
	hasPair
	hasAll = iota
)

// contradictory flags are no row's.
func contradictory(f uint64) bool {
	return f>>hasAll != 0 || f&hasDerived != 0 && f&hasHost != 0 || f&hasStart != 0 && f&hasEnd != 0 ||
		f&hasPair != 0 && f&hasEnd == 0 || f&hasName != 0 && f&(hasStart|hasEnd) == 0
}

// flagged pairs the optional texts with their bits, in the order in which they are stored.
func (r *row) flagged() [10]struct {
	bit  uint64
	text *Text
} {
	return [10]struct {
		bit  uint64
		text *Text
	}{
		{hasInstance, &r.Instance}, {hasTenant, &r.Tenant}, {hasState, &r.State}, {hasOldState, &r.OldState}, {hasOldTask, &r.OldTask},
		{hasTask, &r.Task}, {hasUUID, &r.UUID}, {hasOwner, &r.Owner}, {hasStatus, &r.Status}, {hasHost, &r.Host},
	}
}

// splitPublisher is the source and the host that a publisher's name gives.
func splitPublisher(publisher string) (source string, host Text) {
	source, after, dotted := strings.Cut(publisher, ".")
	return source, Text{after, dotted}
}

// impliedName is the name of the timing that an event of a type begins or ends, going by the type.
func impliedName(eventType string, s step) (string, bool) {
	if s == stepStart {
		return strings.CutSuffix(eventType, startMark)
	}
	return strings.CutSuffix(eventType, endMark)
}

func (r *row) flags() uint64 {
	var f uint64
	source, host := splitPublisher(r.Publisher)
	if source == r.Source && host == r.Host {
		f |= hasDerived
	}
	for _, o := range r.flagged() {
		if o.text.OK && (o.bit != hasHost || f&hasDerived == 0) {
			f |= o.bit
		}
	}
	if r.RequestID != "" {
		f |= hasRequest
	}
	if r.MessageID != "" {
		f |= hasMessage
	}
	if r.ImageType != 0 {
		f |= hasImageType
	}
	return f | r.stepFlags()
}

func (r *row) stepFlags() (f uint64) {
	switch r.step {
	case stepNone:
		return 0
	case stepStart:
		f = hasStart
	case stepEnd:
		f = hasEnd
		if r.pair != 0 {
			f |= hasPair
		}
	}
	if name, ok := impliedName(r.Type, r.step); !ok || name != r.name {
		f |= hasName
	}
	return f
}

// encode appends the row. Its id and service are its place's.
func (r *row) encode(dst []byte) []byte {
	f := r.flags()
	dst = binary.AppendUvarint(append(dst, rowVersion), f)
	when := r.When.UnixMicro()
	dst = binary.AppendVarint(dst, when)
	dst = binary.AppendVarint(dst, r.Received.UnixMicro()-when)
	dst = binary.AppendVarint(dst, r.Deployment)
	for _, s := range []string{r.RoutingKey, r.Type, r.Publisher} {
		dst = appendText(dst, s)
	}
	if f&hasDerived == 0 {
		dst = appendText(dst, r.Source)
	}
	for _, o := range r.flagged() {
		if f&o.bit != 0 {
			dst = appendText(dst, o.text.S)
		}
	}
	if f&hasRequest != 0 {
		dst = appendText(dst, r.RequestID)
	}
	if f&hasMessage != 0 {
		dst = appendText(dst, r.MessageID)
	}
	if f&hasImageType != 0 {
		dst = binary.AppendVarint(dst, int64(r.ImageType))
	}
	if f&hasName != 0 {
		dst = appendText(dst, r.name)
	}
	if f&hasPair != 0 {
		dst = binary.AppendVarint(dst, r.pair)
		dst = binary.AppendVarint(dst, r.began.UnixMicro()-when)
	}
	return dst
}

// rowReader decodes rows. All texts of a row share one allocation.
type rowReader struct {
	raw   []byte
	text  []byte
	into  []*string
	until []int
	err   error
}

// read decodes raw as the event of that service and id.
func (d *rowReader) read(raw []byte, s Service, id int64) (*row, error) {
	r := &row{}
	return r, d.readInto(r, raw, s, id)
}

// readInto is read for one who has a row to spare.
func (d *rowReader) readInto(r *row, raw []byte, s Service, id int64) error {
	if len(raw) == 0 || raw[0] != rowVersion {
		return fmt.Errorf("event %d of %s: %w: row of an unknown version", id, s, kv.ErrCorrupt)
	}
	d.raw, d.text, d.into, d.until, d.err = raw[1:], d.text[:0], d.into[:0], d.until[:0], nil
	*r = row{}
	d.fields(r)
	if d.err == nil && len(d.raw) != 0 {
		d.err = fmt.Errorf("%w: %d bytes too many", kv.ErrCorrupt, len(d.raw))
	}
	if d.err != nil {
		return fmt.Errorf("event %d of %s: %w", id, s, d.err)
	}
	r.ID, r.Service = id, s
	return nil
}

// whenOf reads When alone, in microseconds.
func whenOf(raw []byte) int64 {
	if len(raw) == 0 {
		return 0
	}
	d := rowReader{raw: raw[1:]}
	d.uvarint()
	return d.varint()
}

func (d *rowReader) fields(r *row) {
	f := d.uvarint()
	if d.err == nil && contradictory(f) {
		d.raw, d.err = nil, fmt.Errorf("%w: flags %x", kv.ErrCorrupt, f)
		return
	}
	when := d.varint()
	r.When, r.Received = micros(when), micros(when+d.varint())
	r.Deployment = d.varint()
	d.string(&r.RoutingKey)
	d.string(&r.Type)
	d.string(&r.Publisher)
	if f&hasDerived == 0 {
		d.string(&r.Source)
	}
	for _, o := range r.flagged() {
		if f&o.bit != 0 {
			o.text.OK = true
			d.string(&o.text.S)
		}
	}
	if f&hasRequest != 0 {
		d.string(&r.RequestID)
	}
	if f&hasMessage != 0 {
		d.string(&r.MessageID)
	}
	if f&hasImageType != 0 {
		r.ImageType = int(d.varint())
	}
	if f&hasName != 0 {
		d.string(&r.name)
	}
	if f&hasPair != 0 {
		r.pair = d.varint()
		r.began = micros(when + d.varint())
		if d.err == nil && r.pair <= 0 {
			d.err = fmt.Errorf("%w: pair %d", kv.ErrCorrupt, r.pair)
		}
	}
	d.settle()
	d.imply(r, f)
}

// imply fills in what follows from other fields.
func (d *rowReader) imply(r *row, f uint64) {
	if f&hasDerived != 0 {
		r.Source, r.Host = splitPublisher(r.Publisher)
	}
	switch {
	case f&hasStart != 0:
		r.step = stepStart
	case f&hasEnd != 0:
		r.step = stepEnd
	}
	if r.step != stepNone && f&hasName == 0 {
		r.name, _ = impliedName(r.Type, r.step)
	}
}

func micros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func (d *rowReader) uvarint() uint64 {
	n, used := binary.Uvarint(d.raw)
	d.skip(used)
	return n
}

func (d *rowReader) varint() int64 {
	n, used := binary.Varint(d.raw)
	d.skip(used)
	return n
}

func (d *rowReader) skip(used int) {
	if used <= 0 {
		d.raw, d.err = nil, fmt.Errorf("%w: number cut short", kv.ErrCorrupt)
		return
	}
	d.raw = d.raw[used:]
}

// string notes where a text goes; settle puts all of them there.
func (d *rowReader) string(into *string) {
	if d.err != nil {
		return
	}
	d.text, d.raw, d.err = cutText(d.text, d.raw)
	d.into, d.until = append(d.into, into), append(d.until, len(d.text))
}

func (d *rowReader) settle() {
	all, from := string(d.text), 0
	for i, into := range d.into {
		*into = all[from:d.until[i]]
		from = d.until[i]
	}
}
