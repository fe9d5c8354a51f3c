package configs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// actInput is one pod or job that something is done to.
type actInput struct {
	Name string `json:"name"`
}

// actKind does one thing to one pod or job of the platform's namespace.
type actKind struct {
	onCluster
	name string
}

func (k actKind) Name() string { return k.name }

// Policy: somebody waits for it.
func (actKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: time.Minute, Attempts: 3, Backoff: time.Second, MaxWait: 5 * time.Second, Forward: true}
}

func (k actKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[actInput](op)
	if err != nil {
		return err
	}
	const step = "done"
	return j.Do(step, func() error {
		act := map[string]func(context.Context, string) error{kindPod: k.d.cluster.DeletePod, kindIsolate: k.d.cluster.QuarantinePod,
			kindJob: k.d.cluster.DeleteJob}[k.name]
		err := act(ctx, in.Name)
		if errors.Is(err, kube.ErrNotFound) && begun(op) && k.name != kindIsolate {
			return nil // an earlier attempt was not heard to succeed
		}
		return noteRefusal(err, j)
	})
}

// begun says that an earlier run may have done something. One that was cut off at once may have left nothing but its beginning.
func begun(op store.Operation) bool { return op.Attempt > 1 || !op.Started.IsZero() }

// noteRefusal keeps what sort of refusal it was: callers tell them apart.
func noteRefusal(err error, j *jobs.Journal) error {
	for word, sort := range refusals {
		if errors.Is(err, sort) {
			if noted := j.Put(stepRefused, word); noted != nil {
				return noted
			}
		}
	}
	return again(err, "")
}

const stepRefused = "refused"

var refusals = map[string]error{"not_found": kube.ErrNotFound, "conflict": kube.ErrConflict, "unavailable": kube.ErrUnavailable}

// Abandon says in the operation's error why there was nothing to be done.
func (actKind) Abandon(_ *store.Tx, op *store.Operation) error {
	var word string
	if jobs.Learnt(op, stepRefused, &word) && op.Error != nil {
		e := *op.Error
		e.Code = word
		op.Error = &e
	}
	return nil
}

// podForm is what pods and jobs are called.
var podForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// DeletePod removes a pod of the platform's namespace. Errors: ErrInvalid; what the cluster said is in the outcome.
func (s *Service) DeletePod(ctx context.Context, by Who, pod string) (Change, error) {
	return s.act(ctx, by, kindPod, "pod", pod)
}

// QuarantinePod takes a pod out of its services and leaves it running. Errors: as DeletePod.
func (s *Service) QuarantinePod(ctx context.Context, by Who, pod string) (Change, error) {
	return s.act(ctx, by, kindIsolate, "pod", pod)
}

// DeleteJob removes a job and its pods. Errors: as DeletePod.
func (s *Service) DeleteJob(ctx context.Context, by Who, job string) (Change, error) {
	return s.act(ctx, by, kindJob, "job", job)
}

func (s *Service) act(ctx context.Context, by Who, kind, noun, name string) (Change, error) {
	if !podForm.MatchString(name) {
		return Change{}, fmt.Errorf("%w: %s %q: it is not a valid name", ErrInvalid, noun, name)
	}
	op, err := s.runner.Submit(ctx, func(_ *store.Tx, op *store.Operation) error {
		op.Kind, op.Dialect, op.Owner, op.RequestID = kind, dialect, by.User, by.RequestID
		op.Targets = []store.Ref{{Kind: noun, ID: name}}
		return jobs.SetInput(op, actInput{name})
	})
	if errors.Is(err, jobs.ErrBusy) {
		err = fmt.Errorf("%w: %s %q: an operation on it is under way", ErrConflict, noun, name)
	}
	return Change{Op: op, Objects: []string{name}}, err
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
	scalers, err := k.d.cluster.Autoscalers(ctx)
	if err != nil {
		return again(err, "")
	}
	turn := k.d.cluster.PauseAutoscaler
	if k.name == kindResume {
		turn = k.d.cluster.ResumeAutoscaler
	}
	for _, a := range scalers {
		err := j.Do("autoscaler/"+a.Name, func() error {
			err := turn(ctx, a.Name)
			if errors.Is(err, kube.ErrNotFound) {
				return nil
			}
			return again(err, a.Name+": ")
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
		var err error
		out.Op, err = s.submit(ctx, by, kind, func(*store.Tx, *store.Operation) error { return nil })
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
	scalers, err := s.cluster.Autoscalers(ctx)
	if err != nil {
		return nil, outward(err)
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

// Autoscaled are the objects whose replicas an autoscaler decides.
func (s *Service) Autoscaled(ctx context.Context) ([]string, error) {
	scalers, err := s.cluster.Autoscalers(ctx)
	if err != nil {
		return nil, outward(err)
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

// outward turns what the cluster said into this domain's own errors.
func outward(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kube.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, kube.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, kube.ErrConflict):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case told(err):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return err
}

// autoscaled are the workloads whose replicas an autoscaler decides: one that the cluster has, or one among the configs, whose
// targets are given.
func (d *Domain) autoscaled(ctx context.Context, targets []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, target := range targets {
		out[target] = true
	}
	scalers, err := d.cluster.Autoscalers(ctx)
	if err != nil {
		if errors.Is(err, kube.ErrNotFound) || errors.Is(err, kube.ErrForbidden) || errors.Is(err, kube.ErrNoKind) {
			return out, nil
		}
		return nil, err
	}
	for _, a := range scalers {
		out[a.Target.ID()] = true
	}
	return out, nil
}
