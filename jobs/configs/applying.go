package configs

import (
	"context"
	"errors"
	"strings"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
)

// The times of waiting for a kind that a push has brought itself.
const (
	kindLook = 200 * time.Millisecond
	kindMost = 30 * time.Second
)

// apply applies one object. What it needs first is made or waited for: its namespace, and a kind whose definition is part of the same
// push, which the cluster serves only a while after it has taken the definition.
func (p *run) apply(ctx context.Context, m kube.Manifest) (kube.Applied, error) {
	applied, err := p.d.cluster.Apply(ctx, m, kube.ApplyOptions{Takeover: true})
	if errors.Is(err, kube.ErrNoKind) && p.brings(m) {
		applied, err = p.served(ctx, m)
	}
	if errors.Is(err, kube.ErrNoNamespace) {
		if err = p.namespace(ctx, m.Namespace); err == nil {
			applied, err = p.d.cluster.Apply(ctx, m, kube.ApplyOptions{Takeover: true})
		}
	}
	return applied, err
}

// brings says that the push has given the cluster a definition in the group of m. Definitions are called by plural and group.
func (p *run) brings(m kube.Manifest) bool {
	group, _, _ := strings.Cut(m.APIVersion, "/")
	for _, o := range p.in.Objects {
		var res objectResult
		if strings.HasPrefix(o.ID, "CustomResourceDefinition.") && strings.HasSuffix(o.ID, "."+group) &&
			p.j.Get(stepObject+"/"+o.ID, &res) && res.Outcome != outcomeFailed {
			return true
		}
	}
	return false
}

// served applies m as soon as the cluster serves its kind. A kind that did not come is not waited for again.
func (p *run) served(ctx context.Context, m kube.Manifest) (kube.Applied, error) {
	end := time.NewTimer(kindMost)
	defer end.Stop()
	tick := time.NewTicker(kindLook)
	defer tick.Stop()
	for {
		applied, err := p.d.cluster.Apply(ctx, m, kube.ApplyOptions{Takeover: true})
		if _, gone := p.unserved.Load(m.APIVersion + " " + m.Kind); gone || !errors.Is(err, kube.ErrNoKind) {
			return applied, err
		}
		select {
		case <-ctx.Done():
			return applied, context.Cause(ctx)
		case <-end.C:
			p.unserved.Store(m.APIVersion+" "+m.Kind, true)
		case <-tick.C:
		}
	}
}

// patientTries is how often all wait for an object that the cluster neither takes nor refuses.
const patientTries = 3

// unanswered is for such an object. It is tried again; but in the end, where the cluster answers and only not for this one, the
// others do not go without for its sake.
func (p *run) unanswered(ctx context.Context, err error) (objectResult, error) {
	if !p.late {
		return objectResult{}, jobs.Retry(err)
	}
	if _, away := p.d.cluster.Ping(ctx); away != nil {
		return objectResult{}, jobs.Retry(err)
	}
	return objectResult{Outcome: outcomeFailed, Reason: err.Error()}, nil
}
