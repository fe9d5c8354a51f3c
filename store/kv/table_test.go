package kv_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/kv"
)

func TestARecordComesBackAsItWasPut(t *testing.T) {
	d := open(t)
	in := car{ID: "a\x00b", Plate: "B-1", Tags: []string{"red", "old"}, Built: noon, Note: "ü"}
	put(t, d, in)
	view(t, d, func(tx *kv.Tx) error {
		out, err := cars.Get(tx, kv.Text(in.ID))
		if diff := cmp.Diff(in, out); diff != "" {
			t.Error(diff)
		}
		return err
	})
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	d := open(t)
	err := d.Update(t.Context(), func(tx *kv.Tx) error {
		_, get := cars.Get(tx, kv.Text("x"))
		_, byPlate := cars.GetIndex(tx, "plate", kv.Text("x"))
		_, first := cars.First(tx, nil)
		_, last := cars.Last(tx, kv.Text("x"))
		_, firstIndex := cars.FirstIndex(tx, "tag", nil)
		_, lastIndex := cars.LastIndex(tx, "tag", nil)
		for _, err := range []error{get, byPlate, first, last, firstIndex, lastIndex, cars.Delete(tx, kv.Text("x"))} {
			want(t, err, kv.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestIndexesFollowTheRecord(t *testing.T) {
	d := open(t)
	tagged := func(tag string) (list []string) {
		view(t, d, func(tx *kv.Tx) (err error) {
			list, err = ids(cars.ScanIndex(tx, "tag", kv.Text(tag)))
			return err
		})
		return list
	}
	put(t, d, car{ID: "1", Plate: "A", Tags: []string{"x", "y", "x"}}, car{ID: "2", Tags: []string{"y"}})
	if diff := cmp.Diff([]string{"1", "2"}, tagged("y")); diff != "" {
		t.Error(diff)
	}
	put(t, d, car{ID: "1", Plate: "B", Tags: []string{"z"}})
	if diff := cmp.Diff([][]string{{}, {"2"}, {"1"}}, [][]string{tagged("x"), tagged("y"), tagged("z")}); diff != "" {
		t.Error(diff)
	}
	update(t, d, func(tx *kv.Tx) error {
		_, err := cars.GetIndex(tx, "plate", kv.Text("A"))
		want(t, err, kv.ErrNotFound)
		return cars.Delete(tx, kv.Text("1"))
	})
	if got := tagged("z"); len(got) != 0 {
		t.Errorf("deleted record still in the index: %v", got)
	}
	sound(t, d)
}

func TestAUniqueKeyHasOneOwner(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Plate: "A", Note: "first"}, car{ID: "2", Plate: "B"})
	for name, c := range map[string]car{
		"new record": {ID: "3", Plate: "A", Tags: []string{"t"}},
		"old record": {ID: "2", Plate: "A", Tags: []string{"t"}},
	} {
		t.Run(name, func(t *testing.T) {
			// The closure swallows the error: nothing may have been written by then.
			update(t, d, func(tx *kv.Tx) error {
				err := cars.Put(tx, &c)
				want(t, err, kv.ErrExists)
				var conflict *kv.ConflictError
				if !errors.As(err, &conflict) || conflict.Index != "plate" || string(conflict.Owner) != string(kv.Text("1")) {
					t.Errorf("conflict %+v", conflict)
				}
				return nil
			})
			if got := has(t, d, "3"); len(got) > 0 {
				t.Error("refused record was stored")
			}
			sound(t, d)
		})
	}
	put(t, d, car{ID: "1", Plate: "A", Note: "again"})
	put(t, d, car{ID: "1", Plate: "C"}, car{ID: "2", Plate: "A"})
	sound(t, d)
}

func TestInsertRefusesARecordThatIsThere(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Note: "old"})
	err := d.Update(t.Context(), func(tx *kv.Tx) error { return cars.Insert(tx, &car{ID: "1", Note: "new"}) })
	want(t, err, kv.ErrExists)
	update(t, d, func(tx *kv.Tx) error { return cars.Insert(tx, &car{ID: "2"}) })
	view(t, d, func(tx *kv.Tx) error {
		c, err := cars.Get(tx, kv.Text("1"))
		if c.Note != "old" {
			t.Errorf("insert replaced the record: %+v", c)
		}
		return err
	})
}

func TestBadKeysAreRefusedBeforeAnyWrite(t *testing.T) {
	long := strings.Repeat("x", kv.MaxKey)
	for name, c := range map[string]car{
		"record key too long":           {ID: long},
		"index key too long":            {ID: "1", Plate: long},
		"index and record key too long": {ID: long[:kv.MaxKey/2], Tags: []string{"a", long[:kv.MaxKey/2]}},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			update(t, d, func(tx *kv.Tx) error {
				want(t, cars.Put(tx, &c), kv.ErrBadKey)
				return nil
			})
			view(t, d, func(tx *kv.Tx) error {
				n, err := cars.Count(tx)
				if n != 0 {
					t.Errorf("%d records stored", n)
				}
				return err
			})
			sound(t, d)
		})
	}
	t.Run("text that JSON would change", func(t *testing.T) {
		d := open(t)
		update(t, d, func(tx *kv.Tx) error {
			want(t, cars.Put(tx, &car{ID: "a\xff"}), kv.ErrBadKey)
			want(t, cars.Put(tx, &car{ID: "1", Plate: "a\xff"}), kv.ErrBadKey)
			return cars.Put(tx, &car{ID: "\\ufffd", Plate: "\ufffd", Note: "a\xff"})
		})
		sound(t, d)
	})
	keyless := &kv.Table[car]{Name: "cars", Key: func(*car) kv.Key { return nil }}
	err := open(t).Update(t.Context(), func(tx *kv.Tx) error { return keyless.Put(tx, &car{}) })
	want(t, err, kv.ErrBadKey)
}

func TestCountsDoNotNeedTheRecords(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a1", Tags: []string{"x"}}, car{ID: "a2", Tags: []string{"x", "y"}}, car{ID: "b"})
	view(t, d, func(tx *kv.Tx) error {
		all, err := cars.Count(tx)
		a, err2 := cars.CountPrefix(tx, kv.Prefix("a"))
		x, err3 := cars.CountIndex(tx, "tag", kv.Text("x"))
		tags, err4 := cars.CountIndex(tx, "tag", nil)
		if diff := cmp.Diff([]int{3, 2, 2, 3}, []int{all, a, x, tags}); diff != "" {
			t.Error(diff)
		}
		return errors.Join(err, err2, err3, err4)
	})
	stats, err := d.Stats(t.Context(), schema)
	expected := []kv.TableStats{{Table: "cars", Records: 3, Entries: map[string]int{"plate": 0, "tag": 3, "built": 3}}}
	if diff := cmp.Diff(expected, stats); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestUnknownNamesAreErrorsNotCrashes(t *testing.T) {
	d := open(t)
	ghost := &kv.Table[car]{Name: "ghosts", Key: cars.Key}
	view(t, d, func(tx *kv.Tx) error {
		_, err := ghost.Get(tx, kv.Text("1"))
		want(t, err, kv.ErrNoTable)
		_, err = ids(ghost.Scan(tx, nil))
		want(t, err, kv.ErrNoTable)
		_, err = ids(cars.ScanIndex(tx, "colour", nil))
		want(t, err, kv.ErrNoIndex)
		_, err = cars.GetIndex(tx, "tag", kv.Text("x"))
		want(t, err, kv.ErrNoIndex)
		_, err = cars.CountIndex(tx, "colour", nil)
		want(t, err, kv.ErrNoIndex)
		return nil
	})
}

func TestTablesComeAndGoInATransactionOfTheirOwn(t *testing.T) {
	d := open(t)
	part := &kv.Table[car]{Name: "part.1", Key: cars.Key, Indexes: cars.Indexes, Ascending: true}
	update(t, d, func(tx *kv.Tx) error {
		want(t, part.Create(tx), kv.ErrNotAlone)
		want(t, part.Drop(tx), kv.ErrNotAlone)
		return nil
	})
	alone := func(fn func(*kv.Tx) error) {
		t.Helper()
		if err := d.Alone(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	alone(part.Create)
	update(t, d, func(tx *kv.Tx) error { return part.Put(tx, &car{ID: "1", Plate: "A", Built: noon}) })
	names := func() (names []string) {
		view(t, d, func(tx *kv.Tx) (err error) {
			names, err = tx.Tables("part.")
			return err
		})
		return names
	}
	if diff := cmp.Diff([]string{"part.1"}, names()); diff != "" {
		t.Error(diff)
	}
	err := d.Alone(t.Context(), func(tx *kv.Tx) error { return errors.Join(part.Drop(tx), errors.New("no")) })
	if err == nil || len(names()) != 1 {
		t.Errorf("failed drop took effect: %v", err)
	}
	alone(part.Drop)
	alone(part.Drop)
	if got := names(); len(got) > 0 {
		t.Errorf("still there: %v", got)
	}
	sound(t, d)
}

func TestNowStandsStill(t *testing.T) {
	clock := noon
	opts := options()
	opts.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
	d, err := kv.Open(t.TempDir()+"/x.db", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDB(t, d)
	var seen []time.Time
	look := func(tx *kv.Tx) error {
		if first := tx.Now(); first != tx.Now() {
			t.Error("time moved within a transaction")
		}
		seen = append(seen, tx.Now())
		return nil
	}
	update(t, d, look)
	view(t, d, look)
	if !seen[1].After(seen[0]) {
		t.Errorf("time did not move between transactions: %v", seen)
	}
}
