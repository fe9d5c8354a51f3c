package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func open(t *testing.T) *DB {
	t.Helper()
	db, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "control.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if problems, err := db.Check(context.Background()); err != nil || len(problems) > 0 {
			t.Errorf("check: %v %v", problems, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func update(t *testing.T, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestATargetHasOneLiveOperation(t *testing.T) {
	db := open(t)
	target := []Ref{{Kind: KindVolume, ID: "v"}}
	update(t, db, func(tx *Tx) error { return Operations.Put(tx, &Operation{ID: "a", State: Pending, Targets: target}) })
	err := db.Update(context.Background(), func(tx *Tx) error {
		return Operations.Put(tx, &Operation{ID: "b", State: Pending, Targets: target})
	})
	if !errors.Is(err, ErrExists) {
		t.Errorf("a second live operation on a target: %v, want ErrExists", err)
	}
	update(t, db, func(tx *Tx) error { return Operations.Put(tx, &Operation{ID: "a", State: Succeeded, Targets: target}) })
	update(t, db, func(tx *Tx) error { return Operations.Put(tx, &Operation{ID: "b", State: Pending, Targets: target}) })
}

func TestOperationsAreListedNewestFirstInPages(t *testing.T) {
	db := open(t)
	begin := time.Unix(1000, 0)
	update(t, db, func(tx *Tx) error {
		for i := range 25 {
			op := Operation{ID: fmt.Sprintf("%02d", i), Kind: "volume.create", State: Succeeded, Created: begin.Add(time.Duration(i/2) * time.Second)}
			if i%5 == 0 {
				op.Kind = "volume.delete"
			}
			if err := Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		return nil
	})
	var ids []string
	f := OperationFilter{Kind: "volume.create", Limit: 7}
	for page := 0; ; page++ {
		var ops []Operation
		err := db.View(context.Background(), func(tx *Tx) error {
			var err error
			ops, f.After, err = ListOperations(tx, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range ops {
			ids = append(ids, op.ID)
		}
		if f.After == "" {
			break
		}
		if len(ops) != 7 {
			t.Fatalf("page %d has %d operations and a successor", page, len(ops))
		}
	}
	if len(ids) != 20 || !slices.IsSortedFunc(ids, func(a, b string) int { return -compare(a, b) }) {
		t.Errorf("listed %v, want 20 from the newest to the oldest", ids)
	}
	for _, f.After = range []string{"not a cursor!", "nonsense", "AAAAAAAAAAAAAAAA"} {
		err := db.View(context.Background(), func(tx *Tx) error {
			_, _, err := ListOperations(tx, f)
			return err
		})
		if !errors.Is(err, ErrCursor) {
			t.Errorf("the made-up cursor %q: %v, want ErrCursor", f.After, err)
		}
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestDueIsWhatMayBeSentNow(t *testing.T) {
	db := open(t)
	now := time.Now()
	update(t, db, func(tx *Tx) error {
		for _, op := range []Operation{
			{ID: "now", State: Pending}, {ID: "later", State: Pending, NotBefore: now.Add(time.Hour)}, {ID: "stuck", State: Stuck, NotBefore: now.Add(-time.Minute)},
			{ID: "undoing", State: Undoing}, {ID: "running", State: Running}, {ID: "done", State: Succeeded},
		} {
			if err := Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		return nil
	})
	var due []string
	if err := db.View(context.Background(), func(tx *Tx) error {
		for op, err := range DueOperations(tx) {
			if err != nil {
				return err
			}
			due = append(due, op.ID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(due)
	if want := []string{"now", "stuck", "undoing"}; !slices.Equal(due, want) {
		t.Errorf("due: %v, want %v", due, want)
	}
}

func TestOnlyWhatCountsIsCountedInFlight(t *testing.T) {
	db := open(t)
	update(t, db, func(tx *Tx) error {
		for _, op := range []Operation{
			{ID: "a", State: Running, Counted: true, Hosts: []string{"n1", "n2"}}, {ID: "b", State: Pending, Counted: true, Hosts: []string{"n1"}},
			{ID: "c", State: Stuck, Counted: true, Hosts: []string{"n1"}}, {ID: "d", State: Running, Hosts: []string{"n1"}}, {ID: "e", State: Failed, Counted: true},
		} {
			if err := Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.View(context.Background(), func(tx *Tx) error {
		if n := InFlight(tx); n != 2 {
			t.Errorf("in flight: %d, want 2", n)
		}
		if n := InFlightOn(tx, "n1"); n != 2 {
			t.Errorf("in flight on n1: %d, want 2", n)
		}
		if n := InFlightOn(tx, "n2"); n != 1 {
			t.Errorf("in flight on n2: %d, want 1", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestEndedOperationsAreForgottenOldestFirst(t *testing.T) {
	db := open(t)
	begin := time.Unix(1000, 0)
	update(t, db, func(tx *Tx) error {
		for i := range 5 {
			if err := Operations.Put(tx, &Operation{ID: fmt.Sprint(i), State: Succeeded, Finished: begin.Add(time.Duration(i) * time.Hour)}); err != nil {
				return err
			}
		}
		return Operations.Put(tx, &Operation{ID: "live", State: Stuck})
	})
	update(t, db, func(tx *Tx) error {
		n, err := PruneOperations(tx, begin.Add(150*time.Minute), 2)
		if n != 2 {
			t.Errorf("forgot %d, want 2", n)
		}
		return err
	})
	update(t, db, func(tx *Tx) error {
		n, err := PruneOperations(tx, begin.Add(150*time.Minute), 2)
		if n != 1 {
			t.Errorf("then forgot %d, want 1", n)
		}
		return err
	})
	if err := db.View(context.Background(), func(tx *Tx) error {
		if n := Operations.Count(tx); n != 3 {
			t.Errorf("%d are left, want the two younger ones and the live one", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
