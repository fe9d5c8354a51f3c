package events

import (
	"fmt"

	"yardmaster/store/kv"
)

// Tx is one transaction: Now stands still in it. It belongs to the closure that was given it.
type Tx struct {
	*kv.Tx
	db      *DB
	book    *book       // of one who ingests its own copy, which has what was appended
	pending *[4]pending // nil but in Ingest
	packing *packing
	dropped []int64 // numbers of parts

	open   map[handleKey]kv.Part
	reader rowReader
	block  struct { // that was unpacked last
		part   int64
		key    uint32
		bodies [][]byte
	}
}

type handleKey struct {
	series *kv.Series
	part   int64
}

// handle finds a part of a series, once in a transaction.
func (t *Tx) handle(series *kv.Series, p *part) (kv.Part, error) {
	key := handleKey{series, p.Number}
	if h, known := t.open[key]; known {
		return h, nil
	}
	h, err := series.Part(t.Tx, p.Number)
	if err != nil {
		return h, err
	}
	if t.open == nil {
		t.open = map[handleKey]kv.Part{}
	}
	t.open[key] = h
	return h, nil
}

// DeploymentID is the id of a deployment, which is made if it is new.
func (t *Tx) DeploymentID(name string) (int64, error) {
	d, err := DeploymentsTable.One(t, byName, TextKey(name))
	if !isNotFound(err) {
		return d.ID, err
	}
	d.Name = name
	return d.ID, DeploymentsTable.Insert(t, &d)
}

// Deployments are all, by name.
func (t *Tx) Deployments() ([]Deployment, error) { return DeploymentsTable.List(t, byName) }

// Event is one event, or ErrNotFound.
func (t *Tx) Event(s Service, id int64) (Event, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return Event{}, err
	}
	if r := shelf.tailed(id); r != nil {
		return r.Event, nil
	}
	if !shelf.holds(id) {
		return Event{}, missing(s, id)
	}
	r, err := t.row(shelf.catalog.find(id), id)
	if err != nil {
		return Event{}, err
	}
	return r.Event, nil
}

func missing(s Service, id int64) error { return fmt.Errorf("event %d of %s: %w", id, s, ErrNotFound) }

// row reads an event that is in the index.
func (t *Tx) row(p *part, id int64) (*row, error) {
	r := &row{}
	return r, t.rowInto(r, p, id)
}

func (t *Tx) rowInto(r *row, p *part, id int64) error {
	rows, err := t.handle(rowsSeries, p)
	if err != nil {
		return err
	}
	raw, err := rows.Get(p.key(id))
	if err != nil {
		return err
	}
	if raw == nil {
		return fmt.Errorf("%w: no row of event %d of %s", kv.ErrCorrupt, id, p.Service)
	}
	return t.reader.readInto(r, raw, p.Service, id)
}

// Body is what came with an event, or ErrNotFound.
func (t *Tx) Body(s Service, id int64) ([]byte, error) {
	n, err := s.number()
	if err != nil {
		return nil, err
	}
	shelf := &t.book.shelves[n]
	if !shelf.holds(id) && shelf.tailed(id) == nil {
		return nil, missing(s, id)
	}
	if t.pending != nil {
		if fresh := t.pending[n]; len(fresh.rows) > 0 && id >= fresh.rows[0].ID {
			return fresh.bodies[id-fresh.rows[0].ID], nil
		}
	}
	return t.body(shelf.catalog.find(id), id)
}

// body reads the body of an event from its block. Those of the block that was read last are at hand.
func (t *Tx) body(p *part, id int64) ([]byte, error) {
	offset := p.offset(id)
	b := &t.block
	if b.part == p.Number && offset >= b.key && offset-b.key < uint32(len(b.bodies)) {
		return b.bodies[offset-b.key], nil
	}
	series, err := t.handle(bodiesSeries, p)
	if err != nil {
		return nil, err
	}
	key, raw, err := series.Below(offsetKey(offset + 1))
	if err != nil {
		return nil, err
	}
	if len(key) != offsetSize {
		return nil, fmt.Errorf("%w: no body of event %d of %s", kv.ErrCorrupt, id, p.Service)
	}
	bodies, err := t.db.press.unpack(raw)
	if err != nil {
		return nil, err
	}
	b.part, b.key, b.bodies = p.Number, cutOffset(key), bodies
	if offset-b.key >= uint32(len(bodies)) {
		return nil, fmt.Errorf("%w: no body of event %d of %s", kv.ErrCorrupt, id, p.Service)
	}
	return bodies[offset-b.key], nil
}
