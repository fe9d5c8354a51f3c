package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// compactBatch is how many bytes a transaction of a copy writes.
const compactBatch = 16 << 20

// Compact copies the file at path, which no writer may have open, to a new file without its free pages and with full ones. What was
// copied is on disk when it returns nil; after an error there is no copy. ctx is looked at before it begins.
func Compact(ctx context.Context, path, to string, opts Options) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if opts, err = opts.withDefaults(); err != nil {
		return fmt.Errorf("compact %s: %w", path, err)
	}
	if missing(path) {
		return fmt.Errorf("compact %s: %w", path, os.ErrNotExist)
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("compact %s: %s: %w", path, to, ErrExists)
	}
	opts.ReadOnly = true
	source, err := Open(path, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := source.compactTo(to); err != nil {
		return fmt.Errorf("compact %s: %w", path, errors.Join(err, removeMade(to)))
	}
	return syncDir(filepath.Dir(to))
}

func (d *DB) compactTo(path string) (err error) {
	copied, err := bolt.Open(path, fileMode, &bolt.Options{
		FreelistType: bolt.FreelistMapType, NoFreelistSync: true, NoStatistics: true, NoSync: true, InitialMmapSize: mapSize(d.path),
	})
	if err != nil {
		return err
	}
	copied.AllocSize = growBy
	defer func() { err = errors.Join(err, copied.Close()) }()
	if err := bolt.Compact(copied, d.bolt, compactBatch); err != nil {
		return err
	}
	return copied.Sync()
}

func removeMade(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
