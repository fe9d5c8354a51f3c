package kv_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/kv"
)

var (
	logs    = &kv.Series{Name: "logs", Ascending: true}
	logsToo = &kv.Series{Name: "logs2"}
	serial  = kv.Schema{Name: "tests", Version: 1, Tables: []kv.AnyTable{cars}, Series: []*kv.Series{logs, logsToo}}
)

func openSerial(t testing.TB) *kv.DB {
	t.Helper()
	d := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	if err := d.Migrate(t.Context(), serial); err != nil {
		t.Fatal(err)
	}
	return d
}

func alone(t testing.TB, d *kv.DB, fn func(*kv.Tx) error) {
	t.Helper()
	if err := d.Alone(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// write makes a part with so many entries.
func write(t testing.TB, d *kv.DB, s *kv.Series, part int64, n int) {
	t.Helper()
	alone(t, d, func(tx *kv.Tx) error {
		p, err := s.Create(tx, part)
		if err != nil {
			return err
		}
		for i := range n {
			if err := p.Put(kv.Int(int64(i)), fmt.Appendf(nil, "%d of %d", i, part)); err != nil {
				return err
			}
		}
		return nil
	})
}

func entriesOf(tx *kv.Tx, s *kv.Series, part int64, r kv.Range) (list []string, err error) {
	p, err := s.Part(tx, part)
	if err != nil {
		return nil, err
	}
	err = p.Walk(r, func(_ kv.Key, value []byte) (bool, error) {
		list = append(list, string(value))
		return true, nil
	})
	return list, err
}

func TestAPartHasWhatWasPutIntoIt(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 7, 300)
	write(t, d, logsToo, 7, 1)
	view(t, d, func(tx *kv.Tx) error {
		p, err := logs.Part(tx, 7)
		if err != nil {
			return err
		}
		if v, err := p.Get(kv.Int(299)); err != nil || string(v) != "299 of 7" {
			t.Errorf("got %q, %v", v, err)
		}
		if v, err := p.Get(kv.Int(300)); err != nil || v != nil {
			t.Errorf("got %q, %v", v, err)
		}
		at, v, err := p.Below(kv.Int(200))
		if err != nil || string(v) != "199 of 7" || !slices.Equal(at, kv.Int(199)) {
			t.Errorf("below 200 is %s %q, %v", at, v, err)
		}
		if at, _, err := p.Below(kv.Int(0)); at != nil || err != nil {
			t.Errorf("below 0 is %s, %v", at, err)
		}
		if n, err := logs.Bytes(tx, 7); n < 4096 || err != nil {
			t.Errorf("takes %d bytes, %v", n, err)
		}
		return nil
	})
}

func TestACursorGoesWhereAWalkGoes(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 500)
	ranges := map[string]kv.Range{
		"all": {}, "backwards": {Reverse: true}, "some": {From: kv.Int(100), Before: kv.Int(200)}, "none": {From: kv.Int(9000)},
		"some backwards": {From: kv.Int(100), Before: kv.Int(200), Reverse: true}, "after": {After: kv.Int(490)},
	}
	for name, r := range ranges {
		t.Run(name, func(t *testing.T) {
			view(t, d, func(tx *kv.Tx) error {
				want, err := entriesOf(tx, logs, 0, r)
				if err != nil {
					return err
				}
				p, err := logs.Part(tx, 0)
				if err != nil {
					return err
				}
				var got []string
				c := p.Cursor(r)
				for {
					key, value, err := c.Next()
					if err != nil {
						return err
					}
					if key == nil {
						break
					}
					got = append(got, string(value))
				}
				if key, _, err := c.Next(); key != nil || err != nil {
					t.Errorf("goes on to %s, %v", key, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				return nil
			})
		})
	}
}

func TestACursorKeepsItsPlaceAmongWrites(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 100)
	alone(t, d, func(tx *kv.Tx) error {
		p, err := logs.Part(tx, 0)
		if err != nil {
			return err
		}
		seen := 0
		for c := p.Cursor(kv.Range{}); ; seen++ {
			key, _, err := c.Next()
			if err != nil {
				return err
			}
			if key == nil {
				break
			}
			if err := p.Delete(key); err != nil {
				return err
			}
		}
		if seen != 100 {
			t.Errorf("saw %d of 100", seen)
		}
		return nil
	})
}

func TestPartsComeAndGoAsAWhole(t *testing.T) {
	d := openSerial(t)
	for _, part := range []int64{300, 2, 17} {
		write(t, d, logs, part, 50)
	}
	write(t, d, logsToo, 5, 50)
	alone(t, d, func(tx *kv.Tx) error { return logs.Drop(tx, 17) })
	alone(t, d, func(tx *kv.Tx) error { return logs.Drop(tx, 17) })
	view(t, d, func(tx *kv.Tx) error {
		parts, err := logs.Parts(tx)
		if diff := cmp.Diff([]int64{2, 300}, parts); diff != "" {
			t.Error(diff)
		}
		if err != nil {
			return err
		}
		_, err = logs.Part(tx, 17)
		want(t, err, kv.ErrNoTable)
		if tables, _ := tx.Tables(""); slices.Contains(tables, "logs") {
			t.Errorf("a series is among the tables %v", tables)
		}
		return nil
	})
}

func TestPartsAreWrittenAloneOnly(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 1)
	refused := func(tx *kv.Tx, target error) {
		t.Helper()
		_, err := logs.Create(tx, 1)
		want(t, err, target)
		want(t, logs.Drop(tx, 0), target)
		p, err := logs.Part(tx, 0)
		if err != nil {
			t.Fatal(err)
		}
		want(t, p.Put(kv.Int(0), nil), target)
		want(t, p.Delete(kv.Int(0)), target)
	}
	update(t, d, func(tx *kv.Tx) error { refused(tx, kv.ErrNotAlone); return nil })
	view(t, d, func(tx *kv.Tx) error { refused(tx, kv.ErrReadOnly); return nil })
	err := d.Alone(t.Context(), func(tx *kv.Tx) error { _, err := logs.Create(tx, 0); return err })
	want(t, err, kv.ErrExists)
	err = d.Alone(t.Context(), func(tx *kv.Tx) error { _, err := logs.Create(tx, -1); return err })
	want(t, err, kv.ErrBadKey)
}

func TestAPartIsDeadWithItsTransaction(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 1)
	var p kv.Part
	var c *kv.Cursor
	view(t, d, func(tx *kv.Tx) (err error) {
		p, err = logs.Part(tx, 0)
		c = p.Cursor(kv.Range{})
		return err
	})
	_, err := p.Get(kv.Int(0))
	want(t, err, kv.ErrTxClosed)
	_, _, err = c.Next()
	want(t, err, kv.ErrTxClosed)
	want(t, p.Walk(kv.Range{}, nil), kv.ErrTxClosed)
}

func TestAFailedTransactionLeavesThePartsAsTheyWere(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 5)
	err := d.Alone(t.Context(), func(tx *kv.Tx) error {
		p, err := logs.Part(tx, 0)
		if err != nil {
			return err
		}
		if err := p.Delete(kv.Int(0)); err != nil {
			return err
		}
		if _, err := logs.Create(tx, 1); err != nil {
			return err
		}
		return errRefused
	})
	want(t, err, errRefused)
	view(t, d, func(tx *kv.Tx) error {
		list, err := entriesOf(tx, logs, 0, kv.Range{})
		if len(list) != 5 {
			t.Errorf("has %v", list)
		}
		if parts, _ := logs.Parts(tx); len(parts) != 1 {
			t.Errorf("has parts %v", parts)
		}
		return err
	})
}

func TestCheckAsksForWhatASeriesMustBe(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 5)
	s := serial
	s.Verify = func(_ context.Context, tx *kv.Tx, report func(kv.Problem)) error {
		list, err := entriesOf(tx, logs, 0, kv.Range{})
		if len(list) == 5 {
			report(kv.Problem{Fault: kv.FaultTally, Table: "logs"})
		}
		return err
	}
	problems, err := d.Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]kv.Problem{{Fault: kv.FaultTally, Table: "logs"}}, problems); diff != "" {
		t.Error(diff)
	}
}

func TestASeriesAndATableNeedNamesOfTheirOwn(t *testing.T) {
	d := openSerial(t)
	for name, series := range map[string]*kv.Series{"a table's": {Name: cars.Name}, "no name": {}, "a path": {Name: "a/b"}} {
		t.Run(name, func(t *testing.T) {
			s := serial
			s.Series = []*kv.Series{series}
			_, err := d.Check(t.Context(), s)
			want(t, err, kv.ErrBadSchema)
		})
	}
}

func TestASchemaMayBeMigratedAroundItsSeries(t *testing.T) {
	d := openSerial(t)
	write(t, d, logs, 0, 5)
	next := serial
	next.Version, next.Migrations = 2, []kv.Migration{{To: 2, Name: "nothing", Run: func(*kv.Tx) error { return nil }}}
	if err := d.Migrate(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	view(t, d, func(tx *kv.Tx) error {
		list, err := entriesOf(tx, logs, 0, kv.Range{})
		if len(list) != 5 {
			t.Errorf("has %v", list)
		}
		return err
	})
}
