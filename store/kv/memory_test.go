package kv_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	bolt "go.etcd.io/bbolt"

	"yardmaster/store/kv"
)

func copyCar(c car) car {
	c.Tags = append([]string(nil), c.Tags...)
	return c
}

// page is a record that counts how often it is decoded.
type page struct {
	ID, Text string
}

var decoded atomic.Int64

func (p *page) UnmarshalJSON(raw []byte) error {
	decoded.Add(1)
	type plain page
	return json.Unmarshal(raw, (*plain)(p))
}

var pages = &kv.Table[page]{
	Name: "pages",
	Key:  func(p *page) kv.Key { return kv.Text(p.ID) },
	Copy: func(p page) page { return p },
	Indexes: []kv.Index[page]{
		{Name: "text", Keys: func(p *page) []kv.Key { return []kv.Key{kv.Text(p.Text[:1])} }},
	},
}

func openPages(t *testing.T) *kv.DB {
	t.Helper()
	d := open(t)
	if err := d.Alone(t.Context(), pages.Create); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheWriterDecodesNothingThatItWrote(t *testing.T) {
	d := openPages(t)
	update(t, d, func(tx *kv.Tx) error { return pages.Put(tx, &page{"a", "one"}) })
	decoded.Store(0)
	update(t, d, func(tx *kv.Tx) error {
		p, err := pages.Get(tx, kv.Text("a"))
		if err != nil {
			return err
		}
		p.Text = "two"
		return pages.Put(tx, &p)
	})
	update(t, d, func(tx *kv.Tx) error {
		for p, err := range pages.ScanIndex(tx, "text", kv.Text("t")) {
			if err != nil || p.Text != "two" {
				t.Errorf("found %v, %v", p, err)
			}
		}
		return pages.Delete(tx, kv.Text("a"))
	})
	if n := decoded.Load(); n != 0 {
		t.Errorf("%d records decoded", n)
	}
}

func TestViewsDecodeAHotRecordOnce(t *testing.T) {
	hot := *pages
	hot.Hot = true
	d := openPages(t)
	read := func(want string) {
		t.Helper()
		err := d.View(t.Context(), func(tx *kv.Tx) error {
			p, err := hot.Get(tx, kv.Text("a"))
			if p.Text != want {
				t.Errorf("read %q, want %q", p.Text, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"one", "two"} {
		update(t, d, func(tx *kv.Tx) error { return pages.Put(tx, &page{"a", text}) })
		decoded.Store(0)
		var all sync.WaitGroup
		read(text)
		for range 8 {
			all.Go(func() { read(text) })
		}
		all.Wait()
		if n := decoded.Load(); n != 1 {
			t.Errorf("%q was decoded %d times", text, n)
		}
	}
	err := d.View(t.Context(), func(tx *kv.Tx) error {
		decoded.Store(0)
		_, err := pages.Get(tx, kv.Text("a"))
		return err
	})
	if err != nil || decoded.Load() != 1 {
		t.Errorf("a table that is not hot was decoded %d times, %v", decoded.Load(), err)
	}
}

func TestTheWriterForgetsWhatItHasNotSeenForLong(t *testing.T) {
	d := openPages(t)
	long := strings.Repeat("x", 64<<10)
	write := func(id int) {
		update(t, d, func(tx *kv.Tx) error { return pages.Put(tx, &page{fmt.Sprint(id), long}) })
	}
	write(0)
	for id := range 64 { // four times what it remembers at least
		write(id + 1)
	}
	decoded.Store(0)
	update(t, d, func(tx *kv.Tx) error {
		_, err := pages.Get(tx, kv.Text("0"))
		return err
	})
	if decoded.Load() == 0 {
		t.Error("a record was kept in memory though many others came since")
	}
}

func TestWhatWasTakenBackIsNotRemembered(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a", Plate: "old", Tags: []string{"x"}, Built: noon})
	err := d.Update(t.Context(), func(tx *kv.Tx) error {
		if err := cars.Put(tx, &car{ID: "a", Plate: "new", Built: noon}); err != nil {
			return err
		}
		return errRefused
	})
	want(t, err, errRefused)
	update(t, d, func(tx *kv.Tx) error {
		c, err := cars.Get(tx, kv.Text("a"))
		if c.Plate != "old" || !slices.Equal(c.Tags, []string{"x"}) {
			t.Errorf("after a failed update the writer sees %+v", c)
		}
		return err
	})
	put(t, d, car{ID: "b", Plate: "new", Built: noon})
}

func TestWhatGetGaveIsTheCallersOwn(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a", Tags: []string{"x", "y"}, Built: noon})
	for range 2 {
		update(t, d, func(tx *kv.Tx) error {
			c, err := cars.Get(tx, kv.Text("a"))
			if !slices.Equal(c.Tags, []string{"x", "y"}) {
				t.Errorf("tags are %q", c.Tags)
			}
			c.Tags[0] = "spoilt"
			return err
		})
	}
	put(t, d, car{ID: "a", Tags: []string{"y"}, Built: noon}) // takes x out of the index, by what it remembers
}

func TestTheFileIsRightWhereMemoryIsNot(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a", Note: "ours", Built: noon})
	err := d.Tamper(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("cars"))
		raw := strings.Replace(string(b.Get(kv.Text("a"))), "ours", "theirs", 1)
		return b.Put(kv.Text("a"), []byte(raw))
	})
	if err != nil {
		t.Fatal(err)
	}
	update(t, d, func(tx *kv.Tx) error {
		c, err := cars.Get(tx, kv.Text("a"))
		if c.Note != "theirs" {
			t.Errorf("the writer sees %q", c.Note)
		}
		return err
	})
}

func TestTextThatIsNotUTF8IsReadAsTheFileHasIt(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "a", Note: "\xff", Built: noon})
	update(t, d, func(tx *kv.Tx) error {
		c, err := cars.Get(tx, kv.Text("a"))
		if c.Note != "\ufffd" {
			t.Errorf("the writer sees %q", c.Note)
		}
		return err
	})
}
