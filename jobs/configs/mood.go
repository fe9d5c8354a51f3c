package configs

import (
	"context"
	"fmt"
	"slices"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs/materialize"
)

// mood is what of the platform decides about replicas, beside its configs.
type mood struct {
	asleep, paused bool
	scaled         map[string]bool // what an autoscaler decides about
}

// mood is the platform's, but for what autoscalers decide.
func (st *state) mood() mood {
	return mood{asleep: st.settings[settingAsleep] != "", paused: st.settings[settingPaused] != ""}
}

// feelAll is feel of all objects, in their order. Targets are what autoscalers among the configs decide about.
func (d *Domain) feelAll(ctx context.Context, plain []kube.Manifest, as mood, targets []string) ([]kube.Manifest, error) {
	var within []string
	for _, m := range plain {
		if workload(m.Kind) {
			within = append(within, m.Namespace)
		}
	}
	var err error
	if as.scaled, err = d.autoscaled(ctx, within, targets); err != nil {
		return nil, err
	}
	felt := make([]kube.Manifest, len(plain))
	for i, m := range plain {
		if felt[i], err = d.feel(m, as); err != nil {
			return nil, fmt.Errorf("object %s: %w", m.ID(), err)
		}
	}
	return felt, nil
}

// feel is what the cluster is told of an object: with no replicas while the platform or the workload sleeps, and without their number
// where somebody else decides it.
func (d *Domain) feel(m kube.Manifest, as mood) (kube.Manifest, error) {
	if !workload(m.Kind) {
		return m, nil
	}
	text := string(m.Text)
	idle, windowed, err := windowOf(text)
	if err != nil {
		d.log.Warn("idle window not understood", "object", m.ID(), "err", err)
	}
	windowed = windowed && d.cfg.ScaleEvery > 0 // else nobody would wake it
	switch {
	case as.asleep && !d.protects(m.Name):
		text, err = materialize.SetReplicas(text, 0)
	case as.scaled[m.ID()] || windowed && as.paused:
		text, err = materialize.DropReplicas(text)
	case windowed && idle.holds(d.now()):
		text, err = materialize.SetReplicas(text, 0)
	default:
		return m, nil
	}
	if err != nil {
		return m, nil // the cluster says what is wrong with it
	}
	return kube.Parse([]byte(text))
}

// protects says that hibernation leaves a workload alone.
func (d *Domain) protects(name string) bool { return slices.Contains(d.cfg.Protect, name) }

// workload says that hibernation is about objects of a kind.
func workload(kind string) bool { return kind == "Deployment" || kind == "StatefulSet" }
