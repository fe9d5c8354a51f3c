package crash

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/executors/sim"
	"yardmaster/tests/harness"
	"yardmaster/tests/inventory"
)

func realYard(t *testing.T) *yard {
	t.Helper()
	y := newYard(t, yardOptions{nodes: 4, real: true})
	y.Start()
	y.load()
	return y
}

// bound ends a test that would hang.
func bound(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func replica3(name string) map[string]any {
	return map[string]any{"size": 1, "name": name, "durability": map[string]any{"type": "replicate", "replicate": map[string]int{"replica": 3}}}
}

// must makes a change and waits for its success.
func (y *yard) must(ctx context.Context, method, path string, body any) client.Operation {
	y.t.Helper()
	op, err := y.client.Do(ctx, method, path, body)
	if err != nil {
		y.t.Fatalf("%s %s: %v", method, path, err)
	}
	return op
}

func (y *yard) create(ctx context.Context, name string) (id string) {
	y.t.Helper()
	return strings.TrimPrefix(y.must(ctx, http.MethodPost, "/volumes", replica3(name)).Result, "volume/")
}

// begin makes a change that the test does not wait for.
func (y *yard) begin(ctx context.Context, method, path string, body any) (operation string) {
	y.t.Helper()
	id, err := y.client.Start(ctx, method, path, body)
	if err != nil {
		y.t.Fatalf("%s %s: %v", method, path, err)
	}
	return id
}

// succeeds waits for the success of what begin began.
func (y *yard) succeeds(ctx context.Context, operation string) {
	y.t.Helper()
	if op, err := y.client.Wait(ctx, operation); err != nil || op.State != "succeeded" {
		y.t.Fatalf("operation %s: %s: %s, %v", operation, op.State, message(op), err)
	}
}

// held makes every file system that is to be made on a machine wait until release is called. met is closed when the first one
// is about to: its logical volume is there.
func (y *yard) held(n *yardNode) (met <-chan struct{}, release func()) {
	begun := make(chan struct{})
	var once sync.Once
	y.world.Hook(func(host, command string) {
		if host == n.manage && strings.Contains(command, "lvcreate") {
			once.Do(func() { close(begun) })
		}
	})
	return begun, sync.OnceFunc(y.world.Inject(sim.Fault{Host: n.manage, Match: regexp.MustCompile("mkfs.xfs"), Effect: sim.Hang}))
}

func await(ctx context.Context, t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-ctx.Done():
		t.Fatalf("never came: %s", what)
	}
}

func TestSSHDWholeLifeOfVolumes(t *testing.T) {
	y := realYard(t)
	ctx := bound(t)
	var each sync.WaitGroup
	for i := range 6 {
		each.Go(func() {
			if _, err := y.client.Do(ctx, http.MethodPost, "/volumes", replica3(fmt.Sprintf("v%d", i))); err != nil {
				t.Errorf("create v%d: %v", i, err)
			}
		})
	}
	each.Wait()
	told := y.agree()
	if t.Failed() {
		return
	}
	id := told.Volumes()["v0"]
	y.must(ctx, http.MethodPost, "/volumes/"+id+"/expand", map[string]int{"expand_size": 2})
	y.must(ctx, http.MethodPost, "/volumes/"+id+"/clone", map[string]string{"name": "copy"})
	y.agree()
	y.empty()
	y.finish()
}

func TestSSHDKilledInTheMiddleOfACreate(t *testing.T) {
	y := realYard(t)
	ctx := bound(t)
	victim := y.nodes[0]
	met, release := y.held(victim)
	defer release()
	// Eight volumes of three bricks on four nodes: the victim is to hold some of them.
	var begun []string
	for i := range 8 {
		begun = append(begun, y.begin(ctx, http.MethodPost, "/volumes", replica3(fmt.Sprintf("v%d", i))))
	}
	await(ctx, t, "a file system is made on the victim", met)
	victim.sshd.Kill()
	release()
	for _, op := range begun {
		y.succeeds(ctx, op)
	}
	victim.sshd.Start()
	y.settled(recovery)
	y.agree()
	y.empty()
	y.finish()
}

func TestSSHDWithAnotherHostKeyIsNotTrusted(t *testing.T) {
	y := realYard(t)
	ctx := bound(t)
	victim := y.nodes[0]
	y.world.AddNode(victim.manage, victim.storage, map[string]uint64{"/dev/sdd": 10 * gib})
	told := y.ask()
	node := nodeOf(told, victim.manage)
	file := victim.sshd.hostKeyFile()
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	victim.sshd.Kill()
	newKey(t, file)
	victim.sshd.Start()

	var ran atomic.Int64
	y.world.Hook(func(host, _ string) {
		if host == victim.manage {
			ran.Add(1)
		}
	})
	refused := y.begin(ctx, http.MethodPost, "/devices", map[string]string{"node": node, "name": "/dev/sdd"})
	harness.Eventually(t, recovery, "the device is not added", func() bool {
		state := y.operation(refused).State
		return state == "failed" || state == "stuck"
	})
	for i := range 4 {
		y.create(ctx, fmt.Sprintf("v%d", i))
	}
	if n := ran.Load(); n > 0 {
		t.Errorf("a stranger was given %d commands", n)
	}
	if !strings.Contains(y.Output(), "somebody else may be answering for it") {
		t.Error("the log does not say that a host key has changed")
	}
	victim.sshd.Kill()
	writeFile(t, file, old)
	victim.sshd.Start()
	y.settled(recovery)
	y.empty()
	y.finish()
}

func nodeOf(told inventory.Yard, manage string) string {
	for _, c := range told.Clusters {
		for _, n := range c.Nodes {
			if n.Hostnames.Manage[0] == manage {
				return n.ID
			}
		}
	}
	return ""
}

func TestSSHDFrozenBlocksNobodyElse(t *testing.T) {
	y := realYard(t)
	ctx := bound(t)
	victim := y.nodes[0]
	met, release := y.held(victim)
	defer release()
	var begun []string
	for i := range 4 {
		begun = append(begun, y.begin(ctx, http.MethodPost, "/volumes", replica3(fmt.Sprintf("caught%d", i))))
	}
	await(ctx, t, "a file system is made on the victim", met)
	victim.sshd.Freeze()
	defer victim.sshd.Thaw()
	for i := range 6 {
		y.create(ctx, fmt.Sprintf("free%d", i))
	}
	// Those that were caught find another place, too: a node that answers nothing is as good as none.
	for _, op := range begun {
		y.succeeds(ctx, op)
	}
	release()
	victim.sshd.Thaw()
	y.settled(recovery)
	y.agree()
	y.empty()
	y.finish()
}

// TestSSHDOneOfFourNodesDown takes a node away in the middle of its work: volumes find three others, and what the node still
// holds is removed once it is back.
func TestSSHDOneOfFourNodesDown(t *testing.T) {
	y := realYard(t)
	ctx := bound(t)
	victim := y.nodes[3]
	before := y.create(ctx, "before")
	had := len(y.world.Inventory().Nodes[victim.manage].LVs)
	met, release := y.held(victim)
	defer release()
	var begun []string
	for i := range 4 {
		begun = append(begun, y.begin(ctx, http.MethodPost, "/volumes", replica3(fmt.Sprintf("caught%d", i))))
	}
	await(ctx, t, "a file system is made on the victim", met)
	y.cut(victim)
	release()
	for _, op := range begun {
		y.succeeds(ctx, op)
	}
	for i := range 10 {
		y.create(ctx, fmt.Sprintf("down%d", i))
	}
	if len(y.world.Inventory().Nodes[victim.manage].LVs) <= had {
		t.Error("the test shows nothing: the dead node holds none of what was begun on it")
	}
	// A delete that gluster refuses while a peer is down is finished when that is back.
	pending := y.begin(ctx, http.MethodDelete, "/volumes/"+before, nil)
	y.back(victim)
	y.succeeds(ctx, pending)
	y.settled(recovery)
	harness.Eventually(t, recovery, "the node that came back holds what it should and no more", func() bool {
		differences, err := inventory.Differences(ctx, y.shell, y.ask())
		return err == nil && len(differences) == 0
	})
	y.empty()
	y.finish()
}

// cut takes a node's power.
func (y *yard) cut(n *yardNode) {
	y.t.Helper()
	n.sshd.Kill()
	if err := y.world.Down(n.manage); err != nil {
		y.t.Fatal(err)
	}
}

// back gives it back.
func (y *yard) back(n *yardNode) {
	y.t.Helper()
	if err := y.world.Up(n.manage); err != nil {
		y.t.Fatal(err)
	}
	n.sshd.Start()
}
