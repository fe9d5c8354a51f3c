package kv

import (
	"bytes"
	"sync"
)

// memorySize is how many bytes of records the writer remembers at least, if it saw so many, and half of what it remembers at most.
const memorySize = 1 << 20

// memory is what the writer remembers of the records that it saw last, so that it need not decode them again. It is asked with
// the bytes that the file holds: what was taken back, or written behind it, is never mistaken for what is there.
type memory struct {
	young, old map[place]memo
	size       int // of the records in young
}

// mind is a memory of records, the writer's or that of all views.
type mind interface {
	find(table string, key, raw []byte) any
	keep(table string, key, raw []byte, record any)
}

// common is what views remember of hot tables.
type common struct {
	mu     sync.Mutex
	memory memory
}

func (c *common) find(table string, key, raw []byte) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.memory.find(table, key, raw)
}

func (c *common) keep(table string, key, raw []byte, record any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.memory.keep(table, key, raw, record)
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
	if err == nil && t.mind(tx) != nil {
		t.remember(tx, key, bytes.Clone(raw), &v)
	}
	return v, err
}

// mind is the memory that is asked for this table's records in a transaction; nil if there is none.
func (t *Table[V]) mind(tx *Tx) mind {
	switch {
	case t.Copy == nil:
	case tx.memory != nil:
		return tx.memory
	case tx.common != nil && t.Hot:
		return tx.common
	}
	return nil
}

// recall is a record from memory, not to be changed; nil if it is not known.
func (t *Table[V]) recall(tx *Tx, key, raw []byte) *V {
	m := t.mind(tx)
	if m == nil {
		return nil
	}
	known, _ := m.find(t.Name, key, raw).(*V)
	return known
}

// remember keeps a copy of v, which raw stands for. What JSON wrote otherwise than it was given is left to be decoded.
func (t *Table[V]) remember(tx *Tx, key, raw []byte, v *V) {
	m := t.mind(tx)
	if m == nil || bytes.Contains(raw, replaced) {
		return
	}
	own := t.Copy(*v)
	m.keep(t.Name, key, raw, &own)
}
