package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"yardmaster/executors/vm"
)

// host is a hypervisor and what it is burdened with.
type host struct {
	ref        ref
	name       string
	cpu, mem   float64 // use, in per cent; of no use at all nothing is known
	memory     int64   // MB that it has
	model      string  // of its CPU
	down       string  // why it takes no machine, whatever its load; "" if it does
	datastores []ref
	networks   []ref
	promised   float64 // memory of machines that it was chosen for since it was asked, in per cent
}

// need is what a machine asks of its host.
type need struct {
	datastores []ref
	networks   []ref
	model      string // "" is any
	memory     int64  // MB
}

// unfit says why a host cannot run a machine, however idle it is; "" if it can.
func (n need) unfit(h host) string {
	switch {
	case !contains(h.datastores, n.datastores):
		return "does not have the datastore"
	case !contains(h.networks, n.networks):
		return "does not have the network"
	case n.model != "" && h.model != n.model:
		return "has another CPU"
	}
	return ""
}

func contains(all, some []ref) bool {
	for _, r := range some {
		if !slices.Contains(all, r) {
			return false
		}
	}
	return true
}

// busy says why a host that could should not run one more machine; "" if it should.
func busy(h host, limit float64) string {
	switch {
	case h.down != "":
		return h.down
	case h.mem <= 0:
		return "tells no load"
	case h.cpu > limit:
		return fmt.Sprintf("uses %.0f %% of its CPU", h.cpu)
	case h.mem > limit:
		return fmt.Sprintf("uses %.0f %% of its memory", h.mem)
	}
	return ""
}

// choose picks the least used of the hosts that a machine can run on, by the mean of CPU and memory. Machines that were promised
// a host count for the order alone: the limit is held against what was measured.
func choose(hosts []host, n need, limit float64) (host, error) {
	var best *host
	var why []string
	fit := 0
	for i, h := range hosts {
		reason := n.unfit(h)
		if reason == "" {
			fit++
			reason = busy(h, limit)
		}
		if reason != "" {
			why = append(why, h.name+" "+reason)
		} else if best == nil || less(h, *best) {
			best = &hosts[i]
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case fit == 0:
		return host{}, wrong("no host can run it: %s", reasons(why))
	}
	return host{}, fmt.Errorf("%w: no host has room: %s", vm.ErrUnavailable, reasons(why))
}

func less(a, b host) bool {
	if x, y := a.burden(), b.burden(); x != y {
		return x < y
	}
	return a.name < b.name
}

func (h host) burden() float64 { return (h.cpu + h.mem + h.promised) / 2 }

// reasonsMost is how many hosts an error tells of.
const reasonsMost = 5

func reasons(why []string) string {
	if len(why) == 0 {
		return "there is none"
	}
	if more := len(why) - reasonsMost; more > 0 {
		why = append(slices.Clone(why[:reasonsMost]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(why, ", ")
}

// better is a host to move a machine to, if the one that it is on should not keep it and another one should have it. A host that
// only tells no load keeps what it has.
func better(hosts []host, on ref, n need, limit float64) (host, bool) {
	i := slices.IndexFunc(hosts, func(h host) bool { return h.ref == on })
	if i >= 0 && (hosts[i].mem <= 0 && hosts[i].down == "" || busy(hosts[i], limit) == "") {
		return host{}, false
	}
	others := slices.DeleteFunc(slices.Clone(hosts), func(h host) bool { return h.ref == on })
	h, err := choose(others, n, limit)
	return h, err == nil
}
