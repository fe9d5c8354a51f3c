package events

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

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
type entry struct {
	key, value []byte
	head       uint64 // the 8 bytes of the key behind its tag, which mostly decide an order
}

func newEntry(key, value []byte) entry {
	e := entry{key: key, value: value}
	if len(key) > 8 {
		e.head = binary.BigEndian.Uint64(key[1:])
	}
	return e
}

// sortEntries sorts entries whose keys have the same tag.
func sortEntries(list []entry) {
	slices.SortFunc(list, func(a, b entry) int {
		if c := cmp.Compare(a.head, b.head); c != 0 && len(a.key) > 8 && len(b.key) > 8 {
			return c
		}
		return bytes.Compare(a.key, b.key)
	})
}

// tags are all of them, as keys order.
const tags = "dhijmnpqrtuw"

// entries gathers the index entries of rows by tag. Keys and values lie in one piece of memory.
type entries struct {
	byTag [256][]entry
	arena []byte
}

// reset makes room for the entries of so many rows. The memory of keys and values that were given is kept as it is.
func (x *entries) reset(rows int) {
	for i := range len(tags) {
		tag := tags[i]
		x.byTag[tag] = slices.Grow(x.byTag[tag][:0], rows)
	}
}

// sort sorts what was gathered, the tags side by side.
func (x *entries) sort() {
	var busy sync.WaitGroup
	for i := range len(tags) {
		if list := x.byTag[tags[i]]; len(list) > 0 {
			busy.Go(func() { sortEntries(list) })
		}
	}
	busy.Wait()
}

// visit gives all entries, in order once they are sorted.
func (x *entries) visit(fn func(entry) error) error {
	for i := range len(tags) {
		for _, e := range x.byTag[tags[i]] {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *entries) keep(e entry) { x.byTag[e.key[0]] = append(x.byTag[e.key[0]], e) }

// appendWhen writes a time of a key so that keys order by it.
func appendWhen(dst []byte, micros int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(micros)^1<<63)
}

func cutWhen(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) ^ 1<<63) }

// add appends all entries of a row that has the number offset in its part.
func (x *entries) add(r *row, offset uint32) {
	x.event(tagWhen, "", false, r, offset)
	x.event(tagType, r.Type, true, r, offset)
	for _, v := range [...]struct {
		tag  byte
		text Text
	}{
		{tagInstance, r.Instance}, {tagUUID, r.UUID}, {tagHost, r.Host}, {tagTenant, r.Tenant},
		{tagRequest, Text{r.RequestID, r.RequestID != ""}}, {tagMessage, Text{r.MessageID, r.MessageID != ""}},
	} {
		if v.text.OK {
			x.event(v.tag, v.text.S, true, r, offset)
		}
	}
	from := len(x.arena)
	x.arena = appendDeployment(x.arena, r.Deployment)
	x.place(from, r, offset)
	if r.step == stepEnd {
		x.timing(r)
	}
}

func (x *entries) event(tag byte, value string, valued bool, r *row, offset uint32) {
	from := len(x.arena)
	x.arena = append(x.arena, tag)
	if valued {
		x.arena = appendKey(x.arena, value)
	}
	x.place(from, r, offset)
}

// place ends the key that begins at from with the place of its event.
func (x *entries) place(from int, r *row, offset uint32) {
	x.arena = appendWhen(x.arena, r.When.UnixMicro())
	x.arena = binary.BigEndian.AppendUint32(x.arena, offset)
	x.keep(newEntry(x.arena[from:len(x.arena):len(x.arena)], nil))
}

// timing adds the entries of the timing that a row ends.
func (x *entries) timing(r *row) {
	t := r.timing()
	x.both(func(b []byte) []byte { return instanceKey(b, t.Instance, t.ID) }, func(b []byte) []byte {
		return appendEnds(appendText(b, t.Name), &t)
	})
	if !t.Complete() {
		return
	}
	took := t.Took().Microseconds()
	x.both(func(b []byte) []byte {
		return binary.BigEndian.AppendUint64(appendWhen(appendKey(append(b, tagByTook), t.Name), took), uint64(t.ID))
	}, func(b []byte) []byte {
		return appendEnds(appendText(b, t.Instance), &t)
	})
	x.both(func(b []byte) []byte {
		return binary.BigEndian.AppendUint64(appendKey(append(b, tagByName), t.Name), uint64(t.ID))
	}, func(b []byte) []byte {
		return binary.AppendVarint(b, took)
	})
}

func (x *entries) both(key, value func([]byte) []byte) {
	from := len(x.arena)
	x.arena = key(x.arena)
	mid := len(x.arena)
	x.arena = value(x.arena)
	x.keep(newEntry(x.arena[from:mid:mid], x.arena[mid:len(x.arena):len(x.arena)]))
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
