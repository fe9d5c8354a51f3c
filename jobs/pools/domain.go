// Package pools keeps machines ready and hands them out. Its Service answers requests with records alone, so that a checkout
// costs one transaction; its Keeper looks at what there is and starts operations of the kinds vm.*, which alone touch machines.
// What the Keeper does about what it sees is decided in plan, which is pure.
//
//	           vm.clone ok    found ready           Checkout              Delete, lifetime
//	(nothing) --> pending ------------------> ready ---------> running --------------------> completed --vm.destroy--> destroyed
//	                 | too late, gone           | too old, gone, another template                ^
//	                 +--------------------------+------------------------------------------------+
package pools

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"slices"

	"yardmaster/store"
)

// Domain is what every part of this package knows: the configuration and where ids come from.
type Domain struct {
	cfg     Config
	pools   map[string]*Pool
	aliases map[string][]string // in the order of the configuration
	newID   func() string       // 32 of a-z0-9, the first a letter
	log     *slog.Logger
}

// NewDomain checks what the configuration alone cannot know to be wrong.
func NewDomain(cfg Config, newID func() string, log *slog.Logger) (*Domain, error) {
	d := &Domain{cfg: cfg, pools: make(map[string]*Pool, len(cfg.Pools)), aliases: map[string][]string{}, newID: newID, log: log}
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		if _, twice := d.pools[p.Name]; twice {
			return nil, fmt.Errorf("pool %s: configured twice", p.Name)
		}
		if _, known := cfg.Providers[p.Provider]; !known {
			return nil, fmt.Errorf("pool %s: provider %q is not configured", p.Name, p.Provider)
		}
		d.pools[p.Name] = p
		for _, alias := range p.Aliases {
			d.aliases[alias] = append(d.aliases[alias], p.Name)
		}
	}
	for name, p := range cfg.Providers {
		for _, pattern := range p.Allow {
			if _, err := path.Match(pattern, ""); err != nil {
				return nil, fmt.Errorf("provider %s: allow: %q: %w", name, pattern, err)
			}
		}
	}
	return d, nil
}

// Config is what the operator wrote.
func (d *Domain) Config() Config { return d.cfg }

// Names are the pools, in the order of the configuration.
func (d *Domain) Names() []string {
	names := make([]string, len(d.cfg.Pools))
	for i := range d.cfg.Pools {
		names[i] = d.cfg.Pools[i].Name
	}
	return names
}

// Known says that a pool or an alias is called so.
func (d *Domain) Known(name string) bool { return len(d.backends(name)) > 0 }

// Has says that a pool is called so.
func (d *Domain) Has(pool string) bool { return d.pools[pool] != nil }

// backends are the pools that may serve a name: the one of that name first, then those that have it as an alias.
func (d *Domain) backends(name string) []string {
	var out []string
	if d.Has(name) {
		out = append(out, name)
	}
	for _, p := range d.aliases[name] {
		if p != name {
			out = append(out, p)
		}
	}
	return out
}

// drawn orders the backends of a name for one machine: by lot, with weights if every one of them has one.
func (d *Domain) drawn(backends []string, lot *rand.Rand) []string {
	if len(backends) < 2 {
		return backends
	}
	first := lot.IntN(len(backends))
	if weights, total := d.weights(backends); total > 0 {
		n := lot.IntN(total)
		for first = 0; n >= weights[first]; first++ {
			n -= weights[first]
		}
	}
	out := make([]string, 0, len(backends))
	out = append(out, backends[first])
	for i, b := range backends {
		if i != first {
			out = append(out, b)
		}
	}
	return out
}

// weights are those of the pools' clone targets; a total of 0 means that not all have one.
func (d *Domain) weights(backends []string) (weights []int, total int) {
	for _, b := range backends {
		target := d.pools[b].CloneTarget
		w, ok := d.cfg.BackendWeight[target]
		if !ok || w <= 0 {
			return nil, 0
		}
		weights = append(weights, w)
		total += w
	}
	return weights, total
}

// unknown lists the names in wants that nothing is called.
func (d *Domain) unknown(wants []Want) error {
	var names []string
	for _, w := range wants {
		if !d.Known(w.Name) && !slices.Contains(names, w.Name) {
			names = append(names, w.Name)
		}
	}
	if names != nil {
		return &UnknownPoolsError{names}
	}
	return nil
}

// lifetime is how many hours a machine of the pool lives; of a pool that is not configured any more, the yard's.
func (d *Domain) lifetime(pool string) int {
	if p := d.pools[pool]; p != nil && p.Lifetime > 0 {
		return p.Lifetime
	}
	return d.cfg.Lifetime
}

// lifetimeAuth is the same for a machine that a token takes; 0 is lifetime's.
func (d *Domain) lifetimeAuth(pool string) int {
	if p := d.pools[pool]; p != nil && p.LifetimeAuth > 0 {
		return p.LifetimeAuth
	}
	return d.cfg.LifetimeAuth
}

// lifetimeTagged is how many hours a machine lives that is given these tags, of several the most; 0 if they say nothing.
func (d *Domain) lifetimeTagged(tags map[string]string) int {
	most := 0
	for tag, value := range tags {
		most = max(most, d.cfg.TagLifetimes[tag+"="+value], d.cfg.TagLifetimes[tag])
	}
	return most
}

// effective is a pool with what was overridden; false if no such pool is configured.
func (d *Domain) effective(tx *store.Tx, name string) (Pool, store.PoolOverride, bool, error) {
	p, ok := d.pools[name]
	if !ok {
		return Pool{}, store.PoolOverride{}, false, nil
	}
	o, err := override(tx, name)
	if err != nil {
		return Pool{}, o, false, err
	}
	eff := *p
	if o.Size != nil {
		eff.Size = *o.Size
	}
	if o.Template != "" {
		eff.Template = o.Template
	}
	if o.CloneTarget != "" {
		eff.CloneTarget = o.CloneTarget
	}
	return eff, o, true, nil
}
