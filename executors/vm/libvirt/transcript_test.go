package libvirt

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"yardmaster/executors/vm"
)

var (
	testPool = vm.Pool{Name: "debian-12", Template: "templates/debian-12", Folder: "/var/lib/libvirt/images"}
	fullPool = vm.Pool{
		Name: "win", Template: "windows", Datastore: "fast", Network: "bridge:br0", Full: true,
		Options: map[string]string{"memory": "4096", "vcpus": "4", "bus": "sata", "nic": "e1000e", "firmware": "efi", "cpu": "host-passthrough"},
	}
	two     = Options{Hosts: []string{"hv1", "hv2"}, MigrateURI: "qemu+ssh://{host}/system"}
	free    = looking([]string{"a"}, stats("a"), " debian.qcow2   /srv/debian.qcow2\n", templateXML)
	onFast  = " default   \n fast   \n"
	missing = says("", "absent\n").on("hv2")
)

// calls are all that this package does to hypervisors. Each leaves a transcript in testdata.
var calls = []struct {
	name  string
	opt   Options
	rules []rule
	do    func(ctx context.Context, p *Provider) (any, error)
}{
	{"list", two, []rule{
		says("V \"$batch\"", listing([]string{idA, idB}, dumped("web", idA, ourMark, "connected"), dumped("db", idB, "", "disconnected"))).on("hv1"),
		says("V \"$batch\"", listing([]string{idC}, dumped("other", idC, "", "disconnected"))).on("hv2"),
		says("domhostname", "\n"+divider+" "+idA+"\nweb.example.com\n\n"),
	}, func(ctx context.Context, p *Provider) (any, error) { return p.List(ctx, testPool) }},
	{"get", two, []rule{missing, says("dumpxml", dumped("web", idA, ourMark, "disconnected"))},
		func(ctx context.Context, p *Provider) (any, error) {
			p.hosts[0].saw(noon, domain{Name: "web"})
			return p.Get(ctx, testPool, "web")
		}},
	{"create", two, []rule{
		says("pool-dumpxml", looking(nil, stats("a", "b"), "", templateXML)).on("hv1"), says("pool-dumpxml", free).on("hv2"),
	}, func(ctx context.Context, p *Provider) (any, error) { return nil, p.Create(ctx, testPool, "web") }},
	{"create_full", Options{}, []rule{says("pool-dumpxml", strings.ReplaceAll(free, " default   \n templates   \n", onFast))},
		func(ctx context.Context, p *Provider) (any, error) { return nil, p.Create(ctx, fullPool, "web") }},
	{"create_other_machine", Options{DomainType: "qemu", MachineType: "pc"}, []rule{says("pool-dumpxml", free)},
		func(ctx context.Context, p *Provider) (any, error) {
			pool := testPool
			pool.Network, pool.Options = "user", map[string]string{"bus": "scsi"}
			return nil, p.Create(ctx, pool, "web")
		}},
	{"create_without_template", Options{}, []rule{says("pool-dumpxml", looking(nil, "", "", ""))},
		func(ctx context.Context, p *Provider) (any, error) { return nil, p.Create(ctx, testPool, "web") }},
	{"create_refused", Options{}, []rule{
		says("pool-dumpxml", free), refuses("V define", "error: Failed to start domain 'web'\nerror: Network not found: no network with matching name 'default'\n"),
	},
		func(ctx context.Context, p *Provider) (any, error) { return nil, p.Create(ctx, testPool, "web") }},
	{"destroy", Options{}, []rule{says("", "gone\n")},
		func(ctx context.Context, p *Provider) (any, error) { return nil, p.Destroy(ctx, testPool, "web") }},
	{"destroy_foreign", Options{}, []rule{
		says("V \"$batch\"", listing([]string{idB}, dumped("Bobs box", idB, "", "disconnected"))),
	}, func(ctx context.Context, p *Provider) (any, error) { return nil, p.Destroy(ctx, testPool, "Bobs box") }},
	{"add_disk", Options{}, nil, func(ctx context.Context, p *Provider) (any, error) {
		return nil, p.AddDisk(ctx, testPool, "web", "8f0e", 8)
	}},
	{"snapshot", Options{}, nil, func(ctx context.Context, p *Provider) (any, error) {
		return nil, p.Snapshot(ctx, testPool, "web", "s1")
	}},
	{"revert", Options{}, nil, func(ctx context.Context, p *Provider) (any, error) {
		return nil, p.Revert(ctx, testPool, "web", "s1")
	}},
	{"drop_snapshot", Options{}, nil, func(ctx context.Context, p *Provider) (any, error) {
		return nil, p.DropSnapshot(ctx, testPool, "web", "s1")
	}},
	{"address", Options{Sources: []string{"agent", "lease"}}, []rule{
		says("domifaddr", "").once(), says("domifaddr", strings.ReplaceAll(leases, "52:54:00:78:25:4f", mac("web"))),
	},
		func(ctx context.Context, p *Provider) (any, error) { return p.Address(ctx, testPool, "web") }},
	{"migrate", two, []rule{
		says("V migrate", "moved\n"), says("domstats", nodeInfo+divider+"\n"+stats("a", "web")).on("hv1"),
		says("domstats", nodeInfo+divider+"\n").on("hv2"), missing,
	}, func(ctx context.Context, p *Provider) (any, error) {
		p.hosts[0].saw(noon, domain{Name: "web"})
		return p.Migrate(ctx, testPool, "web")
	}},
	{"tag", Options{}, nil, func(ctx context.Context, p *Provider) (any, error) {
		return nil, p.Tag(ctx, testPool, "web", "o'neil")
	}},
}

func TestEachCallSaysToTheHypervisorsWhatItsTranscriptHolds(t *testing.T) {
	for _, tt := range calls {
		t.Run(tt.name, func(t *testing.T) {
			p, f := newTest(t, tt.opt, tt.rules...)
			got, err := tt.do(t.Context(), p)
			text := f.transcript() + "=== "
			if err != nil {
				text += fmt.Sprintf("error: %v\n", err)
			} else {
				text += fmt.Sprintf("%+v\n", got)
			}
			checkGolden(t, tt.name, text)
			checkScripts(t, f)
		})
	}
}

// checkScripts lets the shell of the hypervisors look at the grammar of what would be run.
func checkScripts(t *testing.T, f *fake) {
	t.Helper()
	for _, p := range f.log {
		if out, err := exec.Command("bash", "-n", "-c", p.script).CombinedOutput(); err != nil {
			t.Errorf("bash refuses the script: %s\n%s", out, p.script)
		}
	}
}
