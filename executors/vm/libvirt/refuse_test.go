package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

func TestARefusalIsRecognisedByVirshsWords(t *testing.T) {
	tests := []struct {
		text string
		exit int
		more []sign
		want error // nil: none of those that callers tell apart
	}{
		{"error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/libvirt-sock': No such file", 1, nil, errSilent},
		{"error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available", 1, nil, vm.ErrUnusable},
		{"error: Disconnected from qemu:///system due to end of file\nerror: End of file while reading data: Input/output error", 1, nil, errSilent},
		{"libvirt does not answer", exitLate, nil, errSilent},
		{"time is over", exitLate, nil, vm.ErrUnavailable},
		{"", exitLate, nil, vm.ErrUnavailable},
		{"", exitKilled, nil, vm.ErrUnavailable},
		{"another script is at work on web", exitBusy, nil, vm.ErrUnavailable},
		{"error: Timed out during operation: cannot acquire state change lock (held by monitor)", 1, nil, vm.ErrUnavailable},
		{"error: internal error: pool 'default' has asynchronous jobs running.", 1, nil, vm.ErrUnavailable},
		{"timeout: failed to run command 'virsh': No such file or directory", exitAbsent, nil, vm.ErrUnusable},
		{"error: failed to get domain 'web'", 1, nil, vm.ErrNotFound},
		{"error: Domain not found: no domain with matching uuid '1'", 1, nil, vm.ErrNotFound},
		{"error: Domain snapshot not found: no domain snapshot with matching name 's1'", 1, nil, vm.ErrNotFound},
		{"error: unsupported configuration: internal snapshots of a VM with pflash based firmware are not supported", 1, nil, vm.ErrPermanent},
		{"error: Unsafe migration: Migration without shared storage is unsafe", 1, nil, vm.ErrPermanent},
		{"error: Network not found: no network with matching name 'lan'", 1, creates, vm.ErrPermanent},
		{"error: operation failed: domain 'web' already exists with uuid 1a668e5b", 1, creates, vm.ErrExists},
		{"error: storage volume 'web.root.qcow2' exists already", 1, creates, vm.ErrExists},
		{"error: internal error: storage volume name 'web.root.qcow2' already in use.", 1, creates, vm.ErrExists},
		{"error: Storage volume not found: no storage vol with matching path 'debian'", 1, creates, vm.ErrPermanent},
		{"error: Requested operation is not valid: target vdb already exists", 1, nil, nil},
		{"error: internal error: qemu unexpectedly closed the monitor: Cannot allocate memory", 1, creates, nil},
		{"No space left on device", 1, nil, nil},
		{"", 1, nil, nil},
	}
	for _, tt := range tests {
		err := refused("hv1", "create web", executors.Result{Stderr: tt.text, Exit: tt.exit}, tt.more)
		if tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%q (%d) is not %q", tt.text, tt.exit, tt.want)
		}
		for _, kind := range []error{vm.ErrNotFound, vm.ErrExists, vm.ErrUnavailable, vm.ErrPermanent, vm.ErrUnusable} {
			if errors.Is(err, kind) && kind != tt.want && tt.want != errSilent {
				t.Errorf("%q (%d) is %q", tt.text, tt.exit, kind)
			}
		}
		if silent(err) && !errors.Is(err, vm.ErrUnavailable) {
			t.Errorf("%q is silence, and not unavailable", tt.text)
		}
		var exit *executors.ExitError
		if !errors.As(err, &exit) || !strings.HasPrefix(err.Error(), "create web on hv1: ") || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%q reads as %q", tt.text, err)
		}
	}
}

// everything are all calls that name a machine.
func everything(p *Provider, pool vm.Pool) map[string]func(ctx context.Context, name string) error {
	return map[string]func(context.Context, string) error{
		"get":      func(ctx context.Context, n string) error { _, err := p.Get(ctx, pool, n); return err },
		"create":   func(ctx context.Context, n string) error { return p.Create(ctx, pool, n) },
		"destroy":  func(ctx context.Context, n string) error { return p.Destroy(ctx, pool, n) },
		"address":  func(ctx context.Context, n string) error { _, err := p.Address(ctx, pool, n); return err },
		"disk":     func(ctx context.Context, n string) error { return p.AddDisk(ctx, pool, n, "d1", 1) },
		"snapshot": func(ctx context.Context, n string) error { return p.Snapshot(ctx, pool, n, "s1") },
		"revert":   func(ctx context.Context, n string) error { return p.Revert(ctx, pool, n, "s1") },
		"drop":     func(ctx context.Context, n string) error { return p.DropSnapshot(ctx, pool, n, "s1") },
		"migrate":  func(ctx context.Context, n string) error { _, err := p.Migrate(ctx, pool, n); return err },
		"tag":      func(ctx context.Context, n string) error { return p.Tag(ctx, pool, n, "ada") },
	}
}

func TestARunnersErrorIsUnavailable(t *testing.T) {
	for _, cause := range []error{executors.ErrUnreachable, executors.ErrLost} {
		p, _ := newTest(t, Options{}, rule{err: fmt.Errorf("hv1: %w", cause)})
		calls := everything(p, testPool)
		calls["list"] = func(ctx context.Context, _ string) error { _, err := p.List(ctx, testPool); return err }
		for name, call := range calls {
			if err := call(t.Context(), "web"); !errors.Is(err, vm.ErrUnavailable) || !errors.Is(err, cause) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestACancelledCallRunsNothing(t *testing.T) {
	p, f := newTest(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range everything(p, testPool) {
		if err := call(ctx, "web"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(f.log) > 0 {
		t.Errorf("it ran %s", f.log[0].script)
	}
}

func TestEveryScriptIsBoundedInTime(t *testing.T) {
	f := &fake{}
	p, err := New(deadlines{t, f}, Options{Hosts: []string{"hv1"}, Timeout: 10 * time.Second, CopyTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	p.wait = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
	for _, call := range everything(p, testPool) {
		_ = call(t.Context(), "web") // the fake answers nothing that could be understood
	}
	if len(f.log) < 9 {
		t.Errorf("only %d scripts ran", len(f.log))
	}
}

// deadlines complains about scripts without a deadline.
type deadlines struct {
	t *testing.T
	*fake
}

func (d deadlines) Run(ctx context.Context, host, script string) (executors.Result, error) {
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > 20*time.Second+grace {
		d.t.Errorf("%v, %v is the deadline of %s", end, ok, script)
	}
	if !strings.Contains(script, "left=$((10 - SECONDS))") && !strings.Contains(script, "left=$((20 - SECONDS))") {
		d.t.Errorf("it has no limit of its own: %s", script)
	}
	return d.fake.Run(ctx, host, script)
}

func TestNothingButNamesComesIntoAScript(t *testing.T) {
	for _, bad := range []string{"", "a b", "a;b", "$(id)", "-rf", "a\nb", "a'b", "../x", "a/b", "a.b", "17", idA, strings.Repeat("a", 64)} {
		p, f := newTest(t, Options{}, says("V \"$batch\"", listing(nil)))
		for name, call := range everything(p, testPool) {
			want := vm.ErrNotFound
			switch name {
			case "create":
				want = vm.ErrPermanent
			case "drop", "destroy":
				want = nil
			}
			if err := call(t.Context(), bad); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%s %q: got %v, want %v", name, bad, err, want)
			}
		}
		for _, played := range f.log {
			if bad != "" && bad != "17" && strings.Contains(played.script, bad) && len(bad) > 2 {
				t.Errorf("%q stands in %s", bad, played.script)
			}
		}
		if bad == "17" || bad == idA || len(bad) == 64 {
			continue // are ids, or as good as
		}
		for _, err := range []error{
			p.AddDisk(t.Context(), testPool, "web", bad, 1), p.Snapshot(t.Context(), testPool, "web", bad),
			p.Revert(t.Context(), testPool, "web", bad), p.DropSnapshot(t.Context(), testPool, "web", bad),
		} {
			if bad != "a.b" && !errors.Is(err, vm.ErrPermanent) {
				t.Errorf("id %q: got %v", bad, err)
			}
		}
	}
	p, f := newTest(t, Options{})
	for _, gb := range []int{-1, 0, diskMost + 1} {
		if err := p.AddDisk(t.Context(), testPool, "web", "d1", gb); !errors.Is(err, vm.ErrPermanent) || len(f.log) > 0 {
			t.Errorf("%d GB: got %v", gb, err)
		}
	}
}

func TestAPoolThatCannotBeIsRefusedWithItsField(t *testing.T) {
	with := func(change func(*vm.Pool)) vm.Pool {
		p := testPool
		change(&p)
		return p
	}
	option := func(key, value string) vm.Pool {
		return with(func(p *vm.Pool) { p.Options = map[string]string{key: value} })
	}
	tests := []struct {
		pool  vm.Pool
		field string
	}{
		{with(func(p *vm.Pool) { p.Name = "a b" }), "pool name"},
		{with(func(p *vm.Pool) { p.Datastore = "$(id)" }), "datastore"},
		{with(func(p *vm.Pool) { p.Folder = "Pooled VMs/debian" }), "folder"},
		{with(func(p *vm.Pool) { p.Folder = "/srv/../etc" }), "folder"},
		{with(func(p *vm.Pool) { p.Template = "" }), "template"},
		{with(func(p *vm.Pool) { p.Template = "a/b/c" }), "template"},
		{with(func(p *vm.Pool) { p.Template = "/a" }), "template"},
		{with(func(p *vm.Pool) { p.Template = "a/'b" }), "template"},
		{with(func(p *vm.Pool) { p.Network = "bridge:br0'" }), "network"},
		{with(func(p *vm.Pool) { p.Network = "bridge:" }), "network"},
		{with(func(p *vm.Pool) { p.CloneTarget = "west" }), "clone target"},
		{option("memory", "8"), "memory"},
		{option("memory", "lots"), "memory"},
		{option("vcpus", "0"), "vcpus"},
		{option("bus", "ide"), "bus"},
		{option("nic", "a b"), "nic"},
		{option("machine", "<q35>"), "machine"},
		{option("cpu", "z80"), "cpu"},
		{option("firmware", "coreboot"), "firmware"},
		{option("colour", "red"), "colour"},
	}
	for _, tt := range tests {
		p, f := newTest(t, Options{})
		err := p.Create(t.Context(), tt.pool, "web")
		if !errors.Is(err, vm.ErrPermanent) || !strings.Contains(fmt.Sprint(err), tt.field) || len(f.log) > 0 {
			t.Errorf("%+v: got %v after %d scripts", tt.pool, err, len(f.log))
		}
	}
}

func TestOptionsThatCannotBeAreRefusedWithTheirField(t *testing.T) {
	for field, change := range map[string]func(*Options){
		"hosts: no":     func(o *Options) { o.Hosts = nil },
		"hosts: \"a b":  func(o *Options) { o.Hosts = []string{"a b"} },
		"twice":         func(o *Options) { o.Hosts = []string{"a", "b", "a"} },
		"clusters":      func(o *Options) { o.Clusters = map[string][]string{"x": {"hv9"}} },
		"uri":           func(o *Options) { o.URI = "qemu:///system --x" },
		"migrate_uri":   func(o *Options) { o.MigrateURI = "qemu\n" },
		"sources":       func(o *Options) { o.Sources = []string{"dns"} },
		"domain_type":   func(o *Options) { o.DomainType = "k'vm" },
		"timeouts":      func(o *Options) { o.Timeout = time.Millisecond },
		"datastore":     func(o *Options) { o.StoragePool = "-x" },
		"network":       func(o *Options) { o.Network = "a;b" },
		"memory":        func(o *Options) { o.MemoryMiB = -1 },
		"vcpus":         func(o *Options) { o.VCPUs = vcpusMost + 1 },
		"machine \"q 3": func(o *Options) { o.MachineType = "q 35" },
	} {
		opt := Options{Hosts: []string{"hv1"}}
		change(&opt)
		if _, err := New(&fake{}, opt); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if p, err := New(&fake{}, Options{Hosts: []string{"hv1"}}); err != nil || p.Close() != nil {
		t.Errorf("got %v", err)
	}
}
