package configs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// sleepInput are the workloads that hibernation is about, and how many replicas each is to have again.
type sleepInput struct {
	Workloads []sleeper        `json:"workloads"`
	Had       map[string]int64 `json:"had,omitempty"`    // what they ran when hibernation was asked for; not there: they were not
	Scaled    []string         `json:"scaled,omitempty"` // objects whose replicas an autoscaler among the configs decides
}

type sleeper struct {
	ID       string `json:"id"`
	Ref      string `json:"ref"`                // apiVersion kind namespace name, as JSON
	Replicas *int64 `json:"replicas,omitempty"` // as materialized; nil: whatever they were
	Saved    *int64 `json:"saved,omitempty"`    // as they were before hibernation
}

func (w sleeper) ref() (r kube.Ref, err error) {
	return r, json.Unmarshal([]byte(w.Ref), &r)
}

// The steps of hibernation: what was there, and what each workload was told.
const (
	stepSaved = "replicas"
	stepScale = "workload"
)

// listed is a workload of the platform, with its text.
type listed struct {
	sleeper
	text string
}

// sleepers are the workloads of the platform, by id.
func (s *Service) sleepers(st *state) ([]listed, error) {
	var all []listed
	saved := map[string]int64{}
	if text := st.settings[settingSlept]; text != "" {
		if err := json.Unmarshal([]byte(text), &saved); err != nil {
			return nil, fmt.Errorf("setting %s: %w", settingSlept, err)
		}
	}
	for _, id := range st.ids() {
		o := st.objects[id]
		if !workload(o.rec.Kind) || o.current == nil {
			continue
		}
		text, err := s.unpack(o.current.Body)
		if err != nil {
			return nil, err
		}
		w, err := asSleeper(id, text)
		if err != nil {
			return nil, err
		}
		if n, was := saved[id]; was {
			w.Saved = &n
		}
		all = append(all, listed{w, text})
	}
	return all, nil
}

func asSleeper(id, text string) (sleeper, error) {
	m, err := kube.Parse([]byte(text))
	if err != nil {
		return sleeper{}, err
	}
	ref, err := json.Marshal(m.Ref)
	if err != nil {
		return sleeper{}, err
	}
	w := sleeper{ID: id, Ref: string(ref)}
	if n, has, err := materialize.Replicas(text); has && err == nil { // what is no count no cluster takes
		w.Replicas = &n
	}
	return w, nil
}

// Hibernate tells all workloads of the platform to run no replicas. Errors: ErrConflict.
func (s *Service) Hibernate(ctx context.Context, by Who) (Change, error) {
	return s.sleepChange(ctx, by, kindHibernate)
}

// Revive tells them to run again what they are configured to, or ran before where that is not configured. Errors: ErrConflict.
func (s *Service) Revive(ctx context.Context, by Who) (Change, error) {
	return s.sleepChange(ctx, by, kindRevive)
}

func (s *Service) sleepChange(ctx context.Context, by Who, kind string) (Change, error) {
	var out Change
	err := s.alone(ctx, func(ctx context.Context) error {
		var in sleepInput
		err := s.view(ctx, func(st *state) error {
			all, err := s.sleepers(st)
			if err != nil {
				return err
			}
			for _, w := range all {
				if !s.protects(st.objects[w.ID].rec.Name) {
					in.Workloads, out.Objects = append(in.Workloads, w.sleeper), append(out.Objects, st.show(w.ID))
				}
			}
			in.Scaled, err = st.scaled()
			return err
		})
		if err != nil {
			return err
		}
		if kind == kindHibernate {
			if in.Had, err = s.replicas(ctx, in); err != nil {
				return outward(err)
			}
		}
		out.Op, err = s.submit(ctx, by, kind, func(_ *store.Tx, op *store.Operation) error {
			op.Plan = nil
			for _, w := range in.Workloads {
				op.Plan = append(op.Plan, stepScale+"/"+w.ID)
			}
			return jobs.SetInput(op, in)
		})
		return err
	})
	return out, err
}

// Hibernated tells whether the platform sleeps.
func (s *Service) Hibernated(ctx context.Context) (bool, error) {
	since, err := s.setting(ctx, settingAsleep)
	return since != "", err
}

type hibernateKind struct{ onCluster }

func (hibernateKind) Name() string { return kindHibernate }

// had is what the workloads ran. That is counted before the operation begins: what a second run finds is not what was. Operations
// of earlier builds have it in their journals.
func (in *sleepInput) had(op *store.Operation) map[string]int64 {
	had := in.Had
	if had == nil {
		jobs.Learnt(op, stepSaved, &had)
	}
	return had
}

func (k hibernateKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[sleepInput](op)
	if err != nil {
		return err
	}
	had := in.had(&op)
	if had == nil {
		if had, err = k.d.replicas(ctx, in); err != nil {
			return again(err, "")
		}
		if err := j.Put(stepSaved, had); err != nil {
			return err
		}
	}
	return k.tell(ctx, in, j, func(w sleeper) (int64, bool) {
		_, there := had[w.ID]
		return 0, there
	})
}

// replicas is what the workloads run that are there.
func (d *Domain) replicas(ctx context.Context, in sleepInput) (map[string]int64, error) {
	had := map[string]int64{}
	for _, w := range in.Workloads {
		ref, err := w.ref()
		if err != nil {
			return nil, err
		}
		n, err := d.cluster.Replicas(ctx, ref)
		switch {
		case errors.Is(err, kube.ErrNotFound):
		case err != nil:
			return nil, fmt.Errorf("%s: %w", w.ID, err)
		default:
			had[w.ID] = n
		}
	}
	return had, nil
}

// tell scales each workload that want says something of. One that is gone is passed over.
func (k onCluster) tell(ctx context.Context, in sleepInput, j *jobs.Journal, want func(sleeper) (int64, bool)) error {
	for _, w := range in.Workloads {
		n, say := want(w)
		if !say {
			continue
		}
		err := j.Do(stepScale+"/"+w.ID, func() error {
			ref, err := w.ref()
			if err != nil {
				return err
			}
			err = k.d.cluster.Scale(ctx, ref, n)
			if errors.Is(err, kube.ErrNotFound) {
				return nil
			}
			return again(err, w.ID+": ")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish remembers what to revive. Where the platform slept already, what the first hibernation found counts, and what came since and
// runs nothing was never off but for that.
func (hibernateKind) Finish(tx *store.Tx, op *store.Operation) error {
	in, err := jobs.Input[sleepInput](*op)
	if err != nil {
		return err
	}
	had := maps.Clone(in.had(op))
	if had == nil {
		had = map[string]int64{}
	}
	_, err = store.Settings.Get(tx, settingAsleep)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	slept := err == nil
	for _, w := range in.Workloads {
		switch {
		case w.Saved != nil:
			had[w.ID] = *w.Saved
		case slept && had[w.ID] == 0:
			delete(had, w.ID)
		}
	}
	text, err := json.Marshal(had)
	if err != nil {
		return err
	}
	if err := store.Settings.Put(tx, &store.Setting{Name: settingSlept, Value: string(text)}); err != nil {
		return err
	}
	return store.Settings.Put(tx, &store.Setting{Name: settingAsleep, Value: tx.Now().UTC().Format(time.RFC3339)})
}

// Undo wakes what was put to sleep.
func (k hibernateKind) Undo(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[sleepInput](op)
	if err != nil {
		return err
	}
	had := in.had(&op)
	if had == nil {
		return nil
	}
	for _, w := range in.Workloads {
		n, was := had[w.ID]
		ref, err := w.ref()
		if err != nil {
			return err
		}
		if !was {
			continue
		}
		if runs, err := k.d.cluster.Replicas(ctx, ref); err == nil && runs == n {
			continue
		}
		if err := k.d.cluster.Scale(ctx, ref, n); err != nil && !errors.Is(err, kube.ErrNotFound) {
			return again(err, w.ID+": ")
		}
	}
	return nil
}

type reviveKind struct{ onCluster }

func (reviveKind) Name() string { return kindRevive }

// Policy: a platform that was half woken is woken the rest of the way.
func (k reviveKind) Policy() jobs.Policy {
	p := k.onCluster.Policy()
	p.Forward = true
	return p
}

func (k reviveKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[sleepInput](op)
	if err != nil {
		return err
	}
	within := make([]string, len(in.Workloads))
	for i, w := range in.Workloads {
		ref, err := w.ref()
		if err != nil {
			return err
		}
		within[i] = ref.Namespace
	}
	scaled, err := k.d.autoscaled(ctx, within, in.Scaled)
	if err != nil {
		return again(err, "")
	}
	runs, err := k.d.replicas(ctx, in)
	if err != nil {
		return again(err, "")
	}
	return k.tell(ctx, in, j, func(w sleeper) (int64, bool) {
		switch {
		case w.Replicas != nil && !scaled[w.ID]:
			return *w.Replicas, true
		case w.Saved != nil:
			return *w.Saved, true
		}
		return 1, runs[w.ID] == 0 // what runs without our doing goes on as it does
	})
}

func (reviveKind) Finish(tx *store.Tx, _ *store.Operation) error {
	return errors.Join(store.Settings.Delete(tx, settingAsleep), store.Settings.Delete(tx, settingSlept))
}
