package pools

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/store"
)

// TestNobodyHoldsPoolsForEver: after a while those behind may be served before one who wants more than is ready, but never before
// one who can be served himself, now or with the next machine.
func TestNobodyHoldsPoolsForEver(t *testing.T) {
	now := time.Now()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cfg := Config{Pools: []Pool{{Pool: vm.Pool{Name: "debian"}, Size: 3, Provider: "p"}}, Providers: map[string]Provider{"p": {}}}
	d, err := NewDomain(cfg, func() string { return "id" }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := NewService(d, db, NewKeeper(d, db, map[string]vm.Provider{"p": nil}, Quiet{}))
	holds := func(count int, age time.Duration, want bool) {
		t.Helper()
		got, err := s.holds(context.Background(), &ticket{wants: []Want{{Name: "debian", Count: count}}, since: now.Add(-age)})
		if err != nil || got != want {
			t.Errorf("%d wanted for %v: holds %v, %v", count, age, got, err)
		}
	}
	holds(3, 0, true)
	holds(3, holdMost-time.Second, true)
	holds(3, holdMost, false)
	holds(1, holdMost, true)
	for i := range 2 {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return store.PutVM(tx, &store.VM{Name: fmt.Sprint("vm-", i), Pool: "debian", State: store.VMReady, Ready: now})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	holds(2, holdMost, true)
	holds(3, holdMost, false)
	for range trips {
		s.keeper.failed("p", "no answer")
	}
	holds(3, 0, false)
	holds(1, holdMost, true)
}
