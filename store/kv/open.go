package kv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterr "go.etcd.io/bbolt/errors"
)

const (
	fileMode = 0o600

	// mapAhead is address space, not memory. bbolt cannot enlarge its map while a reader is open, so
	// without room ahead one slow backup would stop every writer, and then every new reader too.
	mapAhead = 8 << 30

	// growBy is the step in which a full file grows; each step costs a sync of its own.
	growBy = 4 << 20
)

// Open opens the file, and makes it if there is none. A file that stays locked for
// Options.LockTimeout is refused with an ErrLocked that names who probably holds it.
// Call Migrate before anything else, and Close at the end.
func Open(path string, opts Options) (*DB, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := checkLength(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	fresh := missing(path)
	var file *bolt.DB
	if err = checkPages(path, opts); err == nil {
		file, err = openBolt(path, opts)
	}
	if errors.Is(err, bolterr.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w: %s", path, ErrLocked, describeHolder(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if fresh && !opts.ReadOnly {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	d := &DB{path: path, bolt: file, log: opts.Logger, now: opts.Now, readOnly: opts.ReadOnly}
	if opts.ReadOnly {
		return d, nil
	}
	if err := writeHolder(path, opts); err != nil {
		d.log.Warn("holder note not written", "file", path, "err", err)
	}
	d.writer = startWriter(file, opts)
	return d, nil
}

// openBolt turns the panic with which bbolt meets a damaged page tree into an error.
func openBolt(path string, opts Options) (file *bolt.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	file, err = bolt.Open(path, fileMode, &bolt.Options{
		Timeout:         opts.LockTimeout,
		FreelistType:    bolt.FreelistMapType,
		NoFreelistSync:  true,
		ReadOnly:        opts.ReadOnly,
		InitialMmapSize: mapSize(path),
		NoStatistics:    true,
	})
	if err != nil {
		return nil, err
	}
	file.AllocSize = growBy
	return file, nil
}

func mapSize(path string) int {
	if strconv.IntSize < 64 {
		return 0
	}
	size := int64(mapAhead)
	if info, err := os.Stat(path); err == nil {
		size += info.Size()
	}
	return int(size)
}

func missing(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Size() == 0
}

// syncDir makes a new or renamed name in dir survive a power cut.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// started is the moment that the holder note names, in a form that people read.
func started(now time.Time) string { return now.UTC().Format(time.RFC3339) }
