package kv_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"yardmaster/store/kv"
)

// hook is a writer that does something before every write.
type hook struct {
	io.Writer
	before func() error
}

func (h hook) Write(b []byte) (int, error) {
	if err := h.before(); err != nil {
		return 0, err
	}
	return h.Writer.Write(b)
}

func padded(i int) car {
	return car{ID: fmt.Sprint(i), Plate: fmt.Sprint(i), Note: fmt.Sprintf("%02000d", i)}
}

func TestABackupTakenUnderWritesIsASoundFile(t *testing.T) {
	d := open(t)
	const before = 1000
	update(t, d, func(tx *kv.Tx) error {
		for i := range before {
			c := padded(i)
			if err := cars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
	path := filepath.Join(t.TempDir(), "copy.db")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var promised int64
	var others sync.WaitGroup
	stop := make(chan struct{})
	next := before
	n, err := d.BackupTo(t.Context(), func(size int64) (io.Writer, error) {
		promised = size
		for w := range 4 {
			others.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						c := padded(1_000_000*(w+1) + i)
						if err := d.Update(context.Background(), func(tx *kv.Tx) error { return cars.Put(tx, &c) }); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		// A commit between any two pieces of the copy must not show in it.
		return hook{file, func() error {
			next++
			c := padded(next)
			return d.Update(context.Background(), func(tx *kv.Tx) error {
				return errors.Join(cars.Put(tx, &c), ignoreMissing(cars.Delete(tx, kv.Text(fmt.Sprint(next-before)))))
			})
		}}, nil
	})
	close(stop)
	others.Wait()
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || n != promised || info.Size() != promised {
		t.Errorf("promised %d bytes, reported %d, file has %d (%v)", promised, n, info.Size(), err)
	}
	backup := openAt(t, path)
	sound(t, backup)
	view(t, backup, func(tx *kv.Tx) error {
		count, err := cars.Count(tx)
		if count != before {
			t.Errorf("%d records in the copy, %d at its start", count, before)
		}
		return err
	})
	sound(t, d)
}

func ignoreMissing(err error) error {
	if errors.Is(err, kv.ErrNotFound) {
		return nil
	}
	return err
}

func TestSizeIsWhatABackupWrites(t *testing.T) {
	d := open(t)
	put(t, d, padded(1))
	size, err := d.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	n, err := d.Backup(t.Context(), &b)
	if err != nil || n != size || int64(b.Len()) != size {
		t.Errorf("size %d, written %d, received %d (%v)", size, n, b.Len(), err)
	}
}

func TestABackupThatCannotGoOnSaysWhy(t *testing.T) {
	d := open(t)
	update(t, d, func(tx *kv.Tx) error {
		for i := range 1000 {
			c := padded(i)
			if err := cars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
	t.Run("its writer fails", func(t *testing.T) {
		calls := 0
		_, err := d.Backup(t.Context(), hook{io.Discard, func() error {
			if calls++; calls > 3 {
				return errRefused
			}
			return nil
		}})
		want(t, err, errRefused)
	})
	t.Run("its context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := d.Backup(ctx, hook{io.Discard, func() error { cancel(); return nil }})
		want(t, err, context.Canceled)
	})
	t.Run("nobody takes it", func(t *testing.T) {
		_, err := d.BackupTo(t.Context(), func(int64) (io.Writer, error) { return nil, errRefused })
		want(t, err, errRefused)
	})
}
