package kv

import "bytes"

// memorySize is how many bytes of records the writer remembers at least, if it saw so many, and half of what it remembers at most.
const memorySize = 1 << 20

// memory is what the writer remembers of the records that it saw last, so that it need not decode them again. It is asked with
// the bytes that the file holds: what was taken back, or written behind it, is never mistaken for what is there.
type memory struct {
	young, old map[place]memo
	size       int // of the records in young
}

type place struct{ table, key string }

type memo struct {
	raw    []byte
	record any // a *V of the table, changed by nobody
}

// find is the record that these bytes at that place stand for; nil if it is not known.
func (m *memory) find(table string, key, raw []byte) any {
	known, recent := m.young[place{table, string(key)}]
	if !recent {
		known = m.old[place{table, string(key)}]
	}
	if known.record == nil || !bytes.Equal(known.raw, raw) {
		return nil
	}
	if !recent {
		m.keep(table, key, known.raw, known.record)
	}
	return known.record
}

// keep remembers a record, and forgets those that were not asked for since as many others came.
func (m *memory) keep(table string, key, raw []byte, record any) {
	if m.young == nil || m.size > memorySize {
		m.old, m.young, m.size = m.young, map[place]memo{}, 0
	}
	m.young[place{table, string(key)}] = memo{raw, record}
	m.size += len(raw)
}

// load decodes a record, or copies it from memory.
func (t *Table[V]) load(tx *Tx, key, raw []byte) (V, error) {
	if known := t.recall(tx, key, raw); known != nil {
		return t.Copy(*known), nil
	}
	var v V
	err := t.decode(raw, &v)
	if err == nil {
		t.remember(tx, key, bytes.Clone(raw), &v)
	}
	return v, err
}

// recall is a record from memory, not to be changed; nil if it is not known.
func (t *Table[V]) recall(tx *Tx, key, raw []byte) *V {
	if tx.memory == nil || t.Copy == nil {
		return nil
	}
	known, _ := tx.memory.find(t.Name, key, raw).(*V)
	return known
}

// remember keeps a copy of v, which raw stands for. What JSON wrote otherwise than it was given is left to be decoded.
func (t *Table[V]) remember(tx *Tx, key, raw []byte, v *V) {
	if tx.memory == nil || t.Copy == nil || bytes.Contains(raw, replaced) {
		return
	}
	own := t.Copy(*v)
	tx.memory.keep(t.Name, key, raw, &own)
}
