package pools_test

import (
	"context"
	"testing"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/store"
)

func TestLifetimesAreKept(t *testing.T) {
	began := store.Date(time.Now()) // midnight may come meanwhile
	y := newYard(t, config(1))
	y.ready("debian", 1)
	name := y.one("debian").Name
	ctx := context.Background()
	past := func(hours int) {
		err := y.db.Update(ctx, func(tx *store.Tx) error {
			v, err := store.VMs.Get(tx, name)
			if err != nil {
				return err
			}
			v.CheckedOut = tx.Now().Add(-time.Duration(hours) * time.Hour)
			return store.PutVM(tx, &v)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	more := 30
	if err := y.s.Change(ctx, nobody, name, pools.Change{Lifetime: &more, Tags: map[string]string{"team": "a", "none": ""}}); err != nil {
		t.Fatal(err)
	}
	past(29)
	y.settled()
	if v := y.vm(name); v.State != store.VMRunning || v.Tags["team"] != "a" || len(v.Tags) != 1 {
		t.Fatalf("got %+v", v)
	}
	past(30)
	y.until("its time is over", func() bool { return y.vm(name).State == store.VMDestroyed })
	days, err := y.s.Days(ctx, began, store.Date(time.Now()))
	ended := 0
	for _, day := range days {
		ended += day.Tags["team"]["a"]
	}
	if err != nil || ended != 1 {
		t.Errorf("got %+v, %v", days, err)
	}
}

func TestTagsSayHowLongAMachineLives(t *testing.T) {
	cfg := config(1)
	cfg.TagLifetimes = map[string]int{"job=nightly": 6, "keep": 100, "job=quick": 1}
	tests := []struct {
		name string
		by   pools.Who
		own  int
		tags map[string]string
		want time.Duration
	}{
		{"no tag", nobody, 0, nil, 24 * time.Hour},
		{"a tag with that value", nobody, 0, map[string]string{"job": "nightly"}, 6 * time.Hour},
		{"with another", nobody, 0, map[string]string{"job": "weekly"}, 24 * time.Hour},
		{"with any", nobody, 0, map[string]string{"keep": "yes"}, 100 * time.Hour},
		{"the most of several", nobody, 0, map[string]string{"job": "quick", "keep": "yes"}, 100 * time.Hour},
		{"its user goes before", nobody, 30, map[string]string{"job": "nightly"}, 30 * time.Hour},
		{"its token goes before", pools.Who{User: "ann", Token: "hash"}, 0, map[string]string{"job": "nightly"}, 48 * time.Hour},
	}
	y := newYard(t, cfg)
	ctx := context.Background()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			y.ready("debian", 1)
			v := y.take(tt.by, pools.Want{Name: "debian", Count: 1})[0].VMs[0]
			change := pools.Change{Tags: tt.tags}
			if tt.own > 0 {
				change.Lifetime = &tt.own
			}
			if err := y.s.Change(ctx, tt.by, v.Name, change); err != nil {
				t.Fatal(err)
			}
			v = y.vm(v.Name)
			if got := y.s.LifetimeOf(&v); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			y.aged(v.Name, tt.want-time.Minute)
			y.surveyed(2)
			if got := y.vm(v.Name); got.State != store.VMRunning {
				t.Fatalf("a minute before its time it is %s: %s", got.State, got.Reason)
			}
			y.aged(v.Name, tt.want)
			y.until("its time is over", func() bool { return y.vm(v.Name).State == store.VMDestroyed })
		})
	}
}

// aged makes a machine one that was checked out so long ago.
func (y *yard) aged(name string, age time.Duration) {
	y.t.Helper()
	err := y.db.Update(context.Background(), func(tx *store.Tx) error {
		v, err := store.VMs.Get(tx, name)
		if err != nil {
			return err
		}
		v.CheckedOut = tx.Now().Add(-age)
		return store.PutVM(tx, &v)
	})
	if err != nil {
		y.t.Fatal(err)
	}
}
