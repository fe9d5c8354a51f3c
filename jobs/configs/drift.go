package configs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs/materialize"
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
	out, _, err := s.compare(ctx)
	return out, err
}

// compare compares cluster and records. settled says that nothing was on its way to the cluster meanwhile: only then is a
// difference drift, and noted.
func (s *Service) compare(ctx context.Context) (out Inconsistencies, settled bool, err error) {
	if !acquire(ctx, s.sweeping) {
		return out, false, ctx.Err()
	}
	defer func() { <-s.sweeping }()
	out = Inconsistencies{Resources: map[string]Inconsistency{}, Consistent: []string{}, Foreign: map[string][]Row{}, Skipped: map[string]Skip{}, At: s.db.Now()}
	before, err := s.watch(ctx, &out)
	if err != nil {
		return out, false, err
	}
	found, err := s.scan(ctx, before)
	if err != nil {
		return out, false, outward(err)
	}
	for _, w := range before.objects {
		out.enter(w, found[w.ref])
	}
	slices.Sort(out.Consistent)
	s.last.keep(found)
	after, err := s.watch(ctx, nil)
	if err != nil || before.held || !before.same(after) {
		return out, false, err
	}
	return out, true, s.noteDrift(ctx, before.objects, &out)
}

// watched is one object that the cluster was given.
type watched struct {
	id, show, text string
	number         int64  // of its materialization
	ref            string // id by which the cluster's answer names it
	since          store.ConfigDrift
	ran            bool // a Job that may be gone because it has ended
}

// watch is what the cluster is to be like at one moment.
type watch struct {
	objects []watched
	mood    mood
	scaled  []string // what autoscalers among the configs decide about
	held    bool     // an operation is on its way to the cluster
}

// same says that nothing that decides has changed between two moments.
func (w watch) same(later watch) bool {
	return !later.held && w.mood.asleep == later.mood.asleep && w.mood.paused == later.mood.paused &&
		slices.EqualFunc(w.objects, later.objects, func(a, b watched) bool { return a.id == b.id && a.number == b.number })
}

// watch gathers what is to be compared, and enters what is not into out. Without out no text is opened.
func (s *Service) watch(ctx context.Context, out *Inconsistencies) (w watch, err error) {
	err = s.view(ctx, func(st *state) error {
		w = watch{mood: st.mood()}
		if out != nil {
			if w.scaled, err = st.scaled(); err != nil {
				return err
			}
		}
		if _, w.held, err = holderOf(st.tx); err != nil {
			return err
		}
		for _, id := range st.ids() {
			o := st.objects[id]
			if o.current == nil {
				out.skip(st.show(id), skipHeld, "it has no base config")
				continue
			}
			if w.held && o.rec.Golden != o.rec.Current {
				out.skip(st.show(id), skipHeld, "its newest config is on its way to the cluster")
				continue
			}
			next := watched{id: id, show: st.show(id), number: o.rec.Current, since: o.rec.Drift}
			if out != nil {
				if next.text, err = s.unpack(o.current.Body); err != nil {
					return err
				}
				if next.ran, err = s.ran(o, next.text); err != nil {
					return err
				}
			}
			w.objects = append(w.objects, next)
		}
		return nil
	})
	return w, err
}

func (out *Inconsistencies) skip(show string, code int, reason string) {
	if out != nil {
		out.Skipped[show] = Skip{code, reason}
	}
}

func (s *Service) scan(ctx context.Context, w watch) (map[string]kube.Drift, error) {
	objects := w.objects
	plain := make([]kube.Manifest, len(objects))
	for i := range objects {
		var err error
		if plain[i], err = kube.Parse([]byte(objects[i].text)); err != nil {
			return nil, fmt.Errorf("object %s: %w", objects[i].id, err)
		}
		objects[i].ref = plain[i].ID()
	}
	felt, err := s.feelAll(ctx, plain, w.mood, w.scaled)
	if err != nil {
		return nil, err
	}
	return s.cluster.Scan(ctx, felt, s.last.seen)
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

// enter takes up what the cluster said of one object.
func (out *Inconsistencies) enter(w watched, d kube.Drift) {
	switch {
	case d.Skipped != "":
		out.skip(w.show, skipCluster, materialize.Conceal(w.text, d.Skipped))
	case d.Clean(), d.Missing && w.ran:
		out.Consistent = append(out.Consistent, w.show)
	case !d.Missing && len(d.Rows) == 0 && d.Refused == "":
		out.Consistent = append(out.Consistent, w.show)
		_, out.Foreign[w.show] = shownRows(w.text, d)
	default:
		i := Inconsistency{Missing: d.Missing, Found: w.since.Found}
		i.Rows, i.Foreign = shownRows(w.text, d)
		if d.Missing {
			i.Rows = append(i.Rows, Row{Key: "metadata.name", Expected: w.show})
		}
		if d.Refused != "" {
			i.Rows = append(i.Rows, Row{Key: "(applying it)", Expected: "accepted", Got: materialize.Conceal(w.text, d.Refused)})
		}
		if i.Found.IsZero() {
			i.Found = out.At
		}
		out.Resources[w.show] = i
	}
}

// shownRows are the rows of a drift as anybody may see them. The cluster's client, which knows kinds alone, masks less than configs need.
func shownRows(text string, d kube.Drift) (rows, foreign []Row) {
	all := slices.Concat(d.Rows, d.Foreign)
	fields := make([]materialize.Field, len(all))
	for i, r := range all {
		fields[i] = materialize.Field{Path: r.Key, Expected: r.Expected, Live: r.Got}
	}
	out := make([]Row, len(all))
	for i, f := range materialize.MaskFields(text, fields) {
		out[i] = Row{Key: f.Path, Expected: f.Expected, Got: f.Live, Manager: all[i].Manager, At: all[i].At}
	}
	return out[:len(d.Rows):len(d.Rows)], out[len(d.Rows):]
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
