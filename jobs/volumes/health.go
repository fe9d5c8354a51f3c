package volumes

import (
	"sync"
	"time"
)

// Health remembers which machines answered lately, from the monitor's rounds and from the outcomes of operations.
type Health struct {
	mu    sync.Mutex
	hosts map[string]HostHealth
	now   func() time.Time
}

// HostHealth is what is known of one machine.
type HostHealth struct {
	Host   string    `json:"host"`
	Up     bool      `json:"up"`
	Since  time.Time `json:"since"`
	Seen   time.Time `json:"seen"`
	Reason string    `json:"reason,omitempty"`
	until  time.Time // how long this word of it counts
	asked  bool      // the monitor's word, not an operation's in passing
}

// How long word of a machine counts: what the monitor says, until it may be long overdue; what an operation met in passing, not
// longer than it takes to try again.
const (
	askedCounts = 2 * time.Hour
	heardCounts = 30 * time.Second
)

// NewHealth knows of no machine yet.
func NewHealth(now func() time.Time) *Health {
	return &Health{hosts: map[string]HostHealth{}, now: now}
}

// Set notes how a machine was found when it was asked; true if that is a change.
func (h *Health) Set(host string, up bool, reason string) (changed bool) {
	return h.set(host, HostHealth{Up: up, Reason: reason, asked: true}, askedCounts)
}

func (h *Health) set(host string, is HostHealth, counts time.Duration) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, known := h.hosts[host]
	is.Host, is.Since, is.Seen, is.until = host, was.Since, h.now(), h.now().Add(counts)
	changed = known && was.Up != is.Up || !known && !is.Up
	if !known || was.Up != is.Up {
		is.Since = is.Seen
	}
	h.hosts[host] = is
	return changed
}

// Down says whether the machine is known not to answer. What was never asked is taken to be up.
func (h *Health) Down(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	known, ok := h.hosts[host]
	return ok && !known.Up && h.now().Before(known.until)
}

// Gone says whether the monitor found the machine not to answer; a single lost connection of an operation is not enough.
func (h *Health) Gone(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	known, ok := h.hosts[host]
	return ok && !known.Up && known.asked && h.now().Before(known.until)
}

// Hosts is all that is known, in no order.
func (h *Health) Hosts() []HostHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]HostHealth, 0, len(h.hosts))
	for _, host := range h.hosts {
		out = append(out, host)
	}
	return out
}

// Forget drops a machine that is no longer a node.
func (h *Health) Forget(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.hosts, host)
}
