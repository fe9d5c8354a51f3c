package libvirt

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/executors"
	"yardmaster/executors/vm"
	"yardmaster/executors/vm/vmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// breaker is a Runner that can be made to spoil scripts.
type breaker struct {
	executors.Runner
	mu    sync.Mutex
	spoil func(host, script string) string
}

func (b *breaker) Run(ctx context.Context, host, script string) (executors.Result, error) {
	b.mu.Lock()
	spoil := b.spoil
	b.mu.Unlock()
	if spoil != nil {
		script = spoil(host, script)
	}
	return b.Runner.Run(ctx, host, script)
}

func (b *breaker) set(spoil func(host, script string) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spoil = spoil
}

func logger(t *testing.T) *slog.Logger {
	level := slog.LevelInfo
	if os.Getenv("YARDMASTER_TRACE") != "" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

// site is a yard with two pools of machines on it, and a template.
type site struct {
	*yard
	pool, other, missing vm.Pool
}

func newSite(t *testing.T, hosts ...string) *site {
	t.Helper()
	s := &site{yard: newYard(t, hosts...)}
	image(t, filepath.Join(s.yard.pool(t, "templates"), "base.qcow2"))
	images, others := s.yard.pool(t, "default"), s.yard.pool(t, "others")
	small := map[string]string{"memory": "32", "vcpus": "1"}
	s.pool = vm.Pool{Name: "debian-12", Template: "templates/base", Folder: images, Network: "user", Options: small}
	s.other = vm.Pool{Name: "other", Template: "templates/base.qcow2", Datastore: "others", Folder: others, Network: "none", Options: small}
	s.missing = s.pool
	s.missing.Template = "templates/nothing"
	return s
}

func (s *site) options(t *testing.T) Options {
	return Options{
		Hosts: s.hosts(), URI: s.uri, MigrateURI: s.uri, Shared: true, DomainType: "qemu",
		Timeout: 20 * time.Second, CopyTimeout: time.Minute, Logger: logger(t),
	}
}

func (s *site) provider(t *testing.T, change ...func(*Options)) (*Provider, *breaker) {
	t.Helper()
	opt := s.options(t)
	for _, f := range change {
		f(&opt)
	}
	run := &breaker{Runner: s.run}
	p, err := New(run, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p, run
}

func (s *site) world(t *testing.T, change ...func(*Options)) vmtest.World {
	p, run := s.provider(t, change...)
	return vmtest.World{
		Provider: p, Pool: s.pool, Other: s.other, Missing: s.missing,
		Foreign: s.foreign, Vanish: s.vanish,
		PowerOff: func(t *testing.T, _ vm.Pool, name string) { s.virsh(t, s.home(t, name), "destroy", name) },
		Disks:    s.disks, Snapshots: s.snapshots, Left: s.left,
		Hang: func(t *testing.T) func() { return s.every(t, (*daemon).hang) },
		Down: func(t *testing.T) func() { return s.every(t, (*daemon).down) },
		HalfMade: func(_ *testing.T, _ vm.Pool, name string) func() {
			run.set(func(_, script string) string { return strings.ReplaceAll(script, "V start "+name, "V start no-"+name) })
			return func() { run.set(nil) }
		},
	}
}

func (s *site) every(t *testing.T, do func(*daemon, *testing.T) func()) func() {
	var undo []func()
	for _, h := range s.hosts() {
		undo = append(undo, do(s.daemons[h], t))
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// home is the hypervisor that has a domain.
func (s *site) home(t *testing.T, name string) string {
	t.Helper()
	for _, h := range s.hosts() {
		if s.has(t, h, name) {
			return h
		}
	}
	t.Fatalf("no hypervisor has %s", name)
	return ""
}

func (s *site) has(t *testing.T, host, name string) bool {
	t.Helper()
	for _, n := range strings.Fields(s.virsh(t, host, "list", "--all", "--name")) {
		if n == name {
			return true
		}
	}
	return false
}

// foreign makes a machine as somebody else would.
func (s *site) foreign(t *testing.T, p vm.Pool) string {
	t.Helper()
	name := fmt.Sprintf("bobs-%d", time.Now().UnixNano()%1e6)
	s.stranger(t, p, name)
	return name
}

// stranger makes a domain whose disk lies in a pool's folder.
func (s *site) stranger(t *testing.T, p vm.Pool, name string) {
	t.Helper()
	disk := filepath.Join(p.Folder, fmt.Sprintf("bobs disk %d.qcow2", time.Now().UnixNano()))
	image(t, disk)
	xml, err := escape(name)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "foreign.xml")
	write(t, file, fmt.Sprintf(`<domain type='qemu'>
<name>%s</name><memory unit='MiB'>32</memory><os><type machine='q35'>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>`, xml, disk))
	host := s.hosts()[len(s.hosts())-1]
	s.virsh(t, host, "define", file)
	s.virsh(t, host, "start", name)
}

func (s *site) vanish(t *testing.T, _ vm.Pool, name string) {
	t.Helper()
	host := s.home(t, name)
	s.virsh(t, host, "destroy", name)
	s.virsh(t, host, "undefine", name)
}

// disks are those that a machine has beside its root.
func (s *site) disks(t *testing.T, _ vm.Pool, name string) []string {
	t.Helper()
	var out []string
	for _, line := range lines(s.virsh(t, s.home(t, name), "domblklist", name)) {
		if !strings.HasSuffix(line, rootVolume(name)) {
			out = append(out, line)
		}
	}
	return out
}

func (s *site) snapshots(t *testing.T, _ vm.Pool, name string) []string {
	t.Helper()
	return lines(s.virsh(t, s.home(t, name), "snapshot-list", name, "--name"))
}

// left looks for a name in all domains, volumes and files but the logs.
func (s *site) left(t *testing.T, _ vm.Pool, name string) []string {
	t.Helper()
	var out []string
	for _, h := range s.hosts() {
		if s.has(t, h, name) {
			out = append(out, h+": domain "+name)
		}
		for _, pool := range []string{"default", "others", "templates"} {
			for _, line := range lines(s.virsh(t, h, "vol-list", pool)) {
				if strings.HasPrefix(line, name+".") {
					out = append(out, h+": volume "+line)
				}
			}
		}
	}
	err := filepath.WalkDir(s.dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(filepath.Base(file), name) && filepath.Ext(file) != ".log" {
			out = append(out, file)
		}
		return nil // files come and go meanwhile
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLibvirtdKeepsThePromisesOfAProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t, "hv1", "hv2")
	vmtest.Conformance(t, vmtest.Suite{New: func(t *testing.T) vmtest.World { return s.world(t) }, NoAddress: true})
}
