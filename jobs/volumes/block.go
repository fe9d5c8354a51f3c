package volumes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

// BlockSpec is a block volume that someone asks for.
type BlockSpec struct {
	SizeGiB  int
	Name     string // "" is blockvol_{id}
	HA       int    // 0, or more than there are, is every host
	Auth     bool
	Clusters []string
}

// blockPlan is what a new block volume needs on the machines.
type blockPlan struct {
	Block   gluster.BlockSpec `json:"block"`   // its hosts are the candidates, in the order of choice
	Manage  map[string]string `json:"manage"`  // storage host -> where its commands run
	Hosting *volumePlan       `json:"hosting"` // the hosting volume to be made first, if none has room
	Volume  string            `json:"volume"`  // id of the hosting volume
}

// blockMade is what a machine told of a new target. Password is sealed.
type blockMade struct {
	IQN, Username, Password string
	Hosts                   []string
	LUN                     int
}

// CreateBlock makes an iSCSI target on a hosting volume. Errors: ErrInvalid, *BuildError, ErrThrottled.
func (s *Service) CreateBlock(ctx context.Context, by Caller, spec BlockSpec) (store.Operation, error) {
	id, hosting := s.newID(), s.newID()
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "block.create", store.Ref{Kind: store.KindBlockVolume, ID: id})
		op.Counted = true
		b := store.BlockVolume{ID: id, Name: spec.Name, SizeGiB: spec.SizeGiB, UsableGiB: spec.SizeGiB, HA: spec.HA, Auth: spec.Auth,
			Pending: op.ID, Hidden: true, Owner: by.Owner, Created: tx.Now()}
		if b.Name == "" {
			b.Name = "blockvol_" + id
		}
		host, plan, err := s.hostingFor(tx, op, &b, spec, hosting)
		if err != nil {
			return err
		}
		host.FreeGiB -= b.SizeGiB
		b.Cluster, b.Hosting = host.Cluster, host.ID
		if err := store.Volumes.Put(tx, &host); err != nil {
			return err
		}
		if err := store.BlockVolumes.Put(tx, &b); err != nil {
			return err
		}
		return s.planBlock(tx, op, &b, &host, plan)
	})
	return op, s.asked(err, "Failed to allocate new block volume")
}

// hostingFor picks a hosting volume with room, or plans a new one.
func (d *Domain) hostingFor(tx *store.Tx, op *store.Operation, b *store.BlockVolume, spec BlockSpec, newID string) (store.Volume, *volumePlan, error) {
	clusters, err := d.clustersFor(tx, spec.Clusters)
	if err != nil {
		return store.Volume{}, nil, err
	}
	var fit []store.Volume
	var ids []string
	making := false
	for _, c := range clusters {
		if !c.Block {
			continue
		}
		ids = append(ids, c.ID)
		for v, err := range store.Volumes.By(tx, store.ByCluster, c.ID) {
			if err != nil {
				return v, nil, err
			}
			making = making || v.Block && v.Hidden && v.Pending != ""
			if v.Block && !v.Hidden && v.Restriction == "" && v.FreeGiB >= b.SizeGiB && !store.BlockNamed(tx, v.ID, b.Name) {
				fit = append(fit, v)
			}
		}
	}
	if len(fit) > 0 {
		return fit[rand.New(rand.NewPCG(seed(b.ID), 1)).IntN(len(fit))], nil, nil
	}
	if making {
		return store.Volume{}, nil, ErrThrottled
	}
	return d.newHosting(tx, op, b, ids, newID)
}

func (d *Domain) newHosting(tx *store.Tx, op *store.Operation, b *store.BlockVolume, clusters []string, id string) (store.Volume, *volumePlan, error) {
	room := d.cfg.BlockHostingGiB * 98 / 100
	switch {
	case !d.cfg.AutoBlockHosting:
		return store.Volume{}, nil, refusef(errPlan, "Block Hosting Volume Creation is disabled. Create a Block hosting volume and try again.")
	case b.SizeGiB > room:
		return store.Volume{}, nil, refusef(errPlan, "The size configured for automatic creation of block hosting volumes (%d) is too small to host the requested "+
			"block volume of size %d. The available size on this block hosting volume, minus overhead, is %d. Please create a sufficiently large block hosting volume manually.",
			d.cfg.BlockHostingGiB, b.SizeGiB, room)
	case len(clusters) == 0:
		return store.Volume{}, nil, refusef(errPlan, "No space")
	}
	spec := Spec{SizeGiB: d.cfg.BlockHostingGiB, Durability: store.Durability{Type: "replicate", Replica: 3}, Clusters: clusters, Block: true}
	plan, notes, err := d.planCreate(tx, op.ID, id, op.Owner, spec, nil, nil)
	if err != nil {
		d.log.Warn("block hosting volume not placed", "request", op.RequestID, "err", err, "reasons", notes)
		return store.Volume{}, nil, err
	}
	v, err := store.Volumes.Get(tx, id)
	return v, &plan, err
}

func (d *Domain) planBlock(tx *store.Tx, op *store.Operation, b *store.BlockVolume, host *store.Volume, hosting *volumePlan) error {
	f, err := members(tx, host.Cluster)
	if err != nil {
		return err
	}
	p := blockPlan{Block: gluster.BlockSpec{Volume: host.Name, Name: b.Name, SizeGiB: b.SizeGiB, HA: b.HA, Auth: b.Auth},
		Manage: map[string]string{}, Hosting: hosting, Volume: host.ID}
	for _, n := range f.nodes {
		fit := n.State == store.Online && !d.health.Down(n.Host())
		if n.Pending == "" && (fit || b.IQN != "") { // what there is already is reached by any node that answers
			p.Manage[n.Storage[0]] = n.Host()
			p.Block.Hosts = append(p.Block.Hosts, n.Storage[0])
			op.Hosts = append(op.Hosts, n.Host())
		}
	}
	slices.Sort(p.Block.Hosts)
	slices.Sort(op.Hosts)
	rand.New(rand.NewPCG(seed(b.ID), 2)).Shuffle(len(p.Block.Hosts), func(i, k int) {
		p.Block.Hosts[i], p.Block.Hosts[k] = p.Block.Hosts[k], p.Block.Hosts[i]
	})
	if hosting != nil {
		for _, brick := range flat(hosting.Volume.Sets) {
			op.Plan = append(op.Plan, "brick/"+brick.ID)
		}
		op.Plan = append(op.Plan, "volume")
	}
	op.Plan = append(op.Plan, "block")
	return jobs.SetInput(op, p)
}

type blockCreateKind struct {
	d       *Domain
	m       machines
	secrets Secrets
}

func (blockCreateKind) Name() string { return "block.create" }

func (blockCreateKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: time.Hour, Attempts: 3, Backoff: 500 * time.Millisecond, MaxWait: 5 * time.Second}
}

func (k blockCreateKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[blockPlan](op)
	if err != nil {
		return err
	}
	if p.Hosting != nil {
		if err := k.m.createVolume(ctx, *p.Hosting, j); err != nil {
			return err
		}
	}
	if j.Done("block") {
		return nil
	}
	want := p.Block
	if want.Hosts, err = k.m.blockHosts(ctx, p); err != nil {
		return err
	}
	if err := k.m.blockNameFree(ctx, p, want.Hosts[0], op, j); err != nil {
		return err
	}
	want.HA = len(want.Hosts)
	res, err := k.m.g.BlockCreate(ctx, p.Manage[want.Hosts[0]], want)
	if err != nil {
		return fault(p.Manage[want.Hosts[0]], err)
	}
	sealed, err := k.secrets.Seal(res.Password)
	if err != nil {
		return err
	}
	return j.Put("block", blockMade{IQN: res.IQN, Username: res.Username, Password: sealed, Hosts: res.Hosts, LUN: res.Lun})
}

// blockNameFree looks, before a target is made for the first time under a name that somebody chose, whether gluster-block has one
// of that name that no record knows: it is a stranger's, neither to be taken over nor to be deleted.
func (m machines) blockNameFree(ctx context.Context, p blockPlan, host string, op store.Operation, j *jobs.Journal) error {
	if p.Block.Name == "blockvol_"+op.Targets[0].ID || j.Done("name") {
		return nil
	}
	_, err := m.g.BlockInfo(ctx, p.Manage[host], p.Block.Volume, p.Block.Name)
	switch {
	case err == nil:
		return jobs.Refuse("Block volume name '" + p.Block.Name + "' already in use")
	case errors.Is(err, gluster.ErrNoBlockVolume):
		return j.Put("name", nil)
	}
	return fault(p.Manage[host], err)
}

// blockHosts chooses as many hosts as the target is to have, of those whose glusterd answers.
func (m machines) blockHosts(ctx context.Context, p blockPlan) ([]string, error) {
	need := p.Block.HA
	if need == 0 || need > len(p.Block.Hosts) {
		need = len(p.Block.Hosts)
	}
	var up []string
	for _, h := range p.Block.Hosts {
		if len(up) < need && m.g.CheckGlusterd(ctx, p.Manage[h]) == nil {
			up = append(up, h)
		}
	}
	if len(up) < need || need == 0 {
		return nil, jobs.Retry(errors.New("insufficient block hosts online"))
	}
	return up, nil
}

func (k blockCreateKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[blockPlan](op)
	if err != nil {
		return err
	}
	if ours := p.Block.Name == "blockvol_"+op.Targets[0].ID || j.Done("name") || j.Done("block"); ours {
		if err := k.m.dropBlock(ctx, p); err != nil {
			return err
		}
	}
	if p.Hosting != nil {
		return k.m.undoVolume(ctx, *p.Hosting, j)
	}
	return nil
}

// dropBlock deletes a target by way of the first host that answers; one that is not there is gone already.
func (m machines) dropBlock(ctx context.Context, p blockPlan) error {
	if len(p.Block.Hosts) == 0 {
		return jobs.Retry(errors.New("insufficient block hosts online"))
	}
	var errs []error
	for _, h := range p.Block.Hosts {
		err := m.g.BlockDelete(ctx, p.Manage[h], p.Block.Volume, p.Block.Name)
		if err == nil || errors.Is(err, gluster.ErrNoBlockVolume) || errors.Is(err, gluster.ErrNoVolume) || errors.Is(err, gluster.ErrName) {
			return nil
		}
		errs = append(errs, fault(p.Manage[h], err))
		if !silent(err) {
			break
		}
	}
	return together(errs)
}

func (k blockCreateKind) Finish(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[blockPlan](*op)
	if err != nil {
		return err
	}
	var made blockMade
	if !jobs.Learnt(op, "block", &made) {
		return fmt.Errorf("block volume %s: its target is not in the journal", op.Targets[0].ID)
	}
	if p.Hosting != nil {
		if _, err := showVolume(tx, p.Volume); err != nil {
			return err
		}
	}
	b, err := store.BlockVolumes.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	b.Pending, b.Hidden = "", false
	b.IQN, b.LUN, b.Username, b.Password, b.Hosts = made.IQN, made.LUN, made.Username, made.Password, made.Hosts
	if b.HA == 0 {
		b.HA = len(made.Hosts)
	}
	op.Result = op.Targets[0]
	return store.BlockVolumes.Put(tx, &b)
}

func (k blockCreateKind) Abandon(tx *store.Tx, op *store.Operation) error {
	p, err := jobs.Input[blockPlan](*op)
	if err != nil {
		return err
	}
	if err := removeBlock(tx, op.Targets[0].ID); err != nil {
		return err
	}
	if p.Hosting != nil {
		return k.d.forgetVolume(tx, op, p.Volume)
	}
	return nil
}

// removeBlock forgets a block volume and gives its space back to its hosting volume.
func removeBlock(tx *store.Tx, id string) error {
	b, err := store.BlockVolumes.Get(tx, id)
	if err != nil {
		return err
	}
	if err := giveHosting(tx, b.Hosting, b.SizeGiB); err != nil {
		return err
	}
	return store.BlockVolumes.Delete(tx, id)
}

func giveHosting(tx *store.Tx, id string, gib int) error {
	v, err := store.Volumes.Get(tx, id)
	if err != nil {
		return err
	}
	v.FreeGiB += gib
	return store.Volumes.Put(tx, &v)
}

// VisibleBlock is a block volume that is not being created or deleted, or ErrNotFound.
func VisibleBlock(tx *store.Tx, id string) (store.BlockVolume, error) {
	b, err := known(store.BlockVolumes, tx, id)
	if err == nil && b.Hidden {
		return b, ErrNotFound
	}
	return b, err
}

// NothingSealed refuses when a record holds what only the key that sealed it can open.
func NothingSealed(ctx context.Context, db *store.DB) error {
	return db.View(ctx, func(tx *store.Tx) error {
		for b, err := range store.BlockVolumes.All(tx) {
			if err != nil {
				return err
			}
			if b.Password != "" {
				return fmt.Errorf("block volume %s has a password that was sealed with it; restore the file", b.ID)
			}
		}
		return nil
	})
}

// BlockPassword opens the password of a target, for those who may see it.
func (s *Service) BlockPassword(b store.BlockVolume) (string, error) {
	if b.Password == "" {
		return "", nil
	}
	return s.secrets.Open(b.Password)
}
