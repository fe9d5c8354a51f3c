package kv_test

import (
	"iter"
	"path/filepath"
	"testing"

	"yardmaster/store/kv"
)

func TestATransactionIsDeadOnceItsClosureReturns(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Plate: "A", Tags: []string{"x"}}, car{ID: "2", Tags: []string{"x"}})
	for name, run := range map[string]func(testing.TB, *kv.DB, func(*kv.Tx) error){"view": view, "update": update} {
		t.Run(name, func(t *testing.T) {
			var dead *kv.Tx
			var next func() (car, error, bool)
			var stop func()
			run(t, d, func(tx *kv.Tx) error {
				dead = tx
				next, stop = iter.Pull2(cars.ScanIndex(tx, "tag", nil))
				_, err, _ := next()
				return err
			})
			defer stop()
			_, err, _ := next()
			want(t, err, kv.ErrTxClosed)
			_, err = cars.Get(dead, kv.Text("1"))
			want(t, err, kv.ErrTxClosed)
			_, err = cars.GetIndex(dead, "plate", kv.Text("A"))
			want(t, err, kv.ErrTxClosed)
			_, err = ids(cars.Scan(dead, nil))
			want(t, err, kv.ErrTxClosed)
			_, err = cars.CountIndex(dead, "tag", nil)
			want(t, err, kv.ErrTxClosed)
			_, err = dead.Tables("")
			want(t, err, kv.ErrTxClosed)
			want(t, cars.Put(dead, &car{ID: "3"}), kv.ErrTxClosed)
			want(t, cars.Delete(dead, kv.Text("1")), kv.ErrTxClosed)
			want(t, cars.Create(dead), kv.ErrTxClosed)
			if dead.Now() != noon {
				t.Error("time of the transaction is gone")
			}
		})
	}
}

func TestAViewDoesNotWrite(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1"})
	view(t, d, func(tx *kv.Tx) error {
		want(t, cars.Put(tx, &car{ID: "2"}), kv.ErrReadOnly)
		want(t, cars.Insert(tx, &car{ID: "2"}), kv.ErrReadOnly)
		want(t, cars.Delete(tx, kv.Text("1")), kv.ErrReadOnly)
		want(t, cars.Create(tx), kv.ErrReadOnly)
		want(t, cars.Drop(tx), kv.ErrReadOnly)
		return nil
	})
}

func TestAViewKeepsItsState(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Note: "before"})
	view(t, d, func(tx *kv.Tx) error {
		put(t, d, car{ID: "1", Note: "after"})
		c, err := cars.Get(tx, kv.Text("1"))
		if c.Note != "before" {
			t.Errorf("view sees a later write: %+v", c)
		}
		return err
	})
}

func TestAReadOnlyFileIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	put(t, d, car{ID: "1"})
	closeDB(t, d)
	opts := options()
	opts.ReadOnly = true
	for range 2 {
		r, err := kv.Open(path, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer closeDB(t, r)
		if err := r.Migrate(t.Context(), schema); err != nil {
			t.Error(err)
		}
		if got := has(t, r, "1"); len(got) != 1 {
			t.Error("record is not there")
		}
		sound(t, r)
		want(t, r.Update(t.Context(), func(*kv.Tx) error { return nil }), kv.ErrReadOnly)
		want(t, r.Alone(t.Context(), func(*kv.Tx) error { return nil }), kv.ErrReadOnly)
	}
	_, err := kv.Open(path, options())
	want(t, err, kv.ErrLocked)
}
