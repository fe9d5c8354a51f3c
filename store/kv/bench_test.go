package kv_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yardmaster/store/kv"
)

// rawCommit is the disk work of one bbolt commit and nothing else: pages, sync, a meta page, sync.
func rawCommit(file *os.File, pages, meta []byte, i int) error {
	if _, err := file.WriteAt(pages, int64(4096*(2+i%1000*4))); err != nil {
		return err
	}
	if err := syscall.Fdatasync(int(file.Fd())); err != nil {
		return err
	}
	if _, err := file.WriteAt(meta, int64(4096*(i&1))); err != nil {
		return err
	}
	return syscall.Fdatasync(int(file.Fd()))
}

func rawFile(b *testing.B) (commit func(i int)) {
	file, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	pages, meta := make([]byte, 16<<10), make([]byte, 4<<10)
	if err := file.Truncate(32 << 20); err != nil {
		b.Fatal(err)
	}
	return func(i int) {
		if err := rawCommit(file, pages, meta, i); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRawFdatasync(b *testing.B) {
	commit := rawFile(b)
	for i := range b.N {
		commit(i)
	}
}

// benchUpdate reports how many updates come to one raw commit, measured in slices between the
// updates, so that a busy disk slows both.
func benchUpdate(b *testing.B, callers int) {
	d := open(b)
	commit := rawFile(b)
	note := strings.Repeat("x", 1000)
	var serial atomic.Int64
	var ours, raw time.Duration
	rawDone := 0
	for done := 0; done < b.N; {
		slice := min(b.N-done, 500*callers)
		start := time.Now()
		var left atomic.Int64
		left.Store(int64(slice))
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					n := serial.Add(1)
					c := car{ID: fmt.Sprint(n % 10_000), Note: fmt.Sprint(n, note)}
					if err := d.Update(context.Background(), func(tx *kv.Tx) error { return cars.Put(tx, &c) }); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		ours += time.Since(start)
		done += slice
		b.StopTimer()
		start = time.Now()
		for range 100 {
			commit(rawDone)
			rawDone++
		}
		raw += time.Since(start)
		b.StartTimer()
	}
	perSecond := float64(b.N) / ours.Seconds()
	b.ReportMetric(perSecond, "updates/s")
	b.ReportMetric(perSecond/(float64(rawDone)/raw.Seconds()), "ratio-to-raw")
}

func BenchmarkUpdate1(b *testing.B)  { benchUpdate(b, 1) }
func BenchmarkUpdate8(b *testing.B)  { benchUpdate(b, 8) }
func BenchmarkUpdate64(b *testing.B) { benchUpdate(b, 64) }

func filled(b *testing.B, n int) *kv.DB {
	d := open(b)
	err := d.Alone(b.Context(), func(tx *kv.Tx) error {
		for i := range n {
			c := car{ID: fmt.Sprintf("%06d", i), Plate: fmt.Sprint(i), Tags: []string{"t"}, Built: noon}
			if err := cars.Put(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func BenchmarkViewGet(b *testing.B) {
	d := filled(b, 10_000)
	key := kv.Text("005000")
	b.ReportAllocs()
	for b.Loop() {
		err := d.View(context.Background(), func(tx *kv.Tx) error { _, err := cars.Get(tx, key); return err })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkViewHas is a view without the decoding.
func BenchmarkViewHas(b *testing.B) {
	d := filled(b, 10_000)
	key := kv.Text("005000")
	b.ReportAllocs()
	for b.Loop() {
		err := d.View(context.Background(), func(tx *kv.Tx) error { _, err := cars.Has(tx, key); return err })
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutInBulk(b *testing.B) {
	d := open(b)
	b.ReportAllocs()
	for n := 0; n < b.N; n += 10_000 {
		err := d.Alone(b.Context(), func(tx *kv.Tx) error {
			for i := n; i < min(n+10_000, b.N); i++ {
				c := car{ID: fmt.Sprintf("%09d", i), Plate: fmt.Sprint(i), Tags: []string{"t", "u"}, Built: noon}
				if err := cars.Put(tx, &c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
