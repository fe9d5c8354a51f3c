package volumes_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/gluster"
	"yardmaster/executors/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/queue"
	"yardmaster/jobs/volumes"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/store"
)

// yard is a server's inside on simulated machines: it can be killed and opened again on the same file and the same world.
type yard struct {
	t       *testing.T
	world   *sim.Cluster
	dir     string
	cfg     volumes.Config
	limits  jobs.Limits
	ids     func() string
	db      *store.DB
	queue   *queue.Queue
	runner  *jobs.Runner
	health  *volumes.Health
	s       *volumes.Service
	machine executors.Runner

	cancel context.CancelFunc
	done   sync.WaitGroup
	log    *slog.Logger
}

type plainSecrets struct{}

func (plainSecrets) Seal(s string) (string, error) { return "sealed " + s, nil }
func (plainSecrets) Open(s string) (string, error) { return strings.TrimPrefix(s, "sealed "), nil }

var by = volumes.Caller{Dialect: "heketi", Owner: "admin", RequestID: "test"}

func newYard(t *testing.T) *yard {
	t.Helper()
	world, err := sim.New(sim.Options{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	y := &yard{t: t, world: world, dir: t.TempDir(), machine: world, log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		cfg: volumes.Config{Limits: placement.DefaultLimits(), MaxVolumes: 1000, CreateRetries: 4, MountRoot: "/var/lib/heketi/mounts",
			AutoBlockHosting: true, BlockHostingGiB: 20, BlockHostingOptions: "group gluster-block"},
		ids: func() string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("%016x%016x", uint64(n)*0x9e3779b97f4a7c15, n)
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
	y.health = volumes.NewHealth(time.Now)
	d := volumes.NewDomain(y.cfg, y.ids, y.health, y.log)
	g := gluster.New(y.machine, gluster.Options{})
	y.runner, err = jobs.New(jobs.Options{DB: y.db, Queue: y.queue, Kinds: d.Kinds(g, plainSecrets{}), Logger: y.log, NewID: y.ids, Epoch: y.ids(),
		Worker: "test", Retention: time.Hour, Takeover: 10 * time.Second, OnOutcome: y.health.Heard, Limits: y.limits})
	if err != nil {
		y.t.Fatal(err)
	}
	y.s = volumes.NewService(d, y.db, y.runner, plainSecrets{})
	if err := y.runner.Start(ctx); err != nil {
		y.t.Fatal(err)
	}
	work, cancel := context.WithCancel(ctx)
	y.cancel = cancel
	runner := y.runner
	y.done.Go(func() { _ = runner.LocalWorker().Work(work, 32) })
	m := volumes.NewMonitor(y.s, g, time.Hour, time.Hour)
	y.done.Go(func() { m.Watch(work) })
}

// kill ends the process as kill -9 would: nothing is written after it, and what runs on machines is cut. release is called once
// nothing of the old process can write any more.
func (y *yard) kill(release func()) {
	_ = y.db.Kill()
	y.cancel()
	release()
	y.done.Wait()
	y.runner.Close()
	_ = y.queue.Close()
}

func (y *yard) close() { y.kill(func() {}) }

// end waits until the operation has ended and gives it.
func (y *yard) end(op store.Operation, err error) store.Operation {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
	return y.ended(op.ID)
}

func (y *yard) ended(id string) store.Operation {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	op, err := y.runner.Wait(ctx, id)
	if err != nil {
		y.t.Fatal(err)
	}
	if op.State.Live() {
		y.t.Fatalf("operation %s %s is still %s after 30 s: journal %v, error %+v, notes %v", op.Kind, op.ID, op.State, names(op), op.Error, op.Notes)
	}
	return op
}

func names(op store.Operation) []string {
	var out []string
	for _, s := range op.Journal {
		out = append(out, s.Name)
	}
	return out
}

// must is end for an operation that has to succeed.
func (y *yard) must(op store.Operation, err error) store.Operation {
	y.t.Helper()
	op = y.end(op, err)
	if op.State != store.Succeeded {
		y.t.Fatalf("%s ended as %s: %+v, notes %v", op.Kind, op.State, op.Error, op.Notes)
	}
	return op
}

// quiet waits until no operation is under way, children included.
func (y *yard) quiet() {
	y.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var live []string
		y.view(func(tx *store.Tx) error {
			for op, err := range store.LiveOperations(tx) {
				if err != nil {
					return err
				}
				live = append(live, fmt.Sprintf("%s %s %s %+v", op.Kind, op.ID, op.State, op.Error))
			}
			return nil
		})
		if len(live) == 0 {
			return
		}
		if time.Now().After(deadline) {
			y.t.Fatalf("still under way: %v", live)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (y *yard) view(fn func(tx *store.Tx) error) {
	y.t.Helper()
	if err := y.db.View(context.Background(), fn); err != nil {
		y.t.Fatal(err)
	}
}

const gib = volumes.GiB

// topology adds a cluster of nodes with devices of so many GiB, a zone a node.
func (y *yard) topology(nodes, devices, sizeGiB int) string {
	y.t.Helper()
	c, err := y.s.CreateCluster(context.Background(), true, true)
	if err != nil {
		y.t.Fatal(err)
	}
	for i := 1; i <= nodes; i++ {
		disks := map[string]uint64{}
		for d := range devices + 1 { // one more than is registered, for tests that add it
			disks[fmt.Sprintf("/dev/sd%c", 'b'+d)] = uint64(sizeGiB) * gib
		}
		host := fmt.Sprintf("node%d", i)
		y.world.AddNode(host, host+".storage", disks)
		node := y.addNode(c.ID, i)
		for d := range devices {
			y.must(y.s.AddDevice(context.Background(), by, volumes.DeviceSpec{Node: node, Name: fmt.Sprintf("/dev/sd%c", 'b'+d)}))
		}
	}
	return c.ID
}

func (y *yard) addNode(cluster string, i int) string {
	y.t.Helper()
	host := fmt.Sprintf("node%d", i)
	return y.must(y.s.AddNode(context.Background(), by, volumes.NodeSpec{Cluster: cluster, Zone: i, Manage: []string{host}, Storage: []string{host + ".storage"}})).Result.ID
}

func replica(n, sizeGiB int) volumes.Spec {
	return volumes.Spec{SizeGiB: sizeGiB, Durability: store.Durability{Type: "replicate", Replica: n}}
}

// agree checks that records and machines tell the same story, and that each is in order by itself.
func (y *yard) agree() {
	y.t.Helper()
	ctx := context.Background()
	if problems, err := y.db.Check(ctx); err != nil || len(problems) > 0 {
		y.t.Errorf("store check: %v %v", problems, err)
	}
	if faults, err := volumes.Audit(ctx, y.db); err != nil || len(faults) > 0 {
		y.t.Errorf("audit: %v %v", faults, err)
	}
	known, seen := y.recorded(), y.found()
	for _, line := range known {
		if !slices.Contains(seen, line) {
			y.t.Errorf("in the store, on no machine: %s", line)
		}
	}
	for _, line := range seen {
		if !slices.Contains(known, line) {
			y.t.Errorf("on a machine, not in the store: %s", line)
		}
	}
}

// recorded lists what should be on the machines.
func (y *yard) recorded() []string {
	var out []string
	y.view(func(tx *store.Tx) error {
		hosts := map[string]string{}
		for n, err := range store.Nodes.All(tx) {
			if err != nil {
				return err
			}
			hosts[n.ID] = n.Host()
		}
		pools := map[string]bool{}
		for b, err := range store.Bricks.All(tx) {
			if err != nil {
				return err
			}
			at := hosts[b.Node] + " vg_" + b.Device + "/"
			out = append(out, "lv "+at+b.LV)
			if !b.Cloned {
				out = append(out, "fstab "+at+b.LV)
			}
			if !pools[at+b.Pool] {
				pools[at+b.Pool] = true
				out = append(out, "pool "+at+b.Pool)
			}
			out = append(out, "mount "+at+b.LV)
		}
		for d, err := range store.Devices.All(tx) {
			if err != nil {
				return err
			}
			out = append(out, "vg "+hosts[d.Node]+" vg_"+d.ID)
		}
		for v, err := range store.Volumes.All(tx) {
			if err != nil {
				return err
			}
			out = append(out, "volume "+v.Name)
		}
		for b, err := range store.BlockVolumes.All(tx) {
			if err != nil {
				return err
			}
			out = append(out, "block "+b.Name)
		}
		return nil
	})
	return out
}

// found lists what is on the machines.
func (y *yard) found() []string {
	w := y.world.Inventory()
	var out []string
	for host, n := range w.Nodes {
		for _, vg := range n.VGs {
			out = append(out, "vg "+host+" "+strings.Fields(vg)[0])
		}
		for _, lv := range n.LVs {
			out = append(out, "lv "+host+" "+strings.Fields(lv)[0])
		}
		for _, p := range n.Pools {
			out = append(out, "pool "+host+" "+strings.Fields(p)[0])
		}
		for _, m := range n.Mounts {
			out = append(out, "mount "+host+" "+mapped(strings.Fields(m)[0]))
		}
		for _, f := range n.Fstab {
			out = append(out, "fstab "+host+" "+mapped(strings.Fields(f)[0]))
		}
	}
	for _, v := range w.Volumes {
		name := strings.Fields(v)[0]
		out = append(out, "volume "+name[strings.LastIndex(name, "/")+1:])
	}
	for _, s := range w.Snapshots {
		out = append(out, "snapshot "+s)
	}
	for _, b := range w.Blocks {
		name := strings.Fields(b)[0]
		out = append(out, "block "+name[strings.LastIndex(name, "/")+1:])
	}
	return out
}

// mapped reads /dev/mapper/vg-lv as vg/lv; our names have no dash.
func mapped(device string) string {
	return strings.Replace(strings.TrimPrefix(device, "/dev/mapper/"), "-", "/", 1)
}

// books checks that every device has all of its space back but what its bricks take.
func (y *yard) books() {
	y.t.Helper()
	y.view(func(tx *store.Tx) error {
		for d, err := range store.Devices.All(tx) {
			if err != nil {
				return err
			}
			var taken uint64
			pools := map[string]bool{}
			for b, err := range store.Bricks.By(tx, store.ByDevice, d.ID) {
				if err != nil {
					return err
				}
				if !pools[b.Pool] {
					pools[b.Pool] = true
					taken += b.TotalKiB()
				}
			}
			if d.UsedKiB != taken || d.FreeKiB != d.TotalKiB-taken {
				y.t.Errorf("device %s: used %d and free %d KiB of %d, its bricks take %d", d.ID, d.UsedKiB, d.FreeKiB, d.TotalKiB, taken)
			}
		}
		return nil
	})
}
