package configs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/store"
)

// Await waits until the operation of a change has ended, or ctx does. A change without one has succeeded.
func (s *Service) Await(ctx context.Context, c Change) (Outcome, error) {
	if c.Op.ID == "" {
		return Outcome{Applied: []string{}}, nil
	}
	op, err := s.runner.Wait(ctx, c.Op.ID)
	if err != nil {
		return Outcome{}, err
	}
	return outcome(op)
}

// OutcomeOf is how an operation of this domain has ended, or how far it is. Errors: ErrNotFound.
func (s *Service) OutcomeOf(ctx context.Context, id string) (Outcome, error) {
	op, err := s.runner.Get(ctx, id)
	if errors.Is(err, jobs.ErrNoOperation) || err == nil && op.Dialect != dialect {
		return Outcome{}, fmt.Errorf("%w: request %q", ErrNotFound, id)
	}
	if err != nil {
		return Outcome{}, err
	}
	return outcome(op)
}

// outcome reads an operation as its caller sees it.
func outcome(op store.Operation) (Outcome, error) {
	out := Outcome{Op: op, Live: op.State.Live(), Applied: []string{}}
	if op.Error != nil {
		out.Error = op.Error.Text
	}
	switch op.State {
	case store.Canceled:
		out.Error = "the operation was canceled"
	case store.Succeeded:
		out.Error = ""
	}
	if !slices.Contains(pushes, op.Kind) {
		return out, nil
	}
	in, err := jobs.Input[pushInput](op)
	if err != nil {
		return out, err
	}
	out.Failed = failures(in, op.Journal)
	for _, o := range in.Objects {
		switch {
		case slices.ContainsFunc(out.Failed, func(f Failure) bool { return f.Object == o.Show }):
		case op.Done(stepObject + "/" + o.ID):
			out.Applied = append(out.Applied, o.Show)
		case !out.Live:
			out.Failed = append(out.Failed, Failure{o.Show, orElse(out.Error, "it was not reached")})
		}
	}
	slices.SortFunc(out.Failed, func(a, b Failure) int { return strings.Compare(a.Object, b.Object) })
	slices.Sort(out.Applied)
	return out, nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
