package events

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"yardmaster/store/kv"
)

// book is what memory has of one version of the file. It is never changed once others can see it.
type book struct {
	version uint64
	shelves [4]shelf
}

// shelf is one service: the parts as far as they are in the index, and the events behind that, with the rows of which the file and the
// memory both say the same.
type shelf struct {
	service Service
	catalog *catalog
	indexed int64  // the last id that the index has
	last    int64  // the last id
	tail    []*row // the events behind indexed up to last, without a gap
}

// number is the place of a service among the shelves.
func (s Service) number() (int, error) {
	switch s {
	case Nova:
		return 0, nil
	case Glance:
		return 1, nil
	case Generic:
		return 2, nil
	case Yard:
		return 3, nil
	}
	return 0, fmt.Errorf("service %q: %w", s, ErrNotFound)
}

func (b *book) shelf(s Service) (*shelf, error) {
	n, err := s.number()
	if err != nil {
		return nil, err
	}
	return &b.shelves[n], nil
}

// tailed is an event behind the index; nil if the id is not of one.
func (s *shelf) tailed(id int64) *row {
	if id <= s.indexed || id > s.last {
		return nil
	}
	return s.tail[id-s.indexed-1]
}

// holds says whether there is an event of that id.
func (s *shelf) holds(id int64) bool { return id <= s.last && s.catalog.find(id) != nil }

// books are the versions that a transaction may find in the file: the last one, the one before it, which a view may have begun with, and
// the one that is being committed.
type books [3]*book

const (
	bookBefore = iota
	bookNow
	bookNext
)

func (b *books) find(version uint64) *book {
	for _, one := range b {
		if one != nil && one.version == version {
			return one
		}
	}
	return nil
}

// library publishes the books. Those who change it take turns.
type library struct{ shown atomic.Pointer[books] }

func (l *library) now() *book { return l.shown.Load()[bookNow] }

// begin shows a version that may be committed from now on.
func (l *library) begin(next *book) {
	shown := *l.shown.Load()
	shown[bookNext] = next
	l.shown.Store(&shown)
}

// settle says whether it was.
func (l *library) settle(committed bool) {
	shown := *l.shown.Load()
	if next := shown[bookNext]; committed && next != nil {
		shown[bookBefore], shown[bookNow] = shown[bookNow], next
	}
	shown[bookNext] = nil
	l.shown.Store(&shown)
}

func (l *library) open(first *book) { l.shown.Store(&books{bookNow: first}) }

// What the file says of itself, in part 0 of the series heads: the version, and of each service the last id and the last id that is in the
// index.
var versionKey = kv.Key("/version")

func readVersion(tx *kv.Tx) (uint64, error) {
	p, err := headsSeries.Part(tx, 0)
	if err != nil {
		return 0, err
	}
	raw, err := p.Get(versionKey)
	if err != nil || len(raw) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(raw), nil
}

func writeHeads(tx *kv.Tx, b *book, changed []int) error {
	p, err := headsSeries.Part(tx, 0)
	if err != nil {
		return err
	}
	for _, i := range changed {
		s := &b.shelves[i]
		raw := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(s.last)), uint64(s.indexed))
		if err := p.Put(kv.Key(s.service), raw); err != nil {
			return err
		}
	}
	return p.Put(versionKey, binary.BigEndian.AppendUint64(nil, b.version))
}

func readHead(tx *kv.Tx, s Service) (last, indexed int64, err error) {
	p, err := headsSeries.Part(tx, 0)
	if err != nil {
		return 0, 0, err
	}
	raw, err := p.Get(kv.Key(s))
	if err != nil || raw == nil {
		return 0, 0, err
	}
	if len(raw) != 16 {
		return 0, 0, fmt.Errorf("%w: head of %s", kv.ErrCorrupt, s)
	}
	return int64(binary.BigEndian.Uint64(raw)), int64(binary.BigEndian.Uint64(raw[8:])), nil
}

// readBook reads the whole state from the file.
func readBook(tx *kv.Tx) (*book, error) {
	version, err := readVersion(tx)
	if err != nil {
		return nil, err
	}
	b := &book{version: version}
	parts := map[Service][]*part{}
	for p, err := range partsTable.Scan(tx, nil) {
		if err != nil {
			return nil, err
		}
		if !p.Gone {
			parts[p.Service] = append(parts[p.Service], &p)
		}
	}
	for i, service := range Services {
		s := &b.shelves[i]
		s.service = service
		list := parts[service]
		slices.SortFunc(list, func(a, b *part) int { return int(a.Number - b.Number) })
		s.catalog = newCatalog(list)
		if s.last, s.indexed, err = readHead(tx, service); err != nil {
			return nil, err
		}
		if err := s.readTail(tx); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// readTail reads the rows that the index does not have. All of them lie in the open part.
func (s *shelf) readTail(tx *kv.Tx) error {
	if s.indexed == s.last {
		return nil
	}
	p := s.catalog.open()
	if p == nil {
		return fmt.Errorf("%w: events of %s after %d have no part", kv.ErrCorrupt, s.service, s.indexed)
	}
	rows, err := rowsSeries.Part(tx, p.Number)
	if err != nil {
		return err
	}
	var reader rowReader
	err = rows.Walk(kv.Range{From: p.key(s.indexed + 1)}, func(key kv.Key, raw []byte) (bool, error) {
		id := s.indexed + 1 + int64(len(s.tail))
		if !slices.Equal(key, p.key(id)) {
			return false, fmt.Errorf("%w: no event %d of %s", kv.ErrCorrupt, id, s.service)
		}
		r, err := reader.read(raw, s.service, id)
		s.tail = append(s.tail, r)
		return true, err
	})
	if err == nil && s.indexed+int64(len(s.tail)) != s.last {
		err = fmt.Errorf("%w: %s ends at event %d instead of %d", kv.ErrCorrupt, s.service, s.indexed+int64(len(s.tail)), s.last)
	}
	return err
}
