package libvirt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"yardmaster/executors/vm"
)

// gain is how much less of a hypervisor must be given away for a machine to move there. Less would move machines to and fro.
const gain = 0.1

// Migrate moves a machine that runs to the hypervisor that would bear least, while it runs. Its storage must be the same there.
// One that cannot move, since it is off or has snapshots, stays where it is.
func (p *Provider) Migrate(ctx context.Context, pool vm.Pool, name string) (string, error) {
	home, _, err := p.question(ctx, pool, name, "look at "+name, func(*script, place) {})
	if err != nil {
		return "", err
	}
	if p.opt.MigrateURI == "" || len(p.hosts) == 1 {
		return home.name, nil
	}
	hosts, err := p.among(pool.CloneTarget)
	if err != nil {
		return "", err
	}
	better := p.better(ctx, home, hosts, name)
	if better == nil {
		return home.name, nil
	}
	return p.move(ctx, pool, name, home, better)
}

// better is the hypervisor that a machine should move to; nil is none.
func (p *Provider) better(ctx context.Context, home *hypervisor, hosts []*hypervisor, name string) *hypervisor {
	var from node
	var to []node
	for _, a := range p.all(ctx, "load", p.opt.Timeout, p.loadScript) {
		n, err := parseLoads(a)
		if err != nil {
			p.log.Debug("load not known", "host", a.h.name, "err", err)
			continue
		}
		if a.h == home {
			from = n
		} else if slices.Contains(hosts, a.h) {
			to = append(to, n)
		}
	}
	takes, runs := from.running[name]
	if !runs || len(to) == 0 {
		return nil
	}
	best := slices.MinFunc(to, func(a, b node) int { return lighter(a.load().with(takes, 1), b.load().with(takes, 1)) })
	if after := best.load().with(takes, 1); !after.fits() || after.share()+gain > from.load().share() {
		return nil
	}
	return best.h
}

func (p *Provider) loadScript(h *hypervisor) string {
	return newScript(h, p.opt.Timeout).add("Q %s\n", batch("nodeinfo", statsCommand)).String()
}

func parseLoads(a answer) (node, error) {
	if a.err != nil {
		return node{}, a.err
	}
	info, stats, _ := strings.Cut(a.res.Stdout, divider+"\n")
	n, err := parseNode(info, stats)
	n.h = a.h
	return n, err
}

// move moves a machine. What was cut off is undone by libvirt, since it is virsh that moves the machine: it stays where it was.
func (p *Provider) move(ctx context.Context, pool vm.Pool, name string, home, better *hypervisor) (string, error) {
	where, err := p.opt.place(pool)
	if err != nil {
		return "", err
	}
	flags := "--live --persistent --undefinesource --abort-on-error"
	if p.opt.Shared {
		flags += " --unsafe"
	}
	s := newScript(home, p.opt.CopyTimeout).lock(name).ours(name, where.pool).state(name)
	s.add("[ \"$on\" ] || { echo stays; exit 0; }\n")
	to := quote(uriOf(p.opt.MigrateURI, better.name))
	s.add("out=$(V migrate %s %s %s 2>&1) || %s", flags, name, to, otherwise("$out", "echo stays; exit 0", "snapshots"))
	s.add("echo moved\n")
	res, err := p.ask(ctx, home, "migrate "+name, p.opt.CopyTimeout, s.String())
	if err != nil {
		return home.name, err
	}
	switch strings.TrimSpace(res.Stdout) {
	case "stays":
		p.log.Debug("machine cannot move", "vm", name, "host", home.name)
		return home.name, nil
	case absent:
		return "", fmt.Errorf("%s: %w", name, vm.ErrNotFound)
	}
	better.saw(p.now(), domain{Name: name, Pool: where.pool, Template: pool.Template, Mark: home.markOf(name), Active: true})
	home.gone(name)
	return better.name, nil
}
