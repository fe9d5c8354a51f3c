package kv

import (
	"context"
	"io"
	"time"
)

// A backup makes room for writers after every chunk, if there are any.
const (
	backupChunk = 256 << 10
	backupPause = time.Millisecond
)

// Size is how many bytes a Backup taken now would write.
func (d *DB) Size(ctx context.Context) (int64, error) {
	var size int64
	err := d.View(ctx, func(tx *Tx) error {
		size = tx.bolt.Size()
		return nil
	})
	return size, err
}

// Backup writes a copy of the file as of the last commit to w, while writers go on, and returns how
// many bytes it wrote. The copy is a complete file that Open takes.
func (d *DB) Backup(ctx context.Context, w io.Writer) (int64, error) {
	return d.BackupTo(ctx, func(int64) (io.Writer, error) { return w, nil })
}

// BackupTo is Backup for a writer that must know the size first: target is told exactly how many bytes will
// follow. Pages freed meanwhile are not reused before it returns, so w should have a deadline.
func (d *DB) BackupTo(ctx context.Context, target func(size int64) (io.Writer, error)) (int64, error) {
	var n int64
	err := d.View(ctx, func(tx *Tx) error {
		w, err := target(tx.bolt.Size())
		if err != nil {
			return err
		}
		p := &pacer{w: w, pause: func() error { return d.giveWay(ctx) }}
		n, err = tx.bolt.WriteTo(p)
		if p.err != nil {
			return p.err
		}
		return err
	})
	return n, err
}

// giveWay waits a moment if anybody waits for a write.
func (d *DB) giveWay(ctx context.Context) error {
	if err := ctx.Err(); err != nil || d.writer == nil || d.writer.waiting.Load() == 0 {
		return err
	}
	timer := time.NewTimer(backupPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pacer hands bytes on with a pause after every chunk. It keeps the first error, because bbolt
// passes errors on as text only.
type pacer struct {
	w     io.Writer
	pause func() error
	sent  int
	err   error
}

func (p *pacer) Write(b []byte) (int, error) {
	if p.sent >= backupChunk {
		p.sent = 0
		if p.err = p.pause(); p.err != nil {
			return 0, p.err
		}
	}
	n, err := p.w.Write(b)
	p.sent += n
	p.err = err
	return n, err
}
