package kv

import (
	"context"
	"encoding/json"
	"fmt"
)

// Schema is what a program expects of a file.
type Schema struct {
	Name       string // what the file is for; a file of another name is refused
	Version    int    // 1 or more; raised by one with every migration
	Tables     []AnyTable
	Series     []*Series
	Migrations []Migration // ordered, ending at Version; the oldest may be left out one day

	// Verify, if there is one, has Check report what is wrong with the series. Check calls it after the tables.
	Verify func(ctx context.Context, tx *Tx, report func(Problem)) error
}

// Migration leads a file from version To-1 to To. Run may create, drop, scan and rewrite tables; to read records of
// an old shape it declares a Table of its own under the old name, with the old type and no
// indexes, for after the last migration all indexes are built anew.
type Migration struct {
	To   int
	Name string
	Run  func(*Tx) error
}

// stamp is how a file says what it is.
type stamp struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

var (
	metaBucket = []byte("/meta")
	schemaKey  = []byte("schema")
)

func (s Schema) validate() error {
	if s.Version < 1 {
		return fmt.Errorf("%w: version %d", ErrBadSchema, s.Version)
	}
	seen := make(map[string]bool)
	for _, t := range s.Tables {
		if err := t.validate(); err != nil {
			return err
		}
		if seen[t.name()] {
			return fmt.Errorf("%w: table %s twice", ErrBadSchema, t.name())
		}
		seen[t.name()] = true
	}
	for _, x := range s.Series {
		if err := x.validate(); err != nil {
			return err
		}
		if seen[x.Name] {
			return fmt.Errorf("%w: series %s has a name that is taken", ErrBadSchema, x.Name)
		}
		seen[x.Name] = true
	}
	return s.validateMigrations()
}

func (s Schema) validateMigrations() error {
	for i, m := range s.Migrations {
		if want := s.Version - len(s.Migrations) + 1 + i; m.To != want || m.To < 2 || m.Run == nil {
			return fmt.Errorf("%w: migration %q leads to version %d where %d was due", ErrBadSchema, m.Name, m.To, want)
		}
	}
	return nil
}

// since returns the migrations that a file of that version still needs.
func (s Schema) since(version int) ([]Migration, error) {
	missing := s.Version - version
	if missing > len(s.Migrations) {
		return nil, fmt.Errorf("%w: it has version %d, migrations begin after version %d",
			ErrTooOld, version, s.Version-len(s.Migrations))
	}
	return s.Migrations[len(s.Migrations)-missing:], nil
}

// stamp reads what the file says it is; zero for a file without any content.
func (t *Tx) stamp() (stamp, error) {
	var s stamp
	b := t.bolt.Bucket(metaBucket)
	if b == nil {
		if names := t.buckets(nil); len(names) > 0 {
			return s, fmt.Errorf("%w: it has content but no version", ErrOtherFile)
		}
		return s, nil
	}
	if err := json.Unmarshal(b.Get(schemaKey), &s); err != nil || s.Version < 1 {
		return s, fmt.Errorf("%w: unreadable version", ErrCorrupt)
	}
	return s, nil
}

func (t *Tx) setStamp(s stamp) error {
	if err := t.structural(); err != nil {
		return err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode version: %w", err)
	}
	b, err := t.bolt.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return fmt.Errorf("set version: %w", err)
	}
	return t.put(b, schemaKey, raw, b.Get(schemaKey))
}
