package kv_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"yardmaster/store/kv"
)

func TestACompactedCopyHasAllAndIsSmaller(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), serial); err != nil {
		t.Fatal(err)
	}
	put(t, d, car{ID: "a", Plate: "1"})
	write(t, d, logs, 1, 200_000)
	write(t, d, logs, 2, 50)
	alone(t, d, func(tx *kv.Tx) error { return logs.Drop(tx, 1) })
	closeDB(t, d)
	to := path + ".small"
	if err := kv.Compact(t.Context(), path, to, options()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	after, err := os.Stat(to)
	if err != nil || after.Size()*2 > before.Size() {
		t.Errorf("%d bytes became %d, %v", before.Size(), after.Size(), err)
	}
	copied := openAt(t, to)
	sound(t, copied)
	if len(has(t, copied, "a")) != 1 {
		t.Error("a record is gone")
	}
	view(t, copied, func(tx *kv.Tx) error {
		list, err := entriesOf(tx, logs, 2, kv.Range{})
		if len(list) != 50 {
			t.Errorf("has %d entries", len(list))
		}
		return err
	})
}

func TestCompactRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), serial); err != nil {
		t.Fatal(err)
	}
	want(t, kv.Compact(t.Context(), path, path+".copy", options()), kv.ErrLocked)
	closeDB(t, d)
	want(t, kv.Compact(t.Context(), path, path, options()), kv.ErrExists)
	want(t, kv.Compact(t.Context(), path+".none", path+".copy", options()), os.ErrNotExist)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, kv.Compact(ended, path, path+".copy", options()), context.Canceled)
	if _, err := os.Stat(path + ".copy"); !errors.Is(err, os.ErrNotExist) {
		t.Error("a copy was left behind")
	}
}
