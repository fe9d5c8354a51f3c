package kv_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/store/kv"
)

func TestRanges(t *testing.T) {
	d := open(t)
	for i, id := range []string{"a", "ab", "ac", "b", "c\U0010ffff", "d"} {
		put(t, d, car{ID: id, Tags: []string{"even", "odd"}[i%2 : i%2+1], Built: noon.Add(time.Duration(i) * time.Hour)})
	}
	key := kv.Text
	for _, tc := range []struct {
		name  string
		index string
		r     kv.Range
		want  []string
	}{
		{"all", "", kv.Range{}, []string{"a", "ab", "ac", "b", "c\U0010ffff", "d"}},
		{"all backwards", "", kv.Range{Reverse: true}, []string{"d", "c\U0010ffff", "b", "ac", "ab", "a"}},
		{"prefix", "", kv.Range{Prefix: kv.Prefix("a")}, []string{"a", "ab", "ac"}},
		{"prefix backwards", "", kv.Range{Prefix: kv.Prefix("a"), Reverse: true}, []string{"ac", "ab", "a"}},
		{"prefix of the highest letter, backwards", "", kv.Range{Prefix: kv.Prefix("c\U0010ffff"), Reverse: true}, []string{"c\U0010ffff"}},
		{"prefix of nothing", "", kv.Range{Prefix: kv.Prefix("zz")}, []string{}},
		{"prefix of nothing backwards", "", kv.Range{Prefix: kv.Prefix("zz"), Reverse: true}, []string{}},
		{"from a key that is there", "", kv.Range{From: key("b")}, []string{"b", "c\U0010ffff", "d"}},
		{"from a key that is not", "", kv.Range{From: key("bb")}, []string{"c\U0010ffff", "d"}},
		{"after", "", kv.Range{After: key("b")}, []string{"c\U0010ffff", "d"}},
		{"after, within a prefix", "", kv.Range{Prefix: kv.Prefix("a"), After: key("a")}, []string{"ab", "ac"}},
		{"after the last", "", kv.Range{After: key("d")}, []string{}},
		{"before", "", kv.Range{Before: key("ab")}, []string{"a"}},
		{"before, backwards", "", kv.Range{Before: key("b"), Reverse: true}, []string{"ac", "ab", "a"}},
		{"between", "", kv.Range{From: key("ab"), Before: key("c")}, []string{"ab", "ac", "b"}},
		{"between, backwards", "", kv.Range{After: key("ab"), Before: key("c"), Reverse: true}, []string{"b", "ac"}},
		{"index", "tag", kv.Range{Prefix: key("odd")}, []string{"ab", "b", "d"}},
		{"index, next page", "tag", kv.Range{Prefix: key("odd"), After: kv.Join(key("odd"), key("ab"))}, []string{"b", "d"}},
		{"index, page before", "tag", kv.Range{Prefix: key("odd"), Before: kv.Join(key("odd"), key("d")), Reverse: true}, []string{"b", "ab"}},
		{"span of time", "built", kv.Range{From: kv.Time(noon.Add(time.Hour)), Before: kv.Time(noon.Add(3 * time.Hour))}, []string{"ab", "ac"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A write transaction reads through another path of bbolt than a view.
			for mode, run := range map[string]func(testing.TB, *kv.DB, func(*kv.Tx) error){"view": view, "update": update} {
				run(t, d, func(tx *kv.Tx) error {
					seq := cars.ScanRange(tx, tc.r)
					if tc.index != "" {
						seq = cars.ScanIndexRange(tx, tc.index, tc.r)
					}
					got, err := ids(seq)
					if diff := cmp.Diff(tc.want, got); diff != "" {
						t.Error(mode, diff)
					}
					return err
				})
			}
		})
	}
}

func TestEveryRangeIsTheOneASortedListGives(t *testing.T) {
	d := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 0, 3, -1)
		present := rapid.SliceOf(id).Draw(rt, "present")
		bound := func(name string) kv.Key {
			if rapid.Bool().Draw(rt, "with "+name) {
				return kv.Text(id.Draw(rt, name))
			}
			return nil
		}
		r := kv.Range{From: bound("from"), After: bound("after"), Before: bound("before"),
			Prefix: kv.Prefix(id.Draw(rt, "prefix")), Reverse: rapid.Bool().Draw(rt, "reverse")}
		slices.Sort(present)
		present = slices.Compact(present)
		expected := []string{}
		for _, s := range present {
			k := string(kv.Text(s))
			if (r.From == nil || k >= string(r.From)) && (r.After == nil || k > string(r.After)) &&
				(r.Before == nil || k < string(r.Before)) && len(k) >= len(r.Prefix) && k[:len(r.Prefix)] == string(r.Prefix) {
				expected = append(expected, s)
			}
		}
		if r.Reverse {
			slices.Reverse(expected)
		}
		undone := fmt.Errorf("leave the file empty")
		err := d.Update(t.Context(), func(tx *kv.Tx) error {
			for _, s := range present {
				if err := cars.Put(tx, &car{ID: s}); err != nil {
					return err
				}
			}
			got, err := ids(cars.ScanRange(tx, r))
			if diff := cmp.Diff(expected, got); diff != "" || err != nil {
				rt.Fatal(diff, err)
			}
			return undone
		})
		want(t, err, undone)
	})
}

func TestAScanSurvivesWritesToItsTable(t *testing.T) {
	d := open(t)
	const n = 500
	// The notes differ, so that every record is written within the transaction of the scan.
	fill := func(tx *kv.Tx, note string) error {
		for i := range n {
			c := car{ID: fmt.Sprintf("%03d", i), Tags: []string{"x"}, Note: note + " and padding to fill more than a page"}
			if err := cars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	}
	scans := map[string]func(tx *kv.Tx) iter.Seq2[car, error]{
		"records":   func(tx *kv.Tx) iter.Seq2[car, error] { return cars.Scan(tx, nil) },
		"index":     func(tx *kv.Tx) iter.Seq2[car, error] { return cars.ScanIndex(tx, "tag", nil) },
		"backwards": func(tx *kv.Tx) iter.Seq2[car, error] { return cars.ScanRange(tx, kv.Range{Reverse: true}) },
	}
	for name, scan := range scans {
		t.Run(name, func(t *testing.T) {
			update(t, d, func(tx *kv.Tx) error { return fill(tx, "before") })
			seen := 0
			update(t, d, func(tx *kv.Tx) error {
				if err := fill(tx, "within"); err != nil {
					return err
				}
				for c, err := range scan(tx) {
					if err != nil {
						return err
					}
					seen++
					if err := cars.Delete(tx, kv.Text(c.ID)); err != nil {
						return err
					}
				}
				n, err := cars.Count(tx)
				if n != 0 {
					t.Errorf("%d records left", n)
				}
				return err
			})
			if seen != n {
				t.Errorf("visited %d of %d", seen, n)
			}
			sound(t, d)
		})
	}
}

func TestGoingBackwardsOverWhatWasJustDeleted(t *testing.T) {
	d := open(t)
	const n, from, to = 500, 100, 400
	name := func(i int) string { return fmt.Sprintf("%03d", i) }
	for i := range n {
		put(t, d, car{ID: name(i), Note: "padding to fill more than a page"})
	}
	drop := func(tx *kv.Tx, from, to int) {
		for i := from; i < to; i++ {
			if err := cars.Delete(tx, kv.Text(name(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	update(t, d, func(tx *kv.Tx) error {
		drop(tx, from, to)
		var left []string
		for i := n - 1; i >= 0; i-- {
			if i < from || i >= to {
				left = append(left, name(i))
			}
		}
		got, err := ids(cars.ScanRange(tx, kv.Range{Reverse: true}))
		if diff := cmp.Diff(left, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		got, err = ids(cars.ScanRange(tx, kv.Range{Reverse: true, Before: kv.Text(name(to))}))
		if diff := cmp.Diff(left[n-to:], got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		drop(tx, 0, from)
		drop(tx, to, n)
		_, err = cars.Last(tx, nil)
		want(t, err, kv.ErrNotFound)
		_, err = cars.First(tx, nil)
		want(t, err, kv.ErrNotFound)
		return nil
	})
	sound(t, d)
}

func TestAScanStopsWhenItsReaderDoes(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1"}, car{ID: "2"})
	view(t, d, func(tx *kv.Tx) error {
		for range cars.Scan(tx, nil) {
			break
		}
		for c, err := range cars.ScanIndex(tx, "built", nil) {
			if c.ID != "1" || err != nil {
				t.Error(c, err)
			}
			break
		}
		return nil
	})
}

func TestFirstAndLast(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a1", Built: noon.Add(time.Hour)}, car{ID: "a2", Built: noon}, car{ID: "b"})
	view(t, d, func(tx *kv.Tx) error {
		for i, get := range []func() (car, error){
			func() (car, error) { return cars.First(tx, kv.Prefix("a")) },
			func() (car, error) { return cars.Last(tx, kv.Prefix("a")) },
			func() (car, error) { return cars.FirstIndex(tx, "built", kv.Time(noon)) },
			func() (car, error) { return cars.LastIndex(tx, "built", nil) },
		} {
			c, err := get()
			if expected := []string{"a1", "a2", "a2", "a1"}[i]; c.ID != expected || err != nil {
				t.Errorf("%d: got %q (%v), want %q", i, c.ID, err, expected)
			}
		}
		return nil
	})
}

func TestTheHighestKeysCanBeScannedBackwards(t *testing.T) {
	d := open(t)
	type tick struct{ N int64 }
	ticks := &kv.Table[tick]{Name: "ticks", Key: func(t *tick) kv.Key { return kv.Int(t.N) }}
	err := d.Alone(t.Context(), func(tx *kv.Tx) error {
		if err := ticks.Create(tx); err != nil {
			return err
		}
		for _, n := range []int64{math.MinInt64, -1, 0, math.MaxInt64} {
			if err := ticks.Insert(tx, &tick{n}); err != nil {
				return err
			}
		}
		// No key comes after this one, so there is none to start below.
		last, err := ticks.Last(tx, kv.Int(math.MaxInt64))
		if last.N != math.MaxInt64 {
			t.Errorf("got %v", last)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheKeysOfAnIndexComeWithThoseOfTheirRecords(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a", Plate: "P2", Tags: []string{"x", "y"}})
	put(t, d, car{ID: "b", Plate: "P1", Tags: []string{"x"}})
	for index, want := range map[string][]string{"plate": {"P1 b", "P2 a"}, "tag": {"x a", "x b", "y a"}} {
		view(t, d, func(tx *kv.Tx) error {
			var got []string
			err := cars.WalkKeys(tx, index, kv.Range{}, func(k, record kv.Key) (bool, error) {
				text, _, err := k.CutText()
				id, _, bad := record.CutText()
				got = append(got, text+" "+id)
				return true, errors.Join(err, bad)
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", index, diff)
			}
			return err
		})
	}
	view(t, d, func(tx *kv.Tx) error {
		want(t, cars.WalkKeys(tx, "none", kv.Range{}, nil), kv.ErrNoIndex)
		return nil
	})
}
