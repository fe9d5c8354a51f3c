package pools

import (
	"yardmaster/executors/vm"
	"yardmaster/store"
)

// placeOf is where a pool's machines are made.
func placeOf(p vm.Pool) *store.VMPlace {
	return &store.VMPlace{Datacenter: p.Datacenter, Folder: p.Folder, Datastore: p.Datastore}
}

// spot is what an inventory is of, as plan compares it; "" is not known.
func spot(provider string, at *store.VMPlace) string {
	if at == nil {
		return ""
	}
	return provider + "\x00" + at.Datacenter + "\x00" + at.Folder
}

// elsewhere says that a machine is known not to be where its pool's inventory looks.
func (d *Domain) elsewhere(v *store.VM) bool {
	p := d.pools[v.Pool]
	return v.Place != nil && p != nil && spot(v.Provider, v.Place) != spot(p.Provider, placeOf(p.Pool))
}

// spec is what a provider must know to work on a machine: where it was made, and what its pool, if it is still configured, says
// of the rest.
func (d *Domain) spec(v *store.VM) vm.Pool {
	spec := vm.Pool{Name: v.Pool, Domain: v.Domain}
	if p := d.pools[v.Pool]; p != nil {
		spec = p.Pool
		if v.Place != nil && p.Provider != v.Provider {
			spec.Network, spec.Options = "", nil // another provider's
		}
	}
	spec.Template, spec.CloneTarget = v.Template, v.Target
	if at := v.Place; at != nil {
		spec.Datacenter, spec.Folder, spec.Datastore = at.Datacenter, at.Folder, at.Datastore
	}
	return spec
}

// locate adds to the input of an operation where its pool is, if it does not say: one that was begun when nobody knew, because the
// pool had left the configuration, works once the pool is back.
func (d *Domain) locate(w *work) {
	p := d.pools[w.Pool.Name]
	if p == nil || p.Provider != w.Provider || w.Pool.Datacenter+w.Pool.Folder+w.Pool.Datastore != "" {
		return
	}
	w.Pool.Datacenter, w.Pool.Folder, w.Pool.Datastore = p.Datacenter, p.Folder, p.Datastore
}

// found notes that a machine is where the inventory was taken. Its disks stay on the datastore that they were made on.
func (s *seen) found(v *store.VM) {
	at := placeOf(s.pool.Pool)
	if v.Place != nil {
		at.Datastore = v.Place.Datastore
	}
	v.Provider, v.Place = s.provider, at
}
