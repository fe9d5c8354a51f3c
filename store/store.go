// Package store keeps the records of the yard in control.db: what there is, who has it, and every operation. It knows how
// records are found and that they agree, and nothing of how they come about: it reads no clock, makes no id and reaches no
// machine. A transaction is a parameter in plain sight; nothing waits for the world inside one.
//
//	clusters      id
//	nodes         id        by cluster; unique: manage host, storage host
//	devices       id        by cluster, by node
//	volumes       id        by cluster, by owner; unique: cluster + name
//	bricks        id        by volume, by device, by pending
//	blockvolumes  id        by cluster, by hosting volume; unique: hosting volume + name
//	operations    id        by time, by state, by kind, by target, due; in flight (all, by host);
//	                        unique: live target, dialect + alias
//	settings      name
//
//	vms           name                by pool + state, ready by pool + time, held by token, held by user + pool, by request, gone by time
//	poolcounts    pool                written with every machine
//	pooloverrides pool
//	vmrequests    id                  by state, ended by time
//	pooldays      date + task + pool; tagdays date + tag + value; vmtags date + machine + tag; usagedays date + of + name
//	tokens        hash                by owner
//	users         name
//
//	configobjects       kind.name         by name
//	baseconfigs         object + release  by release
//	configpatches       version           by target
//	configbindings      label + object    by object
//	materializedconfigs object + number
//	configupgrades      release; platformchecks component + id
//
//	instances           org / name        by org
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"yardmaster/store/kv"
)

// Tx is one transaction: Now stands still in it.
type Tx = kv.Tx

// What callers ask about with errors.Is.
var (
	ErrNotFound = kv.ErrNotFound
	ErrExists   = kv.ErrExists
	ErrLocked   = kv.ErrLocked
	ErrNewer    = kv.ErrNewer
	ErrClosed   = kv.ErrClosed
)

// Options say how control.db is opened; Now is the clock of every transaction.
type Options struct {
	Path   string
	Holder string // how this process calls itself to one that finds the file taken
	Now    func() time.Time
	Logger *slog.Logger
}

// DB is control.db.
type DB struct {
	kv  *kv.DB
	now func() time.Time
}

// Open opens or creates the file and brings it to this program's schema. ErrLocked names who holds it.
func Open(ctx context.Context, o Options) (*DB, error) {
	file, err := kv.Open(o.Path, kv.Options{Logger: o.Logger, Holder: o.Holder, Now: o.Now})
	switch {
	case errors.Is(err, kv.ErrCorrupt):
		return nil, fmt.Errorf("%w; it is damaged, put a backup in its place", err)
	case err != nil:
		return nil, err
	}
	if err := file.Migrate(ctx, schema); err != nil {
		return nil, fmt.Errorf("migrate %s: %w", o.Path, joinClose(err, file))
	}
	return &DB{kv: file, now: o.Now}, nil
}

func joinClose(err error, file *kv.DB) error {
	if cerr := file.Close(); cerr != nil {
		return fmt.Errorf("%w (and close: %w)", err, cerr)
	}
	return err
}

// Now is the clock of the transactions.
func (d *DB) Now() time.Time { return d.now() }

// View reads; it never waits for writers.
func (d *DB) View(ctx context.Context, fn func(*Tx) error) error { return d.kv.View(ctx, fn) }

// Update writes; nil means that it is on disk. fn may be called again and must not keep anything outside between calls.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error { return d.kv.Update(ctx, fn) }

// Soon writes what may be lost with the process: nil means that fn has run, and that every later Update sees what it wrote. When
// View does too, after is called; it must not block.
func (d *DB) Soon(ctx context.Context, fn func(*Tx) error, after func()) error {
	return d.kv.Soon(ctx, fn, after)
}

// Writable is nil unless the last commit failed, as on a full disk, and one more fails too.
func (d *DB) Writable(ctx context.Context) error {
	if d.kv.Failing() == nil {
		return nil
	}
	return d.Update(ctx, func(tx *Tx) error {
		return Settings.Put(tx, &Setting{Name: "last write probe", Value: tx.Now().Format(time.RFC3339Nano)})
	})
}

// Backup hands target the exact size of a consistent copy and writes it there, while writers go on.
func (d *DB) Backup(ctx context.Context, target func(size int64) (io.Writer, error)) (int64, error) {
	return d.kv.BackupTo(ctx, target)
}

// Check recomputes every index and says where file and rule disagree.
func (d *DB) Check(ctx context.Context) ([]kv.Problem, error) { return d.kv.Check(ctx, schema) }

// Close waits for what is being written.
func (d *DB) Close() error { return d.kv.Close() }

// Kill is Close as the end of the process would be, for tests: what is not on disk is lost.
func (d *DB) Kill() error { return d.kv.Kill() }

// Table is a kv table whose records are found by a text id.
type Table[V any] struct{ kv *kv.Table[V] }

// Get is one record, or ErrNotFound.
func (t Table[V]) Get(tx *Tx, id string) (V, error) { return t.kv.Get(tx, kv.Text(id)) }

// Put writes a record and all its index entries; ErrExists if another has one of its unique keys.
func (t Table[V]) Put(tx *Tx, v *V) error { return t.kv.Put(tx, v) }

// Delete removes a record; one that is not there is gone already.
func (t Table[V]) Delete(tx *Tx, id string) error {
	err := t.kv.Delete(tx, kv.Text(id))
	if err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// drop is Delete for tables whose keys are more than an id.
func (t Table[V]) drop(tx *Tx, key kv.Key) error {
	if err := t.kv.Delete(tx, key); err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// All is every record, by id. Nothing may be written while it runs.
func (t Table[V]) All(tx *Tx) iter.Seq2[V, error] { return t.kv.Scan(tx, nil) }

// By is every record under these index keys. Nothing may be written while it runs.
func (t Table[V]) By(tx *Tx, index string, keys ...string) iter.Seq2[V, error] {
	return t.kv.ScanIndex(tx, index, textKey(keys...))
}

// List is By, gathered, so that the records may be written.
func (t Table[V]) List(tx *Tx, index string, keys ...string) ([]V, error) {
	var out []V
	for v, err := range t.By(tx, index, keys...) {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// One is the record that owns these keys of a unique index, or ErrNotFound.
func (t Table[V]) One(tx *Tx, index string, keys ...string) (V, error) {
	return t.kv.GetIndex(tx, index, textKey(keys...))
}

// Count is the number of records.
func (t Table[V]) Count(tx *Tx) int {
	n, _ := t.kv.Count(tx)
	return n
}

// CountBy is the number of records under these index keys; it reads no record.
func (t Table[V]) CountBy(tx *Tx, index string, keys ...string) int {
	n, _ := t.kv.CountIndex(tx, index, textKey(keys...))
	return n
}

func textKey(keys ...string) kv.Key {
	var out kv.Key
	for _, k := range keys {
		out = append(out, kv.Text(k)...)
	}
	return out
}
