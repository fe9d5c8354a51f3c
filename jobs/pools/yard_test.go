package pools_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/pools"
	"yardmaster/jobs/queue"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// yard is a server's inside on simulated machines: it can be killed and opened again on the same file and the same world.
type yard struct {
	t      *testing.T
	world  *sim.Sim
	others map[string]vm.Provider
	dns    pools.Resolver
	dir    string
	cfg    pools.Config
	ids    func(length int) string
	db     *store.DB
	queue  *queue.Queue
	runner *jobs.Runner
	keeper *pools.Keeper
	s      *pools.Service

	cancel context.CancelFunc
	done   sync.WaitGroup
	log    *slog.Logger
}

// config is one pool "debian" of that size, on the simulator, looked at often.
func config(size int) pools.Config {
	return pools.Config{
		Pools:     []pools.Pool{pool("debian", size)},
		Providers: map[string]pools.Provider{"sim": {}},
		TaskLimit: 10, OnDemandLimit: 10, MaxOnDemand: 10, RequestTTL: time.Minute, CheckInterval: 100 * time.Millisecond, DataTTL: time.Hour,
		Lifetime: 24, LifetimeAuth: 48, MaxTries: 3, MaxRetries: 3, Experimental: true, WaitMost: time.Minute,
	}
}

func pool(name string, size int) pools.Pool {
	return pools.Pool{Pool: vm.Pool{Name: name, Template: "img/" + name, Domain: "example.com"}, Size: size, Provider: "sim",
		Timeout: 15 * time.Minute, NotifyAfter: 5 * time.Minute, CheckHostname: true, SkipDNS: true}
}

func newYard(t *testing.T, cfg pools.Config) *yard { return newYardOn(t, cfg, sim.Options{Seed: 7}) }

func newYardOn(t *testing.T, cfg pools.Config, o sim.Options) *yard { return build(t, cfg, o, nil) }

// newYardWith has a second provider, "hung".
func newYardWith(t *testing.T, cfg pools.Config, second *sim.Sim) *yard {
	return build(t, cfg, sim.Options{Seed: 7}, map[string]vm.Provider{"hung": second})
}

func build(t *testing.T, cfg pools.Config, o sim.Options, others map[string]vm.Provider) *yard {
	t.Helper()
	world, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := uint64(0)
	y := &yard{t: t, world: world, others: others, dir: t.TempDir(), cfg: cfg, log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		ids: func(length int) string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("%016x%016x", n*0x9e3779b97f4a7c15, n)[:length]
		}}
	if testing.Verbose() {
		y.log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	y.open()
	t.Cleanup(y.close)
	return y
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (y *yard) open() {
	y.t.Helper()
	ctx := context.Background()
	var err error
	if y.db, err = store.Open(ctx, store.Options{Path: filepath.Join(y.dir, "control.db"), Now: time.Now, Logger: y.log}); err != nil {
		y.t.Fatal(err)
	}
	if y.queue, err = queue.Open(ctx, queue.Options{URL: queue.Embedded, Logger: y.log, Now: time.Now}); err != nil {
		y.t.Fatal(err)
	}
	d, err := pools.NewDomain(y.cfg, func() string { return "a" + y.ids(31) }, y.log)
	if err != nil {
		y.t.Fatal(err)
	}
	providers := map[string]vm.Provider{"sim": y.world}
	maps.Copy(providers, y.others)
	y.keeper = pools.NewKeeper(d, y.db, providers, pools.Quiet{})
	id := func() string { return y.ids(32) }
	y.runner, err = jobs.New(jobs.Options{DB: y.db, Queue: y.queue, Kinds: d.Kinds(providers, y.dns), Logger: y.log, NewID: id, Epoch: id(),
		Worker: "test", Retention: time.Hour, Takeover: 10 * time.Second, OnOutcome: y.keeper.Heard, Room: y.keeper.Room})
	if err != nil {
		y.t.Fatal(err)
	}
	y.s = pools.NewService(d, y.db, y.keeper)
	if err := y.runner.Start(ctx); err != nil {
		y.t.Fatal(err)
	}
	work, cancel := context.WithCancel(ctx)
	y.cancel = cancel
	runner, keeper := y.runner, y.keeper
	y.done.Go(func() { _ = runner.LocalWorker().Work(work, 32) })
	y.done.Go(func() { keeper.Keep(work, runner) })
}

// kill ends the process as kill -9 would: nothing is written after it, and what runs on machines is cut.
func (y *yard) kill() { y.killWith(func() {}) }

// killWith is kill; release is called once nothing of the old process can write any more.
func (y *yard) killWith(release func()) {
	_ = y.db.Kill()
	y.cancel()
	release()
	y.done.Wait()
	y.runner.Close()
	_ = y.queue.Close()
}

func (y *yard) close() { y.kill() }

func (y *yard) view(fn func(tx *store.Tx) error) {
	y.t.Helper()
	if err := y.db.View(context.Background(), fn); err != nil {
		y.t.Fatal(err)
	}
}

// until looks until ok; what says what it waits for, and is asked for more when it did not come.
func (y *yard) until(what string, ok func() bool) {
	y.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			y.t.Fatalf("not within 30 s: %s; %s", what, y.story())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// story is all that the records hold, for a test that failed.
func (y *yard) story() string {
	var b strings.Builder
	y.view(func(tx *store.Tx) error {
		for v, err := range store.VMs.All(tx) {
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n%s %s %s op=%q request=%q reason=%q fault=%q tasks=%v", v.Pool, v.Name, v.State, v.Op, v.Request, v.Reason, v.Fault, v.Tasks)
		}
		for op, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n%s %s %s %+v", op.Kind, op.Targets, op.State, op.Error)
		}
		return nil
	})
	return b.String()
}

func (y *yard) counts(pool string) (c store.PoolCounts) {
	y.view(func(tx *store.Tx) error {
		var err error
		c, err = store.CountsOf(tx, pool)
		return err
	})
	return c
}

func (y *yard) ready(pool string, n int) {
	y.t.Helper()
	y.until(fmt.Sprintf("%d ready in %s", n, pool), func() bool { return y.counts(pool).Ready == n })
}

// settled waits until nothing is under way or about to be.
func (y *yard) settled() {
	y.t.Helper()
	y.until("all is done", func() bool {
		live := 0
		y.view(func(tx *store.Tx) error {
			for op, err := range store.LiveOperations(tx) {
				if err != nil {
					return err
				}
				_ = op
				live++
			}
			all, err := store.AllCounts(tx)
			for _, c := range all {
				live += c.Pending + c.Completed
			}
			return err
		})
		return live == 0
	})
}

func (y *yard) take(by pools.Who, wants ...pools.Want) []pools.Taken {
	y.t.Helper()
	taken, err := y.s.Checkout(context.Background(), by, wants)
	if err != nil {
		y.t.Fatal(err)
	}
	return taken
}

func (y *yard) one(pool string) store.VM {
	y.t.Helper()
	return y.take(nobody, pools.Want{Name: pool, Count: 1})[0].VMs[0]
}

func (y *yard) vm(name string) store.VM {
	y.t.Helper()
	v, err := y.s.VM(context.Background(), name)
	if err != nil {
		y.t.Fatal(err)
	}
	return v
}

var nobody = pools.Who{RequestID: "test"}

// agree checks that records and machines tell the same story, and that each is in order by itself.
func (y *yard) agree() {
	y.t.Helper()
	ctx := context.Background()
	if problems, err := y.db.Check(ctx); err != nil || len(problems) > 0 {
		y.t.Errorf("store check: %v %v", problems, err)
	}
	var known []string
	y.view(func(tx *store.Tx) error {
		wrong, err := store.CheckCounts(tx)
		if len(wrong) > 0 {
			y.t.Errorf("the counts of %v are wrong", wrong)
		}
		for v, err := range store.VMs.All(tx) {
			if err != nil {
				return err
			}
			if v.State != store.VMDestroyed {
				known = append(known, v.Pool+"/"+v.Name)
			}
		}
		return err
	})
	var seen []string
	for _, p := range y.cfg.Pools {
		machines, err := y.world.List(ctx, p.Pool)
		if err != nil {
			y.t.Fatal(err)
		}
		for _, m := range machines {
			seen = append(seen, p.Name+"/"+m.Name)
			if st, _ := y.world.Inspect(m.Name); st.Half {
				y.t.Errorf("%s is half made", m.Name)
			}
		}
	}
	slices.Sort(known)
	slices.Sort(seen)
	if !slices.Equal(known, seen) {
		y.t.Errorf("recorded %v\nthere    %v\n%s", known, seen, y.story())
	}
}
