package queue

import (
	"context"
	"sync"
	"time"
)

const (
	// beatGap is the least time between two signs of life that Beat asked for.
	beatGap = 50 * time.Millisecond
	// maxBeat bounds the data of a sign of life; more is left out.
	maxBeat = 1 << 20
)

// pulse writes the signs of life of one run, and cancels the run when it may not go on.
type pulse struct {
	q      *Queue
	job    Job
	worker string
	cancel context.CancelCauseFunc
	gone   <-chan struct{} // nobody waits for the run any more, so nobody may believe it alive

	mu   sync.Mutex
	data []byte
	poke chan struct{}
}

// beat is Run.Beat: it returns at once.
func (p *pulse) beat(data []byte) {
	if len(data) > maxBeat {
		p.q.log.Warn("data of a sign of life left out, too large", "op", p.job.Op, "bytes", len(data))
		return
	}
	p.mu.Lock()
	p.data = append([]byte(nil), data...)
	p.mu.Unlock()
	poke(p.poke)
}

func (p *pulse) last() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data
}

// run goes on until ctx ends, which is when the handler has returned: a handler that was cancelled still shows life while it
// winds up.
func (p *pulse) run(ctx context.Context) {
	patience := p.q.lifeTTL * 3 / 4
	regular := time.NewTicker(p.q.signOfLife)
	defer regular.Stop()
	isolated := time.NewTimer(patience)
	defer isolated.Stop()
	soon := time.NewTimer(0)
	soon.Stop()
	defer soon.Stop()
	written := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.gone:
			return
		case <-isolated.C:
			p.cancel(ErrIsolated)
			return
		case <-p.poke:
			soon.Reset(max(0, beatGap-time.Since(written)))
			continue
		case <-regular.C:
		case <-soon.C:
		}
		mine, err := p.write(ctx)
		switch {
		case err != nil:
			soon.Reset(p.q.signOfLife / 4)
		case !mine:
			p.cancel(ErrFenced)
			return
		default:
			written = time.Now()
			isolated.Reset(patience)
		}
	}
}

func (p *pulse) write(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, min(time.Second, p.q.lifeTTL/8))
	defer cancel()
	return p.q.sign(ctx, p.job, p.worker, p.last(), true)
}
