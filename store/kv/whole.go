package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"
)

// The places in a bbolt meta page that say how long the file has to be. The two meta pages are the first two of the
// file; the one of the younger transaction counts.
const (
	metaAt      = 16 // behind the page header
	metaLen     = 64
	metaMagic   = 0xED0CDAED
	offPageSize = 8
	offPages    = 40
	offTx       = 48
	offSum      = 56
)

// checkLength refuses a file that is shorter than its own meta page says: bbolt maps it, and reading behind the end of a map
// ends the process. A file that does not look like bbolt's is left to bbolt's own words.
func checkLength(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at file: %w", err)
	}
	var youngest, need uint64
	for _, at := range []int64{0, int64(os.Getpagesize())} {
		if tx, size, ok := readMeta(f, at); ok && tx >= youngest {
			youngest, need = tx, size
		}
	}
	if uint64(info.Size()) < need {
		return fmt.Errorf("%w: it has %d bytes of the %d that it should have", ErrCorrupt, info.Size(), need)
	}
	return nil
}

// checkPages goes through every page that the file's buckets reach: bbolt does so too when it opens a file, but in a goroutine of
// its own, where what it makes of a damaged page ends the process.
func checkPages(path string, opts Options) (err error) {
	if missing(path) {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	file, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: opts.LockTimeout, ReadOnly: true, NoStatistics: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			return b.ForEach(func(_, _ []byte) error { return nil })
		})
	})
}

// readMeta reads one meta page: its transaction, and the size of the file that it describes.
func readMeta(f io.ReaderAt, at int64) (tx, size uint64, ok bool) {
	var b [metaLen]byte
	if _, err := f.ReadAt(b[:], at+metaAt); err != nil {
		return 0, 0, false
	}
	sum := fnv.New64a()
	sum.Write(b[:offSum])
	if binary.NativeEndian.Uint32(b[:]) != metaMagic || binary.NativeEndian.Uint64(b[offSum:]) != sum.Sum64() {
		return 0, 0, false
	}
	pageSize := uint64(binary.NativeEndian.Uint32(b[offPageSize:]))
	return binary.NativeEndian.Uint64(b[offTx:]), pageSize * binary.NativeEndian.Uint64(b[offPages:]), true
}
