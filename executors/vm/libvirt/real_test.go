package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

func (s *site) create(t *testing.T, p *Provider, pool vm.Pool, name string) {
	t.Helper()
	if err := p.Create(t.Context(), pool, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Destroy(context.WithoutCancel(t.Context()), pool, name); err != nil {
			t.Errorf("clean up %s: %v", name, err)
		}
	})
}

func want(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// backing is what an image lies on; "" is nothing.
func backing(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("qemu-img", "info", "-U", "--output=json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var info struct {
		Backing string `json:"backing-filename"`
	}
	if err := json.Unmarshal(out, &info); err != nil {
		t.Fatal(err)
	}
	return info.Backing
}

func TestLibvirtdAndItsMachines(t *testing.T) {
	t.Parallel()
	s := newSite(t, "hv1", "hv2")
	for _, tt := range []struct {
		name string
		keep func(*testing.T, *site)
	}{
		{"a clone lies on its template, a full one on nothing", linkedAndFull},
		{"a machine is known by what it was made with", knownByItsMark},
		{"only the machine's own is destroyed", neighbours},
		{"what is half a machine is found and removed", leftovers},
		{"a domain that is not of the pool is never touched", strangers},
		{"a domain may be called anything", anyName},
		{"a template that libvirt has not noticed is found", unnoticed},
		{"a clone target is a hypervisor or a cluster", targets},
		{"creates at once spread", spread},
		{"a crowded hypervisor gives machines away", moves},
		{"who uses a machine stands in its description", described},
		{"a disk that a revert took off is attached again", diskAfterRevert},
		{"a script that outlives its caller is waited for", outlived},
		{"one silent hypervisor stops nobody else", silentOne},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.keep(t, s) })
	}
}

func linkedAndFull(t *testing.T, s *site) {
	p, _ := s.provider(t)
	full := s.pool
	full.Full, full.Datastore, full.Folder = true, "others", s.other.Folder
	s.create(t, p, s.pool, "linked")
	s.create(t, p, full, "full")
	if got := backing(t, filepath.Join(s.pool.Folder, rootVolume("linked"))); !strings.HasSuffix(got, "/templates/base.qcow2") {
		t.Errorf("the clone lies on %q", got)
	}
	if got := backing(t, filepath.Join(s.other.Folder, rootVolume("full"))); got != "" {
		t.Errorf("the full clone lies on %q", got)
	}
}

func knownByItsMark(t *testing.T, s *site) {
	p, _ := s.provider(t)
	before := time.Now().Add(-2 * time.Second)
	s.create(t, p, s.pool, "marked")
	m, err := p.Get(t.Context(), s.pool, "marked")
	if err != nil {
		t.Fatal(err)
	}
	if m.Template != "base" || m.Booted.Before(before) || m.Booted.After(time.Now()) || m.Host != s.home(t, "marked") {
		t.Errorf("got %+v", m)
	}
	_, err = p.Get(t.Context(), s.other, "marked")
	want(t, "get in another pool", err, vm.ErrNotFound)
	want(t, "add disk in another pool", p.AddDisk(t.Context(), s.other, "marked", "d1", 1), vm.ErrNotFound)
	want(t, "destroy in another pool", p.Destroy(t.Context(), s.other, "marked"), vm.ErrPermanent)
	s.home(t, "marked")
	for _, host := range s.hosts() {
		if xml, err := s.ask(host, "dumpxml", "marked"); err == nil && !strings.Contains(xml, mac("marked")) {
			t.Errorf("the network card is not %s", mac("marked"))
		}
	}
}

// neighbours have names that begin alike.
func neighbours(t *testing.T, s *site) {
	p, _ := s.provider(t)
	names := []string{"web", "web-1", "web-disk-a", "we"}
	for _, name := range names {
		s.create(t, p, s.pool, name)
		want(t, "add disk", p.AddDisk(t.Context(), s.pool, name, "a", 1), nil)
	}
	other := filepath.Join(s.pool.Folder, "web.qcow2")
	image(t, other)
	defer os.Remove(other)
	want(t, "destroy", p.Destroy(t.Context(), s.pool, "web"), nil)
	if left := s.left(t, s.pool, "web."); len(left) != 1 || left[0] != other {
		t.Errorf("left is %q", left)
	}
	for _, name := range names[1:] {
		if got := s.disks(t, s.pool, name); len(got) != 1 {
			t.Errorf("%s has the disks %q", name, got)
		}
		for _, file := range []string{rootVolume(name), diskVolume(name, "a")} {
			if _, err := os.Stat(filepath.Join(s.pool.Folder, file)); err != nil {
				t.Error(err)
			}
		}
	}
}

func leftovers(t *testing.T, s *site) {
	p, _ := s.provider(t)
	file := func(name string) string { return filepath.Join(s.pool.Folder, name) }
	volume := func(host, name string) { s.virsh(t, host, "vol-create-as", "default", name, "1M", "--format", "qcow2") }
	for _, tt := range []struct {
		name  string
		leave func(name string)
		taken bool // a create must not build on it
	}{
		{"root volume", func(n string) { volume("hv1", rootVolume(n)) }, true},
		{"added disk alone", func(n string) { volume("hv2", diskVolume(n, "x")) }, true},
		{"file that libvirt does not know", func(n string) { image(t, file(rootVolume(n))) }, true},
		{"domain without its volumes", func(n string) {
			want(t, "create", p.Create(t.Context(), s.pool, n), nil)
			s.virsh(t, s.home(t, n), "destroy", n)
			os.Remove(file(rootVolume(n)))
		}, true},
		{"transient domain", func(n string) {
			want(t, "create", p.Create(t.Context(), s.pool, n), nil)
			s.virsh(t, s.home(t, n), "undefine", n)
		}, true},
		{"paused domain", func(n string) {
			want(t, "create", p.Create(t.Context(), s.pool, n), nil)
			s.virsh(t, s.home(t, n), "suspend", n)
		}, true},
		{"overlay of somebody's snapshot", func(n string) {
			want(t, "create", p.Create(t.Context(), s.pool, n), nil)
			s.virsh(t, s.home(t, n), "snapshot-create-as", n, "theirs", "--disk-only")
		}, true},
		{"saved memory", func(n string) {
			want(t, "create", p.Create(t.Context(), s.pool, n), nil)
			s.virsh(t, s.home(t, n), "managedsave", n)
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := "half-" + fmt.Sprint(time.Now().UnixNano()%1e9)
			tt.leave(name)
			if err := p.Create(t.Context(), s.pool, name); !errors.Is(err, vm.ErrExists) {
				t.Errorf("create: got %v, want %v", err, vm.ErrExists)
			}
			want(t, "destroy", p.Destroy(t.Context(), s.pool, name), nil)
			if left := s.left(t, s.pool, name); len(left) > 0 {
				t.Errorf("left is %q", left)
			}
			want(t, "create", p.Create(t.Context(), s.pool, name), nil)
			want(t, "destroy", p.Destroy(t.Context(), s.pool, name), nil)
		})
	}
}

func strangers(t *testing.T, s *site) {
	p, _ := s.provider(t)
	outside := s.pool
	outside.Folder = s.yard.dir
	s.stranger(t, outside, "mailserver")
	defer s.vanish(t, s.pool, "mailserver")
	disk := s.disks(t, s.pool, "mailserver")
	for _, pool := range []vm.Pool{s.pool, s.other, {Name: "no-folder"}} {
		want(t, "destroy", p.Destroy(t.Context(), pool, "mailserver"), vm.ErrPermanent)
		_, err := p.Get(t.Context(), pool, "mailserver")
		want(t, "get", err, vm.ErrNotFound)
		want(t, "revert", p.Revert(t.Context(), pool, "mailserver", "s1"), vm.ErrNotFound)
		want(t, "tag", p.Tag(t.Context(), pool, "mailserver", "eve"), vm.ErrNotFound)
	}
	want(t, "create", p.Create(t.Context(), s.pool, "mailserver"), vm.ErrExists)
	if got := s.disks(t, s.pool, "mailserver"); !slices.Equal(got, disk) {
		t.Errorf("its disks are %q now, before %q", got, disk)
	}
}

func anyName(t *testing.T, s *site) {
	p, _ := s.provider(t)
	for _, name := range []string{`Bob's <db> & "$(reboot)"; reboot`, "-h", "17", "ünïcode ✓", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"} {
		s.stranger(t, s.pool, name)
		all, err := p.List(t.Context(), s.pool)
		if err != nil || !slices.ContainsFunc(all, func(m vm.Machine) bool { return m.Name == name }) {
			t.Errorf("%s is not in %+v, %v", name, all, err)
		}
		m, err := p.Get(t.Context(), s.pool, name)
		if err != nil || m.Name != name || m.Power != vm.PoweredOn {
			t.Errorf("get %s: %+v, %v", name, m, err)
		}
		want(t, "destroy "+name, p.Destroy(t.Context(), s.pool, name), nil)
		_, err = p.Get(t.Context(), s.pool, name)
		want(t, "get "+name, err, vm.ErrNotFound)
	}
	if left, _ := filepath.Glob(filepath.Join(s.pool.Folder, "bobs*")); len(left) > 0 {
		t.Errorf("left is %q", left)
	}
	for _, name := range []string{"17", "a.b", "-h", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"} {
		want(t, "create "+name, p.Create(t.Context(), s.pool, name), vm.ErrPermanent)
	}
}

func unnoticed(t *testing.T, s *site) {
	p, _ := s.provider(t)
	image(t, filepath.Join(s.yard.dir, "storage", "templates", "fresh.qcow2"))
	pool := s.pool
	pool.Template = "templates/fresh"
	s.create(t, p, pool, "early")
	want(t, "create from none", p.Create(t.Context(), s.missing, "late"), vm.ErrPermanent)
}

func targets(t *testing.T, s *site) {
	p, _ := s.provider(t, func(o *Options) { o.Clusters = map[string][]string{"east": {"hv2"}} })
	for i, target := range []string{"hv2", "east", "hv2", "hv1"} {
		pool, name := s.pool, fmt.Sprintf("aimed-%d", i)
		pool.CloneTarget = target
		s.create(t, p, pool, name)
		home := "hv2"
		if target == "hv1" {
			home = "hv1"
		}
		if got := s.home(t, name); got != home {
			t.Errorf("for %s it is on %s", target, got)
		}
	}
	pool := s.pool
	pool.CloneTarget = "west"
	want(t, "create", p.Create(t.Context(), pool, "lost"), vm.ErrPermanent)
}

func spread(t *testing.T, s *site) {
	p, _ := s.provider(t)
	const many = 6
	var all sync.WaitGroup
	errs := make([]error, many)
	name := func(i int) string { return fmt.Sprintf("crowd-%d", i) }
	for i := range many {
		all.Go(func() { errs[i] = p.Create(t.Context(), s.pool, name(i)) })
	}
	all.Wait()
	on := map[string]int{}
	for i, err := range errs {
		want(t, "create", err, nil)
		if err == nil {
			on[s.home(t, name(i))]++
		}
		want(t, "destroy", p.Destroy(t.Context(), s.pool, name(i)), nil)
	}
	if on["hv1"] != many/2 || on["hv2"] != many/2 {
		t.Errorf("they are on %v", on)
	}
}

func moves(t *testing.T, s *site) {
	p, _ := s.provider(t)
	pool := s.pool
	pool.CloneTarget = "hv1"
	for i := range 3 {
		s.create(t, p, pool, fmt.Sprintf("load-%d", i))
	}
	pool.CloneTarget = ""
	want(t, "snapshot", p.Snapshot(t.Context(), pool, "load-1", "s1"), nil)
	for _, tt := range []struct{ name, to string }{{"load-0", "hv2"}, {"load-0", "hv2"}, {"load-1", "hv1"}} {
		host, err := p.Migrate(t.Context(), pool, tt.name)
		if err != nil || host != tt.to || s.home(t, tt.name) != tt.to {
			t.Errorf("%s moved to %s, %v, want %s", tt.name, host, err, tt.to)
		}
		m, err := p.Get(t.Context(), pool, tt.name)
		if err != nil || m.Power != vm.PoweredOn || m.Host != tt.to {
			t.Errorf("got %+v, %v", m, err)
		}
	}
	want(t, "add disk after it moved", p.AddDisk(t.Context(), pool, "load-0", "d1", 1), nil)
	still, _ := s.provider(t, func(o *Options) { o.MigrateURI = "" })
	if host, err := still.Migrate(t.Context(), pool, "load-2"); err != nil || host != "hv1" {
		t.Errorf("without a way to move: %s, %v", host, err)
	}
}

func described(t *testing.T, s *site) {
	p, _ := s.provider(t)
	s.create(t, p, s.pool, "noted")
	for user, text := range map[string]string{
		"": "machine of pool debian-12", "ada": "machine of pool debian-12, in use by ada",
		"x\ny\x00'$(id)": "machine of pool debian-12, in use by x y '$(id)",
	} {
		want(t, "tag", p.Tag(t.Context(), s.pool, "noted", user), nil)
		for _, which := range []string{"--live", "--config"} {
			if got := strings.TrimSpace(s.virsh(t, s.home(t, "noted"), "desc", "noted", which)); got != text {
				t.Errorf("%s: got %q, want %q", which, got, text)
			}
		}
	}
}

func diskAfterRevert(t *testing.T, s *site) {
	p, _ := s.provider(t)
	s.create(t, p, s.pool, "kept")
	want(t, "snapshot", p.Snapshot(t.Context(), s.pool, "kept", "s1"), nil)
	for range 2 {
		want(t, "add disk", p.AddDisk(t.Context(), s.pool, "kept", "d1", 1), nil)
		if got := s.disks(t, s.pool, "kept"); len(got) != 1 {
			t.Errorf("got %q", got)
		}
		want(t, "revert", p.Revert(t.Context(), s.pool, "kept", "s1"), nil)
	}
}

// detached lets scripts run on when their caller leaves, as sshd does.
type detached struct {
	executors.Runner
	left sync.WaitGroup
}

func (d *detached) Run(ctx context.Context, host, script string) (executors.Result, error) {
	type outcome struct {
		res executors.Result
		err error
	}
	ended := make(chan outcome, 1)
	d.left.Go(func() {
		res, err := d.Runner.Run(context.WithoutCancel(ctx), host, script)
		ended <- outcome{res, err}
	})
	select {
	case o := <-ended:
		return o.res, o.err
	case <-ctx.Done():
		return executors.Result{}, fmt.Errorf("%s: %w: %w", host, executors.ErrLost, ctx.Err())
	}
}

func outlived(t *testing.T, s *site) {
	run := &breaker{Runner: s.run}
	slow := &detached{Runner: run}
	defer slow.left.Wait()
	p, err := New(slow, s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{}, 1)
	run.set(func(_, script string) string {
		if strings.Contains(script, "V define") {
			begun <- struct{}{}
			return strings.Replace(script, "V define", "sleep 2\nV define", 1)
		}
		return script
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-begun
		eventually(t, "the volume is there", func() bool {
			_, err := os.Stat(filepath.Join(s.pool.Folder, rootVolume("outlived")))
			return err == nil
		})
		cancel()
	}()
	want(t, "create", p.Create(ctx, s.pool, "outlived"), context.Canceled)
	run.set(nil)
	want(t, "create again", p.Create(t.Context(), s.pool, "outlived"), vm.ErrExists)
	want(t, "destroy", p.Destroy(t.Context(), s.pool, "outlived"), nil)
	slow.left.Wait()
	if left := s.left(t, s.pool, "outlived"); len(left) > 0 {
		t.Errorf("left is %q", left)
	}
}

func silentOne(t *testing.T, s *site) {
	const silence = 10 * time.Second // a machine is started within it, even where other tests work too
	p, _ := s.provider(t, func(o *Options) { o.Timeout = silence })
	here, there := s.pool, s.pool
	here.CloneTarget, there.CloneTarget = "hv1", "hv2"
	s.create(t, p, here, "loud")
	s.create(t, p, there, "mute")
	names := func() string {
		all, err := p.List(t.Context(), s.pool)
		want(t, "list", err, nil)
		var out []string
		for _, m := range all {
			out = append(out, m.Name+" on "+m.Host)
		}
		return strings.Join(out, ", ")
	}
	const both = "loud on hv1, mute on hv2"
	if got := names(); got != both {
		t.Fatalf("listed are %s", got)
	}
	for _, way := range []struct {
		name string
		do   func(*daemon, *testing.T) func()
	}{{"down", (*daemon).down}, {"hanging", (*daemon).hang}} {
		t.Run(way.name, func(t *testing.T) {
			release := sync.OnceFunc(way.do(s.daemons["hv2"], t))
			defer release()
			fresh, _ := s.provider(t, func(o *Options) { o.Timeout = 3 * time.Second })
			_, err := fresh.List(t.Context(), s.pool)
			want(t, "list of who never heard of it", err, vm.ErrUnavailable)
			want(t, "create of who never heard of it", fresh.Create(t.Context(), s.pool, "third"), vm.ErrUnavailable)
			if got := names(); got != both {
				t.Errorf("listed are %s", got)
			}
			s.create(t, p, s.pool, "third")
			if got := s.home(t, "third"); got != "hv1" {
				t.Errorf("it was made on %s", got)
			}
			_, err = p.Get(t.Context(), s.pool, "loud")
			want(t, "get", err, nil)
			_, err = p.Get(t.Context(), s.pool, "mute")
			want(t, "get of its machine", err, vm.ErrUnavailable)
			_, err = p.Get(t.Context(), s.pool, "none")
			want(t, "get of none", err, vm.ErrNotFound)
			want(t, "create of its machine", p.Create(t.Context(), s.pool, "mute"), vm.ErrUnavailable)
			want(t, "create on it", p.Create(t.Context(), there, "fourth"), vm.ErrUnavailable)
			want(t, "destroy of its machine", p.Destroy(t.Context(), s.pool, "mute"), vm.ErrUnavailable)
			want(t, "destroy of another", p.Destroy(t.Context(), s.pool, "third"), nil)
			begin := time.Now()
			for range 5 {
				_, err := p.Get(t.Context(), s.pool, "none")
				want(t, "get of none", err, vm.ErrNotFound)
			}
			if took := time.Since(begin); took > 2*silence { // of five
				t.Errorf("it is waited for again and again: %v", took)
			}
			release()
			p.hosts[1].until = time.Time{}
			if got := names(); got != both {
				t.Errorf("listed are %s", got)
			}
		})
	}
}
