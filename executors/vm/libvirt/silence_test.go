package libvirt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
	"yardmaster/executors/vm"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// slowly is a Runner that takes time on one host, by a test's clock, and then has no answer.
type slowly struct {
	*fake
	*clock
	host string
	took time.Duration
}

func (s *slowly) Run(ctx context.Context, host, script string) (executors.Result, error) {
	res, err := s.fake.Run(ctx, host, script)
	if host == s.host && s.took > 0 {
		s.pass(s.took)
		return executors.Result{}, fmt.Errorf("%s: %w", host, executors.ErrUnreachable)
	}
	return res, err
}

func (s *slowly) asked(host string) (times int) {
	for _, p := range s.log {
		if p.host == host {
			times++
		}
	}
	return times
}

func TestAHypervisorThatKeptItsCallersWaitingIsLeftAloneForAWhile(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hosts []string
		took  time.Duration
		rests bool
	}{
		{"slow silence", []string{"hv1", "hv2"}, slow, true},
		{"quick silence", []string{"hv1", "hv2"}, slow / 2, false},
		{"the only one", []string{"hv2"}, time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := &slowly{&fake{rules: []rule{says("", listing(nil))}, used: make([]int, 1)}, &clock{at: noon}, "hv2", 0}
			p, err := New(run, Options{Hosts: tt.hosts, Now: run.now})
			if err != nil {
				t.Fatal(err)
			}
			list := func() error { _, err := p.List(t.Context(), testPool); return err }
			want(t, "first list", list(), nil)
			run.took = tt.took
			silent := list()
			if len(tt.hosts) > 1 {
				want(t, "list, with what it held", silent, nil)
			} else {
				want(t, "list", silent, vm.ErrUnavailable)
			}
			before := run.asked("hv2")
			_ = list()
			if asked := run.asked("hv2") > before; asked == tt.rests {
				t.Errorf("asked again at once: %v", asked)
			}
			run.took = 0
			run.pass(rest)
			before = run.asked("hv2")
			want(t, "list later", list(), nil)
			if run.asked("hv2") == before {
				t.Error("it is not asked any more")
			}
		})
	}
}

func TestWhatASilentHypervisorHeldIsWhatItAnsweredLast(t *testing.T) {
	h := newHypervisor("hv1", Options{})
	names := func() []string {
		all, _ := h.recall()
		var out []string
		for _, d := range all {
			out = append(out, d.Name)
		}
		return out
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if got := names(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	if _, known := h.recall(); known {
		t.Error("it is known before it answered")
	}
	h.remember(noon, []domain{{Name: "b"}, {Name: "a"}})
	expect("listed", "a", "b")
	h.remember(noon.Add(time.Minute), []domain{{Name: "b"}})
	expect("one went", "b")
	h.saw(noon.Add(3*time.Minute), domain{Name: "c"})
	h.remember(noon.Add(2*time.Minute), []domain{{Name: "b"}})
	expect("one was made while a list was taken", "b", "c")
	h.gone("b")
	expect("destroyed", "c")
	ends := h.begins("d")
	if may, known := h.mayHold("d"); !may || !known || h.busy() != 1 {
		t.Error("a create that began may have left nothing")
	}
	ends()
	h.remember(noon.Add(time.Hour), nil)
	if may, _ := h.mayHold("d"); !may || h.busy() != 0 {
		t.Error("a list says nothing of volumes, and what a create left is forgotten")
	}
	h.gone("d")
	if may, _ := h.mayHold("d"); may {
		t.Error("it is destroyed and may be there")
	}
}

func TestTheHypervisorThatWillBearLeastIsChosen(t *testing.T) {
	const gib = 1 << 20
	at := func(cpus, gibs, givenCPUs, givenGiBs int64, domains int) load {
		return load{has: size{cpus, gibs * gib}, given: size{givenCPUs, givenGiBs * gib}, domains: domains}
	}
	tests := []struct {
		name  string
		loads []load
		busy  []int
		want  int
	}{
		{"equals: the first", []load{at(8, 32, 0, 0, 0), at(8, 32, 0, 0, 0)}, nil, 0},
		{"the emptier", []load{at(8, 32, 4, 8, 2), at(8, 32, 2, 4, 1)}, nil, 1},
		{"the bigger of two that bear the same", []load{at(8, 32, 4, 8, 2), at(16, 64, 4, 8, 2)}, nil, 1},
		{"creates under way count", []load{at(8, 32, 0, 0, 0), at(8, 32, 2, 2, 1)}, []int{2, 0}, 1},
		{"memory that is not there counts most", []load{at(64, 8, 0, 8, 1), at(4, 32, 16, 24, 8)}, nil, 1},
		{"fewer machines, if nothing else", []load{at(8, 32, 2, 4, 3), at(8, 32, 2, 4, 1)}, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := newTest(t, Options{Hosts: []string{"hv0", "hv1"}})
			w := wish{place: place{storage: "default"}, shape: shape{templatePool: "default", vcpus: 1, memoryMiB: 2048}, name: "web", hosts: p.hosts}
			var looks []look
			for i, l := range tt.loads {
				v := volume{Name: "t", Path: "/t", Capacity: 1}
				v.Format.Type = "qcow2"
				looks = append(looks, look{h: p.hosts[i], load: l, storage: storagePool{Path: "/srv"}, active: []string{"default"}, template: v})
				for range slices.Concat(tt.busy, []int{0, 0})[i] {
					p.hosts[i].begins("other")
				}
			}
			got, ends, err := p.choose(looks, w)
			if err != nil || got.h != p.hosts[tt.want] || got.h.busy() == 0 {
				t.Fatalf("got %v, %v", got.h, err)
			}
			ends()
		})
	}
}

func TestAnAddressIsWaitedForThroughAShortSilence(t *testing.T) {
	silence := rule{phrase: "domifaddr", err: executors.ErrUnreachable}
	for _, tt := range []struct {
		name   string
		silent int
		want   error
	}{{"short", lookFails, nil}, {"long", lookFails + 1, vm.ErrUnavailable}} {
		t.Run(tt.name, func(t *testing.T) {
			first := silence
			first.times = tt.silent
			p, _ := newTest(t, Options{}, first, says("domifaddr", " vnet0 "+mac("web")+" ipv4 10.0.0.7/24\n"))
			got, err := p.Address(t.Context(), testPool, "web")
			if !errors.Is(err, tt.want) || err == nil && got != "10.0.0.7" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	p, f := newTest(t, Options{})
	p.wait = func(context.Context, time.Duration) error {
		if len(f.log) > 5 {
			return context.DeadlineExceeded
		}
		return nil
	}
	if _, err := p.Address(ctx, testPool, "web"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errNoAddress) {
		t.Errorf("got %v", err)
	}
}

func TestAMoveNeedsAGain(t *testing.T) {
	far := nodeInfo + divider + "\n"
	for _, tt := range []struct {
		name  string
		here  string
		there string
		moves bool
		opt   func(*Options)
	}{
		{name: "crowded here", here: stats("a", "b", "web"), there: "", moves: true},
		{name: "as crowded there", here: stats("web"), there: ""},
		{name: "more crowded there", here: stats("web"), there: stats("a", "b", "c")},
		{name: "off", here: stats("a", "b"), there: ""},
		{name: "no way to move", here: stats("a", "b", "web"), there: "", opt: func(o *Options) { o.MigrateURI = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opt := two
			if tt.opt != nil {
				tt.opt(&opt)
			}
			p, _ := newTest(t, opt, says("V migrate", "moved\n"),
				says("domstats", far+tt.here).on("hv1"), says("domstats", far+tt.there).on("hv2"), missing)
			got, err := p.Migrate(t.Context(), testPool, "web")
			if err != nil || (got == "hv2") != tt.moves {
				t.Errorf("it is on %s, %v", got, err)
			}
		})
	}
}
