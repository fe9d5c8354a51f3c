package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/executors/vm"
)

// world is all machines and where to find them. Its methods want the gate held. What it holds is changed by put and remove only.
type world struct {
	serial   uint64 // of the last machine created
	machines map[string]State
	pools    map[string]map[string]struct{} // pool -> names
	loads    map[string]int                 // host -> machines
	dirty    bool                           // something changed since it was read
}

func newWorld() *world {
	return &world{machines: map[string]State{}, pools: map[string]map[string]struct{}{}, loads: map[string]int{}}
}

// find is a machine of a pool; one of the same name in another pool is not it.
func (w *world) find(p vm.Pool, name string) (State, error) {
	m, ok := w.machines[name]
	if !ok || m.Pool != p.Name {
		return State{}, vm.ErrNotFound
	}
	return m.copied(), nil
}

// put makes a machine, or a change of one.
func (w *world) put(m State) {
	w.unlink(m.Name)
	w.machines[m.Name] = m
	if w.pools[m.Pool] == nil {
		w.pools[m.Pool] = map[string]struct{}{}
	}
	w.pools[m.Pool][m.Name] = struct{}{}
	w.loads[m.Host]++
	w.dirty = true
}

func (w *world) remove(name string) {
	if w.unlink(name) {
		delete(w.machines, name)
		w.dirty = true
	}
}

// unlink takes a machine out of the indexes.
func (w *world) unlink(name string) bool {
	m, ok := w.machines[name]
	if !ok {
		return false
	}
	delete(w.pools[m.Pool], name)
	if len(w.pools[m.Pool]) == 0 {
		delete(w.pools, m.Pool)
	}
	if w.loads[m.Host]--; w.loads[m.Host] == 0 {
		delete(w.loads, m.Host)
	}
	return true
}

// list is a pool's machines by name.
func (w *world) list(pool string) []vm.Machine {
	all := make([]vm.Machine, 0, len(w.pools[pool]))
	for name := range w.pools[pool] {
		all = append(all, w.machines[name].machine())
	}
	slices.SortFunc(all, func(a, b vm.Machine) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// inOrder is all machines as they were created.
func (w *world) inOrder() []State {
	return slices.SortedFunc(maps.Values(w.machines), func(a, b State) int {
		if a.Serial < b.Serial {
			return -1
		}
		return 1
	})
}

// born is the beginning of a new machine: no power, no address yet, on the host with the fewest machines.
func (w *world) born(p vm.Pool, name string, hosts int) State {
	w.serial++
	return State{Name: name, Serial: w.serial, Pool: p.Name, Template: p.Template, CloneTarget: p.CloneTarget, Mark: p.Mark, Half: true,
		Hostname: name, Power: vm.PoweredOff, Host: w.idlest(hosts, "")}
}

// idlest is the host with the fewest machines, another than one; "" if there is no other.
func (w *world) idlest(hosts int, than string) string {
	best := ""
	for i := range hosts {
		name := fmt.Sprintf("sim-host-%d", i+1)
		if name != than && (best == "" || w.loads[name] < w.loads[best]) {
			best = name
		}
	}
	return best
}

// address is a machine's, of 10.0.0.0/8; it comes again after sixteen million machines.
func address(serial uint64) string {
	n := serial % (1 << 24)
	return fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&0xff, n&0xff)
}
