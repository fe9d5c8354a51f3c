package kv

import bolt "go.etcd.io/bbolt"

// Queued tells how many calls have reached the queue and not been taken from it.
func (d *DB) Queued() int { return len(d.writer.queue) }

// Tamper changes buckets behind the back of the tables.
func (d *DB) Tamper(fn func(*bolt.Tx) error) error { return d.bolt.Update(fn) }

// Limit makes commits fail that would need a larger file; zero lifts it. Nobody may be writing.
func (d *DB) Limit(size int) { d.bolt.MaxSize = size }

// Describe words a holder's note as the error about a locked file does.
func Describe(text string) string {
	return parseNote(text).describe(true, func(int) bool { return true })
}
