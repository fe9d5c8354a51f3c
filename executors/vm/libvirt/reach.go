package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

// steps add to a script what it does on the hypervisor that has the machine.
type steps func(s *script, at place)

// change changes a machine, alone on it.
func (p *Provider) change(ctx context.Context, pool vm.Pool, name, what string, limit time.Duration, do steps) (*hypervisor, error) {
	h, _, err := p.reach(ctx, pool, name, what, limit, func(s *script, at place) {
		do(s.lock(name).ours(name, at.pool), at)
	})
	return h, err
}

// question asks something about a machine, and waits for nobody who changes it.
func (p *Provider) question(ctx context.Context, pool vm.Pool, name, what string, do steps) (*hypervisor, string, error) {
	return p.reach(ctx, pool, name, what, p.opt.Timeout, func(s *script, at place) {
		do(s.ours(name, at.pool), at)
	})
}

func (p *Provider) reach(
	ctx context.Context, pool vm.Pool, name, what string, limit time.Duration, do steps,
) (*hypervisor, string, error) {
	at, err := p.opt.place(pool)
	if err != nil {
		return nil, "", err
	}
	if !named(name) {
		return nil, "", unknown(name)
	}
	return p.act(ctx, name, what, limit, func(h *hypervisor) string {
		s := newScript(h, limit)
		do(s, at)
		return s.String()
	})
}

// state sets $on if the machine runs, or is paused.
func (s *script) state(name string) *script {
	return s.add("state=$(V domstate %s)\ncase \"$state\" in\n*'shut off'* | *crashed*) on= ;;\n*) on=yes ;;\nesac\n", name)
}

// act runs a script on the hypervisor that has a machine; elsewhere it must say that it is absent, and do nothing. Those that
// are known to have it are asked first. err is ErrNotFound if all others deny it.
func (p *Provider) act(ctx context.Context, name, what string, limit time.Duration, script compose) (*hypervisor, string, error) {
	var answers []answer
	for _, hosts := range p.likely(name) {
		got := p.race(ctx, hosts, what, limit, script)
		for _, a := range got {
			if a.err == nil && strings.TrimSpace(a.res.Stdout) != absent {
				return a.h, a.res.Stdout, nil
			}
			if a.err != nil && !silent(a.err) {
				return a.h, "", a.err // it was there and something was refused
			}
		}
		answers = append(answers, got...)
	}
	return nil, "", p.missing(name, answers)
}

// likely splits the hypervisors into those that had a machine of that name lately, and the others.
func (p *Provider) likely(name string) [2][]*hypervisor {
	var out [2][]*hypervisor
	for _, h := range p.hosts {
		i := 1
		if may, _ := h.mayHold(name); may {
			i = 0
		}
		out[i] = append(out[i], h)
	}
	return out
}

// race asks hypervisors at once and waits for no more of them when one has done it.
func (p *Provider) race(ctx context.Context, hosts []*hypervisor, what string, limit time.Duration, script compose) []answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan answer)
	for _, h := range hosts {
		go func() {
			res, err := p.ask(ctx, h, what, limit, script(h))
			ended <- answer{h, res, err}
		}()
	}
	var out []answer
	for range hosts {
		a := <-ended
		if a.err == nil && strings.TrimSpace(a.res.Stdout) != absent {
			cancel()
			out = slices.Insert(out, 0, a)
			continue
		}
		out = append(out, a)
	}
	return out
}

// anybody tells whether one hypervisor at least answered. What others held before they fell silent counts only then.
func anybody(answers []answer) bool {
	return slices.ContainsFunc(answers, func(a answer) bool { return a.err == nil })
}

// missing is the verdict on a name that no hypervisor showed: not there, unless a silent one may have it.
func (p *Provider) missing(name string, answers []answer) error {
	some := anybody(answers)
	for _, a := range answers {
		if a.err == nil {
			continue
		}
		if may, known := a.h.mayHold(name); may || !known || !some || !silent(a.err) {
			return a.err
		}
	}
	return fmt.Errorf("%s: %w", name, vm.ErrNotFound)
}
