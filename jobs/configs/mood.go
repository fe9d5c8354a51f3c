package configs

import (
	"slices"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs/materialize"
)

// mood is what of the platform decides about replicas, beside its configs.
type mood struct {
	asleep, paused bool
	scaled         map[string]bool // what an autoscaler decides about
}

// manifest is what the cluster is told of an object: with no replicas while the platform or the workload sleeps, and without their
// number where somebody else decides it.
func (d *Domain) manifest(text string, as mood) (kube.Manifest, error) {
	m, err := kube.Parse([]byte(text))
	if err != nil || !workload(m.Kind) {
		return m, err
	}
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
