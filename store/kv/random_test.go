package kv_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/kv"
)

// garage is what the table must hold: a map and the rules, without any cleverness.
type garage map[string]car

func (g garage) taken(c car) bool {
	for id, other := range g {
		if id != c.ID && c.Plate != "" && other.Plate == c.Plate {
			return true
		}
	}
	return false
}

// Two bytes of the script are one step: what to do, and to which of a few cars and plates.
func play(tx *kv.Tx, g garage, script []byte, t *testing.T) error {
	for ; len(script) > 1; script = script[2:] {
		op, arg := script[0], script[1]
		c := car{ID: string('a' + rune(arg&7)), Note: string('0' + rune(op>>4)), Built: noon.Add(time.Duration(op) * time.Second)}
		if arg&8 != 0 {
			c.Plate = string('A' + rune(arg>>6))
		}
		for bit, tag := range []string{"x", "x\x00", "y"} {
			if op>>bit&4 != 0 {
				c.Tags = append(c.Tags, tag)
			}
		}
		_, there := g[c.ID]
		var err, expected error
		switch op & 3 {
		case 0:
			if err = cars.Delete(tx, kv.Text(c.ID)); !there {
				expected = kv.ErrNotFound
			} else {
				delete(g, c.ID)
			}
		case 1:
			if err = cars.Insert(tx, &c); there || g.taken(c) {
				expected = kv.ErrExists
			} else {
				g[c.ID] = c
			}
		default:
			if err = cars.Put(tx, &c); g.taken(c) {
				expected = kv.ErrExists
			} else {
				g[c.ID] = c
			}
		}
		if !errors.Is(err, expected) {
			t.Fatalf("step %d on %q: got %v, want %v", op&3, c.ID, err, expected)
		}
	}
	return nil
}

// FuzzWrites plays scripts of writes in a few transactions, some of which fail at their end, and holds the
// file against a plain map. Every 0xff byte ends a transaction; an odd byte after it lets that one fail.
func FuzzWrites(f *testing.F) {
	f.Add([]byte("\x01\x08\x02\x48\x00\x08\xff\x00\x01\x08\x01\x09\xff\x01\x02\x0a"))
	f.Add([]byte("\x1d\x08\x1e\x48\x3e\x09\xff\x01\x00\x08\x3d\x08\x00\x09\xff\x01"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 400 {
			t.Skip("long enough elsewhere")
		}
		d := open(t)
		truth := garage{}
		for len(script) > 0 {
			end := slices.Index(script, 0xff)
			if end < 0 {
				end = len(script)
			}
			part, rest := script[:end], script[min(end+1, len(script)):]
			var outcome error
			if len(rest) > 0 && rest[0]&1 != 0 {
				outcome = errRefused
			}
			script = rest[min(1, len(rest)):]
			tried := maps.Clone(truth)
			err := d.Update(t.Context(), func(tx *kv.Tx) error { return errors.Join(play(tx, tried, part, t), outcome) })
			if !errors.Is(err, outcome) {
				t.Fatal(err)
			}
			if err == nil {
				truth = tried
			}
		}
		view(t, d, func(tx *kv.Tx) error {
			got := garage{}
			for c, err := range cars.Scan(tx, nil) {
				if err != nil {
					return err
				}
				got[c.ID] = c
			}
			if diff := cmp.Diff(truth, got); diff != "" {
				t.Error(diff)
			}
			return nil
		})
		sound(t, d)
	})
}
