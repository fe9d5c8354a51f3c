package kv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/store/kv"
)

// childRole makes the test binary play another process instead of running tests.
const childRole = "KV_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childRole) {
	case "":
		goleak.VerifyTestMain(m)
	case "hold":
		childHolds(os.Args[len(os.Args)-1])
	case "write":
		childWrites(os.Args[len(os.Args)-1])
	}
}

// car is the record of the tests: in one unique index, one of many tags, one by time.
type car struct {
	ID    string    `json:"id"`
	Plate string    `json:"plate,omitempty"`
	Tags  []string  `json:"tags,omitempty"`
	Built time.Time `json:"built"`
	Note  string    `json:"note,omitempty"`
}

var cars = &kv.Table[car]{
	Name: "cars",
	Key:  func(c *car) kv.Key { return kv.Text(c.ID) },
	Copy: copyCar,
	Indexes: []kv.Index[car]{
		{Name: "plate", Unique: true, Keys: func(c *car) []kv.Key {
			if c.Plate == "" {
				return nil
			}
			return []kv.Key{kv.Text(c.Plate)}
		}},
		{Name: "tag", Keys: func(c *car) []kv.Key {
			var keys []kv.Key
			for _, tag := range c.Tags {
				keys = append(keys, kv.Text(tag))
			}
			return keys
		}},
		{Name: "built", Keys: func(c *car) []kv.Key { return []kv.Key{kv.Time(c.Built)} }},
	},
}

var schema = kv.Schema{Name: "tests", Version: 1, Tables: []kv.AnyTable{cars}}

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

func options() kv.Options {
	return kv.Options{Now: func() time.Time { return noon }, LockTimeout: 100 * time.Millisecond}
}

// open gives a migrated file of its own to a test.
func open(t testing.TB) *kv.DB {
	t.Helper()
	d := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	return d
}

func openAt(t testing.TB, path string) *kv.DB {
	t.Helper()
	d, err := kv.Open(path, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeDB(t, d) })
	return d
}

func closeDB(t testing.TB, d *kv.DB) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func update(t testing.TB, d *kv.DB, fn func(*kv.Tx) error) {
	t.Helper()
	if err := d.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, d *kv.DB, fn func(*kv.Tx) error) {
	t.Helper()
	if err := d.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, d *kv.DB, list ...car) {
	t.Helper()
	update(t, d, func(tx *kv.Tx) error {
		for _, c := range list {
			if err := cars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
}

// has tells which of the ids are there.
func has(t testing.TB, d *kv.DB, ids ...string) []string {
	t.Helper()
	var found []string
	view(t, d, func(tx *kv.Tx) error {
		for _, id := range ids {
			switch _, err := cars.Get(tx, kv.Text(id)); {
			case err == nil:
				found = append(found, id)
			case !errors.Is(err, kv.ErrNotFound):
				return err
			}
		}
		return nil
	})
	return found
}

func sound(t testing.TB, d *kv.DB) {
	t.Helper()
	problems, err := d.Check(context.Background(), schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want %v", err, target)
	}
}

func ids(seq func(func(car, error) bool)) ([]string, error) {
	list := []string{}
	for c, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, c.ID)
	}
	return list, nil
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
