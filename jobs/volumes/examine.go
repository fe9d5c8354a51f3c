package volumes

import (
	"context"
	"errors"
	"time"
	"yardmaster/jobs"
	"yardmaster/store"
)

// examineKind reads what the machines hold, for comparison with the records.
type examineKind struct{ m machines }

// examinePlan names the machines to ask, by node id.
type examinePlan struct {
	Nodes map[string]string `json:"nodes"`
}

func (examineKind) Name() string { return "cluster.examine" }

func (examineKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute}
}

func (k examineKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[examinePlan](op)
	if err != nil {
		return err
	}
	for id, host := range p.Nodes {
		seen, err := k.m.g.Examine(ctx, host)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := j.Put("silent/"+id, err.Error()); err != nil {
				return err
			}
			continue
		}
		if err := j.Put("node/"+id, seen); err != nil {
			return err
		}
	}
	return nil
}

func (examineKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }
func (examineKind) Finish(*store.Tx, *store.Operation) error                   { return nil }
func (examineKind) Abandon(*store.Tx, *store.Operation) error                  { return nil }

// Examine asks every online node what it holds, and waits for the answers: by node id, without the nodes that did not answer.
// ErrUnavailable if the others do not come while ctx lasts.
func (s *Service) Examine(ctx context.Context, by Caller) (map[string]Examination, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, examineKind{}.Name())
		p := examinePlan{Nodes: map[string]string{}}
		for n, err := range store.Nodes.All(tx) {
			if err != nil {
				return err
			}
			if n.Pending == "" && n.State == store.Online {
				p.Nodes[n.ID] = n.Host()
				op.Plan = append(op.Plan, "node/"+n.ID)
			}
		}
		return jobs.SetInput(op, p)
	})
	if err != nil {
		return nil, err
	}
	op, err = s.runner.Wait(ctx, op.ID)
	switch {
	case err != nil:
		return nil, err
	case op.State.Live():
		return nil, ErrUnavailable
	case op.State != store.Succeeded && op.Error != nil:
		return nil, errors.New(op.Error.Text)
	}
	out := map[string]Examination{}
	p, err := jobs.Input[examinePlan](op)
	for id := range p.Nodes {
		var seen Examination
		if jobs.Learnt(&op, "node/"+id, &seen) {
			out[id] = seen
		}
	}
	return out, err
}
