package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/store"
)

// sweep is what a look for drift has found, by object id, and what it need not look at again.
type sweep struct {
	seen map[string]kube.Seen
}

// Codes of why an object was not looked at.
const (
	skipHeld    = 1 // never materialized, or not in a state to be compared
	skipCluster = 2 // the cluster could not say
)

// Inconsistencies compares everything with the cluster, now.
func (s *Service) Inconsistencies(ctx context.Context) (Inconsistencies, error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	out := Inconsistencies{Resources: map[string]Inconsistency{}, Consistent: []string{}, Skipped: map[string]Skip{}, At: s.db.Now()}
	var objects []watched
	var as mood
	err := s.view(ctx, func(st *state) error {
		as = mood{asleep: st.settings[settingAsleep] != "", paused: st.settings[settingPaused] != ""}
		var err error
		objects, err = s.watched(st, &out)
		return err
	})
	if err != nil {
		return out, err
	}
	found, err := s.scan(ctx, objects, as)
	if err != nil {
		return out, outward(err)
	}
	for _, w := range objects {
		s.sort(&out, w, found[w.ref])
	}
	slices.Sort(out.Consistent)
	s.last.keep(found)
	return out, s.noteDrift(ctx, objects, &out)
}

// watched is one object that the cluster was given.
type watched struct {
	id, show, text string
	ref            string // id by which the cluster's answer names it
	since          store.ConfigDrift
	heal           bool
}

// watched are the golden configs; what never was applied is skipped.
func (s *Service) watched(st *state, out *Inconsistencies) ([]watched, error) {
	var all []watched
	for _, id := range st.ids() {
		o := st.objects[id]
		if o.current == nil {
			out.Skipped[st.show(id)] = Skip{skipHeld, "it has no base config"}
			continue
		}
		text, err := s.unpack(o.current.Body)
		if err != nil {
			return nil, err
		}
		all = append(all, watched{id: id, show: st.show(id), text: text, since: o.rec.Drift, heal: s.heals(o)})
	}
	return all, nil
}

// heals says that an object is mended when it drifts.
func (s *Service) heals(o *object) bool {
	return o.rec.SelfHeal || slices.ContainsFunc(s.cfg.SelfHeal, func(name string) bool {
		return name == "*" || name == o.rec.Name || name == o.rec.ID
	})
}

func (s *Service) scan(ctx context.Context, objects []watched, as mood) (map[string]kube.Drift, error) {
	texts := make([]string, len(objects))
	for i := range objects {
		texts[i] = objects[i].text
	}
	var err error
	if as.scaled, err = s.autoscaled(ctx, texts); err != nil {
		return nil, err
	}
	manifests := make([]kube.Manifest, 0, len(objects))
	for i := range objects {
		m, err := s.manifest(objects[i].text, as)
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", objects[i].id, err)
		}
		objects[i].ref = m.ID()
		manifests = append(manifests, m)
	}
	return s.cluster.Scan(ctx, manifests, s.last.seen)
}

// keep remembers what was clean.
func (l *sweep) keep(found map[string]kube.Drift) {
	l.seen = make(map[string]kube.Seen, len(found))
	for id, d := range found {
		if d.Clean() {
			l.seen[id] = d.Seen
		}
	}
}

func (s *Service) sort(out *Inconsistencies, w watched, d kube.Drift) {
	switch {
	case d.Skipped != "":
		out.Skipped[w.show] = Skip{skipCluster, d.Skipped}
	case d.Clean():
		out.Consistent = append(out.Consistent, w.show)
	default:
		i := Inconsistency{Missing: d.Missing, Rows: rows(d.Rows), Foreign: rows(d.Foreign), Found: w.since.Found}
		if d.Missing {
			i.Rows = append(i.Rows, Row{Key: "metadata.name", Expected: w.show})
		}
		if d.Refused != "" {
			i.Rows = append(i.Rows, Row{Key: "(applying it)", Expected: "accepted", Got: d.Refused})
		}
		if i.Found.IsZero() {
			i.Found = out.At
		}
		out.Resources[w.show] = i
	}
}

func rows(in []kube.Row) []Row {
	out := make([]Row, len(in))
	for i, r := range in {
		out[i] = Row(r)
	}
	return out
}

// most fields of a drift that are remembered.
const mostFields = 20

// noteDrift writes down what has drifted since the last look and what has not any more, and tells the yard's events.
func (s *Service) noteDrift(ctx context.Context, objects []watched, out *Inconsistencies) error {
	changed := map[string]store.ConfigDrift{}
	for _, w := range objects {
		i, drifted := out.Resources[w.show]
		_, skipped := out.Skipped[w.show]
		switch {
		case drifted && w.since.Found.IsZero():
			changed[w.id] = store.ConfigDrift{Found: out.At, Fields: fields(i)}
			s.tell(ctx, "config.drift.found", w.show, map[string]any{"fields": fields(i), "managers": managers(i), "missing": i.Missing})
		case !drifted && !skipped && !w.since.Found.IsZero():
			changed[w.id] = store.ConfigDrift{}
			s.tell(ctx, "config.drift.healed", w.show, map[string]any{"found": w.since.Found.UTC().Format(time.RFC3339), "fields": w.since.Fields})
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(changed)) {
			rec, err := store.ConfigObjects.Get(tx, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			rec.Drift = changed[id]
			if err := store.ConfigObjects.Put(tx, &rec); err != nil {
				return err
			}
		}
		return nil
	})
}

func fields(i Inconsistency) []string {
	var out []string
	for _, r := range slices.Concat(i.Rows, i.Foreign) {
		if len(out) < mostFields {
			out = append(out, r.Key)
		}
	}
	return out
}

func managers(i Inconsistency) []string {
	var out []string
	for _, r := range slices.Concat(i.Rows, i.Foreign) {
		if r.Manager != "" && !slices.Contains(out, r.Manager) {
			out = append(out, r.Manager)
		}
	}
	slices.Sort(out)
	return out
}

// tell hands something that happened to the yard's events; that they cannot take it is no reason to stop.
func (s *Service) tell(ctx context.Context, name, subject string, detail map[string]any) {
	s.log.Info("config drift", "event", name, "object", subject)
	if s.note == nil {
		return
	}
	if err := s.note(ctx, name, subject, detail); err != nil {
		s.log.Error("event not recorded", "event", name, "object", subject, "err", err)
	}
}

// SelfHeal says whether an object is mended by itself when it drifts. Errors: ErrNotFound.
func (s *Service) SelfHeal(ctx context.Context, _ Who, ref string, on bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := found(tx, ref)
		if err != nil {
			return err
		}
		rec.SelfHeal = on
		return store.ConfigObjects.Put(tx, &rec)
	})
}

// found is the record of an object that users call so.
func found(tx *store.Tx, ref string) (store.ConfigObject, error) {
	rec, err := store.ConfigObjects.Get(tx, ref)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	all, err := store.ConfigObjectsNamed(tx, ref)
	switch {
	case err != nil:
		return rec, err
	case len(all) == 0:
		return rec, fmt.Errorf("%w: object %q", ErrNotFound, ref)
	case len(all) > 1:
		var ids []string
		for _, o := range all {
			ids = append(ids, o.ID)
		}
		return rec, ambiguous(ref, ids)
	}
	return all[0], nil
}

// sweep looks for drift and mends what is to be mended.
func (s *Service) sweep(ctx context.Context) error {
	found, err := s.Inconsistencies(ctx)
	if err != nil {
		return err
	}
	var heal []string
	err = s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			i, drifted := found.Resources[st.show(id)]
			if drifted && (i.Missing || len(i.Rows) > 0) && s.heals(st.objects[id]) && st.objects[id].golden != nil {
				heal = append(heal, id)
			}
		}
		return nil
	})
	if err != nil || len(heal) == 0 {
		return err
	}
	_, err = s.change(ctx, Who{}, kindHeal, false, func(_ *state, e *edit) error {
		e.force = true
		e.touch(heal...)
		return nil
	})
	return err
}
