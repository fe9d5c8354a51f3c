package events

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// entries gathers the index entries of rows, by the place of their tag in tags.
type entries [len(tags)]tagged

// tagged is the entries of one tag. Their keys and values lie in one piece of memory.
type tagged struct {
	list  []slot
	arena []byte
}

// slot says where an entry lies: its value behind its key. There are many, so they have no pointers for the collector to follow.
type slot struct {
	head       uint64 // the 8 bytes of the key behind its tag, which mostly decide an order
	at         int
	key, value uint32 // lengths
}

// add appends all entries of a row that has the number offset in its part.
func (x *entries) add(r *row, offset uint32) {
	for i := range x {
		x[i].add(tags[i], r, offset)
	}
}

// visit gives all entries, those of a tag in order once they are sorted.
func (x *entries) visit(fn func(entry) error) error {
	for i := range x {
		if err := x[i].visit(fn); err != nil {
			return err
		}
	}
	return nil
}

// run visits the entries of rows that follow one another, in the order of their keys. Those of the next tags are made and sorted meanwhile.
func (x *entries) run(rows []*row, offset uint32, fn func(entry) error) error {
	ready := make(chan *tagged, len(tags))
	go func() {
		defer close(ready)
		for i := range x {
			x[i].fill(tags[i], rows, offset)
			ready <- &x[i]
		}
	}()
	defer func() {
		for range ready { // who made them must be done, whatever became of fn
		}
	}()
	for one := range ready {
		if err := one.visit(fn); err != nil {
			return err
		}
	}
	return nil
}

// forget lets others have the memory of what was given. Of a tag that took much it is let go.
func (x *entries) forget() {
	for i := range x {
		if x[i].arena = x[i].arena[:0]; cap(x[i].arena) > scratchBytes {
			x[i] = tagged{}
		}
	}
}

// fill makes and sorts the entries of rows. The memory of keys and values that were given is kept as it is.
func (x *tagged) fill(tag byte, rows []*row, offset uint32) {
	x.list = slices.Grow(x.list[:0], len(rows))
	for i, r := range rows {
		x.add(tag, r, offset+uint32(i))
	}
	x.sort()
}

func (x *tagged) add(tag byte, r *row, offset uint32) {
	from := len(x.arena)
	switch tag {
	case tagOfInstance, tagByTook, tagByName:
		if r.step == stepEnd {
			x.timing(tag, r)
		}
		return
	case tagWhen:
		x.arena = append(x.arena, tag)
	case tagDeployment:
		x.arena = appendDeployment(x.arena, r.Deployment)
	default:
		v := r.valueOf(tag)
		if !v.OK {
			return
		}
		x.arena = appendKey(append(x.arena, tag), v.S)
	}
	x.arena = appendWhen(x.arena, r.When.UnixMicro())
	x.arena = binary.BigEndian.AppendUint32(x.arena, offset)
	x.keep(from, len(x.arena))
}

// timing adds what a tag has of the timing that a row ends.
func (x *tagged) timing(tag byte, r *row) {
	t := r.timing()
	from := len(x.arena)
	if tag == tagOfInstance {
		x.arena = instanceKey(x.arena, t.Instance, t.ID)
		mid := len(x.arena)
		x.arena = appendEnds(appendText(x.arena, t.Name), &t)
		x.keep(from, mid)
		return
	}
	if !t.Complete() {
		return
	}
	took := t.Took().Microseconds()
	x.arena = appendKey(append(x.arena, tag), t.Name)
	if tag == tagByTook {
		x.arena = appendWhen(x.arena, took)
	}
	x.arena = binary.BigEndian.AppendUint64(x.arena, uint64(t.ID))
	mid := len(x.arena)
	if tag == tagByTook {
		x.arena = appendEnds(appendText(x.arena, t.Instance), &t)
	} else {
		x.arena = binary.AppendVarint(x.arena, took)
	}
	x.keep(from, mid)
}

// keep notes the entry that the memory ends with: its key begins at from, its value at mid.
func (x *tagged) keep(from, mid int) {
	var head [8]byte
	copy(head[:], x.arena[from+1:mid])
	x.list = append(x.list, slot{binary.BigEndian.Uint64(head[:]), from, uint32(mid - from), uint32(len(x.arena) - mid)})
}

func (x *tagged) sort() {
	slices.SortFunc(x.list, func(a, b slot) int {
		if c := cmp.Compare(a.head, b.head); c != 0 {
			return c
		}
		return bytes.Compare(x.arena[a.at:a.at+int(a.key)], x.arena[b.at:b.at+int(b.key)])
	})
}

func (x *tagged) visit(fn func(entry) error) error {
	for _, s := range x.list {
		mid, end := s.at+int(s.key), s.at+int(s.key)+int(s.value)
		if err := fn(entry{x.arena[s.at:mid:mid], x.arena[mid:end:end]}); err != nil {
			return err
		}
	}
	return nil
}
