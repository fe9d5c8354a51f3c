package pools_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// BenchmarkCheckout is a checkout as the Service answers it, on disk: what HTTP comes on top of. What is taken is not refilled.
func BenchmarkCheckout(b *testing.B) {
	for _, ready := range []int{1000, 50000} {
		for _, callers := range []int{1, 8, 32, 64} {
			b.Run(fmt.Sprintf("ready=%d/callers=%d", ready, callers), func(b *testing.B) { checkouts(b, ready, callers) })
		}
	}
}

func checkouts(b *testing.B, ready, callers int) {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := store.Open(ctx, store.Options{Path: filepath.Join(b.TempDir(), "control.db"), Now: time.Now, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	d, err := pools.NewDomain(config(0), func() string { return "id" }, log)
	if err != nil {
		b.Fatal(err)
	}
	s := pools.NewService(d, db, pools.NewKeeper(d, db, nil, pools.Quiet{}))
	next := 0
	fill := func(n int) {
		for n > 0 {
			err := db.Update(ctx, func(tx *store.Tx) error {
				for range min(n, 5000) {
					next++
					v := store.VM{Name: fmt.Sprintf("vm-%08d", next), Pool: "debian", State: store.VMReady, Template: "img/debian", Provider: "sim",
						Domain: "example.com", IP: "10.0.0.1", Host: "host1", Created: tx.Now(), Cloned: tx.Now(), Ready: tx.Now()}
					if err := store.MoveVM(tx, nil, &v); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			n -= min(n, 5000)
		}
	}
	fill(ready + b.N)
	var left atomic.Int64
	left.Store(int64(b.N))
	b.SetParallelism(1)
	b.ResetTimer()
	done := make(chan error, callers)
	for range callers {
		go func() {
			for left.Add(-1) >= 0 {
				if _, err := s.Checkout(ctx, nobody, []pools.Want{{Name: "debian", Count: 1}}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checkouts/s")
}
