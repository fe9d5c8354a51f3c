package vsphere

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// Who may log in to the simulated vCenter.
const (
	testUser     = "pooler@vsphere.local"
	testPassword = "s3cret&<word>"
)

// world is a simulated vCenter behind a gate: datacenter DC0 with the cluster DC0_C0 of three hosts, the host DC0_H0, the template
// templates/debian and the folders pools/a and pools/b.
type world struct {
	t     *testing.T
	model *simulator.Model
	front *front
	gate  *gate
	admin *govmomi.Client // past the gate
	pool  vm.Pool

	mu      sync.Mutex
	calls   map[string]int                                             // by method
	refuse  func(method string, on mo.Reference) types.BaseMethodFault // nil: nothing
	clones  []types.CloneVM_Task
	noTools bool
	nextIP  int
	cloning chan struct{} // if not nil, clones wait until it is closed
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, calls: map[string]int{}, pool: vm.Pool{
		Name: "debian", Template: "templates/debian", CloneTarget: "DC0_C0", Folder: "pools/a", Datastore: "LocalDS_0", Datacenter: "DC0",
	}}
	w.model = simulator.VPX()
	w.model.Machine, w.model.Datastore = 1, 2
	w.must(w.model.Create())
	t.Cleanup(w.model.Remove)
	w.model.Map().Handler = w.handle
	w.model.Service.Listen = &url.URL{User: url.UserPassword(testUser, testPassword)}
	w.model.Service.RegisterSDK(w.model.Map())
	server := w.serve(func(f *front) *httptest.Server { return httptest.NewServer(f) })
	w.gate = newGate(t, server.Listener.Addr().String())
	w.admin = w.connect(server.URL)
	w.furnish()
	return w
}

// serve opens the simulator to the network.
func (w *world) serve(start func(*front) *httptest.Server) *httptest.Server {
	w.front = &front{service: w.model.Service}
	server := start(w.front)
	w.t.Cleanup(func() {
		server.Close()
		w.front.running.Wait()
	})
	return server
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect(server string) *govmomi.Client {
	w.t.Helper()
	u, err := url.Parse(server + "/sdk")
	w.must(err)
	u.User = url.UserPassword(testUser, testPassword)
	c, err := govmomi.NewClient(w.t.Context(), u, true)
	w.must(err)
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = c.Logout(ctx) // a test may have ended the session
	})
	return c
}

// furnish makes the template and the folders.
func (w *world) furnish() {
	w.t.Helper()
	ctx := w.t.Context()
	for _, at := range []string{"templates", "pools", "pools/a", "pools/b"} {
		_, err := w.at(filepath.Dir(at)).CreateFolder(ctx, filepath.Base(at))
		w.must(err)
	}
	source := w.vm("DC0_C0_RP0_VM0")
	w.done(source.PowerOff(ctx))
	w.done(source.Rename(ctx, "debian"))
	w.done(w.at("templates").MoveInto(ctx, []ref{source.Reference()}))
	w.must(source.MarkAsTemplate(ctx))
	golden := w.model.Map().Get(source.Reference()).(*simulator.VirtualMachine)
	w.model.Map().Put(&goldenVM{golden, w})
}

// at finds a folder below the one of all machines.
func (w *world) at(path string) *object.Folder {
	w.t.Helper()
	return object.NewFolder(w.admin.Client, w.find(path))
}

func (w *world) vm(path string) *object.VirtualMachine {
	w.t.Helper()
	return object.NewVirtualMachine(w.admin.Client, w.find(path))
}

func (w *world) find(path string) ref {
	w.t.Helper()
	found, err := find(w.t.Context(), w.admin.Client, filepath.Join("/DC0/vm", path))
	w.must(err)
	if found == nil {
		w.t.Fatalf("there is no %s", path)
	}
	return *found
}

func (w *world) done(task *object.Task, err error) {
	w.t.Helper()
	w.must(err)
	w.must(task.Wait(w.t.Context()))
}

// config is for a provider of the world.
func (w *world) config() Config {
	return Config{
		Server: "http://" + w.gate.addr, Username: testUser, Password: testPassword,
		DialTimeout: 2 * time.Second, CallTimeout: 10 * time.Second, newsWait: time.Second,
		Logger: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// provider starts one, which ends with the test.
func (w *world) provider(change ...func(*Config)) *Provider {
	w.t.Helper()
	c := w.config()
	for _, f := range change {
		f(&c)
	}
	p, err := New(c)
	w.must(err)
	w.t.Cleanup(func() { w.must(p.Close()) })
	return p
}

// holdClones lets clones wait until they are released.
func (w *world) holdClones() (release func()) {
	hold := make(chan struct{})
	w.set(func() { w.cloning = hold })
	w.front.held.Store(true)
	release = sync.OnceFunc(func() { close(hold) })
	w.t.Cleanup(release)
	return release
}

// handle is asked before every method of the simulator.
func (w *world) handle(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[m.Name]++
	if w.refuse == nil {
		return nil, nil
	}
	return nil, w.refuse(m.Name, ctx.Map.Get(m.This))
}

func (w *world) count(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// watched tells when something has been waited for since: the second request is the one that waits.
func (w *world) watched() func() bool {
	before := w.count("WaitForUpdatesEx")
	return func() bool { return w.count("WaitForUpdatesEx") >= before+2 }
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// faulty answers a method with a fault from now on, as often as told; 0 is for ever.
func (w *world) faulty(method string, times int, f types.BaseMethodFault) (undo func()) {
	w.set(func() {
		n := 0
		w.refuse = func(called string, _ mo.Reference) types.BaseMethodFault {
			if called != method || times > 0 && n == times {
				return nil
			}
			n++
			return f
		}
	})
	return func() { w.set(func() { w.refuse = nil }) }
}

// goldenVM is a template that does what the simulator leaves out: its clones get the annotation and the settings that were asked for,
// and their guests an address.
type goldenVM struct {
	*simulator.VirtualMachine
	world *world
}

func (g *goldenVM) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	w := g.world
	w.mu.Lock()
	hold := w.cloning
	w.clones = append(w.clones, *req)
	w.mu.Unlock()
	elsewhere := ref{Type: "Task", Value: "clone of " + req.Name} // a task locks what it is about, and this one may last
	task := simulator.CreateTask(elsewhere, "cloneVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if hold != nil {
			<-hold
		}
		made := ended(ctx, g.VirtualMachine.CloneVMTask(ctx, req).(*methods.CloneVM_TaskBody).Res.Returnval)
		if made.Info.Error != nil {
			return nil, made.Info.Error.Fault
		}
		clone := made.Info.Result.(ref)
		w.finish(ctx, clone, req)
		return clone, nil
	})
	running := task.Run(ctx)
	if hold != nil {
		g.RecentTask = append(g.RecentTask, running)
	}
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: running}}
}

// finish gives a clone what was asked for.
func (w *world) finish(ctx *simulator.Context, clone ref, req *types.CloneVM_Task) {
	asked := req.Spec.Config
	v := ctx.Map.Get(clone).(*simulator.VirtualMachine)
	ended(ctx, v.ReconfigVMTask(ctx, &types.ReconfigVM_Task{This: clone, Spec: types.VirtualMachineConfigSpec{
		Annotation: asked.Annotation, ExtraConfig: append(asked.ExtraConfig, w.guest(req.Name)...),
	}}).(*methods.ReconfigVM_TaskBody).Res.Returnval)
}

// CreateSnapshotTask takes off the disguise, which the simulator's snapshots do not see through.
func (g *goldenVM) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	task := simulator.CreateTask(g.Self, "createSnapshot", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		ctx.Map.Put(g.VirtualMachine)
		defer ctx.Map.Put(g)
		return ended(ctx, g.VirtualMachine.CreateSnapshotTask(ctx, req).(*methods.CreateSnapshot_TaskBody).Res.Returnval).Info.Result, nil
	})
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: task.Run(ctx)}}
}

func ended(ctx *simulator.Context, r ref) *simulator.Task {
	task := ctx.Map.Get(r).(*simulator.Task)
	task.Wait()
	return task
}

// guest is what the tools in a new machine report.
func (w *world) guest(name string) []types.BaseOptionValue {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noTools {
		return nil
	}
	w.nextIP++
	return []types.BaseOptionValue{
		&types.OptionValue{Key: "SET.guest.ipAddress", Value: fmt.Sprintf("10.0.%d.%d", w.nextIP/250, w.nextIP%250+1)},
		&types.OptionValue{Key: "SET.guest.hostName", Value: name},
	}
}

// files are those of a machine on all datastores.
func (w *world) files(name string) []string {
	w.t.Helper()
	var found []string
	for _, o := range w.model.Map().All("Datastore") {
		dir := o.(*simulator.Datastore).Info.GetDatastoreInfo().Url
		entries, err := os.ReadDir(dir)
		w.must(err)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), name) {
				found = append(found, e.Name())
			}
		}
	}
	return found
}
