package events

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"yardmaster/store/kv"
)

// damaged gives a database of three parts, the last one open and with a tail, to be damaged.
func damaged(t *testing.T) *DB {
	t.Helper()
	now := micros(1e15)
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "x.db"), Now: func() time.Time { return now }, PartSize: 10, Tail: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 26 {
		err := d.Ingest(t.Context(), func(tx *Tx) error {
			e := Event{Service: Nova, When: now, Received: now, Type: "x.start", Instance: Some(fmt.Sprint(i % 5)), MessageID: fmt.Sprint(i)}
			if _, err := tx.Append(&e, []byte("{}")); err != nil {
				return err
			}
			if i%3 == 2 {
				_, err := tx.EndTiming(&e, "x")
				return err
			}
			return tx.StartTiming(&e, "x")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func faults(t *testing.T, d *DB) []kv.Problem {
	t.Helper()
	problems, err := d.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	in := func(s *kv.Series, part int64, change func(kv.Part) error) func(*kv.Tx) error {
		return func(tx *kv.Tx) error {
			p, err := s.Part(tx, part)
			if err != nil {
				return err
			}
			return change(p)
		}
	}
	first := func(p kv.Part) (found kv.Key) {
		_ = p.Walk(kv.Range{}, func(key kv.Key, _ []byte) (bool, error) {
			found = append(found, key...)
			return false, nil
		})
		return found
	}
	dropFirst := func(p kv.Part) error { return p.Delete(first(p)) }
	for name, c := range map[string]struct {
		damage func(*kv.Tx) error
		fault  kv.Fault
		table  string
	}{
		"nothing":                {func(*kv.Tx) error { return nil }, "", ""},
		"an index entry is gone": {in(indexSeries, 1, dropFirst), kv.FaultMissing, "index/1"},
		"one too many":           {in(indexSeries, 2, func(p kv.Part) error { return p.Put(kv.Key("zzz"), nil) }), kv.FaultExtra, "index/2"},
		"another timing": {in(indexSeries, 1, func(p kv.Part) error {
			return p.Put(instanceKey(nil, "2", 3), []byte("?"))
		}), kv.FaultMissing, "index/1"},
		"a row is gone":       {in(rowsSeries, 1, func(p kv.Part) error { return p.Delete(offsetKey(4)) }), kv.FaultMisplaced, "rows/1"},
		"a row is unreadable": {in(rowsSeries, 2, func(p kv.Part) error { return p.Put(offsetKey(4), []byte{9}) }), kv.FaultUndecodable, "rows/2"},
		"a body is gone":      {in(bodiesSeries, 1, func(p kv.Part) error { return p.Delete(offsetKey(9)) }), kv.FaultTally, "bodies/1"},
		"a body is unreadable": {in(bodiesSeries, 1, func(p kv.Part) error {
			return p.Put(offsetKey(3), []byte{blockZstd1, 1, 2})
		}), kv.FaultUndecodable, "bodies/1"},
		"an open timing is gone": {in(openSeries, 0, dropFirst), kv.FaultMissing, "open/0"},
		"one that is not open": {in(openSeries, 0, func(p kv.Part) error {
			e := openEntry(&row{Event: Event{ID: 3, Instance: Some("9"), When: micros(1)}, name: "x"})
			return p.Put(e.key, e.value)
		}), kv.FaultExtra, "open/0"},
		"a filter is empty": {in(bloomsSeries, 0, func(p kv.Part) error { return p.Put(bloomKey(1), newBloom(10)) }), kv.FaultMissing, "blooms/1"},
		"a summary is wrong": {func(tx *kv.Tx) error {
			p, err := partsTable.Get(tx, kv.Int(1))
			p.Types["x.start"]++
			if err != nil {
				return err
			}
			return partsTable.Put(tx, &p)
		}, kv.FaultTally, "parts"},
		"a part that nobody knows": {func(tx *kv.Tx) error { _, err := indexSeries.Create(tx, 77); return err }, kv.FaultUndeclared, "index"},
		"an index is gone":         {func(tx *kv.Tx) error { return indexSeries.Drop(tx, 1) }, kv.FaultNoTable, "index/1"},
		"the tail is cut":          {in(rowsSeries, 3, func(p kv.Part) error { return p.Delete(offsetKey(5)) }), kv.FaultTally, "heads"},
	} {
		t.Run(name, func(t *testing.T) {
			d := damaged(t)
			if err := d.kv.Alone(context.Background(), c.damage); err != nil {
				t.Fatal(err)
			}
			got := faults(t, d)
			if c.fault == "" && len(got) > 0 {
				t.Fatal(got)
			}
			for _, p := range got {
				if p.Fault == c.fault && p.Table == c.table {
					return
				}
			}
			if c.fault != "" {
				t.Errorf("want %s in %s, got %v", c.fault, c.table, got)
			}
		})
	}
}

// A commit that fails may be in the file all the same. What is in memory follows the file.
func TestAnIngestThatIsInTheFileAfterAllIsSeen(t *testing.T) {
	for name, written := range map[string]bool{"it is": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			d := damaged(t)
			d.turn <- struct{}{}
			base := *d.library.now()
			var appended [4]pending
			var next *book
			undo := fmt.Errorf("disk gone")
			err := d.kv.Alone(t.Context(), func(k *kv.Tx) (err error) {
				tx := d.tx(k, &base)
				tx.pending, tx.packing = &appended, newPacking(d.press)
				e := Event{Service: Nova, MessageID: "late", When: micros(1), Received: micros(1)}
				if _, err := tx.Append(&e, nil); err != nil {
					return err
				}
				if next, err = tx.seal(); err != nil {
					return err
				}
				d.library.begin(next)
				if !written {
					return undo
				}
				return nil
			})
			if written != (err == nil) {
				t.Fatal(err)
			}
			d.recover(next, &appended)
			<-d.turn
			err = d.Ingest(t.Context(), func(tx *Tx) error {
				e := Event{Service: Nova, MessageID: "late", When: micros(1), Received: micros(1)}
				fresh, err := tx.Append(&e, nil)
				if fresh == written || e.ID != 27 {
					t.Errorf("fresh %v, id %d", fresh, e.ID)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := faults(t, d); len(got) > 0 {
				t.Error(got)
			}
		})
	}
}

func TestADamagedFileIsNotOpened(t *testing.T) {
	d := damaged(t)
	err := d.kv.Alone(t.Context(), func(tx *kv.Tx) error {
		p, err := rowsSeries.Part(tx, 3)
		if err != nil {
			return err
		}
		return p.Delete(offsetKey(5))
	})
	if err != nil {
		t.Fatal(err)
	}
	path := d.kv.Path()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path, Now: d.now}); err == nil {
		t.Error("opened")
	}
}

func TestAPartThatIsHalfGoneGoesWhenTheFileIsOpened(t *testing.T) {
	d := damaged(t)
	// What follows in a Trim does not.
	if p, err := d.dropPart(t.Context(), func(b *book) *part { return b.shelves[0].catalog.find(1) }); err != nil || p.Count != 10 {
		t.Fatal(p, err)
	}
	if got := faults(t, d); len(got) > 0 {
		t.Error(got)
	}
	path := d.kv.Path()
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Options{Path: path, Now: d.now})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	err = again.kv.View(t.Context(), func(tx *kv.Tx) error {
		for _, series := range []*kv.Series{rowsSeries, indexSeries, bodiesSeries} {
			if parts, err := series.Parts(tx); err != nil || len(parts) != 2 {
				t.Errorf("%s has the parts %v, %v", series.Name, parts, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := faults(t, again); len(got) > 0 {
		t.Error(got)
	}
}
