package queue

import (
	"context"
	"sync"
	"time"
)

// registry knows the handlers that run in this process, and refuses a second one for the same attempt.
type registry struct {
	mu   sync.Mutex
	runs map[string]*entry // by task id
}

type entry struct {
	job    Job
	owner  *crew
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// enter says whether job may start here. What it returns must be left.
func (r *registry) enter(job Job, owner *crew, cancel context.CancelCauseFunc) (*entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runs == nil {
		r.runs = map[string]*entry{}
	}
	if r.runs[job.id()] != nil {
		return nil, false
	}
	e := &entry{job: job, owner: owner, cancel: cancel, done: make(chan struct{})}
	r.runs[job.id()] = e
	return e, true
}

func (r *registry) leave(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.runs, e.job.id())
	close(e.done)
}

// overtake cancels every run of op here but the one of that attempt, without waiting for its next sign of life.
func (r *registry) overtake(op string, attempt int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.runs {
		if e.job.Op == op && e.job.Attempt != attempt {
			e.cancel(ErrFenced)
		}
	}
}

// noAttempt is none that runs.
const noAttempt = -1

func (r *registry) withdraw(op string) { r.overtake(op, noAttempt) }

func (r *registry) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.runs)
}

// settle waits until no run of owner is left, at most for d, and says how many are.
func (r *registry) settle(owner *crew, d time.Duration) int {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		mine := r.of(owner)
		if len(mine) == 0 {
			return 0
		}
		select {
		case <-mine[0].done:
		case <-timeout.C:
			return len(mine)
		}
	}
}

func (r *registry) of(owner *crew) []*entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	var mine []*entry
	for _, e := range r.runs {
		if e.owner == owner {
			mine = append(mine, e)
		}
	}
	return mine
}
