package configs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
	"yardmaster/store"
)

// Probe is one health check of a part of the yard. Run says what it found; an error is what is wrong.
type Probe struct {
	Component, ID string
	Critical      bool
	Run           func(ctx context.Context) (details string, err error)
}

// The bounds of checks.
const (
	probeTime    = 10 * time.Second
	keptFailures = 20
	fine         = "Check Passed!" // as the API's document has it
)

// Checks are the health checks as they went last, by component and id.
func (s *Service) Checks(ctx context.Context) ([]Check, error) {
	out := []Check{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for c, err := range store.AllChecks(tx) {
			if err != nil {
				return err
			}
			out = append(out, check(c))
		}
		return nil
	})
	return out, err
}

func check(c store.PlatformCheck) Check {
	out := Check{ID: c.ID, Component: c.Component, Status: "unhealthy", Details: c.Details, Tags: []string{"platform-status-dashboard"}, Critical: c.Critical,
		Fails: c.Fails, First: c.First, Last: c.Last, LastSuccess: c.LastSuccess, Runtime: time.Duration(c.RuntimeMS) * time.Millisecond}
	if c.Healthy {
		out.Status = "healthy"
	}
	if c.Critical {
		out.Tags = append(out.Tags, "upgrade")
	}
	for _, f := range c.Failures {
		out.Failures = append(out.Failures, FailedCheck(f))
	}
	return out
}

// look runs all checks and writes down how they went. Checks of objects that are gone are forgotten.
func (s *Service) look(ctx context.Context) error {
	results := s.runProbes(ctx, append(slices.Clone(s.probes), s.clusterProbe()))
	whole := results[len(results)-1].Healthy // what runs on a cluster that does not answer is not known, and not forgotten
	var err error
	if whole {
		var workloads []Probe
		if workloads, err = s.workloadProbes(ctx); err != nil {
			whole = false
		}
		results = append(results, s.runProbes(ctx, workloads)...)
	}
	return errors.Join(err, s.db.Update(ctx, func(tx *store.Tx) error {
		return s.record(tx, results, whole)
	}))
}

// runProbes runs checks side by side: one that hangs until its time is over keeps none waiting.
func (s *Service) runProbes(ctx context.Context, all []Probe) []store.PlatformCheck {
	out := make([]store.PlatformCheck, len(all))
	var group errgroup.Group
	group.SetLimit(s.cfg.Parallel)
	for i, p := range all {
		group.Go(func() error {
			out[i] = s.probe(ctx, p)
			return nil
		})
	}
	_ = group.Wait() // what fails is what was found
	return out
}

// probe runs one check.
func (s *Service) probe(ctx context.Context, p Probe) store.PlatformCheck {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	start := s.db.Now()
	details, err := p.Run(ctx)
	out := store.PlatformCheck{Component: p.Component, ID: p.ID, Critical: p.Critical, Healthy: err == nil, Details: orElse(details, fine),
		Last: start, RuntimeMS: s.db.Now().Sub(start).Milliseconds()}
	if err != nil {
		out.Details = shortened(err.Error())
	}
	return out
}

// shortened bounds what is kept of a check's words.
func shortened(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

func (s *Service) clusterProbe() Probe {
	return Probe{Component: "cluster", ID: "Kubernetes API", Critical: true, Run: func(ctx context.Context) (string, error) {
		version, err := s.cluster.Ping(ctx)
		if err != nil {
			return "", err
		}
		return "Kubernetes " + version, nil
	}}
}

// componentWorkloads is the component of the checks of workloads.
const componentWorkloads = "workloads"

// workloadProbes check each workload that the cluster was given.
func (s *Service) workloadProbes(ctx context.Context) ([]Probe, error) {
	var out []Probe
	err := s.view(ctx, func(st *state) error {
		asleep := st.settings[settingAsleep] != ""
		for _, id := range st.ids() {
			o := st.objects[id]
			if o.golden == nil || !workload(o.rec.Kind) && o.rec.Kind != "DaemonSet" {
				continue
			}
			text, err := s.unpack(o.golden.Body)
			if err != nil {
				return err
			}
			m, err := kube.Parse([]byte(text))
			if err != nil {
				return err
			}
			out = append(out, Probe{Component: componentWorkloads, ID: st.show(id), Run: func(ctx context.Context) (string, error) {
				return s.wellness(ctx, m.Ref, asleep)
			}})
		}
		return nil
	})
	return out, err
}

func (s *Service) wellness(ctx context.Context, ref kube.Ref, asleep bool) (string, error) {
	h, err := s.cluster.Health(ctx, ref)
	switch {
	case err != nil:
		return "", err
	case h.State == kube.Ready && asleep:
		return "Hibernated", nil
	case h.State == kube.Ready:
		return orElse(h.Reason, fine), nil
	}
	return "", errors.New(strings.TrimSpace(fmt.Sprintf("%s: %s", h.State, h.Reason)))
}

// record writes checks down beside how they went before.
// If they are the whole of them, others are forgotten.
func (s *Service) record(tx *store.Tx, results []store.PlatformCheck, whole bool) error {
	current := map[[2]string]bool{}
	for i := range results {
		c := &results[i]
		current[[2]string{c.Component, c.ID}] = true
		was, err := store.GetCheck(tx, c.Component, c.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		c.First, c.LastSuccess, c.Failures = was.First, was.LastSuccess, was.Failures
		if c.First.IsZero() {
			c.First = c.Last
		}
		if c.Healthy {
			c.LastSuccess = c.Last
		} else {
			c.Fails = was.Fails + 1
			c.Failures = slices.Insert(slices.Clone(c.Failures), 0, store.PlatformFault{At: c.Last, Details: c.Details})
			c.Failures = c.Failures[:min(len(c.Failures), keptFailures)]
		}
		if err := store.PutCheck(tx, c); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return forget(tx, current)
}

// forget drops checks of what is not there any more.
func forget(tx *store.Tx, current map[[2]string]bool) error {
	var gone [][2]string
	for c, err := range store.AllChecks(tx) {
		if err != nil {
			return err
		}
		if !current[[2]string{c.Component, c.ID}] {
			gone = append(gone, [2]string{c.Component, c.ID})
		}
	}
	for _, g := range gone {
		if err := store.DropCheck(tx, g[0], g[1]); err != nil {
			return err
		}
	}
	return nil
}

// Ping asks the cluster for its version. Errors: ErrUnavailable.
func (s *Service) Ping(ctx context.Context) (string, error) {
	version, err := s.cluster.Ping(ctx)
	return version, outward(err)
}

// Counts are how many objects there are, how many wait to be pushed, and how many had drifted at the last look.
type Counts struct{ Objects, Pending, Drifted int }

// Counts counts the objects.
func (s *Service) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for o, err := range store.ConfigObjects.All(tx) {
			if err != nil {
				return err
			}
			c.Objects++
			if o.Current != o.Golden {
				c.Pending++
			}
			if !o.Drift.Found.IsZero() {
				c.Drifted++
			}
		}
		return nil
	})
	return c, err
}
