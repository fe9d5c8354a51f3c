package vsphere

import (
	"errors"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

func names(all []vm.Machine) (names []string) {
	for _, m := range all {
		names = append(names, m.Name)
	}
	return names
}

func TestATemplateIsNoMachineAndIsNeverDestroyed(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	marked, own := w.pool, w.pool
	marked.Folder, marked.Template = "templates", "templates/other" // the folder holds the template of another pool
	own.Folder, own.Template = "pools/a", "pools/a/plain"           // and this one a template that is not marked as one
	w.done(w.vm("DC0_H0_VM0").Clone(t.Context(), w.at("pools/a"), "plain", types.VirtualMachineCloneSpec{}))
	for _, tt := range []struct {
		pool vm.Pool
		name string
	}{{marked, "debian"}, {own, "plain"}} {
		if all, err := p.List(t.Context(), tt.pool); err != nil || len(all) != 0 {
			t.Errorf("%s: listed %q, %v", tt.name, names(all), err)
		}
		if err := p.Destroy(t.Context(), tt.pool, tt.name); !errors.Is(err, vm.ErrPermanent) {
			t.Errorf("%s: destroy: %v", tt.name, err)
		}
		w.find(tt.pool.Folder + "/" + tt.name)
	}
	if n := w.count("Destroy_Task"); n != 0 {
		t.Errorf("%d destroyed", n)
	}
}

func TestFoldersInThePoolsFolderAreNotSearched(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Folder = "pools"
	w.must(p.Create(t.Context(), w.pool, "below"))
	if all, err := p.List(t.Context(), pool); err != nil || len(all) != 0 {
		t.Errorf("listed %q, %v", names(all), err)
	}
	for _, name := range []string{"a", "a/below", "below", ""} {
		if _, err := p.Get(t.Context(), pool, name); !errors.Is(err, vm.ErrNotFound) {
			t.Errorf("get %q: %v", name, err)
		}
		if err := p.Destroy(t.Context(), pool, name); err != nil {
			t.Errorf("destroy %q: %v", name, err)
		}
	}
	w.find("pools/a/below")
}

func TestAnOrphanIsForgotten(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "a"))
	w.powerOff(t, w.pool, "a")
	v := w.model.Map().Get(w.find("pools/a/a")).(*simulator.VirtualMachine)
	w.model.Service.Context.WithLock(v, func() { v.Runtime.ConnectionState = types.VirtualMachineConnectionStateOrphaned })
	w.must(p.Destroy(t.Context(), w.pool, "a"))
	if w.count("UnregisterVM") != 1 || w.count("Destroy_Task") != 0 {
		t.Errorf("unregistered %d times, destroyed %d times", w.count("UnregisterVM"), w.count("Destroy_Task"))
	}
	if _, err := p.Get(t.Context(), w.pool, "a"); !errors.Is(err, vm.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// busy puts a task of somebody else on a machine.
func (w *world) busy(name string) (end func()) {
	w.t.Helper()
	v := w.model.Map().Get(w.find("pools/a/" + name)).(*simulator.VirtualMachine)
	hold := make(chan struct{})
	task := simulator.CreateTask(ref{Type: "Task", Value: "busy"}, "busy", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		<-hold
		return nil, &types.RequestCanceled{} // how it ends is not our concern
	})
	running := task.Run(w.model.Service.Context)
	w.model.Service.Context.WithLock(v, func() { v.RecentTask = []ref{running} })
	return func() { close(hold) }
}

func TestWhatSomebodyElseIsDoingToAMachineIsWaitedFor(t *testing.T) {
	for name, call := range map[string]func(*Provider, vm.Pool) error{
		"destroy":  func(p *Provider, pool vm.Pool) error { return p.Destroy(t.Context(), pool, "a") },
		"disk":     func(p *Provider, pool vm.Pool) error { return p.AddDisk(t.Context(), pool, "a", "d1", 1) },
		"snapshot": func(p *Provider, pool vm.Pool) error { return p.Snapshot(t.Context(), pool, "a", "s1") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.provider()
			w.must(p.Create(t.Context(), w.pool, "a"))
			end := w.busy("a")
			watched := w.watched()
			ended := make(chan error, 1)
			go func() { ended <- call(p, w.pool) }()
			eventually(t, "it waits", watched)
			if w.count("Destroy_Task")+w.count("ReconfigVM_Task")+w.count("CreateSnapshot_Task") != 0 {
				t.Error("it did not wait")
			}
			end()
			w.must(<-ended)
		})
	}
}

func TestDestroyIsNotFooledByOtherThingsThatAreGone(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "a"))
	undo := w.faulty("Destroy_Task", 1, &types.ManagedObjectNotFound{Obj: thing("Task", "task-1")})
	defer undo()
	if err := p.Destroy(t.Context(), w.pool, "a"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	undo()
	defer w.faulty("Destroy_Task", 1, &types.ManagedObjectNotFound{Obj: w.find("pools/a/a")})()
	w.must(p.Destroy(t.Context(), w.pool, "a"))
}

func TestADiskIsFoundBeneathItsSnapshots(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "a"))
	w.must(p.AddDisk(t.Context(), w.pool, "a", "d1", 1))
	devices := object.VirtualDeviceList(w.look(w.pool, "a").Config.Hardware.Device)
	const file = "[LocalDS_0] a/disk.d1.vmdk"
	if !hasDisk(devices, file) {
		t.Fatal("it is not there")
	}
	for _, d := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		b := d.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		below := *b
		b.FileName, b.Parent = "[LocalDS_0] a/top.vmdk", &below
	}
	if !hasDisk(devices, file) || hasDisk(devices, "[LocalDS_0] a/disk.d2.vmdk") {
		t.Error("a layer was put upon it, and it is not found")
	}
}

func TestAFileThatWasMadeBeforeItsDiskWasCutOffIsTheDisk(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "a"))
	dc := object.NewDatacenter(w.admin.Client, w.model.Map().Any("Datacenter").Reference())
	w.done(object.NewVirtualDiskManager(w.admin.Client).CreateVirtualDisk(t.Context(), "[LocalDS_0] a/disk.d1.vmdk", dc,
		&types.FileBackedVirtualDiskSpec{CapacityKb: 1 << 20}))
	w.must(p.AddDisk(t.Context(), w.pool, "a", "d1", 1))
	if got := w.disks(t, w.pool, "a"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsNoDisk(t *testing.T) {
	for _, tt := range []struct {
		id string
		gb int
	}{{"d1", 0}, {"d1", -1}, {"d1", diskMost + 1}, {"", 1}, {".d", 1}, {"a/b", 1}, {"a b", 1}, {"..", 1}} {
		if err := checkDisk(tt.id, tt.gb); !errors.Is(err, vm.ErrPermanent) {
			t.Errorf("%q, %d GB: %v", tt.id, tt.gb, err)
		}
	}
	for gb, want := range map[int]int64{1: 954 << 10, 8: 7630 << 10, diskMost: 59127808 << 10} {
		if got := kilobytes(gb); got != want || got<<10 < int64(gb)*1e9 {
			t.Errorf("%d GB are %d KB, want %d", gb, got, want)
		}
	}
}
