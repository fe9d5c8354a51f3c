package configs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// windowAnnotation gives a workload a time of day in which it runs no replicas: "20:00-06:00", in UTC.
const windowAnnotation = "yardmaster.io/idle-window"

// window is a time of day, in minutes; it may pass midnight.
type window struct{ from, to int }

func parseWindow(text string) (window, error) {
	from, to, ok := strings.Cut(text, "-")
	a, errA := time.Parse("15:04", strings.TrimSpace(from))
	b, errB := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || errA != nil || errB != nil || a.Equal(b) {
		return window{}, fmt.Errorf("%s %q: two times of day are needed, such as 20:00-06:00", windowAnnotation, text)
	}
	return window{a.Hour()*60 + a.Minute(), b.Hour()*60 + b.Minute()}, nil
}

// holds says that t is in the window.
func (w window) holds(t time.Time) bool {
	now := t.UTC().Hour()*60 + t.UTC().Minute()
	if w.from < w.to {
		return w.from <= now && now < w.to
	}
	return w.from <= now || now < w.to
}

// windowOf is the idle window of a workload; false if it has none.
func windowOf(text string) (window, bool, error) {
	value, has := materialize.Annotation(text, windowAnnotation)
	if !has {
		return window{}, false, nil
	}
	w, err := parseWindow(value)
	return w, err == nil, err
}

// scaleTarget is what an autoscaler decides about; false if the text is no autoscaler.
func scaleTarget(text string) (id string, ok bool) {
	if !strings.Contains(text, "kind: HorizontalPodAutoscaler") {
		return "", false
	}
	return materialize.ScaleTarget(text)
}

// idleInput are the workloads that an idle window begins or ends for.
type idleInput struct {
	Workloads []sleeper `json:"workloads"`
}

// idleKind scales what has an idle window.
type idleKind struct{ onCluster }

func (idleKind) Name() string { return kindIdle }

// Policy: the next look tries again.
func (idleKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 5 * time.Minute, Attempts: 1, Forward: true}
}

func (k idleKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[idleInput](op)
	if err != nil {
		return err
	}
	return k.tell(ctx, sleepInput{Workloads: in.Workloads}, j, func(w sleeper) (int64, bool) { return *w.Replicas, true })
}

// keepWindows looks which workloads an idle window has begun or ended for, and scales them. While autoscaling is paused or the
// platform sleeps nothing is done.
func (s *Service) keepWindows(ctx context.Context) error {
	if first, err := s.windows(ctx); err != nil || len(first.Workloads) == 0 {
		return err
	}
	return s.alone(ctx, func(ctx context.Context) error {
		in, err := s.windows(ctx) // again: whoever had the turn until now may have put the platform to sleep
		if err != nil || len(in.Workloads) == 0 {
			return err
		}
		_, err = s.submit(ctx, Who{}, kindIdle, func(_ *store.Tx, op *store.Operation) error {
			for _, w := range in.Workloads {
				op.Plan = append(op.Plan, stepScale+"/"+w.ID)
			}
			return jobs.SetInput(op, in)
		})
		return err
	})
}

// windowed is a workload with an idle window.
type windowed struct {
	sleeper
	idle bool // it is in its window
}

// windows are the workloads that do not run what their windows say.
func (s *Service) windows(ctx context.Context) (idleInput, error) {
	var in idleInput
	all, err := s.windowed(ctx)
	if err != nil {
		return in, err
	}
	for _, w := range all {
		ref, err := w.ref()
		if err != nil {
			return in, err
		}
		n, err := s.cluster.Replicas(ctx, ref)
		if errors.Is(err, kube.ErrNotFound) {
			continue
		}
		if err != nil {
			return in, outward(err)
		}
		if want, say := w.wants(n); say {
			w.Replicas = &want
			in.Workloads = append(in.Workloads, w.sleeper)
		}
	}
	return in, nil
}

// wants is what a workload is to run that runs n; false if that is right as it is. What runs outside of its window is nobody's
// business here.
func (w windowed) wants(n int64) (want int64, say bool) {
	if w.idle {
		return 0, n != 0
	}
	want = 1
	if w.Replicas != nil {
		want = *w.Replicas
	}
	return want, n == 0 && want != 0
}

// windowed are the workloads with idle windows, by id; none while nobody may scale them. Hibernation's exceptions are none here: who
// gives a workload a window means it.
func (s *Service) windowed(ctx context.Context) ([]windowed, error) {
	var all []windowed
	err := s.view(ctx, func(st *state) error {
		if st.settings[settingPaused] != "" || st.settings[settingAsleep] != "" {
			return nil
		}
		workloads, err := s.sleepers(st)
		if err != nil {
			return err
		}
		for _, w := range workloads {
			idle, has, err := windowOf(w.text)
			if err != nil {
				s.log.Warn("idle window not understood", "object", w.ID, "err", err)
			}
			if has {
				all = append(all, windowed{w.sleeper, idle.holds(st.now)})
			}
		}
		return nil
	})
	return all, err
}
