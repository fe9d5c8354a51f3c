package events

import (
	"encoding/binary"
	"fmt"

	"yardmaster/store/kv"
)

// The tags: what the keys of a part's index are about. They are stored: append-only. The entries of events have the shape
// tag + value + When (8) + number in the part (4); those of timings are told where they are made.
const (
	tagWhen       = 'w' // without a value
	tagInstance   = 'i'
	tagUUID       = 'u'
	tagRequest    = 'r'
	tagHost       = 'h'
	tagType       = 't'
	tagTenant     = 'n'
	tagDeployment = 'd'
	tagMessage    = 'm'

	tagOfInstance = 'j' // instance + timing id (8)        -> the timing but for its instance
	tagByTook     = 'q' // name + took (8) + timing id (8) -> the timing but for its name
	tagByName     = 'p' // name + timing id (8)            -> took
)

const (
	offsetSize = 4
	whenSize   = 8
)

// entry is one key of an index and what is under it.
type entry struct{ key, value []byte }

// tags are all of them, as keys order.
const tags = "dhijmnpqrtuw"

// appendWhen writes a time of a key so that keys order by it.
func appendWhen(dst []byte, micros int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(micros)^1<<63)
}

func cutWhen(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) ^ 1<<63) }

// valueOf is what an event is found by in the entries of a tag; not OK if it has none of them.
func (r *row) valueOf(tag byte) Text {
	switch tag {
	case tagInstance:
		return r.Instance
	case tagUUID:
		return r.UUID
	case tagHost:
		return r.Host
	case tagTenant:
		return r.Tenant
	case tagRequest:
		return Text{r.RequestID, r.RequestID != ""}
	case tagMessage:
		return Text{r.MessageID, r.MessageID != ""}
	}
	return Some(r.Type)
}

func appendDeployment(dst []byte, id int64) []byte {
	return binary.AppendVarint(append(dst, tagDeployment), id)
}

func instanceKey(dst []byte, instance string, id int64) []byte {
	return binary.BigEndian.AppendUint64(appendKey(append(dst, tagOfInstance), instance), uint64(id))
}

// timing is the timing that a row ends, or begins if nothing ended it.
func (r *row) timing() Timing {
	t := Timing{ID: r.ID, Service: r.Service, Instance: r.Instance.S, Name: r.name}
	if r.step == stepStart {
		t.StartID, t.Start = r.ID, r.When
		return t
	}
	t.EndID, t.End = r.ID, r.When
	if r.pair != 0 {
		t.ID, t.StartID, t.Start = r.pair, r.pair, r.began
	}
	return t
}

// appendEnds writes both ends of a timing that has an end.
func appendEnds(dst []byte, t *Timing) []byte {
	dst = binary.AppendVarint(dst, t.EndID)
	dst = binary.AppendVarint(dst, t.End.UnixMicro())
	dst = binary.AppendVarint(dst, t.StartID)
	if t.StartID != 0 {
		dst = binary.AppendVarint(dst, t.Took().Microseconds())
	}
	return dst
}

// cutEnds reads the text and the ends of a timing.
func cutEnds(raw []byte, text *string, t *Timing) error {
	d := rowReader{raw: raw}
	d.string(text)
	t.EndID = d.varint()
	t.End = micros(d.varint())
	if t.StartID = d.varint(); t.StartID != 0 {
		t.Start = micros(t.End.UnixMicro() - d.varint())
	}
	d.settle()
	if t.ID = t.StartID; t.ID == 0 {
		t.ID = t.EndID
	}
	if d.err == nil && len(d.raw) > 0 {
		d.err = fmt.Errorf("%w: a timing with %d bytes too many", kv.ErrCorrupt, len(d.raw))
	}
	return d.err
}

// cutOffset reads the number in the part from the end of a key.
func cutOffset(key []byte) uint32 { return binary.BigEndian.Uint32(key[len(key)-offsetSize:]) }
