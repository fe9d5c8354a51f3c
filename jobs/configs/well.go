package configs

import (
	"context"
	"errors"
	"time"

	"yardmaster/executors/kube"
)

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
		if err := p.examine(ctx, waiting); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-end.C:
			for id, why := range waiting {
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

// examine asks after all that are waited for. Those of which the answer is final are no longer, the others get what they wait for.
func (p *run) examine(ctx context.Context, waiting map[string]string) error {
	for id := range waiting {
		h, err := p.d.cluster.Health(ctx, p.text[id].Ref)
		switch {
		case errors.Is(err, kube.ErrUnavailable):
			waiting[id] = err.Error()
			return nil // the others would take as long to say nothing
		case err != nil:
			h = kube.Health{State: kube.Failed, Reason: err.Error()}
		case h.State != kube.Ready && h.State != kube.Failed:
			waiting[id] = h.Reason
			continue
		}
		if err := p.j.Put(stepHealth+"/"+id, h); err != nil {
			return err
		}
		delete(waiting, id)
	}
	return nil
}

// unwell are the objects whose health is not known for good, with what they wait for.
func (p *run) unwell() map[string]string {
	out := map[string]string{}
	for _, o := range p.in.Objects {
		var res objectResult
		if p.j.Get(stepObject+"/"+o.ID, &res) && res.Outcome != outcomeFailed && res.Outcome != outcomeEnded && !p.j.Done(stepHealth+"/"+o.ID) {
			out[o.ID] = "not looked at"
		}
	}
	return out
}
