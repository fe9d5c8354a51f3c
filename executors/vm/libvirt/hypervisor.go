package libvirt

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// hypervisor is one host: how it is reached, and what it held when it last answered. That stands in for it while it is silent,
// so that one dead hypervisor neither stops the others nor makes its machines look gone. What others than this process made there
// since then is not known.
type hypervisor struct {
	name, uri string

	mu       sync.Mutex
	listed   bool // once since the start: only then is it known what it holds
	domains  map[string]known
	begun    map[string]bool // names of which a create may have left something here
	creating int             // creates under way, which its load does not show yet
	until    time.Time       // it is not asked before then
	silence  error           // what it said, or did not say, last
}

// known is a domain and when it was seen.
type known struct {
	domain
	at time.Time
}

func newHypervisor(name string, opt Options) *hypervisor {
	return &hypervisor{name: name, uri: uriOf(opt.URI, name), domains: map[string]known{}, begun: map[string]bool{}}
}

// remember takes a list of all that the hypervisor holds. What changed after it was begun is newer than it.
func (h *hypervisor) remember(begun time.Time, all []domain) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := make(map[string]known, len(all))
	for _, d := range all {
		held[d.Name] = known{d, begun}
	}
	for name, d := range h.domains {
		if d.at.After(begun) {
			held[name] = d
		}
	}
	h.domains, h.listed = held, true
}

// recall is what a silent hypervisor held. ok is false if that is not known.
func (h *hypervisor) recall() (all []domain, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.domains)) {
		all = append(all, h.domains[name].domain)
	}
	return all, h.listed
}

// mayHold tells whether something of that name may be there; known is false if the hypervisor has not been listed.
func (h *hypervisor) mayHold(name string) (may, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, held := h.domains[name]
	return held || h.begun[name], h.listed
}

// saw notes a machine that was made or came here.
func (h *hypervisor) saw(now time.Time, d domain) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.begun, d.Name)
	h.domains[d.Name] = known{d, now}
}

// markOf is the mark of a machine that was seen here; "" if none was.
func (h *hypervisor) markOf(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.domains[name].Mark
}

// gone notes that nothing of that name is here.
func (h *hypervisor) gone(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.begun, name)
	delete(h.domains, name)
}

// busy is the number of creates under way.
func (h *hypervisor) busy() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.creating
}

// begins notes that a create of that name may leave something here, and takes its share of the load.
func (h *hypervisor) begins(name string) (ends func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun[name] = true
	h.creating++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.creating--
	}
}
