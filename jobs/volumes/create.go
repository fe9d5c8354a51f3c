package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/store"
)

// Spec is a volume that someone asks for. The form of its fields has been checked; what it means is checked here.
type Spec struct {
	SizeGiB    int
	Name       string // "" is vol_{id}
	Durability store.Durability
	GID        int64
	Snapshot   bool
	Factor     float64
	Clusters   []string // "" is any
	Options    []string
	Block      bool
}

// The bounds of the options of one request, far beyond what any volume has.
const (
	mostOptions = 256
	mostOption  = 4096
)

// check refuses options that cannot be one argument of a command.
func (s Spec) check() error {
	if len(s.Options) > mostOptions {
		return refusef(ErrInvalid, "glustervolumeoptions: %d options, at most %d are taken", len(s.Options), mostOptions)
	}
	for _, o := range s.Options {
		if len(o) > mostOption || strings.ContainsFunc(o, unicode.IsControl) {
			return refusef(ErrInvalid, "glustervolumeoptions: an option has control characters or more than %d bytes", mostOption)
		}
	}
	return nil
}

// volumePlan is what a create needs on the machines.
type volumePlan struct {
	Volume gluster.Volume `json:"volume"`
	Hosts  []string       `json:"hosts"` // where gluster may be asked, those with bricks first
	Spec   Spec           `json:"spec"`
	Avoid  []string       `json:"avoid,omitempty"` // volume groups that refused in an earlier try
}

// CreateVolume plans a volume and sends its operation on the way. Errors: ErrInvalid, *BuildError, ErrThrottled.
func (s *Service) CreateVolume(ctx context.Context, by Caller, spec Spec) (store.Operation, error) {
	if err := spec.check(); err != nil {
		return store.Operation{}, err
	}
	id := s.newID()
	var notes []string
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "volume.create", store.Ref{Kind: store.KindVolume, ID: id})
		op.Counted = true
		plan, why, err := s.planCreate(tx, op.ID, id, by.Owner, spec, nil, s.busyHosts(tx))
		notes = why
		if err != nil {
			return err
		}
		return plan.into(op)
	})
	if err != nil {
		s.log.Warn("volume not placed", "request", by.RequestID, "size", spec.SizeGiB, "err", err, "reasons", notes)
	}
	return op, s.asked(err, "Failed to allocate new volume")
}

// asked gives an error of a planning transaction its outer form.
func (s *Service) asked(err error, prefix string) error {
	switch {
	case err == nil, errors.Is(err, ErrInvalid), errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict):
		return err
	case errors.Is(err, jobs.ErrThrottled), errors.Is(err, ErrThrottled):
		return ErrThrottled
	case errors.Is(err, jobs.ErrClosed), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, jobs.ErrBusy):
		return &BuildError{prefix, ErrBusy}
	}
	if !planned(err) {
		return err
	}
	return &BuildError{prefix, err}
}

// planned says that an error is a planner's word for the client; what a disk or a file says is for the log.
func planned(err error) bool {
	var text *textError
	var clusters *clusterErrors
	var files *placement.AverageFileError
	return errors.As(err, &text) || errors.As(err, &clusters) || errors.As(err, &files) || errors.Is(err, ErrBusy) ||
		errors.Is(err, placement.ErrNoSpace) || errors.Is(err, placement.ErrNoReplacement)
}

// busyHosts keeps bricks off machines that have as much to do as they may.
func (s *Service) busyHosts(tx *store.Tx) func(host string) bool {
	known := map[string]bool{}
	return func(host string) bool {
		busy, ok := known[host]
		if !ok {
			busy = s.runner.Saturated(tx, host)
			known[host] = busy
		}
		return busy
	}
}

func (p volumePlan) into(op *store.Operation) error {
	bricks := flat(p.Volume.Sets)
	op.Hosts = hostsOf(bricks)
	op.Plan = nil
	for _, b := range bricks {
		op.Plan = append(op.Plan, "brick/"+b.ID)
	}
	op.Plan = append(op.Plan, "volume")
	return jobs.SetInput(op, p)
}

// planCreate finds a cluster that takes the volume, writes the pending records and says what is to be done. notes are reasons.
func (d *Domain) planCreate(tx *store.Tx, op, id, owner string, spec Spec, avoid []string, busy func(string) bool) (volumePlan, []string, error) {
	v := d.volumeOf(tx, op, id, owner, spec)
	clusters, err := d.eligible(tx, &v, spec)
	if err != nil {
		return volumePlan{}, nil, err
	}
	refused := &clusterErrors{prefix: "Unable to create volume on any cluster:"}
	var notes []string
	throttled := false
	for _, c := range clusters {
		v.Cluster = c.ID
		f, layout, full, why, err := d.tryCluster(tx, &v, spec, avoid, busy)
		throttled = throttled || full
		if err != nil {
			notes = append(notes, why...)
			refused.add(c.ID, plainNoSpace(err))
			continue
		}
		v.Mounts = f.hosts
		bricks, err := d.reserve(tx, f, &v, layout, 0, op)
		if err != nil {
			return volumePlan{}, notes, err
		}
		if err := store.Volumes.Put(tx, &v); err != nil {
			return volumePlan{}, notes, err
		}
		return d.volumePlan(f, &v, bricks, spec, avoid), notes, nil
	}
	if throttled {
		return volumePlan{}, notes, ErrThrottled
	}
	return volumePlan{}, notes, refused
}

// tryCluster places the volume in v.Cluster, off the devices to avoid and the nodes that lost a connection if that can be. full says that it would have fitted, had
// machines less to do.
func (d *Domain) tryCluster(tx *store.Tx, v *store.Volume, spec Spec, avoid []string, busy func(string) bool) (f field, l placement.Layout, full bool, notes []string, err error) {
	keepOut := func(n store.Node, dev store.Device) string {
		if slices.Contains(avoid, dev.VG()) {
			return "refused a brick just now"
		}
		if busy != nil && busy(n.Host()) {
			full = true
			return "node has as many operations under way as it may"
		}
		return ""
	}
	if f, err = d.survey(tx, v.Cluster, keepOut); err != nil {
		return f, l, false, nil, err
	}
	l, notes, err = d.lay(f, v, spec.SizeGiB, 0, v.ID)
	if err == nil {
		return f, l, false, notes, nil
	}
	open, oerr := d.surveyUnless(d.health.Gone, tx, v.Cluster, nil)
	if oerr != nil {
		return f, l, false, notes, oerr
	}
	if len(open.open) == len(f.open) {
		return f, l, false, notes, err // it changes nothing
	}
	l2, _, err2 := d.lay(open, v, spec.SizeGiB, 0, v.ID)
	switch {
	case err2 != nil:
		return f, l, false, notes, err
	case full:
		return f, l, true, notes, ErrThrottled
	}
	return open, l2, false, nil, nil
}

// plainNoSpace hides which limit ended the search: a create has one word for it.
func plainNoSpace(err error) error {
	if errors.Is(err, placement.ErrMinimumBrickSize) || errors.Is(err, placement.ErrMaxBricks) {
		return placement.ErrNoSpace
	}
	return err
}

func (d *Domain) volumeOf(tx *store.Tx, op, id, owner string, spec Spec) store.Volume {
	v := store.Volume{ID: id, Name: spec.Name, SizeGiB: spec.SizeGiB, Durability: spec.Durability, GID: spec.GID,
		Snapshot: spec.Snapshot, SnapshotFactor: spec.Factor, Block: spec.Block, Pending: op, Hidden: true, Owner: owner, Created: tx.Now()}
	if v.Name == "" {
		v.Name = "vol_" + id
	}
	if !v.Snapshot || v.SnapshotFactor == 0 {
		v.SnapshotFactor = 1
	}
	v.Options = strings.Split(d.cfg.PreOptions, ",")
	if v.Block {
		v.Options = append(v.Options, strings.Split(d.cfg.BlockHostingOptions, ",")...)
		v.FreeGiB = v.SizeGiB * 98 / 100
		v.ReservedGiB = v.SizeGiB - v.FreeGiB
	}
	v.Options = append(v.Options, spec.Options...)
	v.Options = append(v.Options, strings.Split(d.cfg.PostOptions, ",")...)
	return v
}

// mostGiB is more than any cluster holds; below it no arithmetic on sizes overflows.
const mostGiB = 1 << 40

// eligible lists the clusters that may take the volume at all, by id.
func (d *Domain) eligible(tx *store.Tx, v *store.Volume, spec Spec) ([]store.Cluster, error) {
	all, err := d.clustersFor(tx, spec.Clusters)
	if err != nil {
		return nil, err
	}
	if v.SizeGiB > mostGiB {
		return nil, placement.ErrNoSpace
	}
	if smallest := d.cfg.Limits.BrickMinKiB * uint64(durability(v).DataBricks()); uint64(v.SizeGiB)*GiB < smallest {
		return nil, refusef(ErrInvalid, "Requested volume size (%d GB) is smaller than the minimum supported volume size (%d)", v.SizeGiB, smallest)
	}
	refused := &clusterErrors{prefix: "No eligible cluster for volume"}
	var out []store.Cluster
	for _, c := range all {
		why, err := d.refusal(tx, c, v)
		switch {
		case err != nil:
			return nil, err
		case why != nil:
			refused.add(c.ID, why)
		default:
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, refused
	}
	return out, nil
}

func (d *Domain) clustersFor(tx *store.Tx, ids []string) ([]store.Cluster, error) {
	var out []store.Cluster
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		c, err := store.Clusters.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, refusef(ErrInvalid, "Cluster id %s not found", id)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(ids) > 0 {
		return out, nil
	}
	for c, err := range store.Clusters.All(tx) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, refusef(ErrInvalid, "No clusters configured")
	}
	return out, nil
}

func (d *Domain) refusal(tx *store.Tx, c store.Cluster, v *store.Volume) (why, err error) {
	switch {
	case !c.File && !c.Block:
		return refusef(errPlan, "Cluster has disabled all volume types"), nil
	case v.Block && !c.Block, !v.Block && !c.File:
		return refusef(errPlan, "Cluster does not support requested volume type"), nil
	}
	if _, err := store.VolumeNamed(tx, c.ID, v.Name); err == nil {
		return refusef(errPlan, "Volume name '%s' already in use", v.Name), nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if d.cfg.MaxVolumes >= 0 {
		if n := store.Volumes.CountBy(tx, store.ByCluster, c.ID); n >= d.cfg.MaxVolumes {
			//lint:ignore ST1005 Heketi's text, its clients match on it
			return fmt.Errorf("Cluster has %d volumes and limit is %d", n, d.cfg.MaxVolumes), nil
		}
	}
	return nil, nil
}

func (d *Domain) volumePlan(f field, v *store.Volume, bricks []store.Brick, spec Spec, avoid []string) volumePlan {
	p := volumePlan{Volume: glusterVolume(v), Spec: spec, Avoid: avoid}
	p.Volume.Sets = inSets(bricks, f)
	p.Hosts = f.leads(flat(p.Volume.Sets))
	return p
}

// leads names the machines that gluster may be asked on: those with bricks first, then the rest of the cluster.
func (f field) leads(bricks []gluster.Brick) []string {
	hosts := hostsOf(bricks)
	var rest []string
	for _, n := range f.nodes {
		if n.Pending == "" && !slices.Contains(hosts, n.Host()) {
			rest = append(rest, n.Host())
		}
	}
	slices.Sort(rest)
	return append(hosts, rest...)
}

func glusterVolume(v *store.Volume) gluster.Volume {
	d := durability(v)
	out := gluster.Volume{Name: v.Name, ID: v.ID, Durability: d.Kind, Replica: d.Replica, Data: d.Data, Redundancy: d.Redundancy, Arbiter: d.Arbiter}
	for _, o := range v.Options {
		if strings.TrimSpace(o) != "" {
			out.Options = append(out.Options, strings.TrimSpace(o))
		}
	}
	return out
}
