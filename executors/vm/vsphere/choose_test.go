package vsphere

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yardmaster/executors/vm"
)

func thing(kind, id string) ref { return ref{Type: kind, Value: id} }

// idle is a host with room that has the datastore d1 and the network n1.
func idle(name string, cpu, mem float64) host {
	return host{
		ref: thing("HostSystem", name), name: name, cpu: cpu, mem: mem, memory: 1000, model: "x",
		datastores: []ref{thing("Datastore", "d1")}, networks: []ref{thing("Network", "n1")},
	}
}

func holding(h host, datastores ...ref) host {
	return with(h, func(h *host) { h.datastores = datastores })
}

func wired(h host, networks ...ref) host { return with(h, func(h *host) { h.networks = networks }) }

func with(h host, change func(*host)) host {
	change(&h)
	return h
}

func TestChooseTakesTheLeastUsedHostThatCanRunTheMachine(t *testing.T) {
	d1, d2, n1, n2 := thing("Datastore", "d1"), thing("Datastore", "d2"), thing("Network", "n1"), thing("Network", "n2")
	tests := []struct {
		name  string
		hosts []host
		need  need
		want  string
		err   error
	}{
		{"the mean of CPU and memory counts", []host{idle("a", 10, 60), idle("b", 40, 20), idle("c", 80, 10)}, need{}, "b", nil},
		{"equals go by name", []host{idle("b", 20, 20), idle("a", 20, 20)}, need{}, "a", nil},
		{"a promised machine counts", []host{with(idle("a", 10, 10), func(h *host) { h.promised = 30 }), idle("b", 20, 20)}, need{}, "b", nil},
		{"a promise does not count against the limit", []host{with(idle("a", 89, 89), func(h *host) { h.promised = 50 })}, need{}, "a", nil},
		{"the limit itself is allowed", []host{idle("a", 90, 90)}, need{}, "a", nil},
		{"CPU over the limit", []host{idle("a", 90.1, 1), idle("b", 80, 80)}, need{}, "b", nil},
		{"memory over the limit", []host{idle("a", 1, 90.1), idle("b", 80, 80)}, need{}, "b", nil},
		{"all over the limit", []host{idle("a", 91, 1), idle("b", 1, 91)}, need{}, "", vm.ErrUnavailable},
		{"down", []host{with(idle("a", 1, 1), func(h *host) { h.down = "is in maintenance" }), idle("b", 80, 80)}, need{}, "b", nil},
		{"all down", []host{with(idle("a", 1, 1), func(h *host) { h.down = "is disconnected" })}, need{}, "", vm.ErrUnavailable},
		{"one that tells no load is left alone", []host{idle("a", 0, 0), idle("b", 80, 80)}, need{}, "b", nil},
		{"the datastore must be there", []host{idle("a", 1, 1), holding(idle("b", 50, 50), d1, d2)}, need{datastores: []ref{d1, d2}}, "b", nil},
		{"the network must be there", []host{idle("a", 1, 1), wired(idle("b", 50, 50), n2)}, need{networks: []ref{n2}}, "b", nil},
		{"the CPU must be alike", []host{with(idle("a", 1, 1), func(h *host) { h.model = "y" }), idle("b", 50, 50)}, need{model: "x"}, "b", nil},
		{"nowhere the datastore", []host{idle("a", 1, 1), idle("b", 1, 1)}, need{datastores: []ref{d2}}, "", vm.ErrPermanent},
		{"the only fit one is full", []host{idle("a", 1, 1), wired(idle("b", 99, 1), n1, n2)}, need{networks: []ref{n2}}, "", vm.ErrUnavailable},
		{"no host", nil, need{}, "", vm.ErrPermanent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := choose(tt.hosts, tt.need, 90)
			if got.name != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got.name, err, tt.want, tt.err)
			}
		})
	}
}

func TestChooseSaysWhatIsWrongWithTheHosts(t *testing.T) {
	var hosts []host
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		hosts = append(hosts, idle(name, 95, 1))
	}
	_, err := choose(hosts, need{}, 90)
	for text, want := range map[string]bool{"a uses 95 % of its CPU": true, "2 more": true, "f uses": false} {
		if err == nil || strings.Contains(err.Error(), text) != want {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestBetterMovesOnlyWhatShouldNotStay(t *testing.T) {
	on := func(h host) ref { return h.ref }
	a := idle("a", 50, 50)
	full := idle("full", 95, 50)
	tests := []struct {
		name  string
		hosts []host
		on    ref
		want  string // "" stays
	}{
		{"under the limit it stays, whoever is idler", []host{a, idle("b", 1, 1)}, on(a), ""},
		{"over the limit it moves to the least used", []host{full, idle("b", 60, 60), idle("c", 50, 50)}, on(full), "c"},
		{"off a host in maintenance", []host{with(a, func(h *host) { h.down = "is in maintenance" }), idle("b", 60, 60)}, on(a), "b"},
		{"nobody has room", []host{full, idle("b", 91, 1)}, on(full), ""},
		{"alone", []host{full}, on(full), ""},
		{"nothing is known of its host", []host{idle("a", 0, 0), idle("b", 1, 1)}, on(a), ""},
		{"a host that is not among them", []host{idle("b", 1, 1)}, thing("HostSystem", "z"), "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := better(tt.hosts, tt.on, need{}, 90)
			if got.name != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got.name, ok, tt.want)
			}
		})
	}
}

func TestChooseNeverTakesAHostThatIsOverTheLimitOrDownOrUnfit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var hosts []host
		for range rapid.IntRange(0, 6).Draw(t, "hosts") {
			use := rapid.Float64Range(0, 120)
			h := idle(rapid.StringMatching(`[a-f]{1,2}`).Draw(t, "name"), use.Draw(t, "cpu"), use.Draw(t, "mem"))
			h.promised = rapid.Float64Range(0, 50).Draw(t, "promised")
			h.down = rapid.SampledFrom([]string{"", "", "is red"}).Draw(t, "down")
			h.model = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "model")
			hosts = append(hosts, h)
		}
		limit := rapid.Float64Range(1, 100).Draw(t, "limit")
		n := need{model: "x"}
		got, err := choose(hosts, n, limit)
		fits := func(h host) bool {
			return h.down == "" && h.cpu <= limit && h.mem <= limit && h.mem > 0 && h.model == "x"
		}
		if err == nil && !fits(got) {
			t.Fatalf("chose %+v", got)
		}
		for _, h := range hosts {
			if fits(h) && (err != nil || h.burden() < got.burden()) {
				t.Fatalf("left out %+v for %+v, %v", h, got, err)
			}
		}
	})
}
