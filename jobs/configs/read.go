package configs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// BaseConfigs are all base configs, or those of a release or of an object. By object, oldest release first.
func (s *Service) BaseConfigs(ctx context.Context, release, ref string) ([]BaseConfig, error) {
	out := []BaseConfig{}
	err := s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			o := st.objects[id]
			if ref != "" && ref != id && ref != o.rec.Name {
				continue
			}
			for _, name := range releases(o) {
				if release != "" && name != release {
					continue
				}
				b := o.bases[name]
				text, err := s.unpack(b.Body)
				if err != nil {
					return err
				}
				out = append(out, BaseConfig{Object: st.show(id), Kind: o.rec.Kind, Release: name, Previous: b.Previous, Config: text,
					Golden: o.madeFrom(b), Creator: b.Creator, Created: b.Created})
			}
		}
		return nil
	})
	return out, err
}

// madeFrom says that what the cluster was last given is made from a base config as it is now, and not from one of the same release
// that has been replaced.
func (o *object) madeFrom(b store.BaseConfig) bool {
	return o.golden != nil && o.golden.Release == b.Release && (o.golden.Number == o.rec.Current || !b.Created.After(o.golden.Created))
}

// releases are those that hold an object, oldest first.
func releases(o *object) []string {
	return slices.SortedFunc(maps.Keys(o.bases), compareReleases)
}

// BaseVersions are all objects with the releases that hold them.
func (s *Service) BaseVersions(ctx context.Context) ([]Versions, error) {
	out := []Versions{}
	err := s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			out = append(out, Versions{st.show(id), releases(st.objects[id])})
		}
		return nil
	})
	return out, err
}

// VersionsOf are the releases that hold an object. Errors: ErrNotFound.
func (s *Service) VersionsOf(ctx context.Context, ref string) ([]string, error) {
	var out []string
	err := s.view(ctx, func(st *state) error {
		o, err := st.find(ref)
		if err == nil {
			out = releases(o)
		}
		return err
	})
	return out, err
}

// Containers are the names of an object's containers. Errors: ErrNotFound, ErrInvalid for kinds that have none.
func (s *Service) Containers(ctx context.Context, ref string) ([]string, error) {
	var out []string
	err := s.view(ctx, func(st *state) error {
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		if o.current == nil {
			return fmt.Errorf("%w: object %q has no base config", ErrNotFound, ref)
		}
		text, err := s.unpack(o.current.Body)
		if err != nil {
			return err
		}
		if out, err = materialize.Containers(text); err != nil {
			return fmt.Errorf("%w: object %q: %w", ErrInvalid, ref, err)
		}
		return nil
	})
	return out, err
}

// Upgrades are the releases that were uploaded, newest first, and how many there are in all. limit 0 is all of them.
func (s *Service) Upgrades(ctx context.Context, limit, offset int) ([]Upgrade, int, error) {
	if limit < 0 || offset < 0 {
		return nil, 0, fmt.Errorf("%w: limit, offset: they must not be negative", ErrInvalid)
	}
	var all []Upgrade
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for u, err := range store.ConfigUpgrades.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, Upgrade{u.Release, append([]string{}, u.Creators...), u.Created, u.Updated})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Upgrade) int { return compareReleases(b.Release, a.Release) })
	page := all[min(offset, len(all)):]
	if limit > 0 {
		page = page[:min(limit, len(page))]
	}
	return append([]Upgrade{}, page...), len(all), err
}

// ReleaseVersion is the newest of the releases that were uploaded of which the cluster has been given every object; "" if there is none.
// One object with another image is no release of the platform.
func (s *Service) ReleaseVersion(ctx context.Context) (string, error) {
	out := ""
	err := s.view(ctx, func(st *state) error {
		complete := map[string]bool{}
		for _, o := range st.objects {
			for name := range o.bases {
				given := o.golden != nil && compareReleases(o.golden.Release, name) >= 0
				was, seen := complete[name]
				complete[name] = given && (was || !seen)
			}
		}
		var full []string
		for u, err := range store.ConfigUpgrades.All(st.tx) {
			if err != nil {
				return err
			}
			if complete[u.Release] {
				full = append(full, u.Release)
			}
		}
		out = newest(full)
		return nil
	})
	return out, err
}

// Configs are the newest materializations of all objects.
func (s *Service) Configs(ctx context.Context) ([]Config, error) {
	out := []Config{}
	err := s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			o := st.objects[id]
			if o.current == nil {
				continue
			}
			before, err := st.before(o.current)
			if err != nil {
				return err
			}
			c, err := st.config(o, o.current, before)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// before is the materialization before one; nil if there was none or it is not kept. Only within a view.
func (st *state) before(m *store.MaterializedConfig) (*store.MaterializedConfig, error) {
	if m.Previous == 0 {
		return nil, nil
	}
	p, err := store.GetMaterialized(st.tx, m.Object, m.Previous)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &p, err
}

// config is a materialization as users see it.
func (st *state) config(o *object, m, before *store.MaterializedConfig) (Config, error) {
	text, err := st.d.unpack(m.Body)
	if err != nil {
		return Config{}, fmt.Errorf("materialization %d of %s: %w", m.Number, m.Object, err)
	}
	c := Config{Object: st.show(o.rec.ID), Kind: o.rec.Kind, Number: m.Number, Release: m.Release, PatchVersion: m.Patch, Patches: m.Patches,
		Golden: m.Number == o.rec.Golden, Current: m.Number == o.rec.Current, WasGolden: !m.Applied.IsZero(), Config: text, At: m.Created,
		Cause: m.Cause, Creator: m.Creator, Operation: m.Operation}
	if before != nil {
		c.PreviousRelease, c.PreviousVersion = before.Release, before.Patch
	}
	return c, nil
}

// Config is the newest materialization of an object. Errors: ErrNotFound.
func (s *Service) Config(ctx context.Context, ref string) (Config, error) {
	var out Config
	err := s.view(ctx, func(st *state) error {
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		if o.current == nil {
			return fmt.Errorf("%w: object %q has no materialized config", ErrNotFound, ref)
		}
		before, err := st.before(o.current)
		if err != nil {
			return err
		}
		out, err = st.config(o, o.current, before)
		return err
	})
	return out, err
}

// History are the materializations of an object that are kept, newest first. Errors: ErrNotFound.
func (s *Service) History(ctx context.Context, ref string) ([]Config, error) {
	out := []Config{}
	err := s.view(ctx, func(st *state) error {
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		var all []store.MaterializedConfig
		for m, err := range store.MaterializedOf(st.tx, o.rec.ID) {
			if err != nil {
				return err
			}
			all = append(all, m)
		}
		for i := range all {
			var before *store.MaterializedConfig
			if i+1 < len(all) && all[i+1].Number == all[i].Previous {
				before = &all[i+1]
			}
			c, err := st.config(o, &all[i], before)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// Around is an object as the patches before one make it, and as that one does. Errors: ErrNotFound.
func (s *Service) Around(ctx context.Context, ref string, version int64) (before, after string, err error) {
	err = s.view(ctx, func(st *state) error {
		o, err := st.find(ref)
		if err != nil {
			return err
		}
		i, found := slices.BinarySearchFunc(st.patches, version, func(p *patch, v int64) int { return cmp.Compare(p.Version, v) })
		if !found || !st.wanted(st.patches[i]) {
			return fmt.Errorf("%w: patch %d", ErrNotFound, version)
		}
		if meant, _ := st.meant(st.patches[i].Target, o); !meant {
			return fmt.Errorf("%w: patch %d does not target object %q", ErrNotFound, version, ref)
		}
		all := st.patches
		for _, upTo := range []struct {
			n   int
			out *string
		}{{i, &before}, {i + 1, &after}} {
			st.patches = all[:upTo.n]
			m, err := st.materialize(o)
			if err != nil {
				return st.refusal(o.rec.ID, err)
			}
			*upTo.out = m.text
		}
		st.patches = all
		return nil
	})
	return before, after, err
}

// Tables are the lines of what this domain keeps in the store, a table or an index each.
func (s *Service) Tables() []string {
	var out []string
	for _, t := range store.ConfigTables() {
		out = append(out, "CREATE BUCKET "+t.Name)
		for _, index := range t.Indexes {
			out = append(out, strings.Join([]string{"CREATE INDEX", t.Name + "/" + index, "ON", t.Name}, " "))
		}
	}
	return out
}

// Writable is nil if the store takes writes.
func (s *Service) Writable(ctx context.Context) error { return s.db.Writable(ctx) }
