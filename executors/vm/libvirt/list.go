package libvirt

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

// List is every machine of the pool. For a hypervisor that is silent now, it is what that held when it last answered.
func (p *Provider) List(ctx context.Context, pool vm.Pool) ([]vm.Machine, error) {
	at, err := p.opt.place(pool)
	if err != nil {
		return nil, err
	}
	found, err := p.inventory(ctx, func(d domain) bool { return at.holds(d) })
	if err != nil {
		return nil, err
	}
	return p.machines(ctx, found), nil
}

// stand is a domain and where it was found.
type stand struct {
	domain
	h *hypervisor
}

// inventory finds domains on all hypervisors, by name. One that is on two of them, as while it moves, counts where it runs.
func (p *Provider) inventory(ctx context.Context, want func(domain) bool) ([]stand, error) {
	begun := p.now()
	found := map[string]stand{}
	answers := p.all(ctx, "list", p.opt.Timeout, p.dumpScript)
	for _, a := range answers {
		all, err := p.held(a, begun, anybody(answers))
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			if other, twice := found[d.Name]; want(d) && (!twice || !other.Active) {
				found[d.Name] = stand{d, a.h}
			}
		}
	}
	out := make([]stand, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[name])
	}
	return out, nil
}

// held is what a hypervisor answered to a list, or, if others did answer, what it held before it fell silent.
func (p *Provider) held(a answer, begun time.Time, some bool) ([]domain, error) {
	if a.err == nil {
		all, err := parseList(a.res.Stdout)
		if err != nil {
			return nil, fmt.Errorf("list on %s: %w", a.h.name, err)
		}
		a.h.remember(begun, all)
		return all, nil
	}
	all, ok := a.h.recall()
	if !ok || !silent(a.err) || !some {
		return nil, a.err
	}
	p.log.Warn("hypervisor is silent; its machines are taken to be there", "host", a.h.name, "machines", len(all), "err", a.err)
	return all, nil
}

// dumpScript prints the ids of all domains, before and after they are dumped: what is in both must have been dumped. The dumps
// come last, since whoever makes a domain chooses what is in them.
func (p *Provider) dumpScript(h *hypervisor) string {
	s := newScript(h, p.opt.Timeout)
	return s.add(`before=$(Q list --all --uuid)
dumps=
set -- $before
while [ $# -gt 0 ]; do
  batch=
  for id in "${@:1:500}"; do
    batch+="dumpxml $id;"
  done
  dumps+=$(V "$batch" 2> /dev/null) || :
  shift "$(($# < 500 ? $# : 500))"
done
after=$(Q list --all --uuid)
printf '%%s\n' "$before" %[1]s "$after" %[1]s "$dumps"
`, divider).String()
}

// parseList reads what dumpScript printed.
func parseList(text string) ([]domain, error) {
	parts := strings.SplitN(text, divider+"\n", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("list of domains: %w", errAnswer)
	}
	all, err := parseDomains(parts[2])
	if err != nil {
		return nil, err
	}
	dumped := map[string]bool{}
	for _, d := range all {
		dumped[d.UUID] = true
	}
	after := strings.Fields(parts[1])
	for _, id := range strings.Fields(parts[0]) {
		if !dumped[id] && slices.Contains(after, id) {
			return nil, fmt.Errorf("domain %.80q was not shown: %w", id, errAnswer)
		}
	}
	return all, nil
}

// machines are domains as callers know them. Guests with an agent are asked what they call themselves.
func (p *Provider) machines(ctx context.Context, found []stand) []vm.Machine {
	ask := map[*hypervisor][]string{}
	for _, d := range found {
		if d.Agent {
			ask[d.h] = append(ask[d.h], d.UUID)
		}
	}
	names := p.hostnames(ctx, ask)
	out := make([]vm.Machine, len(found))
	for i, d := range found {
		out[i] = d.machine(d.h.name)
		out[i].Hostname = names[d.UUID]
	}
	return out
}
