package pools

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"yardmaster/store"
)

// TestNobodyHoldsPoolsForEver: after a while those behind may be served before one who wants more than is ready.
func TestNobodyHoldsPoolsForEver(t *testing.T) {
	now := time.Now()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d, err := NewDomain(Config{Pools: []Pool{{Size: 3, Provider: "p"}}, Providers: map[string]Provider{"p": {}}}, func() string { return "id" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.pools["debian"] = &d.cfg.Pools[0]
	s := NewService(d, db, NewKeeper(d, db, nil, Quiet{}))
	for age, want := range map[time.Duration]bool{0: true, holdMost - time.Second: true, holdMost: false} {
		got, err := s.holds(context.Background(), &ticket{wants: []Want{{Name: "debian", Count: 3}}, since: now.Add(-age)})
		if err != nil || got != want {
			t.Errorf("after %v: holds %v, %v", age, got, err)
		}
	}
}
