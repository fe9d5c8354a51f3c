package libvirt

import (
	"fmt"
	"strconv"
	"strings"
)

// size is what a machine takes of a hypervisor, or what that has.
type size struct{ cpus, memKiB int64 }

// node is a hypervisor as it describes itself: what it has, and what each of its running domains was given of it.
type node struct {
	h       *hypervisor
	has     size
	running map[string]size
}

// most is more than any hypervisor has, and sums of it do not overflow.
const most = 1 << 36

// parseNode reads the answers of nodeinfo and of domstats.
func parseNode(info, stats string) (node, error) {
	n := node{running: map[string]size{}}
	for _, line := range lines(info) {
		key, value, _ := strings.Cut(line, ":")
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch key {
		case "CPU(s)":
			n.has.cpus = count(number)
		case "Memory size": // KiB
			n.has.memKiB = count(number)
		}
	}
	if n.has.cpus == 0 || n.has.memKiB == 0 {
		return node{}, fmt.Errorf("node: %w", errAnswer)
	}
	var name string
	for _, line := range lines(stats) {
		if quoted, ok := strings.CutPrefix(line, "Domain: "); ok {
			name = strings.TrimSuffix(strings.TrimPrefix(quoted, "'"), "'")
			n.running[name] = size{}
			continue
		}
		takes, known := n.running[name]
		key, value, _ := strings.Cut(line, "=")
		switch {
		case !known:
			continue
		case key == "vcpu.maximum":
			takes.cpus = count(value)
		case key == "balloon.maximum":
			takes.memKiB = count(value)
		}
		n.running[name] = takes
	}
	return n, nil
}

// count is a number within bounds; what is none is nothing.
func count(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0
	}
	return n
}

// load is what a hypervisor has, and what was given of it.
type load struct {
	has, given size
	domains    int // that run
}

// load sums up what the running domains were given.
func (n node) load() load {
	l := load{has: n.has, domains: len(n.running)}
	for _, s := range n.running {
		l.given.cpus += s.cpus
		l.given.memKiB += s.memKiB
	}
	return l
}

// with is the load if the hypervisor ran so many more machines of a size; a negative number takes them away.
func (l load) with(s size, times int) load {
	l.given.cpus += s.cpus * int64(times)
	l.given.memKiB += s.memKiB * int64(times)
	l.domains += times
	return l
}

// share is the part of the hypervisor that is given away, of its CPUs and of its memory together: 2 is all of both.
func (l load) share() float64 {
	return float64(l.given.cpus)/float64(l.has.cpus) + float64(l.given.memKiB)/float64(l.has.memKiB)
}

// fits tells whether the memory given away is there. CPUs may be given away more than once.
func (l load) fits() bool { return l.given.memKiB <= l.has.memKiB }
