package kv_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"yardmaster/store/kv"
)

func TestCheckFindsEverySortOfDamage(t *testing.T) {
	b := func(tx *bolt.Tx, name string) *bolt.Bucket { return tx.Bucket([]byte(name)) }
	one := kv.Text("1")
	for _, tc := range []struct {
		name   string
		damage func(*bolt.Tx) error
		want   []string
	}{
		{"missing entry of a unique index", func(tx *bolt.Tx) error {
			return b(tx, "cars/plate").Delete(kv.Text("A"))
		}, []string{"missing cars/plate"}},
		{"missing entry", func(tx *bolt.Tx) error {
			return b(tx, "cars/tag").Delete(kv.Join(kv.Text("x"), one))
		}, []string{"missing cars/tag"}},
		{"entry that the record does not demand", func(tx *bolt.Tx) error {
			return b(tx, "cars/tag").Put(kv.Join(kv.Text("y"), one), []byte{2})
		}, []string{"extra cars/tag"}},
		{"unique key of the wrong record", func(tx *bolt.Tx) error {
			return b(tx, "cars/plate").Put(kv.Text("A"), kv.Text("2"))
		}, []string{"missing cars/plate", "extra cars/plate"}},
		{"entry without a record", func(tx *bolt.Tx) error {
			return b(tx, "cars/plate").Put(kv.Text("Z"), kv.Text("9"))
		}, []string{"dangling cars/plate"}},
		{"unreadable entry", func(tx *bolt.Tx) error {
			return b(tx, "cars/tag").Put([]byte("zz"), []byte{99})
		}, []string{"undecodable cars/tag"}},
		{"unreadable record", func(tx *bolt.Tx) error {
			return b(tx, "cars").Put(one, []byte("{"))
		}, []string{"undecodable cars"}},
		{"record in a wrong place", func(tx *bolt.Tx) error {
			return b(tx, "cars").Put(kv.Text("3"), []byte(`{"id":"4","built":"0001-01-01T00:00:00Z"}`))
		}, []string{"misplaced cars", "missing cars/built"}},
		{"lost record", func(tx *bolt.Tx) error {
			return b(tx, "cars").Delete(one)
		}, []string{"dangling cars/plate", "dangling cars/tag", "dangling cars/built"}},
		{"lost index", func(tx *bolt.Tx) error {
			return tx.DeleteBucket([]byte("cars/tag"))
		}, []string{"no index cars/tag"}},
		{"lost table", func(tx *bolt.Tx) error {
			return tx.DeleteBucket([]byte("cars"))
		}, []string{"no table cars"}},
		{"stray index", func(tx *bolt.Tx) error {
			_, err := tx.CreateBucket([]byte("cars/colour"))
			return err
		}, []string{"undeclared cars/colour"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := open(t)
			put(t, d, car{ID: "1", Plate: "A", Tags: []string{"x"}}, car{ID: "2"})
			sound(t, d)
			if err := d.Tamper(tc.damage); err != nil {
				t.Fatal(err)
			}
			problems, err := d.Check(t.Context(), schema)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, strings.Trim(string(p.Fault)+" "+p.Table+"/"+p.Index, "/"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAScanSaysWhenAnIndexPointsNowhere(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "1", Plate: "A"})
	err := d.Tamper(func(tx *bolt.Tx) error { return tx.Bucket([]byte("cars")).Delete(kv.Text("1")) })
	if err != nil {
		t.Fatal(err)
	}
	view(t, d, func(tx *kv.Tx) error {
		_, err := ids(cars.ScanIndex(tx, "plate", nil))
		want(t, err, kv.ErrCorrupt)
		_, err = cars.GetIndex(tx, "plate", kv.Text("A"))
		want(t, err, kv.ErrCorrupt)
		return nil
	})
}

func TestAReportIsBounded(t *testing.T) {
	d := open(t)
	err := d.Tamper(func(tx *bolt.Tx) error {
		for i := range int64(3000) {
			if err := tx.Bucket([]byte("cars/plate")).Put(kv.Int(i), []byte("nobody")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := d.Check(t.Context(), schema)
	if err != nil || len(problems) != 1000 || problems[999].Fault != kv.FaultMore {
		t.Errorf("%d problems, %v", len(problems), err)
	}
}
