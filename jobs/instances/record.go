package instances

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// States of an instance. The words are stored, and shown.
const (
	stateDeploying = "deploying"
	stateActive    = "active"
	stateFailed    = "failed"
	stateAborted   = "aborted"
	stateDeleting  = "deleting"
)

// pack makes a value short and unreadable.
func (d *Domain) pack(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return jobs.Pack(string(raw), d.seal.Seal)
}

// unpack gives back what pack was given.
func (d *Domain) unpack(body string, v any) error {
	text, err := jobs.Unpack(body, d.seal.Open)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), v)
}

// read is an instance with its configuration as stored. Errors: ErrNotFound.
func (s *Service) read(tx *store.Tx, org int, name string) (store.Instance, Instance, error) {
	var i Instance
	rec, err := store.Instances.Get(tx, store.InstanceID(org, name))
	if errors.Is(err, store.ErrNotFound) {
		return rec, i, fmt.Errorf("%w: instance %s of organization %d", ErrNotFound, name, org)
	}
	if err == nil {
		err = s.unpack(rec.Body, &i)
	}
	return rec, i, err
}

// complete is an instance as it is now: its configuration with today's defaults, and what has become of it.
func (s *Service) complete(rec *store.Instance, i Instance) Instance {
	i = s.config.Load().Complete(i, s.draw)
	i.Revision, i.State, i.Color = rec.Revision, rec.State, wanted(rec, i)
	return i
}

// wanted is the colour that an instance is to have: that of its Services, unless a deploy was to change it that has not ended well.
func wanted(rec *store.Instance, i Instance) string {
	if rec.Color == "" || rec.Serving != nil {
		return i.Color
	}
	return rec.Color
}

// Instances are all instances, by organization and name.
func (s *Service) Instances(ctx context.Context) ([]Listed, error) {
	out := []Listed{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for rec, err := range store.Instances.All(tx) {
			if err != nil {
				return err
			}
			out = append(out, Listed{rec.Name, rec.Org})
		}
		return nil
	})
	return out, err
}

// Instance is the configuration of an instance, merged with the defaults. Errors: ErrNotFound.
func (s *Service) Instance(ctx context.Context, org int, name string) (Instance, error) {
	var out Instance
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rec, i, err := s.read(tx, org, name)
		if err != nil {
			return err
		}
		out = s.complete(&rec, i)
		if rec.Pending == "" {
			return nil
		}
		op, err := store.Operations.Get(tx, rec.Pending)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		out.JobData = &expand.JobData{ID: op.Alias, Kind: strings.TrimPrefix(op.Kind, "instance."), Status: live(op).Status}
		return err
	})
	return out, err
}

// refs are objects as the record keeps them.
func refs(objects []expand.Object) []store.InstanceObject {
	out := make([]store.InstanceObject, len(objects))
	for n, o := range objects {
		out[n] = store.InstanceObject{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Component: o.Component, Color: o.Color}
	}
	return out
}

// same says that two references mean one object.
func same(a, b store.InstanceObject) bool {
	return a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}

// writers are those among objects, which are the same for both colours.
func writers(objects []store.InstanceObject) []store.InstanceObject {
	var out []store.InstanceObject
	for _, o := range objects {
		if o.Component == expand.WriteObjects {
			out = append(out, o)
		}
	}
	return out
}

// union is all of a and what of b is not among it.
func union(a, b []store.InstanceObject) []store.InstanceObject {
	out := slices.Clone(a)
	return append(out, minus(b, a)...)
}

// minus is what of a is not in b.
func minus(a, b []store.InstanceObject) []store.InstanceObject {
	var out []store.InstanceObject
	for _, o := range a {
		if !slices.ContainsFunc(b, func(other store.InstanceObject) bool { return same(o, other) }) {
			out = append(out, o)
		}
	}
	return out
}

// configIn finds the configuration in a ConfigMap.
func configIn(raw []byte, name string) ([]byte, error) {
	var m struct {
		Data map[string]string `json:"data"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if text, ok := m.Data["config.yaml"]; ok || len(m.Data) == 0 {
		return []byte(text), nil
	}
	if len(m.Data) == 1 {
		for _, text := range m.Data {
			return []byte(text), nil
		}
	}
	return nil, fmt.Errorf("%w: ConfigMap %s: it needs the key config.yaml, or only one", ErrInvalid, name)
}
