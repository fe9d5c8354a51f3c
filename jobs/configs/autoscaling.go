package configs

import (
	"context"
	"errors"
	"slices"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// autoscaleInput is where the autoscalers are looked for.
type autoscaleInput struct {
	Namespaces []string `json:"namespaces"`
}

// autoscaleKind pauses or resumes the autoscalers that the cluster has.
type autoscaleKind struct {
	onCluster
	name string
}

func (k autoscaleKind) Name() string { return k.name }

// Policy: half paused autoscaling is paused the rest of the way.
func (k autoscaleKind) Policy() jobs.Policy {
	p := k.onCluster.Policy()
	p.Forward = true
	return p
}

func (k autoscaleKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[autoscaleInput](op)
	if err != nil {
		return err
	}
	for _, namespace := range in.Namespaces {
		if err := k.turn(ctx, k.d.cluster.In(namespace), j); err != nil {
			return err
		}
	}
	return nil
}

// turn pauses or resumes the autoscalers of one namespace.
func (k autoscaleKind) turn(ctx context.Context, within kube.Cluster, j *jobs.Journal) error {
	scalers, err := within.Autoscalers(ctx)
	if err != nil {
		return again(err, within.Namespace()+": ")
	}
	turn := within.PauseAutoscaler
	if k.name == kindResume {
		turn = within.ResumeAutoscaler
	}
	for _, a := range scalers {
		at := within.Namespace() + "/" + a.Name
		err := j.Do("autoscaler/"+at, func() error {
			err := turn(ctx, a.Name)
			if errors.Is(err, kube.ErrNotFound) {
				return nil
			}
			return again(err, at+": ")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish remembers that no idle window may scale anything, or that it may again.
func (k autoscaleKind) Finish(tx *store.Tx, _ *store.Operation) error {
	if k.name == kindResume {
		return store.Settings.Delete(tx, settingPaused)
	}
	return store.Settings.Put(tx, &store.Setting{Name: settingPaused, Value: tx.Now().UTC().Format(time.RFC3339)})
}

// PauseAutoscaling holds all autoscalers where they are. Errors: ErrConflict.
func (s *Service) PauseAutoscaling(ctx context.Context, by Who) (Change, error) {
	return s.autoscaling(ctx, by, kindPause)
}

// ResumeAutoscaling gives them back what they may do. Errors: ErrConflict.
func (s *Service) ResumeAutoscaling(ctx context.Context, by Who) (Change, error) {
	return s.autoscaling(ctx, by, kindResume)
}

func (s *Service) autoscaling(ctx context.Context, by Who, kind string) (Change, error) {
	var out Change
	err := s.alone(ctx, func(ctx context.Context) error {
		namespaces, err := s.spaces(ctx)
		if err != nil {
			return err
		}
		out.Op, err = s.submit(ctx, by, kind, func(_ *store.Tx, op *store.Operation) error {
			return jobs.SetInput(op, autoscaleInput{namespaces})
		})
		return err
	})
	return out, err
}

// The autoscaling controllers, as the API calls them.
const (
	controllerBinary = "binary-autoscaler"  // the cluster's own autoscalers
	controllerIdle   = "scale-down-to-zero" // idle windows
	stateRunning     = "running"
	statePaused      = "paused"
)

// AutoscalingStatus tells of each controller whether it runs.
func (s *Service) AutoscalingStatus(ctx context.Context) (map[string]string, error) {
	since, err := s.setting(ctx, settingPaused)
	if err != nil {
		return nil, err
	}
	out := map[string]string{controllerBinary: stateRunning, controllerIdle: stateRunning}
	if since != "" {
		out[controllerBinary], out[controllerIdle] = statePaused, statePaused
	}
	scalers, err := s.autoscalers(ctx)
	if err != nil {
		return nil, err
	}
	running := slices.ContainsFunc(scalers, func(a kube.Autoscaler) bool { return !a.Paused })
	switch {
	case running:
		out[controllerBinary] = stateRunning
	case len(scalers) > 0:
		out[controllerBinary] = statePaused
	}
	return out, nil
}

// autoscalers are those in the namespaces of the platform.
func (s *Service) autoscalers(ctx context.Context) (all []kube.Autoscaler, err error) {
	namespaces, err := s.spaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, namespace := range namespaces {
		some, err := s.cluster.In(namespace).Autoscalers(ctx)
		if err != nil {
			return nil, outward(err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// Autoscaled are the objects whose replicas an autoscaler decides.
func (s *Service) Autoscaled(ctx context.Context) ([]string, error) {
	scalers, err := s.autoscalers(ctx)
	if err != nil {
		return nil, err
	}
	out := []string{}
	err = s.view(ctx, func(st *state) error {
		for _, a := range scalers {
			out = append(out, a.Target.Name)
			if o := st.objects[a.Target.ID()]; o != nil {
				out[len(out)-1] = st.show(o.rec.ID)
			}
		}
		for _, id := range st.ids() {
			if o := st.objects[id]; o.current != nil && workload(o.rec.Kind) {
				text, err := s.unpack(o.current.Body)
				if err != nil {
					return err
				}
				if _, has, _ := windowOf(text); has {
					out = append(out, st.show(id))
				}
			}
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// autoscaled are the workloads whose replicas an autoscaler decides: one that the cluster has where workloads are, or one among the
// configs, whose targets are given.
func (d *Domain) autoscaled(ctx context.Context, where, targets []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, target := range targets {
		out[target] = true
	}
	for _, namespace := range d.distinct(where) {
		scalers, err := d.cluster.In(namespace).Autoscalers(ctx)
		if errors.Is(err, kube.ErrNotFound) || errors.Is(err, kube.ErrForbidden) || errors.Is(err, kube.ErrNoKind) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, a := range scalers {
			out[a.Target.ID()] = true
		}
	}
	return out, nil
}
