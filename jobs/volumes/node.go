package volumes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

// NodeSpec is a storage server that someone adds.
type NodeSpec struct {
	Cluster         string
	Zone            int
	Manage, Storage []string
	Tags            map[string]string
}

// nodePlan is what adding or removing a node needs on the machines.
type nodePlan struct {
	Host    string   `json:"host"`
	Storage string   `json:"storage"`
	Peers   []string `json:"peers"` // manage hosts of the cluster's other nodes
}

// checkTime bounds how long AddNode waits for the machine's word before it answers.
const checkTime = 60 * time.Second

// AddNode registers a node and brings it into its cluster's trusted pool. It returns when the machine was found to run glusterd.
// Errors: ErrNoCluster, ErrConflict, ErrNoGlusterd, ErrUnavailable.
func (s *Service) AddNode(ctx context.Context, by Caller, spec NodeSpec) (store.Operation, error) {
	id := s.newID()
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "node.add", store.Ref{Kind: store.KindNode, ID: id})
		if _, err := store.Clusters.Get(tx, spec.Cluster); err != nil {
			return refusef(ErrNoCluster, "Cluster id does not exist")
		}
		if err := hostFree(tx, spec); err != nil {
			return err
		}
		n := store.Node{ID: id, Cluster: spec.Cluster, Zone: spec.Zone, Manage: spec.Manage, Storage: spec.Storage, Tags: spec.Tags,
			State: store.Online, Pending: op.ID, Created: tx.Now()}
		peers, err := peersOf(tx, n)
		if err != nil {
			return err
		}
		op.Hosts, op.Plan = []string{n.Host()}, []string{"check", "peer"}
		if err := jobs.SetInput(op, nodePlan{Host: n.Host(), Storage: n.Storage[0], Peers: peers}); err != nil {
			return err
		}
		return store.Nodes.Put(tx, &n)
	})
	if err != nil {
		return op, err
	}
	wait, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	now, err := s.runner.WaitFor(wait, op.ID, func(op store.Operation) bool {
		return op.Done("check") || !op.State.Live()
	})
	switch {
	case err != nil:
		return op, err
	case now.Done("check") || now.State == store.Succeeded:
		return op, nil
	case now.Error != nil && !now.State.Live():
		return op, refusef(ErrNoGlusterd, "%s", now.Error.Text)
	}
	return op, nil
}

func hostFree(tx *store.Tx, spec NodeSpec) error {
	if n, err := store.NodeManagedAt(tx, spec.Manage[0]); err == nil {
		return refusef(ErrConflict, "Hostname %s already used by node with id %s", spec.Manage[0], n.ID)
	}
	if n, err := store.NodeStoringAt(tx, spec.Storage[0]); err == nil {
		return refusef(ErrConflict, "Hostname %s already used by node with id %s", spec.Storage[0], n.ID)
	}
	return nil
}

// peersOf lists the manage hosts of the other nodes of a node's cluster. Those that are just being added come last, oldest first:
// where all are, each finds the same first one, and one pool is made.
func peersOf(tx *store.Tx, n store.Node) ([]string, error) {
	others, err := store.Nodes.List(tx, store.ByCluster, n.Cluster)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(others, func(a, b store.Node) int {
		if (a.Pending == "") != (b.Pending == "") {
			return strings.Compare(a.Pending, b.Pending)
		}
		return a.Created.Compare(b.Created)
	})
	var peers []string
	for _, other := range others {
		if other.ID != n.ID {
			peers = append(peers, other.Host())
		}
	}
	return peers, nil
}

type nodeAddKind struct{ m machines }

func (nodeAddKind) Name() string { return "node.add" }

func (nodeAddKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 15 * time.Minute, Attempts: 3, Backoff: 500 * time.Millisecond, MaxWait: 5 * time.Second}
}

func (k nodeAddKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[nodePlan](op)
	if err != nil {
		return err
	}
	var via string // "" for the first node of a cluster
	if !j.Get("check", &via) {
		if via, err = k.check(ctx, p); err != nil {
			return err
		}
		if err := j.Put("check", via); err != nil {
			return err
		}
	}
	return j.Do("peer", func() error {
		if via == "" {
			return fault(p.Host, k.m.g.SetSnapshotLimit(ctx, p.Host))
		}
		if err := k.m.g.PeerProbe(ctx, via, p.Storage); err != nil {
			return fault(via, err)
		}
		return fault(via, k.m.g.SetSnapshotLimit(ctx, via))
	})
}

// check looks whether the new node runs glusterd, and finds a node that does to probe it from.
func (k nodeAddKind) check(ctx context.Context, p nodePlan) (via string, err error) {
	if err := k.m.g.CheckGlusterd(ctx, p.Host); err != nil {
		return "", refuseUnlessCut(ctx, err, "New Node doesn't have glusterd running")
	}
	if len(p.Peers) == 0 {
		return "", nil
	}
	if via, err = k.m.lead(ctx, p.Peers); err != nil {
		return "", refuseUnlessCut(ctx, err, "None of the nodes in cluster has glusterd running")
	}
	return via, nil
}

// refuseUnlessCut tells a machine's word from the end of the worker's own time.
func refuseUnlessCut(ctx context.Context, err error, text string) error {
	if ctx.Err() != nil {
		return err
	}
	return jobs.Refuse(text)
}

func (k nodeAddKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	p, err := jobs.Input[nodePlan](op)
	if err != nil || !op.Done("check") || len(p.Peers) == 0 {
		return err
	}
	via, err := k.m.lead(ctx, p.Peers)
	if err != nil {
		return nil // no peer is there that could know the node
	}
	return fault(via, k.m.g.PeerDetach(ctx, via, p.Storage))
}

func (nodeAddKind) Finish(tx *store.Tx, op *store.Operation) error {
	n, err := store.Nodes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	n.Pending = ""
	op.Result = op.Targets[0]
	return store.Nodes.Put(tx, &n)
}

func (nodeAddKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return store.Nodes.Delete(tx, op.Targets[0].ID)
}

// VisibleNode is a node that is not being added or deleted, or ErrNotFound.
func VisibleNode(tx *store.Tx, id string) (store.Node, error) {
	n, err := known(store.Nodes, tx, id)
	if err == nil && n.Pending != "" {
		return n, ErrNotFound
	}
	return n, err
}

// DeleteNode takes a node without devices out of its trusted pool. Errors: ErrNotFound, ErrConflict.
func (s *Service) DeleteNode(ctx context.Context, by Caller, id string) (store.Operation, error) {
	return s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "node.delete", store.Ref{Kind: store.KindNode, ID: id})
		n, err := VisibleNode(tx, id)
		if err != nil {
			return err
		}
		if store.Devices.CountBy(tx, store.ByNode, id) > 0 {
			return refusef(ErrConflict, "Unable to delete node [%s] because it contains devices", id)
		}
		peers, err := peersOf(tx, n)
		if err != nil {
			return err
		}
		n.Pending = op.ID
		op.Hosts, op.Plan = []string{n.Host()}, []string{"peer"}
		if err := jobs.SetInput(op, nodePlan{Host: n.Host(), Storage: n.Storage[0], Peers: peers}); err != nil {
			return err
		}
		return store.Nodes.Put(tx, &n)
	})
}

type nodeDeleteKind struct{ m machines }

func (nodeDeleteKind) Name() string        { return "node.delete" }
func (nodeDeleteKind) Policy() jobs.Policy { return nodeAddKind{}.Policy() }

// Run detaches the peer. That the pool refuses is no reason to keep the node: it may be gone for good.
func (k nodeDeleteKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[nodePlan](op)
	if err != nil || len(p.Peers) == 0 {
		return err
	}
	via, err := k.m.lead(ctx, p.Peers)
	if err == nil {
		err = k.m.g.PeerDetach(ctx, via, p.Storage)
	}
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return j.Put("peer", "not detached: "+err.Error())
	}
	return j.Put("peer", nil)
}

func (nodeDeleteKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }

// Finish forgets the node, and its name in what clients mount.
func (nodeDeleteKind) Finish(tx *store.Tx, op *store.Operation) error {
	n, err := store.Nodes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	gone := func(host string) bool { return host == n.Storage[0] }
	volumes, err := store.Volumes.List(tx, store.ByCluster, n.Cluster)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		v.Mounts = slices.DeleteFunc(v.Mounts, gone)
		if err := store.Volumes.Put(tx, &v); err != nil {
			return err
		}
	}
	blocks, err := store.BlockVolumes.List(tx, store.ByCluster, n.Cluster)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		b.Hosts = slices.DeleteFunc(b.Hosts, gone)
		if err := store.BlockVolumes.Put(tx, &b); err != nil {
			return err
		}
	}
	return store.Nodes.Delete(tx, n.ID)
}

func (nodeDeleteKind) Abandon(tx *store.Tx, op *store.Operation) error {
	n, err := store.Nodes.Get(tx, op.Targets[0].ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n.Pending = ""
	return store.Nodes.Put(tx, &n)
}
