package jobs

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"yardmaster/store"
)

// Journal is the list of an operation's finished steps, while it runs: a step in it is not done again after a cut. It is
// safe for steps that run in parallel.
type Journal struct {
	mu      sync.Mutex
	steps   []store.Step
	now     func() time.Time
	changed func([]store.Step)
}

// NewJournal continues the journal of op. changed, if given, is told of every new state, one call at a time.
func NewJournal(op store.Operation, now func() time.Time, changed func([]store.Step)) *Journal {
	return &Journal{steps: slices.Clone(op.Journal), now: now, changed: changed}
}

// Done says whether the step is in the journal.
func (j *Journal) Done(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.find(name) >= 0
}

// Do runs the step unless it is in the journal, and enters it once it succeeded.
func (j *Journal) Do(name string, step func() error) error {
	if j.Done(name) {
		return nil
	}
	if err := step(); err != nil {
		return err
	}
	return j.Put(name, nil)
}

// Put enters a step together with what it learnt; a step entered twice keeps the newer data.
func (j *Journal) Put(name string, data any) error {
	var raw json.RawMessage
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			return fmt.Errorf("journal step %s: %w", name, err)
		}
		raw = b
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	s := store.Step{Name: name, At: j.now(), Data: raw}
	if i := j.find(name); i >= 0 {
		j.steps[i] = s
	} else {
		j.steps = append(j.steps, s)
	}
	if j.changed != nil {
		j.changed(slices.Clone(j.steps))
	}
	return nil
}

// Get reads what a step learnt into data; false if the step is not there or learnt nothing.
func (j *Journal) Get(name string, data any) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := j.find(name)
	return i >= 0 && StepData(j.steps[i], data)
}

// Steps is the journal so far.
func (j *Journal) Steps() []store.Step {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.steps)
}

func (j *Journal) find(name string) int {
	return slices.IndexFunc(j.steps, func(s store.Step) bool { return s.Name == name })
}

// Learnt reads what a step of a finished run learnt into data.
func Learnt(op *store.Operation, name string, data any) bool {
	for _, s := range op.Journal {
		if s.Name == name {
			return StepData(s, data)
		}
	}
	return false
}

// StepData decodes the data of a step; false if there is none or it is not of that shape.
func StepData(s store.Step, data any) bool {
	return len(s.Data) > 0 && json.Unmarshal(s.Data, data) == nil
}
