package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"yardmaster/store/kv"
)

// What callers ask about with errors.Is.
var (
	ErrNotFound = kv.ErrNotFound
	ErrExists   = kv.ErrExists
	ErrLocked   = kv.ErrLocked
	ErrNewer    = kv.ErrNewer
	ErrClosed   = kv.ErrClosed
	ErrReadOnly = kv.ErrReadOnly
)

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// The defaults of Options.
const (
	defaultPartSize = 50_000
	defaultTail     = 16_384
)

// Options say how events.db is opened; Now is the clock of every transaction.
type Options struct {
	Path     string
	Holder   string // how this process calls itself to one that finds the file taken
	Now      func() time.Time
	Logger   *slog.Logger
	PartSize int // events in a partition made from now on; 0: 50,000
	Tail     int // events of a service whose index entries may be in memory only; 0: 16,384
}

// DB is events.db. All its methods may be called from many goroutines at once.
type DB struct {
	kv             *kv.DB
	now            func() time.Time
	press          *press
	partSize, tail int
	library        library

	turn    chan struct{}   // held by the one who changes what follows and the library
	ledgers [4]*ledger      // by service
	filters map[int64]bloom // by part, of the message ids that its index has
	scratch entries         // of the transaction: bbolt has the values in it until its end
}

// Open opens or creates the file, brings it to this program's schema and reads what the index does not have yet. ErrLocked names who
// holds it.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.PartSize < 0 || o.Tail < 0 {
		return nil, fmt.Errorf("open %s: %w: a negative part size or tail", o.Path, kv.ErrBadOptions)
	}
	file, err := kv.Open(o.Path, kv.Options{Logger: o.Logger, Holder: o.Holder, Now: o.Now})
	switch {
	case errors.Is(err, kv.ErrCorrupt):
		return nil, fmt.Errorf("%w; it is damaged, put a backup in its place", err)
	case err != nil:
		return nil, err
	}
	d := &DB{kv: file, now: o.Now, partSize: o.PartSize, tail: o.Tail, turn: make(chan struct{}, 1), filters: map[int64]bloom{}}
	if d.partSize == 0 {
		d.partSize = defaultPartSize
	}
	if d.tail == 0 {
		d.tail = defaultTail
	}
	if err := d.start(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Path, errors.Join(err, d.Close()))
	}
	return d, nil
}

func (d *DB) start(ctx context.Context) (err error) {
	if d.press, err = newPress(); err != nil {
		return err
	}
	if err := d.kv.Migrate(ctx, schema); err != nil {
		return err
	}
	ready := false
	if err := d.kv.View(ctx, func(tx *kv.Tx) error { ready = prepared(tx); return nil }); err != nil {
		return err
	}
	if !ready {
		if err := d.kv.Alone(ctx, prepare); err != nil {
			return err
		}
	}
	if err := d.sweep(ctx); err != nil {
		return err
	}
	return d.kv.View(ctx, d.load)
}

// load reads into memory what the file says.
func (d *DB) load(tx *kv.Tx) error {
	b, err := readBook(tx)
	if err != nil {
		return err
	}
	for i := range b.shelves {
		s := &b.shelves[i]
		d.ledgers[i] = newLedger(s.tail, s.indexed)
		for _, p := range s.catalog.parts {
			if d.filters[p.Number], err = readFilter(tx, p); err != nil {
				return err
			}
		}
	}
	d.library.open(b)
	return nil
}

// readFilter reads the filter of a closed part. That of an open one is not stored and follows from its index.
func readFilter(tx *kv.Tx, p *part) (bloom, error) {
	if p.Closed {
		blooms, err := bloomsSeries.Part(tx, 0)
		if err != nil {
			return nil, err
		}
		raw, err := blooms.Get(bloomKey(p.Number))
		if err != nil {
			return nil, err
		}
		return loadBloom(raw)
	}
	filter := newBloom(p.Size)
	rows, err := rowsSeries.Part(tx, p.Number)
	if err != nil {
		return nil, err
	}
	var reader rowReader
	err = rows.Walk(kv.Range{Before: p.key(p.end())}, func(_ kv.Key, raw []byte) (bool, error) {
		r, err := reader.read(raw, p.Service, p.First)
		if err == nil && r.MessageID != "" {
			filter.add(digest(r.MessageID))
		}
		return true, err
	})
	return filter, err
}

// Now is the clock of the transactions.
func (d *DB) Now() time.Time { return d.now() }

func (d *DB) tx(k *kv.Tx, b *book) *Tx { return &Tx{Tx: k, db: d, book: b} }

// View reads the state of one moment; it never waits for writers.
func (d *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return d.matched(ctx, d.kv.View, fn)
}

// Update writes table rows; many callers share one commit. nil means that it is on disk. fn must not do I/O nor call this DB.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return d.matched(ctx, d.kv.Update, fn)
}

// mostMisses is how often matched begins again: more often than any load can make it.
const mostMisses = 1000

// matched runs fn with the book of the version that the transaction finds in the file. The memory keeps three versions: only who is
// held up between the two for as long as two transactions take begins again.
func (d *DB) matched(ctx context.Context, run func(context.Context, func(*kv.Tx) error) error, fn func(*Tx) error) error {
	for range mostMisses {
		missed := false
		err := run(ctx, func(k *kv.Tx) error {
			version, err := readVersion(k)
			if err != nil {
				return err
			}
			b := d.library.shown.Load().find(version)
			if missed = b == nil; missed {
				return nil
			}
			return fn(d.tx(k, b))
		})
		if !missed {
			return err
		}
	}
	return fmt.Errorf("%w: the file has a version that memory does not know", kv.ErrCorrupt)
}

// Failing is the error of the last commit, nil if it succeeded or there was none.
func (d *DB) Failing() error { return d.kv.Failing() }

// Backup hands target the exact size of a consistent copy and writes it there, while writers go on.
func (d *DB) Backup(ctx context.Context, target func(size int64) (io.Writer, error)) (int64, error) {
	return d.kv.BackupTo(ctx, target)
}

// Size is how many bytes the file has.
func (d *DB) Size(ctx context.Context) (int64, error) { return d.kv.Size(ctx) }

// Close waits for what is being written.
func (d *DB) Close() error { return d.end(d.kv.Close) }

// Kill is Close as the end of the process would be, for tests: what is not on disk is lost.
func (d *DB) Kill() error { return d.end(d.kv.Kill) }

func (d *DB) end(file func() error) error {
	err := file()
	if d.press != nil {
		d.press.close()
	}
	return err
}

// Compact copies the file at path, which no writer may have open, to a new file without its free pages.
func Compact(ctx context.Context, path, to string) error {
	return kv.Compact(ctx, path, to, kv.Options{Now: func() time.Time { return time.Time{} }})
}
