package store

import (
	"errors"
	"slices"
	"testing"
)

func TestAnOperationMovesOnlyAsTheTableSays(t *testing.T) {
	allowed := map[OpState][]OpState{
		Pending: {Running, Succeeded, Undoing, Failed, Canceled},
		Running: {Succeeded, Pending, Undoing},
		Undoing: {Pending, Failed, Canceled, Stuck},
		Stuck:   {Undoing},
	}
	for _, from := range States() {
		for _, to := range States() {
			op := Operation{ID: "x", State: from}
			err := op.Move(to)
			if want := slices.Contains(allowed[from], to); want != (err == nil) {
				t.Errorf("%s -> %s: %v, want allowed %v", from, to, err, want)
			}
			if err != nil && (!errors.Is(err, ErrMove) || op.State != from) {
				t.Errorf("%s -> %s: refused with %v, and the state is %s", from, to, err, op.State)
			}
		}
	}
}

func TestAnEndedOperationStaysAsItIs(t *testing.T) {
	for _, s := range []OpState{Succeeded, Failed, Canceled} {
		if s.Live() || len(moves[s]) > 0 {
			t.Errorf("%s is live, or leads somewhere", s)
		}
	}
}

func TestProgressCountsTheGroupOfTheNextStep(t *testing.T) {
	plan := []string{"brick/a", "brick/b", "brick/c", "volume"}
	for want, done := range map[string][]string{
		"brick 1 of 3": nil,
		"brick 2 of 3": {"brick/c"},
		"brick 3 of 3": {"brick/a", "brick/b"},
		"volume":       {"brick/a", "brick/b", "brick/c"},
		"":             plan,
	} {
		op := Operation{Plan: plan}
		for _, name := range done {
			op.Journal = append(op.Journal, Step{Name: name})
		}
		if got := op.Progress(); got != want {
			t.Errorf("after %v: %q, want %q", done, got, want)
		}
	}
}
