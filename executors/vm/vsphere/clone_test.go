package vsphere

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// clone creates a machine and gives what the server was asked for.
func (w *world) clone(p *Provider, pool vm.Pool, name string) types.CloneVM_Task {
	w.t.Helper()
	w.must(p.Create(w.t.Context(), pool, name))
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clones[len(w.clones)-1]
}

func TestAClonesNoteAndSettings(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	p := w.provider(func(c *Config) { c.Now = func() time.Time { return now } })
	pool := w.pool
	pool.Options = map[string]string{"snapshot_mainMem_iowait": "0", "snapshot_mainMem_ioBlockPages": "2048"}
	w.must(p.Create(t.Context(), pool, "blue-fox"))
	v := w.look(pool, "blue-fox")
	want := note{Name: "blue-fox", CreatedBy: testUser, Template: "templates/debian", Created: now}.text()
	if v.Config.Annotation != want {
		t.Errorf("annotation %s", v.Config.Annotation)
	}
	settings := map[string]any{}
	for _, o := range v.Config.ExtraConfig {
		settings[o.GetOptionValue().Key] = o.GetOptionValue().Value
	}
	for key, want := range map[string]string{"guestinfo.hostname": "blue-fox", "mainMem.iowait": "0", "mainMem.ioBlockPages": "2048"} {
		if settings[key] != want {
			t.Errorf("%s is %v, want %s", key, settings[key], want)
		}
	}
	m, err := p.Get(t.Context(), pool, "blue-fox")
	if err != nil || m.Template != "templates/debian" || m.Hostname != "blue-fox" || m.IP == "" || !strings.HasPrefix(m.Host, "DC0_C0_H") {
		t.Errorf("got %+v, %v", m, err)
	}
	w.must(p.Tag(t.Context(), pool, "blue-fox", "ada"))
	if got := read(w.look(pool, "blue-fox").Config.Annotation); string(got[noteUser]) != `"ada"` || string(got[noteName]) != `"blue-fox"` {
		t.Errorf("tagged %s", got.text())
	}
}

func TestACloneGoesWhereThePoolWants(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Datastore = "LocalDS_1"
	w.must(p.Create(t.Context(), pool, "a"))
	v := w.look(pool, "a")
	if !strings.HasPrefix(v.Config.Files.VmPathName, "[LocalDS_1]") {
		t.Errorf("it is at %s", v.Config.Files.VmPathName)
	}
	w.must(p.AddDisk(t.Context(), pool, "a", "d1", 8))
	if got := w.disks(t, pool, "a"); len(got) != 1 || got[0] != "[LocalDS_1] a/disk.d1.vmdk" {
		t.Errorf("its disk is at %q", got)
	}
}

func TestWhatIsNotThereIsPermanentAndNamed(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	tests := []struct {
		field  string
		change func(*vm.Pool)
	}{
		{"template", func(p *vm.Pool) { p.Template = "none" }},
		{"template", func(p *vm.Pool) { p.Template = "templates" }},
		{"template", func(p *vm.Pool) { p.Template = "../x" }},
		{"template", func(p *vm.Pool) { p.Template = "" }},
		{"folder", func(p *vm.Pool) { p.Folder = "pools/none" }},
		{"folder", func(p *vm.Pool) { p.Folder = "templates/debian" }},
		{"folder", func(p *vm.Pool) { p.Folder = "" }},
		{"datastore", func(p *vm.Pool) { p.Datastore = "none" }},
		{"network", func(p *vm.Pool) { p.Network = "none" }},
		{"clone_target", func(p *vm.Pool) { p.CloneTarget = "none" }},
		{"datacenter", func(p *vm.Pool) { p.Datacenter = "none" }},
		{"options: colour", func(p *vm.Pool) { p.Options = map[string]string{"colour": "red"} }},
	}
	for _, tt := range tests {
		pool := w.pool
		tt.change(&pool)
		err := p.Create(t.Context(), pool, "a")
		if !errors.Is(err, vm.ErrPermanent) || !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%s: got %v", tt.field, err)
		}
	}
	for _, name := range []string{"", "a b", "a/b", "-a", "a-", "a.b", strings.Repeat("a", 64)} {
		if err := p.Create(t.Context(), w.pool, name); !errors.Is(err, vm.ErrPermanent) {
			t.Errorf("name %q: got %v", name, err)
		}
	}
	if n := w.count("CloneVM_Task"); n != 0 {
		t.Errorf("%d clones", n)
	}
}

func TestFoldersAreCreatedIfThatIsWanted(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Folder, pool.Options = "pools/new/deep", map[string]string{"create_folders": "true"}
	if all, err := p.List(t.Context(), pool); err != nil || len(all) != 0 {
		t.Errorf("before: %v, %v", all, err)
	}
	var both sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		both.Go(func() {
			if err := p.Create(t.Context(), pool, name); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if all, err := p.List(t.Context(), pool); err != nil || len(all) != 2 {
		t.Errorf("after: %v, %v", all, err)
	}
	pool.Options = nil
	pool.Folder = "pools/other"
	if _, err := p.List(t.Context(), pool); !errors.Is(err, vm.ErrPermanent) {
		t.Errorf("unwanted: %v", err)
	}
}

func TestAFolderThatSomebodyElseHasJustCreatedIsTheOne(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	c, err := p.session.client(t.Context())
	w.must(err)
	got, err := p.addFolder(t.Context(), c, w.find("pools"), "a", "/DC0/vm/pools/a")
	if err != nil || got == nil || *got != w.find("pools/a") {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := p.addFolder(t.Context(), c, w.find("pools"), "a", "/DC0/vm/elsewhere"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("neither there nor not: %v", err)
	}
}

func TestATemplateMayBeGivenByNameAlone(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Template = "debian"
	w.must(p.Create(t.Context(), pool, "a"))
	w.done(w.vm("DC0_H0_VM0").Clone(t.Context(), w.at("pools"), "debian", types.VirtualMachineCloneSpec{}))
	if err := p.Create(t.Context(), pool, "b"); !errors.Is(err, vm.ErrPermanent) || !strings.Contains(err.Error(), "2 machines") {
		t.Errorf("got %v", err)
	}
}

func TestTheOnlyDatacenterNeedsNoName(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Datacenter = ""
	w.must(p.Create(t.Context(), pool, "a"))
	_, err := object.NewRootFolder(w.admin.Client).CreateDatacenter(t.Context(), "DC1")
	w.must(err)
	if err := w.provider().Create(t.Context(), pool, "b"); !errors.Is(err, vm.ErrPermanent) || !strings.Contains(err.Error(), "datacenter") {
		t.Errorf("of two: %v", err)
	}
	w.must(w.provider(func(c *Config) { c.Datacenter = "DC0" }).Create(t.Context(), pool, "b"))
}

func TestTheNetworkCardIsPutIntoThePoolsNetwork(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	for _, network := range []string{"VM Network", "DC0_DVPG0"} {
		pool := w.pool
		pool.Network = network
		change := w.clone(p, pool, strings.ToLower(strings.NewReplacer(" ", "", "_", "").Replace(network))).Spec.Config.DeviceChange
		if len(change) != 1 {
			t.Fatalf("%s: %d changes", network, len(change))
		}
		spec := change[0].GetVirtualDeviceConfigSpec()
		card := spec.Device.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
		if spec.Operation != types.VirtualDeviceConfigSpecOperationEdit || card.Key == 0 || card.AddressType != "generated" {
			t.Errorf("%s: %s card %d with an address that is %s", network, spec.Operation, card.Key, card.AddressType)
		}
		switch b := card.Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			if b.DeviceName != network {
				t.Errorf("%s: into %s", network, b.DeviceName)
			}
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			if network != "DC0_DVPG0" || b.Port.PortgroupKey == "" {
				t.Errorf("%s: into port group %q", network, b.Port.PortgroupKey)
			}
		default:
			t.Errorf("%s: backing %T", network, b)
		}
	}
	if got := w.clone(p, w.pool, "plain").Spec.Config.DeviceChange; len(got) != 0 {
		t.Errorf("without a network: %d changes", len(got))
	}
}

func TestWhatAClonesDisksAreMadeOf(t *testing.T) {
	snapped := mo.VirtualMachine{Snapshot: &types.VirtualMachineSnapshotInfo{CurrentSnapshot: &types.ManagedObjectReference{Value: "snapshot-1"}}}
	tests := []struct {
		name     string
		template mo.VirtualMachine
		full     bool
		move     types.VirtualMachineRelocateDiskMoveOptions
		snapshot bool
	}{
		{"linked to the current snapshot", snapped, false, types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking, true},
		{"without one, to what lies beneath", mo.VirtualMachine{}, false, types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking, false},
		{"whole", snapped, true, types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndDisallowSharing, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			move, snapshot := template{tt.template}.disks(tt.full)
			if move != string(tt.move) || (snapshot != nil) != tt.snapshot {
				t.Errorf("got %s, %v", move, snapshot)
			}
		})
	}
}

func TestTheSnapshotForLinkedClonesIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	if got := w.clone(p, pool, "before").Spec; got.Snapshot != nil {
		t.Errorf("linked to %v without being asked", got.Snapshot)
	}
	full := pool
	full.Full = true
	pool.Options = map[string]string{"create_template_delta_disks": "true"}
	full.Options = pool.Options
	w.clone(p, full, "full")
	if n := w.count("CreateSnapshot_Task"); n != 0 {
		t.Errorf("%d snapshots for a whole copy", n)
	}
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			if err := p.Create(t.Context(), pool, name); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	v := w.look(vm.Pool{Folder: "templates"}, "debian")
	if n := w.count("CreateSnapshot_Task"); n != 1 || v.Snapshot == nil || !v.Config.Template {
		t.Fatalf("%d snapshots taken, there is %v, a template: %v", n, v.Snapshot, v.Config.Template)
	}
	got := w.clone(p, pool, "after").Spec
	if got.Snapshot == nil || *got.Snapshot != *v.Snapshot.CurrentSnapshot ||
		got.Location.DiskMoveType != string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking) {
		t.Errorf("linked to %v by %s", got.Snapshot, got.Location.DiskMoveType)
	}
}

func TestATemplateStaysOneWhenItsSnapshotFails(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	pool := w.pool
	pool.Options = map[string]string{"create_template_delta_disks": "true"}
	undo := w.faulty("CreateSnapshot_Task", 1, &types.NoDiskSpace{})
	defer undo()
	if err := p.Create(t.Context(), pool, "a"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if v := w.look(vm.Pool{Folder: "templates"}, "debian"); !v.Config.Template {
		t.Error("the template is not marked as one any more")
	}
}

func TestACloneThatWasCutOffIsWaitedForByTheNextCall(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	release := w.holdClones()
	ctx, cancel := context.WithCancel(t.Context())
	created := make(chan error, 1)
	go func() { created <- p.Create(ctx, w.pool, "a") }()
	eventually(t, "the clone is under way", func() bool { return w.count("CloneVM_Task") == 1 })
	cancel()
	if err := <-created; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	destroyed := make(chan error, 1)
	go func() { destroyed <- p.Destroy(t.Context(), w.pool, "a") }()
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Destroy(impatient, w.pool, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("meanwhile: %v", err)
	}
	w.must(p.Create(t.Context(), vm.Pool{Template: "DC0_H0_VM0", Folder: "pools/b"}, "other")) // which nobody holds up
	release()
	w.must(<-destroyed)
	if left := w.left(t, w.pool, "a"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestACloneWhoseBeginningWasNotHeardOfIsSatOut(t *testing.T) {
	w := newWorld(t)
	w.front.cut = "CloneVM_Task"
	p := w.provider()
	release := w.holdClones()
	watched := w.watched()
	created := make(chan error, 1)
	go func() { created <- p.Create(t.Context(), w.pool, "a") }()
	eventually(t, "the clone is waited for", watched)
	destroyed := make(chan error, 1)
	go func() { destroyed <- p.Destroy(t.Context(), w.pool, "a") }()
	release()
	if err := <-created; !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	w.must(<-destroyed)
	if left := w.left(t, w.pool, "a"); len(left) > 0 || w.count("CloneVM_Task") != 1 {
		t.Errorf("left: %q", left)
	}
}

func TestWhatWasRemovedMeanwhileIsAskedForAnew(t *testing.T) {
	w := newWorld(t)
	p := w.provider(func(c *Config) { c.ManageHosts = true })
	undo := w.faulty("CloneVM_Task", 1, &types.ManagedObjectNotFound{Obj: thing("HostSystem", "host-9")})
	defer undo()
	if err := p.Create(t.Context(), w.pool, "a"); !errors.Is(err, vm.ErrUnavailable) || errors.Is(err, vm.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if l := p.layouts.get("/DC0", time.Hour); l != nil {
		t.Error("the old layout is believed")
	}
	w.must(p.Create(t.Context(), w.pool, "a"))
	undo()
	defer w.faulty("PowerOnVM_Task", 1, &types.ManagedObjectNotFound{Obj: thing("VirtualMachine", "vm-9")})()
	if err := p.Create(t.Context(), w.pool, "b"); !errors.Is(err, vm.ErrUnavailable) || errors.Is(err, vm.ErrNotFound) {
		t.Errorf("the clone itself: %v", err)
	}
}
