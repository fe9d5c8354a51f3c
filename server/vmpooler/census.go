package vmpooler

import (
	"strings"
	"sync"
)

// mostMadeUp bounds the sets of labels of one counter that clients make up, for each of which every pool has its series.
const mostMadeUp = 500

// otherLabel stands for all that come after them.
const otherLabel = "other"

// census knows which labels came first. The zero census has seen none.
type census struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // by counter
}

// admit says whether labels are among the first ones of a counter.
func (c *census) admit(counter string, labels []string) bool {
	set := strings.Join(labels, "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]map[string]bool{}
	}
	known := c.seen[counter]
	switch {
	case known[set]:
		return true
	case len(known) >= mostMadeUp:
		return false
	case known == nil:
		known = map[string]bool{}
		c.seen[counter] = known
	}
	known[set] = true
	return true
}
