package events

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"yardmaster/store/events"
)

// lastMinute is how far back memory reaches, as long as it has room.
const lastMinute = time.Minute

// mostAhead is how many events memory keeps beyond its room because their time has not come yet.
const mostAhead = 1024

// memory is the newest events of every service. It answers only what it can answer in full.
type memory struct {
	mu      sync.RWMutex
	of      map[events.Service]*newest
	changed chan struct{} // closed, and made anew, when events come
	now     func() time.Time
}

// newest are the events of one service with the ids from first to next-1, in a ring.
type newest struct {
	slots       []events.Event
	room        int
	base        int64 // the id that the first slot had first
	first, next int64
	covers      time.Time      // every event with a later time is in slots or in ahead
	ahead       []events.Event // older ones whose time has not come yet
}

// remember reads the last minute of events.db.
func remember(ctx context.Context, db *events.DB, room int) (*memory, error) {
	m := &memory{of: map[events.Service]*newest{}, changed: make(chan struct{}), now: db.Now}
	now := db.Now()
	err := db.View(ctx, func(tx *events.Tx) error {
		for _, service := range events.Services {
			last, err := tx.LastID(service)
			if err != nil {
				return err
			}
			n := &newest{room: room, base: last + 1, first: last + 1, next: last + 1, covers: now.Add(-lastMinute)}
			late, err := tx.Find(events.Query{Service: service, After: n.covers, Order: events.ByWhenDesc, Limit: mostAhead + 1})
			if err != nil {
				return err
			}
			if len(late) > mostAhead {
				n.covers, late = late[mostAhead].When, late[:mostAhead]
			}
			n.ahead, m.of[service] = late, n
		}
		return nil
	})
	return m, err
}

// push enters events that are on disk, in the order of their ids.
func (m *memory) push(fresh []events.Event) {
	if len(fresh) == 0 {
		return
	}
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.of {
		n.age(now)
	}
	for i := range fresh {
		m.of[fresh[i].Service].push(&fresh[i], now)
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

func (n *newest) at(id int64) *events.Event { return &n.slots[(id-n.base)%int64(n.room)] }

func (n *newest) push(e *events.Event, now time.Time) {
	if e.ID != n.next { // never, unless ids are given otherwise than one after the other
		for id := n.first; id < n.next; id++ {
			n.letGo(n.at(id), now)
		}
		n.slots, n.base, n.first, n.next = nil, e.ID, e.ID, e.ID
	}
	n.next++
	if len(n.slots) < n.room {
		n.slots = append(n.slots, *e)
		return
	}
	n.letGo(n.at(n.first), now)
	n.first++
	*n.at(e.ID) = *e
}

// age forgets what was put aside and nobody should ask for any more.
func (n *newest) age(now time.Time) {
	n.ahead = slices.DeleteFunc(n.ahead, func(e events.Event) bool {
		old := !e.When.After(now.Add(-lastMinute))
		if old && e.When.After(n.covers) {
			n.covers = e.When
		}
		return old
	})
}

// letGo forgets the oldest event, or puts it aside if it may still be asked for.
func (n *newest) letGo(e *events.Event, now time.Time) {
	if e.When.After(now) && len(n.ahead) < mostAhead {
		n.ahead = append(n.ahead, *e)
		return
	}
	if e.When.After(n.covers) {
		n.covers = e.When
	}
}

// recent are the events in (since, until] by time and id, and whether these are all.
func (m *memory) recent(s events.Service, since, until time.Time) ([]events.Event, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := m.of[s]
	if n == nil || n.covers.After(since) {
		return nil, false
	}
	var found []events.Event
	look := func(list []events.Event) {
		for i := range list {
			if w := list[i].When; w.After(since) && !w.After(until) {
				found = append(found, list[i])
			}
		}
	}
	look(n.slots)
	look(n.ahead)
	slices.SortFunc(found, func(a, b events.Event) int { return cmp.Or(a.When.Compare(b.When), cmp.Compare(a.ID, b.ID)) })
	return found, true
}

// from are up to most events with ids from id on; false if memory does not reach back that far.
func (m *memory) from(s events.Service, id int64, most int) ([]events.Event, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := m.of[s]
	if id < n.first {
		return nil, false
	}
	var found []events.Event
	for ; id < n.next && len(found) < most; id++ {
		found = append(found, *n.at(id))
	}
	return found, true
}

// last is the newest id of a service.
func (m *memory) last(s events.Service) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.of[s].next - 1
}

// more is closed when events come after this moment.
func (m *memory) more() <-chan struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changed
}

// Recent gives the events of a service with since < When <= until, by When and then ID, from memory. whole is false if it cannot
// promise that these are all: the caller then asks the store.
func (s *Service) Recent(of events.Service, since, until time.Time) (recent []events.Event, whole bool) {
	return s.memory.recent(of, since, until)
}
