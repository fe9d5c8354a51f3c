package instances

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/store"
)

// ConfigMapSource reads the configuration from a ConfigMap of the instances' namespace: from its only key, or from "config.yaml".
// One that was never there is an empty one. One that has gone was hardly meant to: with the defaults in its place the next deploy would give
// an instance other sizes, so that is ErrInvalid, and what was read last stays in force. That it was there outlives the process.
func ConfigMapSource(db *store.DB, cluster kube.Cluster, name string) func(ctx context.Context) ([]byte, error) {
	m := configMap{db: db, cluster: cluster, name: name}
	return m.read
}

type configMap struct {
	db      *store.DB
	cluster kube.Cluster
	name    string
	was     atomic.Bool // there, and that is on disk
}

func (m *configMap) read(ctx context.Context) ([]byte, error) {
	raw, err := m.cluster.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: m.name})
	switch {
	case errors.Is(err, kube.ErrNotFound):
		return nil, m.gone(ctx)
	case err != nil:
		return nil, err
	}
	if !m.was.Load() {
		if err := m.note(ctx); err != nil {
			return nil, err
		}
		m.was.Store(true)
	}
	return configIn(raw, m.name)
}

// setting remembers that the ConfigMap was there.
func (m *configMap) setting() string {
	return "instances configuration " + m.cluster.Namespace() + "/" + m.name
}

func (m *configMap) note(ctx context.Context) error {
	return m.db.Update(ctx, func(tx *store.Tx) error {
		return store.Settings.Put(tx, &store.Setting{Name: m.setting(), Value: "read since " + tx.Now().UTC().Format(time.RFC3339)})
	})
}

// gone is nil if the ConfigMap was never there.
func (m *configMap) gone(ctx context.Context) error {
	err := m.db.View(ctx, func(tx *store.Tx) error {
		_, err := store.Settings.Get(tx, m.setting())
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: ConfigMap %s is gone; nothing is taken from the defaults in its place: make it again, an empty one stands for them", ErrInvalid, m.name)
}
