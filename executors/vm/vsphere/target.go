package vsphere

import "slices"

// target is where a machine is to run: the resource pool, and the host if we choose one.
type target struct {
	pool ref
	host *ref
}

// aim finds the cluster or host that a pool's machines are cloned on. Without a name it is the one that has the template's host.
func (l *layout) aim(name string, template *ref) (compute, []ref, error) {
	for _, found := range l.compute {
		switch {
		case name == found.name:
			return found, found.hosts, nil
		case name == "" && template != nil && slices.Contains(found.hosts, *template):
			return found, found.hosts, nil
		}
	}
	if name == "" {
		return compute{}, nil, wrong("clone_target: missing, and the template is on no host of the datacenter")
	}
	for _, h := range l.hosts {
		for _, found := range l.compute {
			if h.name == name && slices.Contains(found.hosts, h.ref) {
				return found, []ref{h.ref}, nil
			}
		}
	}
	return compute{}, nil, wrong("clone_target: no cluster and no host %q", name)
}

// pick chooses one of the hosts with some refs for a new machine, and counts that machine to its burden from now on.
func (l *layout) pick(among []ref, n need, limit float64) (ref, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	chosen, err := choose(l.those(among), n, limit)
	l.promise(chosen, n)
	return chosen.ref, err
}

// relocate chooses another host of its cluster for a machine, if it should not stay where it is.
func (l *layout) relocate(on ref, n need, limit float64) (host, bool) {
	i := slices.IndexFunc(l.compute, func(c compute) bool { return slices.Contains(c.hosts, on) })
	if i < 0 {
		return host{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := slices.IndexFunc(l.hosts, func(h host) bool { return h.ref == on }); j >= 0 && !l.compute[i].evc {
		n.model = l.hosts[j].model
	}
	chosen, ok := better(l.those(l.compute[i].hosts), on, n, limit)
	if ok {
		l.promise(chosen, n)
	}
	return chosen, ok
}

// those are the hosts with some refs, under mu.
func (l *layout) those(refs []ref) []host {
	return slices.DeleteFunc(slices.Clone(l.hosts), func(h host) bool { return !slices.Contains(refs, h.ref) })
}

// promise counts a machine to the burden of the host that it will be on, under mu.
func (l *layout) promise(to host, n need) {
	for i, h := range l.hosts {
		if h.ref == to.ref && h.memory > 0 {
			l.hosts[i].promised += 100 * float64(n.memory) / float64(h.memory)
		}
	}
}

// target chooses where a new machine runs. A cluster with DRS places its machines itself, unless the operator wants otherwise or
// named one of its hosts; without DRS the server would not know where to put one.
func (l *layout) target(o order, n need) (target, error) {
	on, hosts, err := l.aim(o.pool.CloneTarget, o.template.Runtime.Host)
	if err != nil {
		return target{}, err
	}
	if on.drs && !o.options.manageHosts && len(hosts) == len(on.hosts) {
		return target{pool: on.pool}, nil
	}
	h, err := l.pick(hosts, n, o.options.usageLimit)
	return target{pool: on.pool, host: &h}, err
}

// datastore finds a datastore by its name; "" is none.
func (l *layout) datastore(name string) (*ref, error) { return named("datastore", name, l.datastores) }

// network finds a network by its name; "" is none.
func (l *layout) network(name string) (*ref, error) { return named("network", name, l.networks) }

func named(field, name string, among map[string]ref) (*ref, error) {
	if name == "" {
		return nil, nil
	}
	r, ok := among[name]
	if !ok {
		return nil, wrong("%s: no %q in the datacenter", field, name)
	}
	return &r, nil
}
