package kv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterr "go.etcd.io/bbolt/errors"
)

// DB is one open file. All its methods may be called from many goroutines at once.
type DB struct {
	path     string
	bolt     *bolt.DB
	log      *slog.Logger
	now      func() time.Time
	readOnly bool
	writer   *writer // nil when read-only
	common   common

	closing sync.Once
	closed  error
}

// Path is the file that was opened.
func (d *DB) Path() string { return d.path }

// View runs fn on the state of the last commit. What others commit meanwhile stays unseen.
// Keep fn short and free of I/O: pages that it can see are not reused until it returns.
func (d *DB) View(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	file, err := d.bolt.Begin(false)
	if err != nil {
		return beginError(err)
	}
	tx := &Tx{bolt: file, now: d.now(), common: &d.common}
	defer func() {
		tx.end()
		// A read transaction has nothing to lose; Rollback only fails on one already ended.
		_ = file.Rollback()
	}()
	return fn(tx)
}

// Update runs fn and returns once its writes are on disk; many callers share one commit.
// When fn returns an error or panics, all that it wrote is taken back and the caller gets that error or
// panic; writes of others are not touched. fn is run once at most, and not at all if ctx ends first.
//
// fn runs on the writer's goroutine: it must not do I/O, nor call Update, Alone or Close of this DB.
// An error that is not fn's own means that the commit failed: the write may or may not have happened.
func (d *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	if d.readOnly {
		return fmt.Errorf("update %s: %w", d.path, ErrReadOnly)
	}
	return d.writer.submit(ctx, &call{fn: fn})
}

// Soon is Update for what may be lost: it returns once fn has run. Every later Update sees what it wrote; it is on disk, and
// seen by View, with the next commit, which comes within a few milliseconds. Then after is called, on the writer's goroutine and
// before the callers of that commit's Updates go on; it must not block. A process that dies before has not written it, and a
// commit that fails is told to the log alone.
func (d *DB) Soon(ctx context.Context, fn func(*Tx) error, after func()) error {
	if d.readOnly {
		return fmt.Errorf("update %s: %w", d.path, ErrReadOnly)
	}
	return d.writer.submit(ctx, &call{fn: fn, soon: true, after: after})
}

// Failing is the error of the last commit, nil if it succeeded or there was none.
func (d *DB) Failing() error {
	if d.writer == nil {
		return nil
	}
	if err := d.writer.failing.Load(); err != nil {
		return *err
	}
	return nil
}

// Alone is Update in a transaction shared with nobody, for bulk work; only here may tables be
// created and dropped.
func (d *DB) Alone(ctx context.Context, fn func(*Tx) error) error {
	if d.readOnly {
		return fmt.Errorf("update %s: %w", d.path, ErrReadOnly)
	}
	return d.writer.submit(ctx, &call{fn: fn, alone: true})
}

// Close finishes the writes that were accepted, waits for open views, and frees the file.
// A second Close returns what the first did.
func (d *DB) Close() error { return d.close(false) }

// Kill is Close as the end of the process would be, for tests of what that leaves behind: what is not on disk is lost, also
// what a caller of Soon has gone on from.
func (d *DB) Kill() error { return d.close(true) }

func (d *DB) close(kill bool) error {
	d.closing.Do(func() {
		if d.writer != nil {
			d.writer.killed.Store(kill)
			d.writer.stop()
			d.closed = removeHolder(d.path)
		}
		d.closed = errors.Join(d.closed, d.bolt.Close())
	})
	return d.closed
}

func removeHolder(path string) error {
	if err := os.Remove(holderPath(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove holder note: %w", err)
	}
	return nil
}

func beginError(err error) error {
	if errors.Is(err, bolterr.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return fmt.Errorf("begin: %w", err)
}
