package libvirt

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yardmaster/executors/vm"
	"yardmaster/executors/vm/vmtest"
)

// newDriverSite is a site on libvirt's own simulated hypervisor, behind a real libvirtd: no qemu, no files. It forgets all when
// its last client leaves, so one stays.
func newDriverSite(t *testing.T) *site {
	t.Helper()
	s := &site{yard: newYard(t, "hv1")}
	s.uri = strings.Replace(s.uri, "qemu+unix:///system", "test+unix:///default", 1)
	stay := exec.Command("virsh", "-c", uriOf(s.uri, "hv1"), "event", "--event", "lifecycle", "--loop")
	if err := stay.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stay.Process.Kill()
		_ = stay.Wait()
	})
	eventually(t, "the one who stays is there, so that what one client says the next one knows", func() bool {
		_ = s.try("hv1", "pool-define-as", "others", "dir", "--target", "/others") // it may be known already
		return s.try("hv1", "pool-info", "others") == nil
	})
	s.virsh(t, "hv1", "pool-start", "others")
	for _, storage := range []string{"default-pool", "others"} {
		s.virsh(t, "hv1", "vol-create-as", storage, "base.qcow2", "1G", "--format", "qcow2")
	}
	eventually(t, "it keeps what it is told", func() bool { return s.try("hv1", "vol-path", "--pool", "others", "base.qcow2") == nil })
	s.pool = vm.Pool{Name: "debian-12", Template: "base", Datastore: "default-pool", Folder: "/default-pool"}
	s.other = vm.Pool{Name: "other", Template: "base", Datastore: "others", Folder: "/others", Network: "none", Full: true}
	s.missing = s.pool
	s.missing.Template = "nothing"
	return s
}

func (s *site) leftInDriver(t *testing.T, _ vm.Pool, name string) []string {
	t.Helper()
	var out []string
	if s.has(t, "hv1", name) {
		out = append(out, "domain "+name)
	}
	for _, storage := range []string{"default-pool", "others"} {
		for _, line := range lines(s.virsh(t, "hv1", "vol-list", storage)) {
			if strings.HasPrefix(line, name+".") {
				out = append(out, "volume "+line)
			}
		}
	}
	return out
}

func (s *site) strangerInDriver(t *testing.T, p vm.Pool) string {
	t.Helper()
	const name = "bobs"
	file := filepath.Join(s.dir, "foreign.xml")
	write(t, file, `<domain type='test'><name>`+name+`</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices>
<disk type='file'><source file='`+p.Folder+`/bobs.img'/><target dev='vda'/></disk></devices></domain>`)
	s.virsh(t, "hv1", "define", file)
	return name
}

// Libvirt's simulated hypervisor attaches no disks.
func TestLibvirtdsTestDriverKeepsThePromisesOfAProvider(t *testing.T) {
	t.Parallel()
	s := newDriverSite(t)
	on := func(o *Options) { o.DomainType, o.MigrateURI = "test", "" }
	vmtest.Conformance(t, vmtest.Suite{NoAddress: true, NoDisks: true, New: func(t *testing.T) vmtest.World {
		w := s.world(t, on)
		w.Left, w.Foreign, w.Disks = s.leftInDriver, s.strangerInDriver, nil
		return w
	}})
	t.Run("address", func(t *testing.T) {
		p, _ := s.provider(t, on)
		s.create(t, p, s.pool, "leased")
		got, err := p.Address(t.Context(), s.pool, "leased")
		if err != nil || !strings.HasPrefix(got, "192.168.") {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
