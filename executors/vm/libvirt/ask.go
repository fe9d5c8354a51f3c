package libvirt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"yardmaster/executors"
)

// grace is what a script gets beyond its own limit, to say itself what took too long.
const grace = 5 * time.Second

const (
	slow = 2 * time.Second  // a silence that took so long
	rest = 15 * time.Second // is not waited for again for so long, if there are others to ask
)

// ask runs a script on one hypervisor, which ends by itself within limit. A script that exits non-zero is a refusal.
func (p *Provider) ask(
	ctx context.Context, h *hypervisor, what string, limit time.Duration, script string, more ...sign,
) (executors.Result, error) {
	if err := ctx.Err(); err != nil {
		return executors.Result{}, unheard(ctx, h.name, what, err)
	}
	if err := h.resting(p.now()); err != nil {
		return executors.Result{}, fmt.Errorf("%s is not asked for a while: %w", h.name, err)
	}
	short, cancel := context.WithTimeout(ctx, limit+grace)
	defer cancel()
	begin := p.now()
	res, err := p.run.Run(short, h.name, script)
	if err != nil {
		err = unheard(ctx, h.name, what, err)
	} else if res.Exit != 0 {
		err = refused(h.name, what, res, more)
	}
	p.heard(h, begin, err)
	return res, err
}

// heard notes whether a hypervisor answered. One that answers nothing for long is left alone, unless it is the only one.
func (p *Provider) heard(h *hypervisor, begin time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch now := p.now(); {
	case !silent(err):
		h.until, h.silence = time.Time{}, nil
	case len(p.hosts) > 1 && now.Sub(begin) >= slow:
		p.log.Warn("hypervisor left alone", "host", h.name, "for", rest, "err", err)
		h.until, h.silence = now.Add(rest), err
	}
}

func (h *hypervisor) resting(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Before(h.until) {
		return h.silence
	}
	return nil
}

// answer is what one hypervisor said.
type answer struct {
	h   *hypervisor
	res executors.Result
	err error
}

// compose makes the script for one hypervisor.
type compose func(h *hypervisor) string

// all asks every hypervisor at once. The answers are in the order of the options.
func (p *Provider) all(ctx context.Context, what string, limit time.Duration, script compose) []answer {
	out := make([]answer, len(p.hosts))
	var asked sync.WaitGroup
	for i, h := range p.hosts {
		asked.Go(func() {
			res, err := p.ask(ctx, h, what, limit, script(h))
			out[i] = answer{h, res, err}
		})
	}
	asked.Wait()
	return out
}
