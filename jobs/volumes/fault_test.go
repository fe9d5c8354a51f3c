package volumes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/gluster"
	"yardmaster/executors/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// TestAFaultAtAnyCommandLeavesNothingBehind lets every command of every kind go wrong once, in two ways: it does not run, or it
// runs and its success is lost. However the operation ends, records and machines must agree.
func TestAFaultAtAnyCommandLeavesNothingBehind(t *testing.T) {
	effects := map[string]sim.Fault{
		"fails":             {Effect: sim.Fail, Exit: 5, Stderr: "injected", Times: 1},
		"succeeds unheard":  {Effect: sim.Lost, Exit: 5, Stderr: "injected", Times: 1},
		"loses its channel": {Effect: sim.Lost, Times: 1},
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			total := steps(t, s)
			stride := 1
			if testing.Short() {
				stride = max(1, total/4)
			}
			for how, fault := range effects {
				stride := stride
				if fault.Exit == 0 {
					stride = max(stride, 3) // it differs from an unheard success in the words alone
				}
				for n := 1; n <= total; n += stride {
					t.Run(fmt.Sprintf("command %d of %d %s", n, total, how), func(t *testing.T) { faultAt(t, s, n, fault) })
				}
			}
		})
	}
}

func faultAt(t *testing.T, s scenario, n int, fault sim.Fault) {
	y := newYard(t)
	ids := s.prepare(y)
	var count atomic.Int64
	var once sync.Once
	strike := func() { once.Do(func() { y.world.Inject(fault) }) }
	if n == 1 {
		strike()
	}
	y.world.Hook(func(string, string) {
		if int(count.Add(1)) == n-1 {
			strike()
		}
	})
	op, err := s.act(y, ids)
	if err != nil {
		t.Fatal(err)
	}
	op = y.ended(op.ID)
	y.quiet()
	y.agree()
	if t.Failed() {
		t.Logf("the operation ended as %s: %+v, journal %v, notes %v", op.State, op.Error, names(op), op.Notes)
	}
}

func TestACreateAvoidsANodeThatIsDown(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	if err := y.world.Down("node2"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2)))
	}
	if err := y.world.Up("node2"); err != nil {
		t.Fatal(err)
	}
	y.quiet()
	y.agree()
}

func TestACreateSurvivesANodeThatDiesInTheMiddle(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	var once sync.Once
	var died string
	y.world.Hook(func(host, command string) {
		if strings.HasPrefix(command, "mkfs.xfs") {
			once.Do(func() { died = host; _ = y.world.Down(host) })
		}
	})
	op := y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2)))
	if !slices.ContainsFunc(op.Notes, func(n string) bool { return strings.Contains(n, "left on "+died) }) {
		t.Errorf("the brick that %s holds is not in the operation's notes: %v", died, op.Notes)
	}
	y.view(func(tx *store.Tx) error {
		if n := store.CountState(tx, store.Pending) + store.CountState(tx, store.Running) + store.CountState(tx, store.Stuck); n == 0 {
			t.Error("nothing remembers what the dead node holds")
		}
		return nil
	})
	if err := y.world.Up(died); err != nil {
		t.Fatal(err)
	}
	y.quiet()
	y.agree()
	y.books()
}

func TestACreateGoesElsewhereWhenADeviceRefuses(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	y.world.Inject(sim.Fault{Host: "node1", Match: regexp.MustCompile("mkfs.xfs"), Effect: sim.Fail, Stderr: "mkfs.xfs: read failed: Input/output error"})
	for range 4 {
		y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2)))
	}
	y.quiet()
	y.agree()
	y.books()
}

func TestADeleteWaitsForAPeerAndThenFinishes(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	v := y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2))).Result.ID
	if err := y.world.Down("node1"); err != nil {
		t.Fatal(err)
	}
	op, err := y.s.DeleteVolume(context.Background(), by, v)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tried, err := y.runner.WaitFor(ctx, op.ID, func(op store.Operation) bool { return op.Tries > 0 })
	if err != nil || !tried.State.Live() || tried.Error == nil {
		t.Fatalf("with a peer down the delete is %s with %+v, %v; want it to wait and say why", tried.State, tried.Error, err)
	}
	if err := y.world.Up("node1"); err != nil {
		t.Fatal(err)
	}
	if op := y.ended(op.ID); op.State != store.Succeeded {
		t.Errorf("delete ended as %s: %+v", op.State, op.Error)
	}
	y.quiet()
	y.agree()
	y.books()
}

func TestACanceledCreateLeavesNothing(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	remove := y.world.Inject(sim.Fault{Match: regexp.MustCompile("mkfs.xfs"), Effect: sim.Hang})
	op, err := y.s.CreateVolume(context.Background(), by, replica(3, 2))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := y.runner.WaitFor(ctx, op.ID, func(op store.Operation) bool { return op.State == store.Running }); err != nil {
		t.Fatal(err)
	}
	if _, err := y.runner.Cancel(ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	if op := y.ended(op.ID); op.State != store.Canceled {
		t.Errorf("ended as %s: %+v", op.State, op.Error)
	}
	remove()
	y.quiet()
	y.agree()
	y.books()
}

func TestAHungNodeLeavesRoomForTheOthers(t *testing.T) {
	y := newYard(t)
	y.topology(6, 2, 100)
	y.kill(func() {})
	y.limits = jobs.Limits{InFlight: 8, InFlightPerHost: 2}
	y.open()
	remove := y.world.Inject(sim.Fault{Host: "node1", Effect: sim.Hang})
	hung, done := 0, 0
	for range 20 {
		op, err := y.s.CreateVolume(context.Background(), by, replica(3, 2))
		if err != nil {
			t.Fatalf("create: %v, with %d hung and %d done", err, hung, done)
		}
		if slices.Contains(op.Hosts, "node1") {
			hung++
			continue
		}
		y.ended(op.ID)
		done++
	}
	if hung > 2 || done < 18 {
		t.Errorf("%d operations hang on one node, %d went by; want at most 2 and at least 18", hung, done)
	}
	remove()
	y.quiet()
	y.agree()
}

func TestEveryDeviceHasItsSpaceBackInTheEnd(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	ctx := context.Background()
	v := y.must(y.s.CreateVolume(ctx, by, replica(3, 10))).Result.ID
	twin := y.must(y.s.CloneVolume(ctx, by, v, "twin")).Result.ID
	y.must(y.s.ExpandVolume(ctx, by, v, 5))
	y.must(y.s.DeleteVolume(ctx, by, v))
	y.agree()
	y.must(y.s.DeleteVolume(ctx, by, twin))
	y.agree()
	y.books()
}

func TestVolumesFillDevicesEvenly(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 500)
	for range 40 {
		y.must(y.s.CreateVolume(context.Background(), by, replica(3, 10)))
	}
	var used []uint64
	var sum uint64
	y.view(func(tx *store.Tx) error {
		for d, err := range store.Devices.All(tx) {
			if err != nil {
				return err
			}
			used, sum = append(used, d.UsedKiB), sum+d.UsedKiB
		}
		return nil
	})
	if most := slices.Max(used); float64(most) > 1.25*float64(sum)/float64(len(used)) {
		t.Errorf("the fullest device holds %d KiB of %v, more than 1.25 times the mean", most, used)
	}
}

func TestARefusedRequestChangesNothing(t *testing.T) {
	y := newYard(t)
	cluster := y.topology(2, 1, 100)
	ctx := context.Background()
	for name, spec := range map[string]volumes.Spec{
		"more copies than nodes": replica(3, 2),
		"more than there is":     replica(2, 1000),
		"unknown cluster":        {SizeGiB: 1, Clusters: []string{strings.Repeat("0", 32)}},
		"smaller than a brick":   {SizeGiB: 1, Clusters: []string{cluster}, Durability: store.Durability{Type: "disperse", Data: 2, Redundancy: 1}},
	} {
		if op, err := y.s.CreateVolume(ctx, by, spec); err == nil {
			t.Errorf("%s: accepted as %s", name, op.ID)
		}
	}
	y.agree()
	y.books()
}

func TestAMachineThatIsGoneForGoodCanBeForgotten(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	ctx := context.Background()
	var once sync.Once
	var died string
	y.world.Hook(func(host, command string) {
		if strings.HasPrefix(command, "mkfs.xfs") {
			once.Do(func() { died = host; _ = y.world.Down(host) })
		}
	})
	y.must(y.s.CreateVolume(ctx, by, replica(3, 2)))
	var node string
	var devices []string
	y.view(func(tx *store.Tx) error {
		n, err := store.NodeManagedAt(tx, died)
		if err != nil {
			return err
		}
		node = n.ID
		for d, err := range store.Devices.By(tx, store.ByNode, n.ID) {
			if err != nil {
				return err
			}
			devices = append(devices, d.ID)
		}
		return nil
	})
	y.must(y.s.SetNodeState(ctx, by, node, store.Offline, true))
	y.must(y.s.SetNodeState(ctx, by, node, store.FailedGone, true))
	for _, d := range devices {
		y.must(y.s.SetDeviceState(ctx, by, d, store.Offline, true))
		y.must(y.s.SetDeviceState(ctx, by, d, store.FailedGone, true))
		y.must(y.s.DeleteDevice(ctx, by, d, true))
	}
	y.must(y.s.DeleteNode(ctx, by, node))
	y.quiet()
	if faults, err := volumes.Audit(ctx, y.db); err != nil || len(faults) > 0 {
		t.Errorf("audit: %v %v", faults, err)
	}
	y.books()
}

func TestAScriptThatBeginsTooLateMakesNothing(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	ctx := context.Background()
	v := y.must(y.s.CreateVolume(ctx, by, replica(3, 2))).Result.ID
	var late string
	var host string
	y.view(func(tx *store.Tx) error {
		op, _, err := store.ListOperations(tx, store.OperationFilter{Kind: "volume.create", Limit: 1})
		if err != nil {
			return err
		}
		var p struct {
			Volume gluster.Volume `json:"volume"`
		}
		if err := json.Unmarshal(op[0].Input, &p); err != nil {
			return err
		}
		scripts := &recorder{}
		_ = gluster.New(scripts, gluster.Options{}).BrickCreate(ctx, p.Volume.Sets[0][0])
		late, host = scripts.last, p.Volume.Sets[0][0].Host
		return nil
	})
	y.must(y.s.DeleteVolume(ctx, by, v))
	if res, err := y.world.Run(ctx, host, late); err != nil || res.Exit == 0 {
		t.Errorf("the late script ended with %+v, %v; want a refusal", res, err)
	}
	y.agree()
	y.books()
}

func TestACloneThatBeginsTooLateMakesNothing(t *testing.T) {
	y := newYard(t)
	y.topology(3, 1, 100)
	ctx := context.Background()
	v := y.must(y.s.CreateVolume(ctx, by, replica(3, 2))).Result.ID
	y.world.Inject(sim.Fault{Match: regexp.MustCompile("snapshot clone"), Effect: sim.Fail, Exit: 1, Stderr: "injected", Times: 1})
	op := y.end(y.s.CloneVolume(ctx, by, v, "late"))
	if op.State != store.Failed {
		t.Fatalf("the clone is %s", op.State)
	}
	var p struct {
		Spec  gluster.CloneSpec `json:"spec"`
		Hosts []string          `json:"hosts"`
	}
	if err := json.Unmarshal(op.Input, &p); err != nil {
		t.Fatal(err)
	}
	scripts := &recorder{}
	_, _ = gluster.New(first{scripts}, gluster.Options{}).Clone(ctx, p.Hosts[0], p.Spec)
	if res, err := y.world.Run(ctx, p.Hosts[0], scripts.last); err != nil || res.Exit == 0 {
		t.Errorf("the late script ended with %+v, %v; want a refusal", res, err)
	}
	y.agree()
	y.books()
}

// first lets a Runner see one script and refuses the others.
type first struct{ r *recorder }

func (f first) Run(ctx context.Context, host, script string) (executors.Result, error) {
	if f.r.last != "" {
		return executors.Result{}, executors.ErrUnreachable
	}
	return f.r.Run(ctx, host, script)
}

// recorder keeps the last script and runs nothing.
type recorder struct{ last string }

func (r *recorder) Run(_ context.Context, _, script string) (executors.Result, error) {
	r.last = script
	return executors.Result{}, nil
}

func TestOneLostConnectionDoesNotFailACreateThatNeedsEveryNode(t *testing.T) {
	y := newYard(t)
	y.topology(3, 1, 100)
	y.world.Inject(sim.Fault{Match: regexp.MustCompile("mkfs.xfs"), Effect: sim.Lost, Times: 1})
	y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2)))
	y.quiet()
	y.agree()
	y.books()
}

func TestANameThatNoMachineTakesLeavesNothing(t *testing.T) {
	y := newYard(t)
	y.topology(4, 2, 100)
	ctx := context.Background()
	v := y.must(y.s.CreateVolume(ctx, by, replica(3, 2))).Result.ID
	spec := replica(3, 2)
	spec.Name = "-rf"
	for what, op := range map[string]store.Operation{
		"volume": y.end(y.s.CreateVolume(ctx, by, spec)),
		"clone":  y.end(y.s.CloneVolume(ctx, by, v, "-x")),
		"block":  y.end(y.s.CreateBlock(ctx, by, volumes.BlockSpec{SizeGiB: 1, Name: "--help"})),
		"device": y.end(y.s.AddDevice(ctx, by, volumes.DeviceSpec{Node: onlyNode(y), Name: "/dev/../x"})),
	} {
		if op.State != store.Failed || op.Error == nil || op.Error.Text == "internal error" {
			t.Errorf("%s: ended as %s with %+v; want failed, and why", what, op.State, op.Error)
		}
	}
	y.quiet()
	y.agree()
	y.books()
	y.must(y.s.DeleteVolume(ctx, by, v))
}

func onlyNode(y *yard) (id string) {
	y.view(func(tx *store.Tx) error {
		for n, err := range store.Nodes.All(tx) {
			if err != nil {
				return err
			}
			id = n.ID
		}
		return nil
	})
	return id
}
