package kv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/store/kv"
)

// A file that lost its tail must be refused in words: mapped, it would end the process.
func TestAFileThatLostItsTailIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	type row struct{ ID, Text string }
	table := &kv.Table[row]{Name: "rows", Key: func(r *row) kv.Key { return kv.Text(r.ID) }}
	schema := kv.Schema{Name: "test", Version: 1, Tables: []kv.AnyTable{table}}
	d, err := kv.Open(path, kv.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(context.Background(), schema); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := d.Update(context.Background(), func(tx *kv.Tx) error {
			return table.Put(tx, &row{id, string(make([]byte, 20000))})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{8192, 16384, 3 * 4096} {
		if err := os.WriteFile(path, whole[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := kv.Open(path, kv.Options{Now: time.Now}); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("with %d of %d bytes: %v, want ErrCorrupt", keep, len(whole), err)
			if err == nil {
				d.Close()
			}
		}
	}
}

// TestADamagedPageIsAnErrorAndNoPanic empties one page of a file after another.
func TestADamagedPageIsAnErrorAndNoPanic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		put(t, d, car{ID: fmt.Sprint(i), Plate: fmt.Sprint("P", i), Tags: []string{"t"}, Note: strings.Repeat("x", 500)})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page, refused := os.Getpagesize(), 0
	for at := 2 * page; at < min(len(whole), 200*page); at += page {
		damaged := slices.Clone(whole)
		clear(damaged[at : at+page])
		file := filepath.Join(t.TempDir(), "y.db")
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := kv.Open(file, kv.Options{Now: time.Now})
		if err != nil {
			want(t, err, kv.ErrCorrupt)
			refused++
			continue
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}
