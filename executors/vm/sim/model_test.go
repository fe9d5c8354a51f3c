package sim

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yardmaster/executors/vm"
)

// model is what any sequence of calls should come to: names to machines, in the fewest words.
type model map[string]*modelled

type modelled struct {
	pool      string
	on        bool
	disks     []string
	snapshots map[string][]string // id -> disks; nil while it is half made
}

func TestAnyCallsDoWhatTheModelSays(t *testing.T) {
	for name, inFile := range map[string]bool{"in memory": false, "in a file, reopened at times": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				opt := Options{Missing: []string{"none"}}
				if inFile {
					dir, err := os.MkdirTemp("", "sim")
					if err != nil {
						rt.Fatal(err)
					}
					defer os.RemoveAll(dir)
					opt.File = filepath.Join(dir, "machines.json")
				}
				s, err := New(opt)
				if err != nil {
					rt.Fatal(err)
				}
				defer s.Close()
				rt.Repeat((&play{s: s, m: model{}, t: t}).actions())
			})
		})
	}
}

// play draws calls, makes them and notes them in the model.
type play struct {
	s *Sim
	m model
	t *testing.T
}

func (p *play) draw(t *rapid.T) (vm.Pool, string, string) {
	return rapid.SampledFrom([]vm.Pool{pool, other}).Draw(t, "pool"),
		rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"),
		rapid.SampledFrom([]string{"x", "y"}).Draw(t, "id")
}

// of is the modelled machine if it is in that pool.
func (p *play) of(in vm.Pool, name string) *modelled {
	if m := p.m[name]; m != nil && m.pool == in.Name {
		return m
	}
	return nil
}

func want(t *rapid.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// absent is what a call on no machine should say.
func absent(m *modelled) error {
	if m == nil {
		return vm.ErrNotFound
	}
	return nil
}

func (p *play) actions() map[string]func(*rapid.T) {
	ctx := p.t.Context()
	return map[string]func(*rapid.T){
		"create": func(t *rapid.T) {
			in, name, _ := p.draw(t)
			half := rapid.Bool().Draw(t, "cut off")
			if p.m[name] != nil {
				want(t, p.s.Create(ctx, in, name), vm.ErrExists)
				return
			}
			if half {
				defer p.s.Inject(Fault{Call: Create, Effect: HalfDone})()
				want(t, p.s.Create(ctx, in, name), vm.ErrUnavailable)
				p.m[name] = &modelled{pool: in.Name}
				return
			}
			want(t, p.s.Create(ctx, in, name), nil)
			p.m[name] = &modelled{pool: in.Name, on: true, snapshots: map[string][]string{}}
		},
		"create without a template": func(t *rapid.T) {
			in, name, _ := p.draw(t)
			in.Template = "none"
			if p.m[name] == nil {
				want(t, p.s.Create(ctx, in, name), vm.ErrPermanent)
			}
		},
		"destroy": func(t *rapid.T) {
			in, name, _ := p.draw(t)
			want(t, p.s.Destroy(ctx, in, name), nil)
			if p.of(in, name) != nil {
				delete(p.m, name)
			}
		},
		"power off": func(t *rapid.T) {
			_, name, _ := p.draw(t)
			want(t, p.s.PowerOff(ctx, name), absent(p.m[name]))
			if m := p.m[name]; m != nil {
				m.on = false
			}
		},
		"add disk": func(t *rapid.T) {
			in, name, id := p.draw(t)
			m := p.of(in, name)
			if m != nil && m.snapshots == nil {
				want(t, p.s.AddDisk(ctx, in, name, id, 8), errHalf)
				return
			}
			want(t, p.s.AddDisk(ctx, in, name, id, 8), absent(m))
			if m != nil && !slices.Contains(m.disks, id) {
				m.disks = append(slices.Clone(m.disks), id)
			}
		},
		"snapshot": func(t *rapid.T) {
			in, name, id := p.draw(t)
			m := p.of(in, name)
			if m != nil && m.snapshots == nil {
				want(t, p.s.Snapshot(ctx, in, name, id), errHalf)
				return
			}
			want(t, p.s.Snapshot(ctx, in, name, id), absent(m))
			if m != nil && !slices.Contains(slices.Collect(maps.Keys(m.snapshots)), id) {
				m.snapshots[id] = m.disks
			}
		},
		"revert": func(t *rapid.T) {
			in, name, id := p.draw(t)
			m := p.of(in, name)
			if m != nil && m.snapshots == nil {
				want(t, p.s.Revert(ctx, in, name, id), errHalf)
				return
			}
			if m == nil {
				want(t, p.s.Revert(ctx, in, name, id), vm.ErrNotFound)
				return
			}
			disks, taken := m.snapshots[id]
			if !taken {
				want(t, p.s.Revert(ctx, in, name, id), vm.ErrNotFound)
				return
			}
			want(t, p.s.Revert(ctx, in, name, id), nil)
			m.on, m.disks = true, disks
		},
		"drop snapshot": func(t *rapid.T) {
			in, name, id := p.draw(t)
			want(t, p.s.DropSnapshot(ctx, in, name, id), nil)
			if m := p.of(in, name); m != nil {
				delete(m.snapshots, id)
			}
		},
		"reopen": func(t *rapid.T) { want(t, p.s.Close(), nil) },
		"":       p.compare,
	}
}

// compare requires that all eyes see what the model says.
func (p *play) compare(t *rapid.T) {
	for _, in := range []vm.Pool{pool, other} {
		listed, err := p.s.List(p.t.Context(), in)
		want(t, err, nil)
		var names, wanted []string
		for _, m := range listed {
			names = append(names, m.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(p.m)) {
			if p.m[name].pool == in.Name {
				wanted = append(wanted, name)
			}
		}
		if !slices.Equal(names, wanted) {
			t.Fatalf("%s: got %q, want %q", in.Name, names, wanted)
		}
		for _, name := range []string{"a", "b", "c"} {
			m, err := p.s.Get(p.t.Context(), in, name)
			model := p.of(in, name)
			want(t, err, absent(model))
			if model != nil && (m.Power == vm.PoweredOn) != model.on {
				t.Fatalf("%s: got power %q, want on %v", name, m.Power, model.on)
			}
		}
	}
	for name, m := range p.m {
		p.compareInside(t, name, m)
	}
}

func (p *play) compareInside(t *rapid.T, name string, m *modelled) {
	state, _ := p.s.Inspect(name)
	if state.Half != (m.snapshots == nil) {
		t.Fatalf("%s: half made %v, want %v", name, state.Half, m.snapshots == nil)
	}
	ids := func(disks []Disk) (ids []string) {
		for _, d := range disks {
			ids = append(ids, d.ID)
		}
		return ids
	}
	if got := ids(state.Disks); !slices.Equal(got, m.disks) {
		t.Fatalf("%s: got disks %q, want %q", name, got, m.disks)
	}
	if len(state.Snapshots) != len(m.snapshots) {
		t.Fatalf("%s: got snapshots %+v, want %v", name, state.Snapshots, m.snapshots)
	}
	for _, taken := range state.Snapshots {
		if got := ids(taken.Disks); !slices.Equal(got, m.snapshots[taken.ID]) {
			t.Fatalf("%s: snapshot %s has disks %q, want %q", name, taken.ID, got, m.snapshots[taken.ID])
		}
	}
}
