package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Migrate brings the file to the schema: a new file gets its tables, an old one is first copied to
// path+".v<old version>" and then migrated in one transaction, so a failure leaves it as it was. A file of a newer
// version is refused with ErrNewer. Declared tables and indexes that are missing are created,
// and indexes no longer declared are dropped.
func (d *DB) Migrate(ctx context.Context, s Schema) error {
	if err := d.migrate(ctx, s); err != nil {
		return fmt.Errorf("migrate %s: %w", d.path, err)
	}
	return nil
}

func (d *DB) migrate(ctx context.Context, s Schema) error {
	if err := s.validate(); err != nil {
		return err
	}
	var old stamp
	var complete bool
	err := d.View(ctx, func(tx *Tx) (err error) {
		old, err = tx.stamp()
		complete = s.complete(tx)
		return err
	})
	if err != nil {
		return err
	}
	steps, err := s.steps(old)
	if err != nil {
		return err
	}
	if old.Version == s.Version && complete {
		return nil
	}
	if len(steps) > 0 && !d.readOnly {
		if err := d.copyAside(ctx, old.Version); err != nil {
			return err
		}
	}
	return d.Alone(ctx, func(tx *Tx) error { return d.transform(tx, s, old, steps) })
}

// steps refuses files that the schema cannot take and returns the migrations for the others.
func (s Schema) steps(old stamp) ([]Migration, error) {
	switch {
	case old.Version == 0:
		return nil, nil
	case old.Name != s.Name:
		return nil, fmt.Errorf("%w: it is %q, wanted is %q", ErrOtherFile, old.Name, s.Name)
	case old.Version > s.Version:
		return nil, fmt.Errorf("%w: it has version %d and this program knows up to %d; "+
			"use the newer program, or a copy from before its migration", ErrNewer, old.Version, s.Version)
	}
	return s.since(old.Version)
}

// complete tells whether the file has exactly the declared tables' buckets.
func (s Schema) complete(tx *Tx) bool {
	for _, t := range s.Tables {
		if tx.bolt.Bucket([]byte(t.name())) == nil {
			return false
		}
		for _, x := range t.indexNames() {
			if tx.bolt.Bucket([]byte(t.name()+indexMark+x)) == nil {
				return false
			}
		}
		if len(tx.buckets([]byte(t.name()+indexMark))) != len(t.indexNames()) {
			return false
		}
	}
	return true
}

func (d *DB) transform(tx *Tx, s Schema, old stamp, steps []Migration) error {
	if len(steps) == 0 {
		return s.settle(tx, Schema.adjust)
	}
	for _, t := range s.Tables {
		if _, err := tx.ensure(t.name()); err != nil {
			return err
		}
	}
	for _, m := range steps {
		d.log.Info("migration starts", "file", d.path, "from", m.To-1, "to", m.To, "name", m.Name)
		if err := m.Run(tx); err != nil {
			return fmt.Errorf("to version %d, %s: %w", m.To, m.Name, err)
		}
	}
	if err := s.settle(tx, Schema.rebuild); err != nil {
		return err
	}
	d.log.Info("migrations done", "file", d.path, "from", old.Version, "to", s.Version)
	return nil
}

// settle brings the indexes in order and then says so in the file.
func (s Schema) settle(tx *Tx, indexes func(Schema, *Tx) error) error {
	if err := indexes(s, tx); err != nil {
		return err
	}
	return tx.setStamp(stamp{Name: s.Name, Version: s.Version})
}

func (s Schema) rebuild(tx *Tx) error {
	for _, t := range s.Tables {
		if err := t.reindex(tx); err != nil {
			return err
		}
	}
	return nil
}

// adjust creates what is missing and drops indexes that are not declared.
func (s Schema) adjust(tx *Tx) error {
	for _, t := range s.Tables {
		if _, err := t.create(tx); err != nil {
			return err
		}
		declared := make(map[string]bool)
		for _, x := range t.indexNames() {
			declared[t.name()+indexMark+x] = true
		}
		for _, bucket := range tx.buckets([]byte(t.name() + indexMark)) {
			if !declared[bucket] {
				if err := tx.dropBucket(bucket); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// copyAside keeps the file as it is before a migration; a copy under that name is whole or not there.
func (d *DB) copyAside(ctx context.Context, version int) error {
	target := fmt.Sprintf("%s.v%d", d.path, version)
	part := target + ".part"
	if err := d.copyTo(ctx, part); err != nil {
		return errors.Join(fmt.Errorf("copy before migrating: %w", err), os.Remove(part))
	}
	if err := os.Rename(part, target); err != nil {
		return fmt.Errorf("copy before migrating: %w", err)
	}
	d.log.Info("file copied before migrating", "file", d.path, "copy", target)
	return syncDir(filepath.Dir(target))
}

func (d *DB) copyTo(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = d.Backup(ctx, f)
	return errors.Join(err, f.Sync(), f.Close())
}
