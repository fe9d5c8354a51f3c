package configs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// actInput is one pod or job that something is done to.
type actInput struct {
	Name       string   `json:"name"`
	Namespaces []string `json:"namespaces"` // where it is looked for
}

// actKind does one thing to one pod or job of the platform.
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
	where, err := k.find(ctx, in, j)
	if err != nil {
		return again(err, "")
	}
	const step = "done"
	return j.Do(step, func() error {
		within := k.d.cluster.In(where)
		act := map[string]func(context.Context, string) error{kindPod: within.DeletePod, kindIsolate: within.QuarantinePod,
			kindJob: within.DeleteJob}[k.name]
		err := act(ctx, in.Name)
		if errors.Is(err, kube.ErrNotFound) && begun(op) && k.name != kindIsolate {
			return nil // an earlier attempt was not heard to succeed
		}
		return noteRefusal(err, j)
	})
}

// find is the first namespace that has it, and the same at every attempt: a later one may have another that is called so. What is
// nowhere is not found in the first.
func (k actKind) find(ctx context.Context, in actInput, j *jobs.Journal) (string, error) {
	const step = "namespace"
	var where string
	if len(in.Namespaces) == 0 || j.Get(step, &where) {
		return where, nil
	}
	ref := kube.Ref{APIVersion: "v1", Kind: "Pod", Name: in.Name}
	if k.name == kindJob {
		ref.APIVersion, ref.Kind = "batch/v1", "Job"
	}
	where = in.Namespaces[0]
	if len(in.Namespaces) > 1 {
		for _, ref.Namespace = range in.Namespaces {
			_, err := k.d.cluster.Get(ctx, ref)
			if err == nil {
				where = ref.Namespace
				break
			}
			if !errors.Is(err, kube.ErrNotFound) {
				return "", err
			}
		}
	}
	return where, j.Put(step, where)
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

// DeletePod removes a pod of the platform. Errors: ErrInvalid; what the cluster said is in the outcome.
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
	namespaces, err := s.spaces(ctx)
	if err != nil {
		return Change{}, err
	}
	op, err := s.runner.Submit(ctx, func(_ *store.Tx, op *store.Operation) error {
		op.Kind, op.Dialect, op.Owner, op.RequestID = kind, dialect, by.User, by.RequestID
		op.Targets = []store.Ref{{Kind: noun, ID: name}}
		return jobs.SetInput(op, actInput{name, namespaces})
	})
	if errors.Is(err, jobs.ErrBusy) {
		err = fmt.Errorf("%w: %s %q: an operation on it is under way", ErrConflict, noun, name)
	}
	return Change{Op: op, Objects: []string{name}}, err
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
