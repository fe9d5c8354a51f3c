package kv

import (
	"fmt"
	"strconv"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// Series declares byte entries that lie in numbered parts. Each part is a bucket of its own, so that a tree stays small however many
// entries there are in all, and a part goes as a whole at the cost of its pages. Keys and values are the caller's: nothing is
// decoded and no index is kept, so what they must be to one another is for Schema.Verify to say.
//
// Parts are made, written and dropped only in a transaction of its own, and read in any.
type Series struct {
	Name string
	// Ascending promises that new entries mostly come last, which packs pages fuller.
	Ascending bool
}

// partDigits is the length of a part's number in the name of its bucket.
const partDigits = 16

func (s *Series) bucket(part int64) []byte {
	return fmt.Appendf(make([]byte, 0, len(s.Name)+len(indexMark)+partDigits), "%s%s%0*x", s.Name, indexMark, partDigits, part)
}

func (s *Series) validate() error {
	if !nameOK(s.Name) {
		return fmt.Errorf("%w: series %q needs a plain name", ErrBadSchema, s.Name)
	}
	return nil
}

// Create makes a part, which must not be there. Numbers are not negative.
func (s *Series) Create(tx *Tx, part int64) (Part, error) {
	if err := tx.structural(); err != nil {
		return Part{}, err
	}
	if part < 0 {
		return Part{}, fmt.Errorf("%w: part %d of series %s", ErrBadKey, part, s.Name)
	}
	made, err := tx.ensure(string(s.bucket(part)))
	if err == nil && !made {
		err = fmt.Errorf("part %d of series %s: %w", part, s.Name, ErrExists)
	}
	if err != nil {
		return Part{}, err
	}
	return s.Part(tx, part)
}

// Drop removes a part with all that is in it; one that is not there is no error.
func (s *Series) Drop(tx *Tx, part int64) error {
	if err := tx.structural(); err != nil {
		return err
	}
	return tx.dropBucket(string(s.bucket(part)))
}

// Part finds a part; ErrNoTable if it is not there.
func (s *Series) Part(tx *Tx, part int64) (Part, error) {
	if err := tx.alive(); err != nil {
		return Part{}, err
	}
	b := tx.bolt.Bucket(s.bucket(part))
	if b == nil {
		return Part{}, fmt.Errorf("part %d of series %s: %w", part, s.Name, ErrNoTable)
	}
	if s.Ascending {
		b.FillPercent = appending
	}
	return Part{tx: tx, b: b}, nil
}

// Parts lists the numbers of the parts that there are, in order.
func (s *Series) Parts(tx *Tx) ([]int64, error) {
	if err := tx.alive(); err != nil {
		return nil, err
	}
	var numbers []int64
	for _, name := range tx.buckets([]byte(s.Name + indexMark)) {
		n, err := strconv.ParseInt(strings.TrimPrefix(name, s.Name+indexMark), 16, 64)
		if err != nil {
			return nil, fmt.Errorf("series %s: %w: bucket %q", s.Name, ErrCorrupt, name)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// Bytes is how much of the file a part takes; 0 if it is not there.
func (s *Series) Bytes(tx *Tx, part int64) (int64, error) {
	if err := tx.alive(); err != nil {
		return 0, err
	}
	return bytesOf(tx.bolt.Bucket(s.bucket(part))), nil
}

// Bytes is how much of the file the table takes with its indexes.
func (t *Table[V]) Bytes(tx *Tx) (int64, error) {
	b, err := t.records(tx)
	if err != nil {
		return 0, err
	}
	sum := bytesOf(b)
	for i := range t.Indexes {
		if b, err = t.entries(tx, i); err != nil {
			return 0, err
		}
		sum += bytesOf(b)
	}
	return sum, nil
}

func bytesOf(b *bolt.Bucket) int64 {
	if b == nil {
		return 0
	}
	s := b.Stats()
	return int64(s.BranchAlloc) + int64(s.LeafAlloc) + int64(s.InlineBucketInuse)
}
