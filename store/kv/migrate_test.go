package kv_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"yardmaster/store/kv"
)

// oldCar is the record before version 2: the plate had another name and nothing was indexed.
type oldCar struct {
	ID    string `json:"id"`
	Reg   string `json:"reg,omitempty"`
	Plate string `json:"plate,omitempty"`
}

var (
	oldCars   = &kv.Table[oldCar]{Name: "cars", Key: func(c *oldCar) kv.Key { return kv.Text(c.ID) }}
	oldSchema = kv.Schema{Name: "tests", Version: 1, Tables: []kv.AnyTable{oldCars}}
)

func renameReg(tx *kv.Tx) error {
	for c, err := range oldCars.Scan(tx, nil) {
		if err != nil {
			return err
		}
		c.Plate, c.Reg = c.Reg, ""
		if err := oldCars.Put(tx, &c); err != nil {
			return err
		}
	}
	return nil
}

func newSchema(steps ...kv.Migration) kv.Schema {
	return kv.Schema{Name: "tests", Version: 1 + len(steps), Tables: []kv.AnyTable{cars}, Migrations: steps}
}

// aged makes a file as a program of version 1 left it.
func aged(t *testing.T, list ...oldCar) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "old.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), oldSchema); err != nil {
		t.Fatal(err)
	}
	update(t, d, func(tx *kv.Tx) error {
		for _, c := range list {
			if err := oldCars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
	closeDB(t, d)
	return path
}

func TestAnOldFileIsCopiedAndMigrated(t *testing.T) {
	path := aged(t, oldCar{ID: "1", Reg: "A"}, oldCar{ID: "2"})
	var order []string
	s := newSchema(
		kv.Migration{To: 2, Name: "rename reg", Run: func(tx *kv.Tx) error { order = append(order, "2"); return renameReg(tx) }},
		kv.Migration{To: 3, Name: "nothing", Run: func(*kv.Tx) error { order = append(order, "3"); return nil }},
	)
	d := openAt(t, path)
	for range 2 {
		if err := d.Migrate(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"2", "3"}, order); diff != "" {
		t.Error(diff)
	}
	view(t, d, func(tx *kv.Tx) error {
		c, err := cars.GetIndex(tx, "plate", kv.Text("A"))
		if c.ID != "1" {
			t.Errorf("got %+v", c)
		}
		return err
	})
	problems, err := d.Check(t.Context(), s)
	if len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}

	old := openAt(t, path+".v1")
	if err := old.Migrate(t.Context(), oldSchema); err != nil {
		t.Fatal(err)
	}
	view(t, old, func(tx *kv.Tx) error {
		c, err := oldCars.Get(tx, kv.Text("1"))
		if c.Reg != "A" {
			t.Errorf("the copy is not as the file was: %+v", c)
		}
		return err
	})
}

func TestAFailedMigrationLeavesTheFileAsItWas(t *testing.T) {
	path := aged(t, oldCar{ID: "1", Reg: "A"}, oldCar{ID: "2", Reg: "A"})
	d := openAt(t, path)
	rename := kv.Migration{To: 2, Name: "rename reg", Run: renameReg}
	for name, tc := range map[string]struct {
		s    kv.Schema
		want error
	}{
		"a later step fails":       {newSchema(rename, kv.Migration{To: 3, Name: "bad", Run: func(*kv.Tx) error { return errRefused }}), errRefused},
		"two records want one key": {newSchema(rename), kv.ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, d.Migrate(t.Context(), tc.s), tc.want)
			if err := d.Migrate(t.Context(), oldSchema); err != nil {
				t.Fatal(err)
			}
			view(t, d, func(tx *kv.Tx) error {
				c, err := oldCars.Get(tx, kv.Text("1"))
				if c.Reg != "A" {
					t.Errorf("record was changed: %+v", c)
				}
				return err
			})
		})
	}
}

func TestFilesThatAreNotForThisProgramAreRefused(t *testing.T) {
	step := func(to int) kv.Migration { return kv.Migration{To: to, Run: func(*kv.Tx) error { return nil }} }
	for _, tc := range []struct {
		name   string
		schema kv.Schema
		want   error
		text   string
	}{
		{"newer", kv.Schema{Name: "tests", Version: 1}, kv.ErrNewer, "version 2 and this program knows up to 1"},
		{"too old", kv.Schema{Name: "tests", Version: 4, Migrations: []kv.Migration{step(4)}}, kv.ErrTooOld, "begin after version 3"},
		{"of another name", kv.Schema{Name: "events", Version: 2}, kv.ErrOtherFile, `it is "tests", wanted is "events"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			d := openAt(t, path)
			if err := d.Migrate(t.Context(), kv.Schema{Name: "tests", Version: 2}); err != nil {
				t.Fatal(err)
			}
			err := d.Migrate(t.Context(), tc.schema)
			want(t, err, tc.want)
			if !strings.Contains(err.Error(), tc.text) || !strings.Contains(err.Error(), path) {
				t.Errorf("unhelpful error: %v", err)
			}
		})
	}
	t.Run("made by something else", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		d := openAt(t, path)
		err := d.Tamper(func(tx *bolt.Tx) error {
			_, err := tx.CreateBucket([]byte("theirs"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, d.Migrate(t.Context(), schema), kv.ErrOtherFile)
	})
	t.Run("no database at all", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database. ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Open(path, options()); err == nil {
			t.Error("opened")
		}
	})
}

func TestIndexesFollowTheirDeclaration(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Note: "n", Tags: []string{"x"}})
	byNote := *cars
	byNote.Indexes = []kv.Index[car]{cars.Indexes[0], {Name: "note", Keys: func(c *car) []kv.Key { return []kv.Key{kv.Text(c.Note)} }}}
	changed := schema
	changed.Tables = []kv.AnyTable{&byNote}
	if err := d.Migrate(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	view(t, d, func(tx *kv.Tx) error {
		_, err := byNote.FirstIndex(tx, "note", kv.Text("n"))
		return err
	})
	problems, err := d.Check(t.Context(), changed)
	if len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	sound(t, d)
}

func TestBadSchemasAreRefused(t *testing.T) {
	run := func(*kv.Tx) error { return nil }
	key := func(*car) kv.Key { return kv.Text("x") }
	keys := func(*car) []kv.Key { return nil }
	for name, s := range map[string]kv.Schema{
		"no version":                     {},
		"gap in the migrations":          {Version: 4, Migrations: []kv.Migration{{To: 2, Run: run}, {To: 4, Run: run}}},
		"migrations end early":           {Version: 3, Migrations: []kv.Migration{{To: 2, Run: run}}},
		"migration to nowhere":           {Version: 2, Migrations: []kv.Migration{{To: 2}}},
		"migration to the first version": {Version: 1, Migrations: []kv.Migration{{To: 1, Run: run}}},
		"table twice":                    {Version: 1, Tables: []kv.AnyTable{cars, cars}},
		"table sans name":                {Version: 1, Tables: []kv.AnyTable{&kv.Table[car]{Key: key}}},
		"table sans key":                 {Version: 1, Tables: []kv.AnyTable{&kv.Table[car]{Name: "x"}}},
		"slash in a name":                {Version: 1, Tables: []kv.AnyTable{&kv.Table[car]{Name: "x/y", Key: key}}},
		"index sans keys":                {Version: 1, Tables: []kv.AnyTable{&kv.Table[car]{Name: "x", Key: key, Indexes: []kv.Index[car]{{Name: "i"}}}}},
		"index twice": {Version: 1, Tables: []kv.AnyTable{&kv.Table[car]{Name: "x", Key: key,
			Indexes: []kv.Index[car]{{Name: "i", Keys: keys}, {Name: "i", Keys: keys}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openAt(t, filepath.Join(t.TempDir(), "x.db"))
			want(t, d.Migrate(t.Context(), s), kv.ErrBadSchema)
			_, err := d.Check(t.Context(), s)
			want(t, err, kv.ErrBadSchema)
		})
	}
}

func TestAMigrationThatCannotBeCopiedDoesNotStart(t *testing.T) {
	path := aged(t)
	d := openAt(t, path)
	if err := os.Mkdir(path+".v1", 0o700); err != nil {
		t.Fatal(err)
	}
	err := d.Migrate(t.Context(), newSchema(kv.Migration{To: 2, Run: func(*kv.Tx) error {
		t.Error("ran without a copy")
		return nil
	}}))
	if err == nil || errors.Is(err, kv.ErrNewer) {
		t.Errorf("got %v", err)
	}
}
