package events

import (
	"encoding/binary"
	"maps"
	"math"
	"sort"
	"sync"

	"yardmaster/store/kv"
)

// part is what is known of a partition without looking into it: its ids and a summary of those of its events that are in the index.
// A part is never changed: one that has more events is another.
type part struct {
	Number  int64   `json:"number"` // of its buckets
	Service Service `json:"service"`
	First   int64   `json:"first"`          // id; a row's key is how far its id is from it
	Size    int     `json:"size"`           // events that it takes
	Closed  bool    `json:"closed"`         // it gets no more
	Gone    bool    `json:"gone,omitempty"` // its events are no more; what is left of it in the file goes too
	tally
}

// tally sums up events. Times are in microseconds.
type tally struct {
	Count        int64            `json:"count"`
	MinWhen      int64            `json:"min_when"`
	MaxWhen      int64            `json:"max_when"`
	Newest       int64            `json:"newest"` // what retention goes by: When, or Received if that is earlier
	LastReceived int64            `json:"last_received"`
	Types        map[string]int64 `json:"types"`
	Hosts        map[string]int64 `json:"hosts"`
	NoHost       int64            `json:"no_host"`
	Deployments  map[int64]int64  `json:"deployments"`
	Names        map[string]pairs `json:"names"` // of timings
}

// pairs sums up the complete timings of a name.
type pairs struct {
	Count int64 `json:"count"`
	MinID int64 `json:"min_id"`
}

func newTally() tally {
	return tally{
		MinWhen: math.MaxInt64, MaxWhen: math.MinInt64, Newest: math.MinInt64, LastReceived: math.MinInt64,
		Types: map[string]int64{}, Hosts: map[string]int64{}, Deployments: map[int64]int64{}, Names: map[string]pairs{},
	}
}

func (t *tally) clone() tally {
	c := *t
	c.Types, c.Hosts, c.Deployments, c.Names = maps.Clone(t.Types), maps.Clone(t.Hosts), maps.Clone(t.Deployments), maps.Clone(t.Names)
	return c
}

// add counts one event.
func (t *tally) add(r *row) {
	when, received := r.When.UnixMicro(), r.Received.UnixMicro()
	t.Count++
	t.MinWhen, t.MaxWhen = min(t.MinWhen, when), max(t.MaxWhen, when)
	t.Newest, t.LastReceived = max(t.Newest, min(when, received)), max(t.LastReceived, received)
	t.Types[r.Type]++
	t.Deployments[r.Deployment]++
	if r.Host.OK {
		t.Hosts[r.Host.S]++
	} else {
		t.NoHost++
	}
	if r.step == stepEnd && r.pair != 0 {
		p, known := t.Names[r.name]
		if !known || r.pair < p.MinID {
			p.MinID = r.pair
		}
		p.Count++
		t.Names[r.name] = p
	}
}

// merge counts the events of o too. The ids of pairs are compared, those of one service mean the same in all its parts.
func (t *tally) merge(o *tally) {
	t.Count += o.Count
	t.MinWhen, t.MaxWhen = min(t.MinWhen, o.MinWhen), max(t.MaxWhen, o.MaxWhen)
	t.Newest, t.LastReceived = max(t.Newest, o.Newest), max(t.LastReceived, o.LastReceived)
	t.NoHost += o.NoHost
	for k, n := range o.Types {
		t.Types[k] += n
	}
	for k, n := range o.Hosts {
		t.Hosts[k] += n
	}
	for k, n := range o.Deployments {
		t.Deployments[k] += n
	}
	for k, p := range o.Names {
		if had, known := t.Names[k]; known {
			p.MinID, p.Count = min(p.MinID, had.MinID), p.Count+had.Count
		}
		t.Names[k] = p
	}
}

func tallied(rows []*row) tally {
	t := newTally()
	for _, r := range rows {
		t.add(r)
	}
	return t
}

// end is the id behind the last that the index has.
func (p *part) end() int64 { return p.First + p.Count }

// limit is the id behind the last that the part takes.
func (p *part) limit() int64 { return p.First + int64(p.Size) }

// key is the key of an event's row.
func (p *part) key(id int64) kv.Key { return offsetKey(p.offset(id)) }

func (p *part) offset(id int64) uint32 { return uint32(id - p.First) }

func offsetKey(offset uint32) kv.Key { return binary.BigEndian.AppendUint32(nil, offset) }

// catalog is the parts of a service, in order of their ids, and what they sum up to. It is never changed.
type catalog struct {
	parts []*part
	sum   func() *tally
}

func newCatalog(parts []*part) *catalog {
	return &catalog{parts: parts, sum: sync.OnceValue(func() *tally {
		t := newTally()
		for _, p := range parts {
			t.merge(&p.tally)
		}
		return &t
	})}
}

// with is the catalog with a part in the place of the one of its number, or behind the others.
func (c *catalog) with(p *part) *catalog {
	parts := append([]*part(nil), c.parts...)
	if n := len(parts); n > 0 && parts[n-1].Number == p.Number {
		parts[n-1] = p
	} else {
		parts = append(parts, p)
	}
	return newCatalog(parts)
}

func (c *catalog) without(number int64) *catalog {
	var parts []*part
	for _, p := range c.parts {
		if p.Number != number {
			parts = append(parts, p)
		}
	}
	return newCatalog(parts)
}

// open is the part that takes the next event; nil if there is none.
func (c *catalog) open() *part {
	if n := len(c.parts); n > 0 && !c.parts[n-1].Closed {
		return c.parts[n-1]
	}
	return nil
}

// find is the part that an id belongs to; nil if there is none.
func (c *catalog) find(id int64) *part {
	i := sort.Search(len(c.parts), func(i int) bool { return c.parts[i].First > id })
	if i == 0 {
		return nil
	}
	p := c.parts[i-1]
	if id >= p.limit() || p.Closed && id >= p.end() {
		return nil
	}
	return p
}
