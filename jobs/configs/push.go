package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// pushInput is what a push carries: everything that goes to the cluster, in the order in which it does.
type pushInput struct {
	Objects []pushed `json:"objects"`
	Texts   string   `json:"texts,omitempty"`  // packed list, in the order of Objects; gone once the push has ended
	Scaled  []string `json:"scaled,omitempty"` // objects whose replicas an autoscaler among the configs decides
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
	Ran    bool             `json:"ran,omitempty"` // a Job that is not to run again if it was cleaned up
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
	outcomeEnded     = "ended" // a Job that has done its work and is gone
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
	var err error
	if in.Scaled, err = st.scaled(); err != nil {
		return nil, err
	}
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
		if !e.rerun {
			if p.Ran, err = s.ran(o, o.made.text); err != nil {
				return nil, err
			}
		}
		all = append(all, entry{p, o.made.text})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.Stage - b.Stage })
	texts := make([]string, len(all))
	for i, a := range all {
		in.Objects, texts[i] = append(in.Objects, a.pushed), a.text
	}
	in.Texts, err = s.load("what is to be pushed", texts)
	return in, err
}

type pushKind struct {
	onCluster
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
	late  bool                 // what the cluster does not answer for keeps the others back no longer

	unserved sync.Map // apiVersion and kind, as text, that a definition of the push did not bring
}

func (k pushKind) prepare(ctx context.Context, op store.Operation, j *jobs.Journal) (*run, error) {
	in, err := jobs.Input[pushInput](op)
	if err != nil {
		return nil, err
	}
	p := &run{d: k.d, in: in, j: j, text: make(map[string]kube.Manifest, len(in.Objects)), late: op.Tries >= patientTries}
	var texts []string
	if err := k.d.unpackJSON(in.Texts, &texts); err != nil {
		return nil, err
	}
	if len(texts) != len(in.Objects) {
		return nil, fmt.Errorf("push: %d texts of %d objects", len(texts), len(in.Objects))
	}
	plain := make([]kube.Manifest, len(texts))
	for i, o := range in.Objects {
		var err error
		if plain[i], err = kube.Parse([]byte(texts[i])); err != nil {
			return nil, fmt.Errorf("object %s: %w", o.ID, err)
		}
	}
	felt, err := k.d.feelAll(ctx, plain, mood{asleep: in.Asleep, paused: in.Paused}, in.Scaled)
	if err != nil {
		return nil, again(err, "")
	}
	for i, o := range in.Objects {
		p.text[o.ID] = felt[i]
	}
	if !in.Force {
		p.clean, err = p.settled(ctx)
	}
	return p, again(err, "")
}

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
	if ended, err := p.ended(ctx, o); err == nil && ended {
		return objectResult{Outcome: outcomeEnded}, nil
	}
	applied, err := p.apply(ctx, m)
	switch {
	case err == nil:
	case told(err):
		return objectResult{Outcome: outcomeFailed, Reason: materialize.Conceal(string(m.Text), err.Error())}, nil
	case errors.Is(err, kube.ErrUnavailable):
		return p.unanswered(ctx, err)
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

// verdict is the end of a run in one line.
func (p *run) verdict() error {
	var failed []string
	for _, f := range failures(p.in, p.j.Steps()) {
		failed = append(failed, f.Object+": "+f.Reason)
	}
	if len(failed) == 0 {
		return nil
	}
	const most = 5
	more := ""
	if len(failed) > most {
		more = fmt.Sprintf(" (and %d more)", len(failed)-most)
	}
	return jobs.Refuse(fmt.Sprintf("%d of %d objects could not be applied: %s%s", len(failed), len(p.in.Objects),
		strings.Join(failed[:min(len(failed), most)], "; "), more))
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

// Push takes the newest materialization of one object, or of all, to the cluster. Only a Job that is named runs again after the cluster
// has cleaned it up. Dry, it also says what that would change there. Errors:
// ErrNotFound, ErrConflict, ErrUnavailable of a cluster that is to be asked.
func (s *Service) Push(ctx context.Context, by Who, ref string, dry bool) (Change, error) {
	out, err := s.change(ctx, by, kindPush, dry, func(st *state, e *edit) error {
		e.asItWas = true
		if ref == "" {
			e.touch(st.ids()...)
			return nil
		}
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		e.rerun = true
		e.touch(o.rec.ID)
		return nil
	})
	if err != nil || !dry {
		return out, err
	}
	return out, s.addLive(ctx, out.Previews, ref != "")
}
