package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// pushInput is what a push carries: everything that goes to the cluster, in the order in which it does.
type pushInput struct {
	Objects []pushed `json:"objects"`
	Texts   string   `json:"texts"` // packed list, in the order of Objects
	Asleep  bool     `json:"asleep,omitempty"`
	Paused  bool     `json:"paused,omitempty"` // autoscaling is
	Force   bool     `json:"force,omitempty"`
	Wait    bool     `json:"wait,omitempty"`
}

// pushed is one object of a push.
type pushed struct {
	ID     string           `json:"id"`
	Show   string           `json:"show"`
	Number int64            `json:"number"` // of its materialization
	Hash   string           `json:"hash"`
	Stage  int              `json:"stage"`
	Seen   store.ConfigSeen `json:"seen,omitzero"`
}

// The steps of a push.
const (
	stepObject = "object"
	stepHealth = "health"
	stepSpace  = "namespace"
)

// The outcomes of an object. The words are stored.
const (
	outcomeApplied   = "applied"
	outcomeUnchanged = "unchanged"
	outcomeFailed    = "failed"
)

// objectResult is what a step has learnt of its object.
type objectResult struct {
	Outcome string           `json:"outcome"`
	Reason  string           `json:"reason,omitempty"`
	Seen    store.ConfigSeen `json:"seen,omitzero"`
}

func (in *pushInput) plan() []string {
	out := make([]string, 0, len(in.Objects))
	for _, o := range in.Objects {
		out = append(out, stepObject+"/"+o.ID)
	}
	return out
}

// pushInput gathers what is to be pushed, in order.
func (s *Service) pushInput(st *state, e *edit, objects []*object) (*pushInput, error) {
	in := &pushInput{Force: e.force, Wait: e.wait, Asleep: st.settings[settingAsleep] != "", Paused: st.settings[settingPaused] != ""}
	type entry struct {
		pushed
		text string
	}
	var all []entry
	for _, o := range objects {
		p := pushed{ID: o.rec.ID, Show: st.show(o.rec.ID), Number: o.rec.Current, Hash: o.current.Hash, Stage: stage(o.rec.Kind)}
		if o.golden != nil && o.golden.Hash == p.Hash {
			p.Seen = o.rec.Seen
		}
		all = append(all, entry{p, o.made.text})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.Stage - b.Stage })
	texts := make([]string, len(all))
	for i, a := range all {
		in.Objects, texts[i] = append(in.Objects, a.pushed), a.text
	}
	var err error
	in.Texts, err = s.packJSON(texts)
	return in, err
}

// stages are the kinds that others need, before them; what is not named comes with the workloads' neighbours, in the stage rest.
var stages = map[string]int{
	"Namespace": 0, "CustomResourceDefinition": 0, "PriorityClass": 0, "StorageClass": 0, "ClusterRole": 0,
	"ServiceAccount": 1, "Role": 1, "ClusterRoleBinding": 1, "RoleBinding": 1, "ResourceQuota": 1, "LimitRange": 1,
	"Secret": 2, "ConfigMap": 2, "PersistentVolume": 2, "PersistentVolumeClaim": 3,
	"Service": 4, "NetworkPolicy": 4, "Endpoints": 4, "EndpointSlice": 4,
	"Deployment": 5, "StatefulSet": 5, "DaemonSet": 5, "ReplicaSet": 5, "Pod": 5,
	"HorizontalPodAutoscaler": 7, "PodDisruptionBudget": 7, "Job": 7, "CronJob": 7,
	"Ingress": 8, "APIService": 8,
	"ValidatingWebhookConfiguration": 9, "MutatingWebhookConfiguration": 9,
}

const restStage = 6

func stage(kind string) int {
	if n, known := stages[kind]; known {
		return n
	}
	return restStage
}

type pushKind struct {
	base
	name string
}

func (k pushKind) Name() string { return k.name }

// Run applies each object, stage by stage; the objects of a stage go side by side, and one that fails does not keep the others back.
func (k pushKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := k.prepare(ctx, op, j)
	if err != nil {
		return err
	}
	for _, stage := range p.stages() {
		if err := p.push(ctx, stage); err != nil {
			return err
		}
	}
	if p.in.Wait {
		if err := p.healthy(ctx); err != nil {
			return err
		}
	}
	return p.verdict()
}

// run is one run of a push.
type run struct {
	d     *Domain
	in    pushInput
	j     *jobs.Journal
	text  map[string]kube.Manifest
	clean map[string]kube.Seen // known to be as they should: nothing needs to be sent
}

func (k pushKind) prepare(ctx context.Context, op store.Operation, j *jobs.Journal) (*run, error) {
	in, err := jobs.Input[pushInput](op)
	if err != nil {
		return nil, err
	}
	p := &run{d: k.d, in: in, j: j, text: make(map[string]kube.Manifest, len(in.Objects))}
	var texts []string
	if err := k.d.unpackJSON(in.Texts, &texts); err != nil {
		return nil, err
	}
	if len(texts) != len(in.Objects) {
		return nil, fmt.Errorf("push: %d texts of %d objects", len(texts), len(in.Objects))
	}
	scaled, err := k.d.autoscaled(ctx, texts)
	if err != nil {
		return nil, again(err, "")
	}
	for i, o := range in.Objects {
		m, err := k.d.manifest(texts[i], mood{in.Asleep, in.Paused, scaled})
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", o.ID, err)
		}
		p.text[o.ID] = m
	}
	if !in.Force {
		p.clean, err = p.settled(ctx)
	}
	return p, again(err, "")
}

// mood is what of the platform decides about replicas, beside its configs.
type mood struct {
	asleep, paused bool
	scaled         map[string]bool // what an autoscaler decides about
}

// manifest is what the cluster is told of an object: with no replicas while the platform or the workload sleeps, and without their
// number where somebody else decides it.
func (d *Domain) manifest(text string, as mood) (kube.Manifest, error) {
	m, err := kube.Parse([]byte(text))
	if err != nil || !workload(m.Kind) {
		return m, err
	}
	idle, windowed, err := windowOf(text)
	if err != nil {
		d.log.Warn("idle window not understood", "object", m.ID(), "err", err)
	}
	switch {
	case as.asleep && !slices.Contains(d.cfg.Protect, m.Name):
		text, err = materialize.SetReplicas(text, 0)
	case as.scaled[m.ID()] || windowed && as.paused:
		text, err = materialize.DropReplicas(text)
	case windowed && idle.holds(d.now()):
		text, err = materialize.SetReplicas(text, 0)
	default:
		return m, nil
	}
	if err != nil {
		return m, err
	}
	return kube.Parse([]byte(text))
}

// workload says that hibernation is about objects of a kind.
func workload(kind string) bool { return kind == "Deployment" || kind == "StatefulSet" }

// settled are the objects that the cluster still has as they were when they were last seen right. Only those are asked about whose
// text has not changed since.
func (p *run) settled(ctx context.Context) (map[string]kube.Seen, error) {
	var ask []kube.Manifest
	seen := map[string]kube.Seen{}
	for _, o := range p.in.Objects {
		hash, err := p.d.seal.Open(o.Seen.Hash)
		if err != nil || hash == "" || p.j.Done(stepObject+"/"+o.ID) {
			continue
		}
		ask = append(ask, p.text[o.ID])
		seen[p.text[o.ID].ID()] = kube.Seen{Hash: hash, Version: o.Seen.Version, UID: o.Seen.UID}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	found, err := p.d.cluster.Scan(ctx, ask, seen)
	if err != nil {
		return nil, err
	}
	clean := map[string]kube.Seen{}
	for id, d := range found {
		if d.Clean() {
			clean[id] = d.Seen
		}
	}
	return clean, nil
}

// stages are the objects that are not done, stage by stage.
func (p *run) stages() [][]pushed {
	byStage := map[int][]pushed{}
	for _, o := range p.in.Objects {
		if !p.j.Done(stepObject + "/" + o.ID) {
			byStage[o.Stage] = append(byStage[o.Stage], o)
		}
	}
	var out [][]pushed
	for _, n := range slices.Sorted(maps.Keys(byStage)) {
		out = append(out, byStage[n])
	}
	return out
}

// push applies the objects of one stage. An error is for a cluster that does not answer: the rest waits for the next try.
func (p *run) push(ctx context.Context, objects []pushed) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.d.cfg.Parallel)
	for _, o := range objects {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			res, err := p.one(ctx, o)
			if err != nil {
				return err
			}
			return p.j.Put(stepObject+"/"+o.ID, res)
		})
	}
	return group.Wait()
}

// one applies one object.
func (p *run) one(ctx context.Context, o pushed) (objectResult, error) {
	m := p.text[o.ID]
	if seen, ok := p.clean[m.ID()]; ok {
		kept, err := p.d.keepSeen(seen)
		return objectResult{Outcome: outcomeUnchanged, Seen: kept}, err
	}
	applied, err := p.d.cluster.Apply(ctx, m, kube.ApplyOptions{Takeover: true})
	if errors.Is(err, kube.ErrNoNamespace) {
		if err = p.namespace(ctx, m.Namespace); err == nil {
			applied, err = p.d.cluster.Apply(ctx, m, kube.ApplyOptions{Takeover: true})
		}
	}
	switch {
	case err == nil:
	case told(err):
		return objectResult{Outcome: outcomeFailed, Reason: err.Error()}, nil
	case errors.Is(err, kube.ErrUnavailable):
		return objectResult{}, jobs.Retry(err)
	default:
		return objectResult{}, err
	}
	seen, err := p.d.keepSeen(applied.Seen)
	res := objectResult{Outcome: outcomeUnchanged, Seen: seen}
	if applied.Changed {
		res.Outcome = outcomeApplied
	}
	return res, err
}

// keepSeen is how an object was, fit to be stored: the hash of a text that may hold a secret is one to those who guess.
func (d *Domain) keepSeen(seen kube.Seen) (store.ConfigSeen, error) {
	hash, err := d.seal.Seal(seen.Hash)
	return store.ConfigSeen{Hash: hash, Version: seen.Version, UID: seen.UID}, err
}

// namespace makes a namespace that objects are to be in.
func (p *run) namespace(ctx context.Context, name string) error {
	if name == "" {
		name = p.d.cluster.Namespace()
	}
	return p.j.Do(stepSpace+"/"+name, func() error {
		m, err := kube.Parse([]byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n"))
		if err != nil {
			return err
		}
		_, err = p.d.cluster.Apply(ctx, m, kube.ApplyOptions{})
		return err
	})
}

// The times of waiting for health.
const (
	healthLook = 500 * time.Millisecond
	healthMost = 10 * time.Minute
)

// healthy waits until what was pushed does its work, and enters why if it does not.
func (p *run) healthy(ctx context.Context) error {
	end := time.NewTimer(healthMost)
	defer end.Stop()
	tick := time.NewTicker(healthLook)
	defer tick.Stop()
	waiting := p.unwell()
	for len(waiting) > 0 {
		last := map[string]string{}
		for id := range waiting {
			h, err := p.d.cluster.Health(ctx, p.text[id].Ref)
			switch {
			case err != nil && errors.Is(err, kube.ErrUnavailable):
				last[id] = err.Error()
			case err != nil:
				h = kube.Health{State: kube.Failed, Reason: err.Error()}
				fallthrough
			case h.State == kube.Ready || h.State == kube.Failed:
				if err := p.j.Put(stepHealth+"/"+id, h); err != nil {
					return err
				}
				delete(waiting, id)
			default:
				last[id] = h.Reason
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-end.C:
			for id, why := range last {
				if err := p.j.Put(stepHealth+"/"+id, kube.Health{State: kube.Failed, Reason: "not ready in time: " + why}); err != nil {
					return err
				}
			}
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// unwell are the objects whose health is not known for good.
func (p *run) unwell() map[string]bool {
	out := map[string]bool{}
	for _, o := range p.in.Objects {
		var res objectResult
		if p.j.Get(stepObject+"/"+o.ID, &res) && res.Outcome != outcomeFailed && !p.j.Done(stepHealth+"/"+o.ID) {
			out[o.ID] = true
		}
	}
	return out
}

// verdict is the end of a run in one line.
func (p *run) verdict() error {
	var failed []string
	for _, f := range failures(p.in, p.j.Steps()) {
		failed = append(failed, f.Object+": "+f.Reason)
	}
	if len(failed) == 0 {
		return nil
	}
	const told = 5
	more := ""
	if len(failed) > told {
		more = fmt.Sprintf(" (and %d more)", len(failed)-told)
	}
	return jobs.Refuse(fmt.Sprintf("%d of %d objects could not be applied: %s%s", len(failed), len(p.in.Objects),
		strings.Join(failed[:min(len(failed), told)], "; "), more))
}

// failures are the objects that the cluster refused or that do not do their work.
func failures(in pushInput, steps []store.Step) []Failure {
	reasons := map[string]string{}
	for _, step := range steps {
		noun, id, _ := strings.Cut(step.Name, "/")
		var res objectResult
		var h kube.Health
		switch {
		case noun == stepObject && jobs.StepData(step, &res) && res.Outcome == outcomeFailed:
			reasons[id] = res.Reason
		case noun == stepHealth && jobs.StepData(step, &h) && h.State != kube.Ready:
			reasons[id] = h.Reason
		}
	}
	var out []Failure
	for _, o := range in.Objects {
		if reason, failed := reasons[o.ID]; failed {
			out = append(out, Failure{o.Show, reason})
		}
	}
	return out
}

// Finish and Abandon write the same: what the cluster took is golden, however the rest went.
func (k pushKind) Finish(tx *store.Tx, op *store.Operation) error { return k.settle(tx, op) }

// Abandon keeps what the cluster took: a push is not taken back, the next one goes on from there.
func (k pushKind) Abandon(tx *store.Tx, op *store.Operation) error { return k.settle(tx, op) }

func (k pushKind) settle(tx *store.Tx, op *store.Operation) error {
	in, err := jobs.Input[pushInput](*op)
	if err != nil {
		return err
	}
	for _, o := range in.Objects {
		var res objectResult
		if !jobs.Learnt(op, stepObject+"/"+o.ID, &res) || res.Outcome == outcomeFailed {
			continue
		}
		if err := golden(tx, o, res); err != nil {
			return err
		}
	}
	return nil
}

// golden marks a materialization as what the cluster was last given.
func golden(tx *store.Tx, o pushed, res objectResult) error {
	rec, err := store.ConfigObjects.Get(tx, o.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rec.Golden, rec.Seen = o.Number, res.Seen // whether its drift is gone the next look says
	if err := store.ConfigObjects.Put(tx, &rec); err != nil {
		return err
	}
	m, err := store.GetMaterialized(tx, o.ID, o.Number)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !m.Applied.IsZero() {
		return err
	}
	m.Applied = tx.Now()
	return store.PutMaterialized(tx, &m)
}

// Push takes the newest materialization of one object, or of all, to the cluster. Errors: ErrNotFound, ErrConflict.
func (s *Service) Push(ctx context.Context, by Who, ref string, dry bool) (Change, error) {
	return s.change(ctx, by, kindPush, dry, func(st *state, e *edit) error {
		if ref == "" {
			e.touch(st.ids()...)
			return nil
		}
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		e.touch(o.rec.ID)
		return nil
	})
}
