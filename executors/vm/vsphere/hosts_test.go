package vsphere

import (
	"errors"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// load sets the use of a host, in per cent.
func (w *world) load(name string, cpu, mem int64) {
	w.t.Helper()
	w.host(name, func(h *simulator.HostSystem) {
		h.Summary.QuickStats.OverallCpuUsage = int32(cpu * int64(h.Summary.Hardware.CpuMhz) * int64(h.Summary.Hardware.NumCpuCores) / 100)
		h.Summary.QuickStats.OverallMemoryUsage = int32(mem * (h.Summary.Hardware.MemorySize >> 20) / 100)
	})
}

func (w *world) host(name string, change func(*simulator.HostSystem)) {
	w.t.Helper()
	for _, o := range w.model.Map().All("HostSystem") {
		if h := o.(*simulator.HostSystem); h.Name == name {
			w.model.Service.Context.WithLock(h, func() { change(h) })
			return
		}
	}
	w.t.Fatalf("there is no host %s", name)
}

// loads makes the first of the cluster's hosts the most used.
func (w *world) loads() {
	w.load("DC0_C0_H0", 60, 60)
	w.load("DC0_C0_H1", 50, 50)
	w.load("DC0_C0_H2", 40, 40)
}

func (w *world) hostOf(name string) string {
	w.t.Helper()
	on, err := object.NewHostSystem(w.admin.Client, *w.look(w.pool, name).Runtime.Host).ObjectName(w.t.Context())
	w.must(err)
	return on
}

func TestWhereAMachineIsMade(t *testing.T) {
	w := newWorld(t)
	w.loads()
	p := w.provider()
	tests := []struct {
		name   string
		target string
		manage string
		drs    bool
		want   string // "": the server chooses
	}{
		{"drs", "DC0_C0", "false", true, ""},
		{"drs-managed", "DC0_C0", "true", true, "DC0_C0_H2"},
		{"no-drs", "DC0_C0", "false", false, "DC0_C0_H2"},
		{"host", "DC0_C0_H0", "false", true, "DC0_C0_H0"},
		{"standalone", "DC0_H0", "false", true, "DC0_H0"},
		{"as-template", "", "true", true, "DC0_C0_H2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.drs(tt.drs)
			pool := w.pool
			pool.CloneTarget = tt.target
			pool.Options = map[string]string{"manage_host_selection": tt.manage, "host_selection_max_age": "0"}
			got := w.clone(p, pool, tt.name).Spec.Location
			if got.Pool == nil || (got.Host != nil) != (tt.want != "") {
				t.Fatalf("asked for pool %v, host %v", got.Pool, got.Host)
			}
			if on := w.hostOf(tt.name); tt.want != "" && on != tt.want {
				t.Errorf("it is on %s", on)
			}
		})
	}
}

func (w *world) drs(on bool) {
	w.t.Helper()
	for _, o := range w.model.Map().All("ClusterComputeResource") {
		w.done(object.NewClusterComputeResource(w.admin.Client, o.Reference()).Reconfigure(w.t.Context(),
			&types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{Enabled: &on}}, true))
	}
}

func TestMachinesMadeAtOnceAreSpread(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2"} {
		w.load(name, 20, 20)
	}
	p := w.provider(func(c *Config) { c.ManageHosts = true })
	got := map[string]int{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		w.must(p.Create(t.Context(), w.pool, name))
		got[w.hostOf(name)]++
	}
	if len(got) != 3 || got["DC0_C0_H0"] != 2 || got["DC0_C0_H1"] != 2 {
		t.Errorf("got %v", got)
	}
}

func TestTheLoadOfHostsIsBelievedForAWhile(t *testing.T) {
	w := newWorld(t)
	w.loads()
	c := &clock{now: time.Unix(1e9, 0)}
	p := w.provider(func(cfg *Config) { cfg.ManageHosts, cfg.Now, cfg.HostsMaxAge = true, c.Now, time.Minute })
	w.must(p.Create(t.Context(), w.pool, "a"))
	w.load("DC0_C0_H2", 95, 40)
	w.must(p.Create(t.Context(), w.pool, "b"))
	c.move(time.Minute)
	w.must(p.Create(t.Context(), w.pool, "c"))
	if a, b, c := w.hostOf("a"), w.hostOf("b"), w.hostOf("c"); a != "DC0_C0_H2" || b != "DC0_C0_H2" || c != "DC0_C0_H1" {
		t.Errorf("got %s, %s, %s", a, b, c)
	}
}

func TestNoMachineIsMadeOnOverburdenedHosts(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2"} {
		w.load(name, 50, 85)
	}
	p := w.provider(func(c *Config) { c.ManageHosts = true })
	pool := w.pool
	pool.Options = map[string]string{"utilization_limit": "80"}
	if err := p.Create(t.Context(), pool, "a"); !errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	w.must(p.Create(t.Context(), w.pool, "a"))
}

func TestMigrate(t *testing.T) {
	down := func(w *world, name string) {
		w.host(name, func(h *simulator.HostSystem) { h.Runtime.InMaintenanceMode = true })
	}
	tests := []struct {
		name   string
		change func(*world)
		want   string
	}{
		{"stays under the limit", func(w *world) { w.load("DC0_C0_H2", 89, 89) }, "DC0_C0_H2"},
		{"leaves a host that is over it", func(w *world) { w.load("DC0_C0_H2", 91, 10) }, "DC0_C0_H1"},
		{"leaves a host in maintenance", func(w *world) { down(w, "DC0_C0_H2") }, "DC0_C0_H1"},
		{"stays if nobody has room", func(w *world) {
			for _, h := range []string{"DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2"} {
				w.load(h, 95, 95)
			}
		}, "DC0_C0_H2"},
		{"stays if nobody else is fit", func(w *world) {
			w.load("DC0_C0_H2", 95, 95)
			for _, h := range []string{"DC0_C0_H0", "DC0_C0_H1"} {
				w.host(h, func(h *simulator.HostSystem) { h.Summary.Hardware.CpuModel = "another" })
			}
		}, "DC0_C0_H2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.loads()
			p := w.provider(func(c *Config) { c.ManageHosts, c.HostsMaxAge = true, time.Nanosecond })
			w.must(p.Create(t.Context(), w.pool, "a"))
			tt.change(w)
			got, err := p.Migrate(t.Context(), w.pool, "a")
			if err != nil || got != tt.want || w.hostOf("a") != tt.want {
				t.Errorf("got %s, %v; it is on %s, want %s", got, err, w.hostOf("a"), tt.want)
			}
		})
	}
}
