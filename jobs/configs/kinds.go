package configs

import (
	"context"
	"errors"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// The kinds of this domain. The names are stored.
const (
	kindPush      = "config.push"
	kindUpload    = "config.upload"
	kindImage     = "config.image"
	kindPatch     = "config.patch"
	kindUnpatch   = "config.unpatch"
	kindNamespace = "config.namespace"
	kindRegistry  = "config.registry"
	kindSize      = "config.size"
	kindBind      = "config.bind"
	kindRollback  = "config.rollback"
	kindSettings  = "config.settings"
	kindHeal      = "config.heal"
	kindPrune     = "config.prune"
	kindHibernate = "config.hibernate"
	kindRevive    = "config.revive"
	kindIdle      = "config.idle"
	kindPause     = "autoscaling.pause"
	kindResume    = "autoscaling.resume"
	kindPod       = "pod.delete"
	kindIsolate   = "pod.quarantine"
	kindJob       = "job.delete"
	kindExport    = "telescope.export"
	kindImport    = "telescope.import"
)

// pushes are the kinds that take materialized configs to the cluster. They differ in what led to it.
var pushes = []string{kindPush, kindUpload, kindImage, kindPatch, kindUnpatch, kindNamespace, kindRegistry, kindSize, kindBind, kindRollback,
	kindSettings, kindHeal}

// Kinds are the operations that any process can run that reaches the cluster.
func (d *Domain) Kinds() []jobs.Kind {
	var out []jobs.Kind
	for _, name := range pushes {
		out = append(out, pushKind{onCluster{d}, name})
	}
	b := onCluster{d}
	return append(out, pruneKind{b}, hibernateKind{b}, reviveKind{b}, idleKind{b}, autoscaleKind{b, kindPause}, autoscaleKind{b, kindResume},
		actKind{b, kindPod}, actKind{b, kindIsolate}, actKind{b, kindJob}, exportKind{b}, importKind{b})
}

// onCluster is what the kinds share.
type onCluster struct{ d *Domain }

// Policy: a cluster that is away is waited for, for a minute and a half beside what its silence takes.
func (onCluster) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 15 * time.Minute, Attempts: 10, Backoff: time.Second, MaxWait: 15 * time.Second}
}
func (onCluster) Finish(*store.Tx, *store.Operation) error                   { return nil }
func (onCluster) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }
func (onCluster) Abandon(*store.Tx, *store.Operation) error                  { return nil }

// Lane: a cluster that hangs holds no more workers than a provider of machines may.
func (onCluster) Lane(store.Operation) string { return "cluster" }

// again sorts what the cluster said by whether another try may mend it. what is the object, for the user.
func again(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kube.ErrUnavailable):
		return jobs.Retry(err)
	case told(err):
		return jobs.Refuse(what + err.Error())
	}
	return err
}

// told says that an error is in words for the user.
func told(err error) bool {
	for _, known := range []error{kube.ErrNotFound, kube.ErrConflict, kube.ErrInvalid, kube.ErrForbidden, kube.ErrNoKind} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
