package instances

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/backend"
	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// remove takes away what is not wanted any more, then the data if that is to go, and what tells of the instance last.
func (r *run) remove(ctx context.Context) error {
	if err := r.drop(ctx, r.Remove); err != nil {
		return err
	}
	if r.DropData && r.Data != nil && !r.j.Done(stepDropped) {
		if err := r.part(ctx); err != nil {
			return err
		}
	}
	return r.drop(ctx, r.Last)
}

// part drops the data, unless somebody else may work with it. Until all pods have gone, and it is on disk that data goes now, the
// deletion can be called off.
func (r *run) part(ctx context.Context) error {
	if r.j.Done(stepCommitted) {
		return r.dropData(ctx)
	}
	why, err := r.entitled(ctx)
	if err != nil {
		return err
	}
	if why != "" {
		return r.j.Put(stepDropped, fmt.Sprintf("the topics %s and the keyspace %s were left alone, since %s",
			strings.Join(r.Data.Topics, " and "), r.Data.Keyspace, why))
	}
	if err := r.quiet(ctx); err != nil {
		return err
	}
	if err := r.j.Put(stepCommitted, nil); err != nil {
		return err
	}
	return jobs.ErrCheckpoint
}

// entitled says why the data is not this yard's to drop; "" if it is. An instance that was never deployed has a claim only if what
// tells of it is this yard's: another yard's instance of that name has its data in the same place.
func (r *run) entitled(ctx context.Context) (why string, err error) {
	for _, o := range r.Remove {
		if r.j.Get(removal(o), &why) {
			return why + " is not this yard's", nil
		}
	}
	ours := r.Deployed
	for _, o := range r.Last {
		owned, err := r.cluster.Owns(ctx, refOf(o))
		switch {
		case errors.Is(err, kube.ErrNotFound):
		case err != nil:
			return "", again(err)
		case !owned:
			return o.Kind + " " + o.Name + " is not this yard's", nil
		default:
			ours = true
		}
	}
	if !ours {
		return "this yard never deployed the instance", nil
	}
	return "", nil
}

// leave is how long pods have to go once their Deployments are gone. Those of a lost node never do.
const leave = 5 * time.Minute

// quiet waits until no pod of what was removed is left: it could write into what is dropped next, or make it anew.
func (r *run) quiet(ctx context.Context) error {
	deadline := r.now().Add(min(leave, r.patience))
	for wait := r.look; ; wait = min(2*wait, 20*r.look) {
		pods, err := r.cluster.Pods(ctx, kube.Ref{})
		if err != nil {
			return again(err)
		}
		n := slices.IndexFunc(pods, func(p kube.Pod) bool {
			return slices.ContainsFunc(r.Remove, func(o store.InstanceObject) bool { return runs(o, p.Name) })
		})
		if n < 0 {
			return nil
		}
		if r.now().After(deadline) {
			r.log.Warn("pods have not gone, data is dropped all the same", "org", r.Org, "instance", r.Name, "pod", pods[n].Name)
			return nil
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return context.Cause(ctx)
		case <-pause.C:
		}
	}
}

// runs says by its name that a pod is a Deployment's: that ends in the template's hash and letters of its own.
func runs(o store.InstanceObject, pod string) bool {
	own, ok := strings.CutPrefix(pod, o.Name+"-")
	return ok && o.Kind == "Deployment" && strings.Count(own, "-") <= 1
}

// drop removes what this yard has applied. What it passes over it enters with its step.
func (r *run) drop(ctx context.Context, objects []store.InstanceObject) error {
	for _, o := range objects {
		if r.j.Done(removal(o)) {
			continue
		}
		var passed any
		switch err := r.cluster.DeleteOwned(ctx, refOf(o)); {
		case errors.Is(err, kube.ErrNotOwned):
			passed = o.Kind + " " + o.Name
		case errors.Is(err, kube.ErrConflict): // it never rested
			return jobs.Retry(err)
		case err != nil && !errors.Is(err, kube.ErrNotFound):
			return again(err)
		}
		if err := r.j.Put(removal(o), passed); err != nil {
			return err
		}
	}
	return nil
}

// passed are the objects that were not removed, since they are not this yard's.
func (w *work) passed(op *store.Operation) (names []string) {
	for _, o := range slices.Concat(w.Remove, w.Last) {
		var name string
		if jobs.Learnt(op, removal(o), &name) {
			names = append(names, name)
		}
	}
	return names
}

// dropData drops topic and keyspace where this yard knows where they are, and notes what it could not drop.
func (r *run) dropData(ctx context.Context) error {
	var kept []string
	if r.topics == nil {
		kept = append(kept, "the topics "+strings.Join(r.Data.Topics, " and ")+" were left alone, since no Kafka is configured")
	} else {
		for _, topic := range r.Data.Topics {
			if err := r.topics.DropTopic(ctx, topic); err != nil && !errors.Is(err, backend.ErrNotFound) {
				return again(err)
			}
		}
	}
	if r.keyspaces == nil {
		kept = append(kept, "the keyspace "+r.Data.Keyspace+" was left alone, since no Cassandra is configured")
	} else if err := r.keyspaces.DropKeyspace(ctx, r.Data.Keyspace); err != nil && !errors.Is(err, backend.ErrNotFound) {
		return again(err)
	}
	return r.j.Put(stepDropped, strings.Join(kept, "; "))
}
