package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/jobs/pools/plan"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// pool is as the tests want it unless they say otherwise.
var pool = plan.Pool{Size: 0, Template: "img", Timeout: 15 * time.Minute, NotifyAfter: 5 * time.Minute, ReadyTTL: time.Hour,
	Lifetime: 24 * time.Hour, CheckHostname: true}

func snapshot(change func(*plan.Snapshot), vms ...plan.VM) plan.Snapshot {
	s := plan.Snapshot{Now: noon, Pool: pool, VMs: vms, TTL: 5 * time.Minute, Clones: 10, OnDemandClones: 10, Destroys: 10, Changes: 10, Settles: 2}
	for _, v := range vms {
		switch v.State {
		case plan.Pending:
			s.Counts.Pending++
			if v.Request != "" {
				s.Counts.OnDemand++
			}
		case plan.Ready:
			s.Counts.Ready++
		}
	}
	if change != nil {
		change(&s)
	}
	return s
}

func pending(name string, age time.Duration) plan.VM {
	return plan.VM{Name: name, State: plan.Pending, Template: "img", Created: ago(age), Cloned: ago(age - time.Second)}
}

func ready(name string, since time.Duration) plan.VM {
	v := pending(name, since+time.Minute)
	v.State, v.Ready = plan.Ready, ago(since)
	return v
}

func running(name string, since time.Duration) plan.VM {
	v := ready(name, since+time.Minute)
	v.State, v.CheckedOut = plan.Running, ago(since)
	return v
}

func completed(name string) plan.VM {
	v := running(name, time.Hour)
	v.State = plan.Completed
	return v
}

func with(v plan.VM, change func(*plan.VM)) plan.VM {
	change(&v)
	return v
}

func made(place string, v plan.VM) plan.VM {
	v.Place = place
	return v
}

func says(name, fault string) func(*plan.Snapshot) {
	return func(s *plan.Snapshot) { s.Probes = map[string]plan.Probe{name: {Fault: fault}} }
}

func shows(names ...string) func(*plan.Snapshot) {
	return func(s *plan.Snapshot) {
		s.Inventory = &plan.Inventory{Asked: ago(time.Second)}
		for _, n := range names {
			s.Inventory.Machines = append(s.Inventory.Machines, plan.Machine{Name: n, Hostname: n})
		}
	}
}

func absent(name string, inventories int) func(*plan.Snapshot) {
	return func(s *plan.Snapshot) { s.Absent = map[string]int{name: inventories} }
}

// marks has every machine of the inventory carry a mark.
func marks(mark string) func(*plan.Snapshot) {
	return func(s *plan.Snapshot) {
		for i := range s.Inventory.Machines {
			s.Inventory.Machines[i].Mark = mark
		}
	}
}

func lost(name string, since time.Duration) plan.VM {
	v := running(name, time.Hour)
	v.State, v.Destroyed, v.Lost = plan.Destroyed, ago(since), true
	return v
}

func both(changes ...func(*plan.Snapshot)) func(*plan.Snapshot) {
	return func(s *plan.Snapshot) {
		for _, c := range changes {
			c(s)
		}
	}
}

// lines writes a plan as a test reads it.
func lines(actions []plan.Action) []string {
	var out []string
	for _, a := range actions {
		out = append(out, strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", a.Do, a.VM, a.Request)), " ")))
	}
	return out
}

func TestEveryRule(t *testing.T) {
	sized := func(n int) func(*plan.Snapshot) { return func(s *plan.Snapshot) { s.Pool.Size = n } }
	request := func(want, have, making int, age time.Duration) func(*plan.Snapshot) {
		return func(s *plan.Snapshot) {
			s.Requests = []plan.Request{{ID: "r", Want: want, Have: have, Making: making, Requested: ago(age)}}
		}
	}
	tests := []struct {
		name string
		in   plan.Snapshot
		want []string
	}{
		{"an empty pool is filled to its size", snapshot(sized(2)), []string{"clone", "clone"}},
		{"but only as far as there is room", snapshot(both(sized(5), func(s *plan.Snapshot) { s.Clones = 1 })), []string{"clone"}},
		{"what is pending counts as filled", snapshot(both(sized(2), says("a", "")), pending("a", time.Minute)), []string{"ready a", "clone"}},
		{"a broken provider is left alone", snapshot(both(sized(2), func(s *plan.Snapshot) { s.Broken = true }), completed("a")), nil},

		{"a pending machine is asked again until it answers", snapshot(says("a", "refused"), pending("a", time.Minute)), []string{"fault a", "probe a"}},
		{"and warned about when it takes long", snapshot(says("a", "refused"), pending("a", 6*time.Minute)), []string{"fault a", "warn a", "probe a"}},
		{"once", snapshot(nil, with(pending("a", 6*time.Minute), func(v *plan.VM) { v.Warned = true })), []string{"probe a"}},
		{"and given up in the end", snapshot(says("a", "refused"), pending("a", 16*time.Minute)), []string{"complete a"}},
		{"but not when it answers just then", snapshot(both(sized(1), says("a", "")), pending("a", 16*time.Minute)), []string{"ready a"}},
		{"a clone under way is left to end", snapshot(sized(1), plan.VM{Name: "a", State: plan.Pending, Template: "img", Created: ago(time.Minute), Busy: true}), nil},
		{"unless it takes too long", snapshot(nil, plan.VM{Name: "a", State: plan.Pending, Template: "img", Created: ago(16 * time.Minute), Busy: true}), []string{"complete a"}},
		{"and is called off once nobody wants it", snapshot(nil, plan.VM{Name: "a", State: plan.Completed, Template: "img", Busy: true}), []string{"call off a"}},
		{"a clone that nobody works on is lost", snapshot(nil, plan.VM{Name: "a", State: plan.Pending, Template: "img", Created: ago(time.Minute)}), []string{"complete a"}},
		{"a pending machine that an inventory misses is asked for by name", snapshot(shows(), pending("a", time.Minute)), []string{"doubt a", "probe a"}},
		{"and given up if it is not there", snapshot(absent("a", 1), pending("a", time.Minute)), []string{"complete a"}},
		{"but not if it was cloned after the question", snapshot(shows(), with(pending("a", time.Minute), func(v *plan.VM) { v.Cloned = noon })), []string{"probe a"}},

		{"a ready machine is looked at with the inventory", snapshot(both(sized(1), shows("a")), ready("a", time.Minute)), []string{"probe a"}},
		{"and marked the first time that it is well", snapshot(both(sized(1), says("a", "")), ready("a", time.Minute)), []string{"mark well a"}},
		{"and replaced when it is not", snapshot(both(sized(1), says("a", "refused")), ready("a", time.Minute)), []string{"complete a", "clone"}},
		{"no inventory that is empty takes a pool away", snapshot(both(sized(2), shows()), ready("a", time.Minute), ready("b", time.Minute)), []string{"doubt a", "probe a", "doubt b", "probe b"}},
		{"a ready machine that is gone is replaced", snapshot(both(sized(1), absent("a", 1)), ready("a", time.Minute)), []string{"complete a", "clone"}},
		{"one of its name and not its mark is not it", snapshot(both(sized(1), shows("a"), marks("other")), with(ready("a", time.Minute), func(v *plan.VM) { v.Mark = "own" })), []string{"doubt a", "probe a"}},
		{"one of its name and no mark may be it", snapshot(both(sized(1), shows("a")), with(ready("a", time.Minute), func(v *plan.VM) { v.Mark = "own" })), []string{"probe a"}},
		{"one that waited too long is replaced", snapshot(sized(1), ready("a", time.Hour)), []string{"complete a", "clone"}},
		{"one that calls itself otherwise is replaced", snapshot(both(sized(1), shows("a"), func(s *plan.Snapshot) { s.Inventory.Machines[0].Hostname = "b.example" }), ready("a", 2*time.Minute)), []string{"complete a", "clone"}},
		{"but has a minute to learn its name", snapshot(both(sized(1), shows("a"), func(s *plan.Snapshot) { s.Inventory.Machines[0].Hostname = "b" }), ready("a", 30*time.Second)), []string{"probe a"}},
		{"and no name is asked for where that is off", snapshot(both(sized(1), shows("a"), func(s *plan.Snapshot) { s.Inventory.Machines[0].Hostname, s.Pool.CheckHostname = "b", false }), ready("a", 2*time.Minute)), []string{"probe a"}},
		{"another template replaces what nobody has", snapshot(both(sized(1), func(s *plan.Snapshot) { s.Pool.Template = "new" }), ready("a", time.Minute), running("b", time.Hour)), []string{"complete a", "clone"}},
		{"so does another clone target", snapshot(both(sized(1), func(s *plan.Snapshot) { s.Pool.Target = "c2" }), pending("a", time.Minute)), []string{"complete a", "clone"}},
		{"so does a reset, for what is older", snapshot(both(sized(2), func(s *plan.Snapshot) { s.Pool.Reset = ago(3 * time.Minute) }), ready("a", time.Hour/2), ready("b", time.Minute)), []string{"complete a", "clone"}},
		{"the oldest of what is too much goes", snapshot(both(sized(1), shows("a", "b")), ready("a", 2*time.Minute), ready("b", 9*time.Minute)), []string{"probe a", "probe b", "complete b"}},

		{"a running machine lives for its pool's lifetime", snapshot(nil, running("a", 24*time.Hour), running("b", 23*time.Hour)), []string{"complete a"}},
		{"or its own", snapshot(nil, with(running("a", 24*time.Hour), func(v *plan.VM) { v.Lifetime = 48 * time.Hour }), with(running("b", 2*time.Hour), func(v *plan.VM) { v.Lifetime = 2 * time.Hour })), []string{"complete b"}},
		{"one that an inventory misses is asked for by name", snapshot(shows(), running("a", time.Hour)), []string{"doubt a"}},
		{"one inventory and a name that is not known do not take it away", snapshot(absent("a", 1), running("a", time.Hour)), nil},
		{"two do, and nothing is left to destroy", snapshot(absent("a", 2), running("a", time.Hour)), []string{"lose a"}},
		{"one that was lost is its user's again when it is back", snapshot(shows("a"), lost("a", time.Minute)), []string{"restore a"}},
		{"but not if it is another machine", snapshot(both(shows("a"), marks("other")), lost("a", time.Minute)), nil},
		{"one that does not answer lives on", snapshot(both(shows("a"), says("a", "refused")), running("a", time.Hour)), nil},
		{"what its user asked for begins", snapshot(nil, with(running("a", time.Hour), func(v *plan.VM) { v.Tasks = true })), []string{"task a"}},
		{"one after the other", snapshot(nil, with(running("a", time.Hour), func(v *plan.VM) { v.Tasks, v.Busy = true, true })), nil},
		{"as far as there is room", snapshot(func(s *plan.Snapshot) { s.Changes = 1 }, with(running("a", time.Hour), func(v *plan.VM) { v.Tasks = true }), with(running("b", time.Hour), func(v *plan.VM) { v.Tasks = true })), []string{"task a"}},
		{"where it runs is looked at once", snapshot(func(s *plan.Snapshot) { s.Pool.Settle = true }, running("a", time.Hour), with(running("b", time.Hour), func(v *plan.VM) { v.Settled = true })), []string{"settle a"}},
		{"who has it is noted on it once, wherever it runs", snapshot(nil, with(running("a", time.Hour), func(v *plan.VM) { v.Named = true }), with(running("b", time.Hour), func(v *plan.VM) { v.Named, v.Settled = true, true }), running("c", time.Hour)), []string{"settle a"}},

		{"what is done with is destroyed", snapshot(nil, completed("a")), []string{"destroy a"}},
		{"as far as there is room", snapshot(func(s *plan.Snapshot) { s.Destroys = 1 }, completed("a"), completed("b")), []string{"destroy a"}},
		{"once", snapshot(nil, with(completed("a"), func(v *plan.VM) { v.Busy = true })), nil},
		{"a change of what is done with is called off", snapshot(nil, with(completed("a"), func(v *plan.VM) { v.Busy, v.Changing = true, true })), []string{"call off a"}},
		{"if it is there", snapshot(shows(), completed("a")), []string{"gone a"}},
		{"and if it is the one", snapshot(both(shows("a"), marks("other")), with(completed("a"), func(v *plan.VM) { v.Mark = "own" })), []string{"gone a"}},
		{"and again if it comes back", snapshot(shows("a"), with(completed("a"), func(v *plan.VM) { v.State, v.Destroyed = plan.Destroyed, ago(time.Minute) })), []string{"resurrect a"}},
		{"but not if it is another machine", snapshot(both(shows("a"), marks("other")), with(completed("a"), func(v *plan.VM) { v.State, v.Destroyed, v.Mark = plan.Destroyed, ago(time.Minute), "own" })), nil},
		{"or one that nobody marked", snapshot(shows("a"), with(completed("a"), func(v *plan.VM) { v.State, v.Destroyed, v.Mark = plan.Destroyed, ago(time.Minute), "own" })), nil},
		{"or if it went while the question was under way", snapshot(shows("a"), with(completed("a"), func(v *plan.VM) { v.State, v.Destroyed = plan.Destroyed, noon })), nil},

		{"an inventory of another place proves nothing of what is done with", snapshot(shows(), made("there", completed("a"))), []string{"destroy a"}},
		{"nor of what is in use, which is asked for where it was made", snapshot(shows(), made("there", running("a", time.Hour))), []string{"doubt a"}},
		{"a machine that was moved with its pool is found by its mark", snapshot(both(shows("a"), marks("own")), with(made("there", running("a", time.Hour)), func(v *plan.VM) { v.Mark = "own" })), []string{"locate a"}},
		{"and not by its name alone", snapshot(shows("a"), made("there", running("a", time.Hour))), nil},
		{"where an older record's machine is, is learnt", snapshot(both(shows("a"), func(s *plan.Snapshot) { s.Pool.Place = "here" }), running("a", time.Hour)), []string{"locate a"}},
		{"unless it is another machine", snapshot(both(shows("a"), marks("other"), func(s *plan.Snapshot) { s.Pool.Place = "here" }), with(running("a", time.Hour), func(v *plan.VM) { v.Mark = "own" })), []string{"doubt a"}},

		{"a stranger is told of", snapshot(both(shows("x"), func(s *plan.Snapshot) { s.Strangers = map[string]bool{"x": true} })), []string{"stranger x"}},
		{"and destroyed only where purging is on", snapshot(both(shows("x", "keep-me"), func(s *plan.Snapshot) {
			s.Purge, s.Spare, s.Strangers = true, []string{"keep-*"}, map[string]bool{"x": true, "keep-me": true}
		})), []string{"adopt x", "stranger keep-me"}},
		{"a pattern that cannot be read spares", snapshot(both(shows("x"), func(s *plan.Snapshot) {
			s.Purge, s.Spare, s.Strangers = true, []string{"["}, map[string]bool{"x": true}
		})), []string{"stranger x"}},

		{"a request has its machines made", snapshot(request(2, 0, 0, time.Minute)), []string{"clone r", "clone r"}},
		{"within its own room", snapshot(both(request(2, 0, 0, time.Minute), func(s *plan.Snapshot) { s.OnDemandClones = 1 })), []string{"clone r"}},
		{"and no more of them than it wants", snapshot(request(3, 1, 1, time.Minute)), []string{"clone r"}},
		{"they go to it, not to the pool", snapshot(both(request(1, 0, 1, time.Minute), says("a", "")), with(pending("a", time.Minute), func(v *plan.VM) { v.Request = "r" })), []string{"hand over a r", "fulfil r"}},
		{"one that fails is made again", snapshot(request(1, 0, 1, time.Minute), with(pending("a", 20*time.Minute), func(v *plan.VM) { v.Request = "r" })), []string{"complete a r", "clone r"}},
		{"a request that is complete is done", snapshot(request(1, 1, 0, time.Minute)), []string{"fulfil r"}},
		{"one that is late fails, and makes nothing more", snapshot(request(1, 0, 0, 5*time.Minute)), []string{"fail request r"}},
		{"one whose pool is gone fails at once", snapshot(both(request(1, 0, 0, time.Second), func(s *plan.Snapshot) { s.Pool.Gone = true })), []string{"fail request r"}},
		{"and what is made for it goes with it", snapshot(both(request(1, 0, 1, 5*time.Minute), says("a", "")), with(pending("a", time.Minute), func(v *plan.VM) { v.Request = "r" })), []string{"fail request r"}},
		{"what is made for a request does not fill the pool", snapshot(both(sized(1), request(1, 0, 1, time.Minute)), with(pending("a", time.Minute), func(v *plan.VM) { v.Request = "r" })), []string{"probe a r", "clone"}},

		{"a pool that is gone makes nothing and keeps what is in use", snapshot(both(sized(3), func(s *plan.Snapshot) { s.Pool.Gone = true }), ready("a", time.Minute), running("b", time.Hour)), []string{"complete a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, lines(plan.Plan(tt.in))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReasonsAreForPeople(t *testing.T) {
	tests := []struct {
		in   plan.Snapshot
		want string
	}{
		{snapshot(says("a", "connection refused"), pending("a", 16*time.Minute)), "not ready after 16m0s: connection refused"},
		{snapshot(nil, running("a", 25*time.Hour)), "its lifetime of 24h0m0s is over"},
		{snapshot(absent("a", 1), ready("a", time.Minute)), "its provider does not have it any more"},
	}
	for _, tt := range tests {
		if got := plan.Plan(tt.in)[0].Reason; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestWhateverIsSeen holds what no plan may break, over any pool.
func TestWhateverIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySnapshot(t)
		first := plan.Plan(s)
		if diff := cmp.Diff(first, plan.Plan(s)); diff != "" {
			t.Fatalf("the same snapshot gives two plans:\n%s", diff)
		}
		vms := map[string]plan.VM{}
		for _, v := range s.VMs {
			vms[v.Name] = v
		}
		n := map[plan.Verb]int{}
		gone := map[string]int{}
		for _, a := range first {
			n[a.Do]++
			v, known := vms[a.VM]
			switch a.Do {
			case plan.Complete:
				gone[a.VM]++
				if v.State == plan.Running && !v.CheckedOut.IsZero() && s.Now.Sub(v.CheckedOut) < min(nonzero(v.Lifetime), nonzero(s.Pool.Lifetime)) {
					t.Fatalf("%s is in use, within its lifetime, and given up: %s", a.VM, a.Reason)
				}
			case plan.Destroy:
				if v.State != plan.Completed || v.Busy {
					t.Fatalf("%s is %s (busy: %v) and would be destroyed", a.VM, v.State, v.Busy)
				}
			case plan.MarkGone:
				if v.Place != "" && v.Place != s.Pool.Place {
					t.Fatalf("%s was made in %q, and counts as gone for an inventory of %q", a.VM, v.Place, s.Pool.Place)
				}
			case plan.Adopt:
				if known || !s.Purge || !s.Strangers[a.VM] {
					t.Fatalf("%s is not a stranger to be purged", a.VM)
				}
			case plan.Lose:
				if v.State != plan.Running || v.Busy || s.Absent[a.VM] < plan.Sure {
					t.Fatalf("%s is %s, missed by %d inventories, and counts as lost", a.VM, v.State, s.Absent[a.VM])
				}
			case plan.Restore:
				if v.State != plan.Destroyed || !v.Lost {
					t.Fatalf("%s is %s (lost: %v) and is given back", a.VM, v.State, v.Lost)
				}
			case plan.Task, plan.Settle:
				if v.Busy || v.State != plan.Running {
					t.Fatalf("%s %s while it is %s, busy: %v", a.Do, a.VM, v.State, v.Busy)
				}
			}
		}
		for name, times := range gone {
			if times > 1 {
				t.Fatalf("%s is given up %d times", name, times)
			}
		}
		if n[plan.Destroy] > s.Destroys || n[plan.Settle] > s.Settles || n[plan.Clone] > s.Clones+s.OnDemandClones {
			t.Fatalf("more than there is room for: %v", n)
		}
		if s.Broken && n[plan.Clone]+n[plan.Destroy]+n[plan.Task]+n[plan.Settle] > 0 {
			t.Fatalf("a broken provider is asked: %v", n)
		}
		plain := len(slices.DeleteFunc(slices.Clone(first), func(a plan.Action) bool { return a.Do != plan.Clone || a.Request != "" }))
		if plain > s.Pool.Size {
			t.Fatalf("%d clones for a pool of %d", plain, s.Pool.Size)
		}
	})
}

func nonzero(d time.Duration) time.Duration {
	if d == 0 {
		return 1 << 62
	}
	return d
}

func anySnapshot(t *rapid.T) plan.Snapshot {
	span := func(label string, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(most/time.Second)).Draw(t, label)) * time.Second
	}
	flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
	var vms []plan.VM
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, name := range names[:rapid.IntRange(0, len(names)).Draw(t, "vms")] {
		v := plan.VM{Name: name, Template: rapid.SampledFrom([]string{"img", "img", "old"}).Draw(t, "template"),
			State:   rapid.SampledFrom([]plan.State{plan.Pending, plan.Ready, plan.Running, plan.Completed, plan.Destroyed}).Draw(t, "state"),
			Request: rapid.SampledFrom([]string{"", "", "r"}).Draw(t, "request"), Created: ago(span("created", 2*time.Hour)),
			Place: rapid.SampledFrom([]string{"", "here", "there"}).Draw(t, "place"), Busy: flag("busy"), Tasks: flag("tasks"), Warned: flag("warned"), Settled: flag("settled"), Named: flag("named"), Lost: flag("lost"), Lifetime: span("lifetime", 3*time.Hour)}
		if flag("cloned") {
			v.Cloned = v.Created.Add(time.Second)
		}
		v.Ready, v.CheckedOut, v.Destroyed = v.Created, v.Created, v.Created
		vms = append(vms, v)
	}
	return snapshot(func(s *plan.Snapshot) {
		s.Pool.Size, s.Pool.Settle, s.Pool.Gone = rapid.IntRange(0, 4).Draw(t, "size"), flag("settle"), rapid.IntRange(0, 9).Draw(t, "gone") == 0
		s.Pool.Place = "here"
		s.Broken, s.Purge = flag("broken"), flag("purge")
		s.Clones, s.OnDemandClones = rapid.IntRange(-2, 3).Draw(t, "clones"), rapid.IntRange(-2, 3).Draw(t, "od")
		s.Clones, s.OnDemandClones = max(s.Clones, 0), max(s.OnDemandClones, 0)
		s.Destroys, s.Settles = rapid.IntRange(0, 3).Draw(t, "destroys"), rapid.IntRange(0, 2).Draw(t, "settles")
		if flag("inventory") {
			shows(rapid.SliceOfDistinct(rapid.SampledFrom(append(names, "x", "y")), rapid.ID[string]).Draw(t, "there")...)(s)
			s.Strangers = map[string]bool{"x": true, "y": true}
		}
		if flag("request") {
			s.Requests = []plan.Request{{ID: "r", Want: rapid.IntRange(1, 4).Draw(t, "want"), Have: rapid.IntRange(0, 2).Draw(t, "have"),
				Making: rapid.IntRange(0, 2).Draw(t, "making"), Requested: ago(span("asked", 10*time.Minute))}}
		}
		s.Changes = rapid.IntRange(0, 2).Draw(t, "changes")
		s.Probes, s.Absent = map[string]plan.Probe{}, map[string]int{}
		for _, v := range vms {
			if flag("probed") {
				s.Absent[v.Name] = rapid.IntRange(0, 3).Draw(t, "absent")
				s.Probes[v.Name] = plan.Probe{Fault: rapid.SampledFrom([]string{"", "refused"}).Draw(t, "fault")}
			}
		}
	}, vms...)
}
