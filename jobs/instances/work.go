package instances

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// work is what an operation on an instance carries: what is applied in which order, what is removed after it, and what the record
// becomes.
type work struct {
	Org         int                    `json:"org"`
	Name        string                 `json:"name"`
	Stages      []stage                `json:"stages,omitempty"`
	Texts       string                 `json:"texts,omitempty"` // packed list of manifests
	Ready       []store.InstanceObject `json:"ready,omitempty"` // must be ready before anything is applied
	Remove      []store.InstanceObject `json:"remove,omitempty"`
	Last        []store.InstanceObject `json:"last,omitempty"` // removed after the data
	Parallel    int                    `json:"parallel"`
	Data        *data                  `json:"data,omitempty"`
	DropData    bool                   `json:"drop_data,omitempty"`
	Deployed    bool                   `json:"deployed,omitempty"` // to be deleted, and was whole once
	Done        after                  `json:"done"`
	MirrorDone  int                    `json:"mirror_done"`    // text of the mirror at the end; -1: none
	MirrorFail  int                    `json:"mirror_fail"`    // and after a failure; -1: none
	MirrorAbort int                    `json:"mirror_abort"`   // and after it was called off; -1: none
	Back        []int                  `json:"back,omitempty"` // texts that undo what was applied
}

// stage is what goes side by side; the next one waits for it.
type stage struct {
	Name  string                 `json:"name"`
	Ready []store.InstanceObject `json:"ready,omitempty"` // must be ready when it begins, whatever they were before
	Items []item                 `json:"items"`
}

// item is one object of a stage.
type item struct {
	Name string `json:"name"` // Kind.name
	Text int    `json:"text"`
	Wait bool   `json:"wait,omitempty"` // until it is ready
}

// data is what an instance has outside of the cluster.
type data struct {
	Topics      []string          `json:"topics"`
	Partitions  int32             `json:"partitions"`
	Copies      int16             `json:"copies"`
	Keyspace    string            `json:"keyspace"`
	Replication map[string]string `json:"replication,omitempty"`
}

// after is what a success makes of the record.
type after struct {
	Delete   bool                   `json:"delete,omitempty"`
	Body     string                 `json:"body,omitempty"`    // "" leaves it
	Serving  string                 `json:"serving,omitempty"` // the configuration that serves, where it is another one; "" leaves it
	Color    string                 `json:"color,omitempty"`
	Standby  *bool                  `json:"standby,omitempty"`
	Importer *bool                  `json:"importer,omitempty"`
	Objects  []store.InstanceObject `json:"objects,omitempty"`
}

// The steps beside those of objects.
const (
	stepValid     = "validate"
	stepBegun     = "begun"
	stepTopic     = "topic"
	stepKeyspace  = "keyspace"
	stepCommitted = "committed" // data goes from here on
	stepDropped   = "data"
	stepMirror    = "mirror"
)

func (w *work) plan() []string {
	var out []string
	for _, s := range w.Stages {
		for _, i := range s.Items {
			out = append(out, "object/"+i.Name)
		}
	}
	for _, o := range slices.Concat(w.Remove, w.Last) {
		out = append(out, removal(o))
	}
	return out
}

func removal(o store.InstanceObject) string { return "remove/" + o.Kind + "." + o.Name }

// kind is one sort of work on an instance.
type kind struct {
	d    *Domain
	name string
}

func (k kind) Name() string { return k.name }

// whole says that the work is on all of an instance, whose state tells how the last of that sort has ended.
func (k kind) whole() bool { return k.name == kindDeploy || k.name == kindDelete }

// Policy: pods of such instances need their time to warm up.
func (k kind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 4 * time.Hour, Attempts: 20, Backoff: time.Second, MaxWait: 30 * time.Second, Forward: k.name == kindDelete}
}

// Past: a deletion can be called off until it drops data.
func (kind) Past(op *store.Operation) bool { return op.Done(stepCommitted) }

// Lane: a cluster that hangs holds no more workers than others may.
func (kind) Lane(store.Operation) string { return "cluster of instances" }

// run is one run of a work.
type run struct {
	*Domain
	work
	j     *jobs.Journal
	texts []kube.Manifest
}

func (k kind) open(op store.Operation, j *jobs.Journal) (*run, error) {
	w, err := jobs.Input[work](op)
	if err != nil {
		return nil, err
	}
	r := &run{Domain: k.d, work: w, j: j}
	var texts []json.RawMessage
	if w.Texts != "" {
		if err := k.d.unpack(w.Texts, &texts); err != nil {
			return nil, err
		}
	}
	for _, text := range texts {
		m, err := kube.Parse(text)
		if err != nil {
			return nil, err
		}
		r.texts = append(r.texts, m)
	}
	return r, nil
}

// Run goes through the stages. All of it is looked at by the cluster before anything is changed.
func (k kind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	r, err := k.open(op, j)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{r.check, r.standing, r.provide, r.apply, r.remove} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// check has the cluster say of everything whether it would take it.
func (r *run) check(ctx context.Context) error {
	return r.j.Do(stepValid, func() error {
		for _, s := range r.Stages {
			for _, i := range s.Items {
				_, err := r.cluster.Apply(ctx, r.texts[i.Text], kube.ApplyOptions{Dry: true})
				if errors.Is(err, kube.ErrNoNamespace) {
					continue // it is made with the first object
				}
				if err != nil {
					return again(err)
				}
			}
		}
		return nil
	})
}

// standing holds that what is about to be relied on does its work now.
func (r *run) standing(ctx context.Context) error {
	for _, o := range r.Ready {
		h, err := r.health(ctx, refOf(o))
		if err != nil {
			return again(err)
		}
		if h.State != kube.Ready {
			return jobs.Refuse(fmt.Sprintf("%s %s is not ready: %s", o.Kind, o.Name, h.Reason))
		}
	}
	return nil
}

// provide makes what the instance keeps its data in, where this yard knows where that is.
func (r *run) provide(ctx context.Context) error {
	if r.Data == nil || r.DropData {
		return nil
	}
	for _, topic := range r.Data.Topics {
		if r.topics == nil {
			break
		}
		err := r.j.Do(stepTopic+"/"+topic, func() error {
			_, err := r.topics.EnsureTopic(ctx, topic, r.Data.Partitions, r.Data.Copies)
			return again(err)
		})
		if err != nil {
			return err
		}
	}
	if r.keyspaces == nil || r.Data.Keyspace == "" {
		return nil
	}
	return r.j.Do(stepKeyspace, func() error {
		return again(r.keyspaces.EnsureKeyspace(ctx, r.Data.Keyspace, r.Data.Replication))
	})
}

// apply goes stage by stage; within one, no more than Parallel objects are on their way at a time.
func (r *run) apply(ctx context.Context) error {
	if err := r.j.Do(stepBegun, func() error { return nil }); err != nil {
		return err
	}
	for _, s := range r.Stages {
		if err := r.still(ctx, s); err != nil {
			return err
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(max(r.Parallel, 1))
		for _, i := range s.Items {
			group.Go(func() error {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return r.j.Do("object/"+i.Name, func() error { return r.bring(ctx, i) })
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	if r.MirrorDone < 0 {
		return nil
	}
	return r.j.Do(stepMirror, func() error { return r.put(ctx, r.MirrorDone) })
}

// still waits for what a stage relies on: it may have been ready long ago.
func (r *run) still(ctx context.Context, s stage) error {
	if s.done(r.j.Done) {
		return nil
	}
	for _, o := range s.Ready {
		if err := r.ready(ctx, refOf(o)); err != nil {
			return err
		}
	}
	return nil
}

// done says that all of a stage was brought.
func (s stage) done(step func(name string) bool) bool {
	return !slices.ContainsFunc(s.Items, func(i item) bool { return !step("object/" + i.Name) })
}

func (r *run) bring(ctx context.Context, i item) error {
	if err := r.put(ctx, i.Text); err != nil || !i.Wait {
		return err
	}
	return r.ready(ctx, r.texts[i.Text].Ref)
}

// put applies one text, and makes its namespace if there is none.
func (r *run) put(ctx context.Context, text int) error {
	m := r.texts[text]
	_, err := r.cluster.Apply(ctx, m, kube.ApplyOptions{Whole: true})
	if errors.Is(err, kube.ErrNoNamespace) {
		space, perr := kube.Parse([]byte(fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, r.namespace(m))))
		if perr != nil {
			return perr
		}
		if _, err = r.cluster.Apply(ctx, space, kube.ApplyOptions{}); err == nil {
			_, err = r.cluster.Apply(ctx, m, kube.ApplyOptions{Whole: true})
		}
	}
	return again(err)
}

func (r *run) namespace(m kube.Manifest) string {
	if m.Namespace != "" {
		return m.Namespace
	}
	return r.cluster.Namespace()
}

// health is the cluster's word on an object, except that a Deployment without a ready pod, which may have been told to run none, serves
// nobody.
func (r *run) health(ctx context.Context, ref kube.Ref) (kube.Health, error) {
	h, err := r.cluster.Health(ctx, ref)
	if err != nil || h.State != kube.Ready || ref.Kind != "Deployment" {
		return h, err
	}
	pods, err := r.cluster.Pods(ctx, ref)
	if err == nil && !slices.ContainsFunc(pods, func(p kube.Pod) bool { return p.Ready && p.Reason != "Terminating" }) {
		h = kube.Health{State: kube.Progressing, Reason: "it has no ready pod"}
	}
	return h, err
}

// ready waits until an object does its work. One that has failed ends the wait with its reason.
func (r *run) ready(ctx context.Context, ref kube.Ref) error {
	deadline := r.now().Add(r.patience)
	tick := time.NewTicker(r.look)
	defer tick.Stop()
	for {
		h, err := r.health(ctx, ref)
		switch {
		case err != nil && !errors.Is(err, kube.ErrUnavailable):
			return again(err)
		case err == nil && h.State == kube.Ready:
			return nil
		case err == nil && h.State == kube.Failed:
			return jobs.Refuse(fmt.Sprintf("%s %s has failed: %s", ref.Kind, ref.Name, h.Reason))
		case r.now().After(deadline):
			if err != nil {
				return jobs.Retry(err)
			}
			return jobs.Refuse(fmt.Sprintf("%s %s did not become ready within %v: %s", ref.Kind, ref.Name, r.patience, h.Reason))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func refOf(o store.InstanceObject) kube.Ref {
	return kube.Ref{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// deployment says that an object is waited for.
func deployment(o expand.Object) bool { return o.Kind == "Deployment" || o.Kind == "StatefulSet" }
