package kv_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/kv"
)

var errRefused = errors.New("refused")

// blocked keeps the writer busy until release is called, so that what is queued meanwhile shares a batch.
func blocked(t *testing.T, d *kv.DB) (release func()) {
	t.Helper()
	entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		left <- d.Alone(context.Background(), func(*kv.Tx) error {
			close(entered)
			<-leave
			return nil
		})
	}()
	<-entered
	return sync.OnceFunc(func() {
		close(leave)
		if err := <-left; err != nil {
			t.Error(err)
		}
	})
}

// queue starts updates in the given order and returns a func that waits for their errors.
func queue(d *kv.DB, fns ...func(*kv.Tx) error) (wait func() []error) {
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		queued := d.Queued()
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = fmt.Errorf("panic: %v", r)
				}
			}()
			errs[i] = d.Update(context.Background(), fn)
		})
		for d.Queued() == queued {
			runtime.Gosched()
		}
	}
	return func() []error { wg.Wait(); return errs }
}

func insert(id string, then func() error) func(*kv.Tx) error {
	return func(tx *kv.Tx) error {
		if err := cars.Insert(tx, &car{ID: id, Plate: "P" + id, Tags: []string{"t"}}); err != nil {
			return err
		}
		return then()
	}
}

func fine() error { return nil }

func TestAFailedClosureLeavesNothingAndDisturbsNobody(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "old", Plate: "Pold", Note: "before"})
	release := blocked(t, d)
	wait := queue(d,
		insert("1", fine),
		insert("2", func() error { return errRefused }),
		insert("3", func() error { panic("boom") }),
		func(tx *kv.Tx) error {
			// Changes, deletes, makes anew and moves a unique key: all of it must come back.
			if err := cars.Delete(tx, kv.Text("old")); err != nil {
				return err
			}
			return errors.Join(
				cars.Put(tx, &car{ID: "new", Plate: "Pold"}),
				cars.Put(tx, &car{ID: "1", Plate: "P9", Note: "changed"}),
				cars.Delete(tx, kv.Text("1")),
				cars.Put(tx, &car{ID: "1", Note: "made anew"}),
				errRefused)
		},
		func(*kv.Tx) error { return errRefused },
		insert("4", fine),
	)
	release()
	got := []string{}
	for _, err := range wait() {
		got = append(got, fmt.Sprint(err))
	}
	if diff := cmp.Diff([]string{"<nil>", "refused", "panic: boom", "refused", "refused", "<nil>"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1", "4", "old"}, has(t, d, "1", "2", "3", "4", "new", "old")); diff != "" {
		t.Error(diff)
	}
	view(t, d, func(tx *kv.Tx) error {
		c, err := cars.GetIndex(tx, "plate", kv.Text("Pold"))
		if c.ID != "old" || c.Note != "before" {
			t.Errorf("record was not restored: %+v", c)
		}
		return err
	})
	sound(t, d)
}

func TestALaterClosureSeesTheEarlierOnes(t *testing.T) {
	d := open(t)
	release := blocked(t, d)
	wait := queue(d, insert("1", fine), insert("1", fine), insert("2", fine))
	release()
	errs := wait()
	if errs[0] != nil || !errors.Is(errs[1], kv.ErrExists) || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
}

func TestAPanicReachesItsCallerWithItsValue(t *testing.T) {
	d := open(t)
	for name, run := range map[string]func(context.Context, func(*kv.Tx) error) error{
		"update": d.Update, "alone": d.Alone, "view": d.View,
	} {
		t.Run(name, func(t *testing.T) {
			func() {
				defer func() {
					if r := recover(); r != errRefused {
						t.Errorf("recovered %v", r)
					}
				}()
				_ = run(t.Context(), func(*kv.Tx) error { panic(errRefused) })
			}()
			put(t, d, car{ID: name})
		})
	}
}

func TestAClosureMayEndItsGoroutine(t *testing.T) {
	d := open(t)
	release := blocked(t, d)
	wait := queue(d, insert("1", fine), insert("2", func() error { runtime.Goexit(); return nil }), insert("3", fine))
	release()
	wait()
	if diff := cmp.Diff([]string{"1", "3"}, has(t, d, "1", "2", "3")); diff != "" {
		t.Error(diff)
	}
	sound(t, d)
}

func TestAQueuedCallIsNotRunOnceItsContextEnds(t *testing.T) {
	d := open(t)
	release := blocked(t, d)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	queued := d.Queued()
	go func() { answered <- d.Update(ctx, insert("1", fine)) }()
	for d.Queued() == queued {
		runtime.Gosched()
	}
	cancel()
	want(t, <-answered, context.Canceled)
	release()
	put(t, d, car{ID: "2"})
	if diff := cmp.Diff([]string{"2"}, has(t, d, "1", "2")); diff != "" {
		t.Error(diff)
	}
	want(t, d.Update(ctx, insert("3", fine)), context.Canceled)
	want(t, d.View(ctx, func(*kv.Tx) error { t.Error("view ran"); return nil }), context.Canceled)
}

// A batch does not grow for as long as somebody writes: what its earliest caller wrote is on disk before the last one is served.
func TestABatchEndsWhenMuchIsWritten(t *testing.T) {
	d := open(t)
	many := func(from int) func(*kv.Tx) error {
		return func(tx *kv.Tx) error {
			for i := range 1000 {
				id := fmt.Sprint(from + i)
				if err := cars.Put(tx, &car{ID: id, Plate: "P" + id}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	var fns []func(*kv.Tx) error
	for i := range 12 {
		fns = append(fns, many(1000*i))
	}
	var there []string
	fns = append(fns, func(*kv.Tx) error {
		there = has(t, d, "0", "999")
		return nil
	})
	release := blocked(t, d)
	wait := queue(d, fns...)
	release()
	if err := errors.Join(wait()...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0", "999"}, there); diff != "" {
		t.Error(diff)
	}
}

func TestCloseFinishesWhatWasQueued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	release := blocked(t, d)
	wait := queue(d, insert("1", fine), insert("2", fine))
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	release()
	for i, err := range append(wait(), <-closed) {
		if err != nil {
			t.Error(i, err)
		}
	}
	want(t, d.Update(t.Context(), insert("3", fine)), kv.ErrClosed)
	want(t, d.View(t.Context(), func(*kv.Tx) error { return nil }), kv.ErrClosed)
	_, err := d.Check(t.Context(), schema)
	want(t, err, kv.ErrClosed)
	if diff := cmp.Diff([]string{"1", "2"}, has(t, openAt(t, path), "1", "2")); diff != "" {
		t.Error(diff)
	}
}

// TestACallIsNotDatedBackToItsBatch: what a caller saw happen before it called must not seem to have happened after.
func TestACallIsNotDatedBackToItsBatch(t *testing.T) {
	var clock atomic.Int64
	d, err := kv.Open(filepath.Join(t.TempDir(), "x.db"), kv.Options{Now: func() time.Time { return time.UnixMicro(clock.Load()) }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	opened, run := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		want(t, d.Update(t.Context(), func(*kv.Tx) error { close(opened); <-run; return nil }), nil)
	})
	<-opened
	clock.Store(1000)
	both.Go(func() {
		want(t, d.Update(t.Context(), func(tx *kv.Tx) error {
			if tx.Now().Before(time.UnixMicro(1000)) {
				t.Error("the call is dated", tx.Now())
			}
			return nil
		}), nil)
	})
	for d.Queued() == 0 {
		runtime.Gosched()
	}
	close(run)
	both.Wait()
}

// TestAKillLosesWhatIsWrittenSoon, and nothing that an Update answered for.
func TestAKillLosesWhatIsWrittenSoon(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(ctx, schema); err != nil {
		t.Fatal(err)
	}
	want(t, d.Update(ctx, insert("1", fine)), nil)
	want(t, d.Soon(ctx, insert("2", fine), func() { t.Error("told of a commit that never was") }), nil)
	want(t, d.Kill(), nil)
	want(t, d.Update(ctx, insert("3", fine)), kv.ErrClosed)
	if diff := cmp.Diff([]string{"1"}, has(t, openAt(t, path), "1", "2", "3")); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsWrittenSoonIsPaidForByTheNext: its caller does not wait for the disk, later closures see it, and the next commit, or
// the end of a short while, or Close writes it down.
func TestWhatIsWrittenSoonIsPaidForByTheNext(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(ctx, schema); err != nil {
		t.Fatal(err)
	}
	var told atomic.Int32
	soon := func(fn func(*kv.Tx) error) {
		t.Helper()
		if err := d.Soon(ctx, fn, func() { told.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	soon(insert("1", fine))
	want(t, d.Soon(ctx, insert("2", func() error { return errRefused }), func() { t.Error("a failed call is told of its commit") }), errRefused)
	want(t, d.Update(ctx, func(tx *kv.Tx) error {
		if ok, err := cars.Has(tx, kv.Text("1")); err != nil || !ok {
			t.Error("a later closure does not see it", err)
		}
		return insert("3", fine)(tx)
	}), nil)
	if diff := cmp.Diff([]string{"1", "3"}, has(t, d, "1", "2", "3")); diff != "" {
		t.Error(diff)
	}
	if told.Load() != 1 {
		t.Error("an Update returns before the earlier call is told of their commit")
	}
	soon(insert("4", fine))
	for len(has(t, d, "4")) == 0 {
		runtime.Gosched()
	}
	soon(insert("5", fine))
	want(t, d.Alone(ctx, insert("6", fine)), nil)
	if diff := cmp.Diff([]string{"5", "6"}, has(t, d, "5", "6")); diff != "" {
		t.Error(diff)
	}
	func() {
		defer func() {
			if recover() != "soon" {
				t.Error("a panic does not reach its caller")
			}
		}()
		soon(func(*kv.Tx) error { panic("soon") })
	}()
	soon(insert("7", fine))
	want(t, d.Close(), nil)
	want(t, d.Soon(ctx, insert("8", fine), nil), kv.ErrClosed)
	if told.Load() != 4 {
		t.Errorf("%d calls were told of their commits, want 4", told.Load())
	}
	if diff := cmp.Diff([]string{"7"}, has(t, openAt(t, path), "7", "8")); diff != "" {
		t.Error(diff)
	}
}

func TestAFullDiskIsToldToAllAndHarmsNothing(t *testing.T) {
	d := open(t)
	put(t, d, car{ID: "old"})
	release := blocked(t, d)
	d.Limit(64 << 10)
	wait := queue(d, insert("1", fine), insert("2", func() error { return errRefused }), func(tx *kv.Tx) error {
		return cars.Put(tx, &car{ID: "big", Note: strings.Repeat("x", 1<<20)})
	})
	release()
	for i, err := range wait() {
		if err == nil || errors.Is(err, errRefused) {
			t.Errorf("call %d was told %v", i, err)
		}
	}
	if d.Failing() == nil {
		t.Error("the failed commit is forgotten")
	}
	d.Limit(0)
	if diff := cmp.Diff([]string{"old"}, has(t, d, "old", "1", "2", "big")); diff != "" {
		t.Error(diff)
	}
	put(t, d, car{ID: "1", Note: strings.Repeat("x", 1<<20)})
	if err := d.Failing(); err != nil {
		t.Errorf("after a good commit: %v", err)
	}
	sound(t, d)
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	d := open(t)
	const writers, each = 16, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				var outcome error
				if i%5 == 4 {
					outcome = errRefused
				}
				if err := d.Update(context.Background(), insert(id, func() error { return outcome })); !errors.Is(err, outcome) {
					t.Errorf("%s: %v", id, err)
				}
				err := d.View(context.Background(), func(tx *kv.Tx) error {
					if found, err := cars.Has(tx, kv.Text(id)); err != nil || found != (outcome == nil) {
						t.Errorf("%s: there: %v (%v), outcome %v", id, found, err, outcome)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	view(t, d, func(tx *kv.Tx) error {
		if n, err := cars.Count(tx); n != writers*each*4/5 || err != nil {
			t.Errorf("%d records, %v", n, err)
		}
		return nil
	})
	sound(t, d)
}
