package instances

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/backend"
	"yardmaster/executors/kube"
	"yardmaster/store"
)

// remove takes away what is not wanted any more, then the data if that is to go, and what tells of the instance last.
func (r *run) remove(ctx context.Context) error {
	if err := r.drop(ctx, r.Remove); err != nil {
		return err
	}
	if r.DropData && r.Data != nil {
		if err := r.quiet(ctx); err != nil {
			return err
		}
		if err := r.dropData(ctx); err != nil {
			return err
		}
	}
	return r.drop(ctx, r.Last)
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

func (r *run) drop(ctx context.Context, objects []store.InstanceObject) error {
	for _, o := range objects {
		err := r.j.Do(removal(o), func() error {
			err := r.cluster.Delete(ctx, refOf(o))
			if errors.Is(err, kube.ErrNotFound) {
				return nil
			}
			return again(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropData drops topic and keyspace where this yard knows where they are, and notes what it could not drop.
func (r *run) dropData(ctx context.Context) error {
	if r.j.Done(stepDropped) {
		return nil
	}
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
