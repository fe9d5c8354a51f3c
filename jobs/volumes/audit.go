package volumes

import (
	"context"
	"errors"
	"fmt"

	"yardmaster/store"
)

// Audit looks whether the records of the domain agree with each other, beyond what an index can know: every name in them leads
// somewhere, nothing waits for an operation that has ended, and no device promises more than it has. It gives a line a fault.
func Audit(ctx context.Context, db *store.DB) ([]string, error) {
	var a audit
	err := db.View(ctx, func(tx *store.Tx) error {
		a = audit{tx: tx, pools: map[string]map[string]uint64{}}
		return errors.Join(a.nodes(), a.bricks(), a.devices(), a.volumes(), a.blocks())
	})
	return a.faults, err
}

type audit struct {
	tx     *store.Tx
	pools  map[string]map[string]uint64 // device -> thin pool -> KiB
	faults []string
}

func (a *audit) say(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// leads notes a reference that leads nowhere.
func leads[V any](a *audit, from string, t store.Table[V], to string) {
	if _, err := t.Get(a.tx, to); err != nil {
		a.say("%s: refers to %s: %v", from, to, err)
	}
}

// held notes a mark of an operation that is not under way.
func (a *audit) held(what, op string) {
	if op == "" {
		return
	}
	o, err := store.Operations.Get(a.tx, op)
	switch {
	case err != nil:
		a.say("%s: waits for operation %s: %v", what, op, err)
	case !o.State.Live():
		a.say("%s: waits for operation %s, which is %s", what, op, o.State)
	}
}

func (a *audit) nodes() error {
	for n, err := range store.Nodes.All(a.tx) {
		if err != nil {
			return err
		}
		leads(a, "node "+n.ID, store.Clusters, n.Cluster)
		a.held("node "+n.ID, n.Pending)
	}
	return nil
}

func (a *audit) bricks() error {
	for b, err := range store.Bricks.All(a.tx) {
		if err != nil {
			return err
		}
		name := "brick " + b.ID
		leads(a, name, store.Devices, b.Device)
		leads(a, name, store.Nodes, b.Node)
		a.held(name, b.Pending)
		if b.Volume != "" {
			leads(a, name, store.Volumes, b.Volume)
		} else if b.Pending == "" {
			a.say("%s: belongs to no volume and to no operation", name)
		}
		if a.pools[b.Device] == nil {
			a.pools[b.Device] = map[string]uint64{}
		}
		a.pools[b.Device][b.Pool] = b.TotalKiB()
	}
	return nil
}

func (a *audit) devices() error {
	for d, err := range store.Devices.All(a.tx) {
		if err != nil {
			return err
		}
		name := "device " + d.ID
		leads(a, name, store.Nodes, d.Node)
		leads(a, name, store.Clusters, d.Cluster)
		a.held(name, d.Pending)
		var promised uint64
		for _, kib := range a.pools[d.ID] {
			promised += kib
		}
		if promised > d.UsedKiB {
			a.say("%s: its bricks take %d KiB, %d are booked", name, promised, d.UsedKiB)
		}
		if d.FreeKiB+d.UsedKiB > d.TotalKiB {
			a.say("%s: free %d and used %d KiB are more than all %d", name, d.FreeKiB, d.UsedKiB, d.TotalKiB)
		}
	}
	return nil
}

func (a *audit) volumes() error {
	for v, err := range store.Volumes.All(a.tx) {
		if err != nil {
			return err
		}
		name := "volume " + v.ID
		leads(a, name, store.Clusters, v.Cluster)
		a.held(name, v.Pending)
		if v.Hidden && v.Pending == "" {
			a.say("%s: hidden, and no operation holds it", name)
		}
		bricks, err := store.Bricks.List(a.tx, store.ByVolume, v.ID)
		if err != nil {
			return err
		}
		if size := durability(&v).SetSize(); v.Pending == "" && (len(bricks) == 0 || len(bricks)%size != 0) {
			a.say("%s: has %d bricks where sets are of %d", name, len(bricks), size)
		}
		if v.Block && v.FreeGiB < 0 {
			a.say("%s: promises %d GiB more than it has", name, -v.FreeGiB)
		}
	}
	return nil
}

func (a *audit) blocks() error {
	for b, err := range store.BlockVolumes.All(a.tx) {
		if err != nil {
			return err
		}
		leads(a, "block volume "+b.ID, store.Volumes, b.Hosting)
		a.held("block volume "+b.ID, b.Pending)
	}
	return nil
}
