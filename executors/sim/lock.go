package sim

import (
	"context"
	"os"
	"path"
	"strconv"
)

// lockTarget names the file to lock: by its path, or by the descriptor 0 that the shell opened on it.
func (r *run) lockTarget(p *process, arg string) (string, bool) {
	name := absolute(p.dir, arg)
	if fd, err := strconv.Atoi(arg); err == nil {
		in, isFile := p.in.(*os.File)
		if fd != 0 || !isFile {
			return "", false
		}
		r.mu.Lock()
		opened, known := r.opened[in]
		r.mu.Unlock()
		if !known {
			return "", false
		}
		name = opened
	}
	return r.host + ":" + path.Clean(name), true
}

// lock takes a lock for a run, waiting until ctx ends; false means that another run holds it.
func (c *Cluster) lock(ctx context.Context, r *run, target string, atOnce bool) bool {
	for {
		c.mu.Lock()
		holder, freed := c.locks[target], c.freed
		if holder == nil || holder == r {
			c.locks[target] = r
			c.mu.Unlock()
			return true
		}
		c.mu.Unlock()
		if atOnce {
			return false
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (c *Cluster) unlock(r *run, target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.locks[target] == r {
		delete(c.locks, target)
		close(c.freed)
		c.freed = make(chan struct{})
	}
}
