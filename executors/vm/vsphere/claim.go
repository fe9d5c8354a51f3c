package vsphere

import (
	"context"
	"sync"
)

// claims let one call at a time change a machine. A claim is known by the machine's name, which is unique among all pools.
type claims struct {
	mu   sync.Mutex
	held map[string]*claim
}

// claim is the right to change one machine. A call shares it with the tasks that it starts, and the last of them gives it back.
type claim struct {
	of      *claims
	name    string
	turn    chan struct{} // holds one while somebody has the claim
	wanted  int           // by so many, the holder included; under of.mu
	sharers int           // under of.mu
}

// take waits for its turn.
func (cs *claims) take(ctx context.Context, name string) (*claim, error) {
	cs.mu.Lock()
	c := cs.held[name]
	if c == nil {
		c = &claim{of: cs, name: name, turn: make(chan struct{}, 1)}
		cs.held[name] = c
	}
	c.wanted++
	cs.mu.Unlock()
	select {
	case c.turn <- struct{}{}:
		c.share()
		return c, nil
	case <-ctx.Done():
		cs.mu.Lock()
		defer cs.mu.Unlock()
		c.leave()
		return nil, ctx.Err()
	}
}

// leave counts out one who wanted the claim, under of.mu.
func (c *claim) leave() {
	if c.wanted--; c.wanted == 0 {
		delete(c.of.held, c.name)
	}
}

// share is another give that the claim waits for.
func (c *claim) share() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.sharers++
}

func (c *claim) give() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if c.sharers--; c.sharers == 0 {
		<-c.turn
		c.leave()
	}
}
