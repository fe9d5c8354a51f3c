package events_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/store/events"
	"yardmaster/store/kv"
)

var long = flag.Bool("long", false, "run the benchmarks with a million events stored")

const (
	batch     = 1_000  // events a transaction
	bulkBatch = 10_000 // of the bulk that we are measured by
	million   = 1_000_000
)

// sizes are how many events are stored before what is measured.
func sizes(b *testing.B, run func(b *testing.B, stored int)) {
	b.Run("10k", func(b *testing.B) { run(b, 10_000) })
	b.Run("1M", func(b *testing.B) {
		if !*long {
			b.Skip("takes minutes: -long")
		}
		run(b, million)
	})
}

type message struct {
	events.Event
	body []byte
}

func (t *traffic) take(n int) []message {
	list := make([]message, n)
	for i := range list {
		list[i].Event, list[i].body = t.next()
	}
	return list
}

func ingestAll(tb testing.TB, db *opened, list []message) {
	err := db.Ingest(context.Background(), func(tx *events.Tx) error {
		for i := range list {
			if err := store(tx, &list[i].Event, list[i].body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// bulk is bbolt with the same keys and values, written in the best way there is: sorted, in large transactions, in a tree a partition.
type bulk struct {
	db     *kv.DB
	events int
}

var bulkSeries = [3]*kv.Series{{Name: "rows", Ascending: true}, {Name: "index"}, {Name: "bodies", Ascending: true}}

func newBulk(b *testing.B) *bulk {
	db, err := kv.Open(filepath.Join(b.TempDir(), "bulk.db"), kv.Options{Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return &bulk{db: db}
}

// put writes the entries of events and says how long it took; a partition has as many events as ours.
func (k *bulk) put(b *testing.B, raw [3][]events.Pair, n int) time.Duration {
	for i := range raw {
		slices.SortFunc(raw[i], func(a, b events.Pair) int { return bytes.Compare(a.Key, b.Key) })
	}
	part, fresh := int64(k.events/100_000), k.events%100_000 == 0
	begin := time.Now()
	err := k.db.Alone(context.Background(), func(tx *kv.Tx) error {
		for i, s := range bulkSeries {
			if fresh {
				if _, err := s.Create(tx, part); err != nil {
					return err
				}
			}
			p, err := s.Part(tx, part)
			if err != nil {
				return err
			}
			for _, e := range raw[i] {
				if err := p.Put(e.Key, e.Value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	k.events += n
	return time.Since(begin)
}

// BenchmarkIngest is durable events a second, and what part that is of the bulk. Both take turns, so that a busy machine slows both.
func BenchmarkIngest(b *testing.B) {
	sizes(b, func(b *testing.B, stored int) {
		db, raw, source := open(b, 0, 0), newBulk(b), newTraffic()
		var ours, theirs, firstFifth, lastFifth time.Duration
		keys := 0
		turn := func(i int) {
			list := source.take(bulkBatch)
			begin := time.Now()
			for part := range slices.Chunk(list, batch) {
				ingestAll(b, db, part)
			}
			took := time.Since(begin)
			rows, index, blocks := db.Raw(strip(list), bodies(list), uint32(raw.events%100_000))
			keys += len(rows) + len(index) + len(blocks)
			theirs += raw.put(b, [3][]events.Pair{rows, index, blocks}, len(list))
			ours += took
			switch n := stored / bulkBatch; {
			case i < n/5:
				firstFifth += took
			case i >= n-n/5:
				lastFifth += took
			}
		}
		for range b.N {
			for i := range stored / bulkBatch {
				turn(i)
			}
		}
		n := float64(b.N * stored)
		size, err := db.Size(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		bulkSize, err := raw.db.Size(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(n/ours.Seconds(), "events/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio-to-bulk")
		b.ReportMetric(n/theirs.Seconds(), "bulk-events/s")
		b.ReportMetric(float64(keys)/n, "keys/event")
		b.ReportMetric(float64(size)/n, "B/event")
		b.ReportMetric(float64(bulkSize)/n, "bulk-B/event")
		if lastFifth > 0 {
			b.ReportMetric(firstFifth.Seconds()/lastFifth.Seconds(), "last-to-first-fifth")
		}
		b.ReportMetric(0, "ns/op")
	})
}

func strip(list []message) []events.Event {
	out := make([]events.Event, len(list))
	for i := range list {
		out[i] = list[i].Event
	}
	return out
}

func bodies(list []message) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i].body
	}
	return out
}

// filled are stores that the benchmarks of queries share, by size.
var filled = struct {
	sync.Mutex
	bySize map[int]*full
}{bySize: map[int]*full{}}

type full struct {
	*opened
	source *traffic
}

// fill makes a store once for all benchmarks of a run; a tail is left unindexed.
func fill(b *testing.B, stored int) *full {
	filled.Lock()
	defer filled.Unlock()
	if f := filled.bySize[stored]; f != nil {
		return f
	}
	f := &full{opened: &opened{options: events.Options{Path: filepath.Join(shared(b), fmt.Sprint(stored, ".db")), Now: func() time.Time { return noon }}},
		source: newTraffic()}
	f.open(b)
	for done := 0; done < stored-batch; {
		n := min(bulkBatch, stored-batch-done)
		ingestAll(b, f.opened, f.source.take(n))
		done += n
	}
	ingestAll(b, f.opened, f.source.take(batch))
	filled.bySize[stored] = f
	return f
}

func benchQuery(b *testing.B, run func(f *full, tx *events.Tx, i int) (int, error)) {
	sizes(b, func(b *testing.B, stored int) {
		f := fill(b, stored)
		rows := 0
		var slowest time.Duration
		b.ResetTimer()
		for i := range b.N {
			begin := time.Now()
			f.view(b, func(tx *events.Tx) error {
				n, err := run(f, tx, i)
				rows += n
				return err
			})
			slowest = max(slowest, time.Since(begin))
		}
		b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
		b.ReportMetric(float64(slowest.Microseconds()), "max-us")
	})
}

func benchFind(b *testing.B, query func(f *full, i int) events.Query) {
	benchQuery(b, func(f *full, tx *events.Tx, i int) (int, error) {
		found, err := tx.Find(query(f, i))
		return len(found), err
	})
}

func pick(list []string, i int) *string { return &list[i*7%len(list)] }

func BenchmarkByUUID(b *testing.B) {
	benchFind(b, func(f *full, i int) events.Query {
		return events.Query{Service: events.Nova, Instance: pick(f.source.uuids, i), Limit: 50}
	})
}

func BenchmarkByRequest(b *testing.B) {
	benchFind(b, func(f *full, i int) events.Query {
		return events.Query{Service: events.Nova, RequestID: pick(f.source.request, i), Limit: 50}
	})
}

func BenchmarkSearchByHost(b *testing.B) {
	benchFind(b, func(_ *full, i int) events.Query {
		return events.Query{Service: events.Nova, Host: ptr(fmt.Sprintf("compute-%03d.example.org", i%200)), Order: events.ByWhenDesc, Limit: 50}
	})
}

func BenchmarkSearchByTypeAndTenant(b *testing.B) {
	benchFind(b, func(f *full, i int) events.Query {
		return events.Query{Service: events.Nova, Type: ptr("compute.instance.exists"), Tenant: ptr(f.source.live[i%100].tenant),
			Order: events.ByWhenDesc, Limit: 50}
	})
}

func BenchmarkWatch(b *testing.B) {
	benchFind(b, func(f *full, _ int) events.Query {
		return events.Query{Service: events.Nova, After: f.source.now.Add(-time.Second), Limit: -1}
	})
}

func BenchmarkTimings(b *testing.B) {
	benchQuery(b, func(f *full, tx *events.Tx, i int) (int, error) {
		list, err := tx.Timings(events.Nova, *pick(f.source.uuids, i))
		return len(list), err
	})
}

func BenchmarkTimingsByName(b *testing.B) {
	benchQuery(b, func(_ *full, tx *events.Tx, _ int) (int, error) {
		list, err := tx.TimingsByName(events.Nova, "compute.instance.create", time.Time{}, time.Time{}, 0, 50)
		return len(list), err
	})
}

func BenchmarkSummary(b *testing.B) {
	benchQuery(b, func(_ *full, tx *events.Tx, _ int) (int, error) {
		list, err := tx.Summary(events.Nova, 0, 50)
		return len(list), err
	})
}

func BenchmarkTypeCounts(b *testing.B) {
	benchQuery(b, func(f *full, tx *events.Tx, _ int) (int, error) {
		list, err := tx.TypeCounts(events.Nova, f.source.now.Add(-10*time.Minute), f.source.now.Add(-time.Minute), "")
		return len(list), err
	})
}

// BenchmarkEach goes through what a report goes through: all events, in order.
func BenchmarkEach(b *testing.B) {
	benchQuery(b, func(_ *full, tx *events.Tx, _ int) (n int, err error) {
		err = tx.Each(events.Nova, time.Time{}, time.Time{}, func(*events.Event) error { n++; return nil })
		return n, err
	})
}

// BenchmarkTrimPart is a part of the default size that goes, and the longest that a small ingest took meanwhile.
func BenchmarkTrimPart(b *testing.B) {
	if !*long {
		b.Skip("takes a while: -long")
	}
	for range b.N {
		b.StopTimer()
		db, source := open(b, 0, 0), newTraffic()
		for range 6 { // a part and the beginning of the next
			ingestAll(b, db, source.take(bulkBatch))
		}
		limit := source.now.Add(-time.Second) // the open part has younger events
		small := source.take(100_000)
		ctx, cancel := context.WithCancel(context.Background())
		longest := make(chan time.Duration)
		go func() {
			var most time.Duration
			for i := 0; ctx.Err() == nil && i < len(small); i++ {
				begin := time.Now()
				ingestAll(b, db, small[i:i+1])
				most = max(most, time.Since(begin))
			}
			longest <- most
		}()
		b.StartTimer()
		done, err := db.Trim(b.Context(), limit, 0)
		cancel()
		if err != nil || done.Parts != 1 {
			b.Fatal(done, err)
		}
		b.ReportMetric(float64((<-longest).Microseconds()), "longest-ingest-us")
	}
}
