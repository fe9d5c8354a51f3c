package configs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// state is all that decides what objects come to, as one transaction saw it, and then as a change makes it.
type state struct {
	d        *Domain
	tx       *store.Tx // nil once its view has ended
	now      time.Time
	objects  map[string]*object
	named    map[string]int // how many objects have a name
	patches  []*patch       // by version, deleted ones included
	bindings map[store.ConfigBinding]bool
	settings map[string]string
	rewrites map[string]*inForce // by source
	highest  int64               // newest patch version
}

// object is one object with what is known of it.
type object struct {
	rec     store.ConfigObject
	bases   map[string]store.BaseConfig // by release
	current *store.MaterializedConfig   // nil: none yet
	golden  *store.MaterializedConfig   // what the cluster was last given; nil: nothing
	made    *made                       // what a change makes of it; nil: nothing new
}

// patch is one patch; its text is opened when it is needed.
type patch struct {
	store.ConfigPatch
	text string
	open bool
	form *materialize.Compiled // nil until it is needed
}

// read gathers the state.
func (d *Domain) read(tx *store.Tx) (*state, error) {
	st := &state{d: d, now: tx.Now(), objects: map[string]*object{}, named: map[string]int{}, bindings: map[store.ConfigBinding]bool{}}
	for rec, err := range store.ConfigObjects.All(tx) {
		if err != nil {
			return nil, err
		}
		st.objects[rec.ID] = &object{rec: rec, bases: map[string]store.BaseConfig{}}
		st.named[rec.Name]++
	}
	for b, err := range store.AllBaseConfigs(tx) {
		if err != nil {
			return nil, err
		}
		if o := st.objects[b.Object]; o != nil {
			o.bases[b.Release] = b
		}
	}
	for p, err := range store.AllPatches(tx) {
		if err != nil {
			return nil, err
		}
		st.patches = append(st.patches, &patch{ConfigPatch: p})
		st.highest = max(st.highest, p.Version)
	}
	for b, err := range store.AllBindings(tx) {
		if err != nil {
			return nil, err
		}
		st.bindings[b] = true
	}
	for _, o := range st.objects {
		if o.rec.Current == 0 {
			continue
		}
		m, err := store.GetMaterialized(tx, o.rec.ID, o.rec.Current)
		if err != nil {
			return nil, fmt.Errorf("materialization %d of %s: %w", o.rec.Current, o.rec.ID, err)
		}
		o.current, o.golden = &m, &m
		if o.rec.Golden == o.rec.Current {
			continue
		}
		o.golden = nil
		if o.rec.Golden != 0 {
			g, err := store.GetMaterialized(tx, o.rec.ID, o.rec.Golden)
			if err != nil {
				return nil, fmt.Errorf("materialization %d of %s: %w", o.rec.Golden, o.rec.ID, err)
			}
			o.golden = &g
		}
	}
	settings, err := d.readSettings(tx)
	if err != nil {
		return nil, err
	}
	st.settings = settings
	return st, st.readRewrites(tx)
}

// ids are all objects, in order.
func (st *state) ids() []string { return slices.Sorted(maps.Keys(st.objects)) }

// show is what users call an object: its name, as long as only one is called so.
func (st *state) show(id string) string {
	o := st.objects[id]
	if o == nil || st.named[o.rec.Name] != 1 {
		return id
	}
	return o.rec.Name
}

// find is the object that users call so. Errors: ErrNotFound, ErrInvalid if several are called so.
func (st *state) find(ref string) (*object, error) {
	if o := st.objects[ref]; o != nil {
		return o, nil
	}
	var found []string
	for _, id := range st.ids() {
		if st.objects[id].rec.Name == ref {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%w: object %q", ErrNotFound, ref)
	case 1:
		return st.objects[found[0]], nil
	}
	return nil, ambiguous(ref, found)
}

func ambiguous(ref string, ids []string) error {
	return fmt.Errorf("%w: object %q: several objects are called so, name one of %s", ErrInvalid, ref, strings.Join(ids, ", "))
}

// meant says whether a target means an object, and if so, whether it does by a label.
func (st *state) meant(target string, o *object) (meant, byLabel bool) {
	switch {
	case target == o.rec.ID:
		return true, false
	case target == o.rec.Name:
		return true, st.named[o.rec.Name] > 1
	case st.labelled(target, o):
		return true, true
	}
	return false, false
}

// labelled says that an object has a label, by its id or by its name. The label of a kind, given by name, is that of the one object
// of that kind among those that are called so.
func (st *state) labelled(label string, o *object) bool {
	if st.bindings[store.ConfigBinding{Label: label, Object: o.rec.ID}] {
		return true
	}
	namesake := st.objects[materialize.Object{Kind: label, Name: o.rec.Name}.ID()]
	return st.bindings[store.ConfigBinding{Label: label, Object: o.rec.Name}] && (namesake == nil || namesake == o)
}

// scaled are the workloads whose replicas the autoscalers among the configs decide.
func (st *state) scaled() ([]string, error) {
	var out []string
	for _, id := range st.ids() {
		o := st.objects[id]
		if o.rec.Kind != "HorizontalPodAutoscaler" || o.current == nil {
			continue
		}
		text, err := st.d.unpack(o.current.Body)
		if err != nil {
			return nil, err
		}
		if target, ok := scaleTarget(text); ok {
			out = append(out, target)
		}
	}
	return out, nil
}

// targeted are the objects that any of these targets means, in order.
func (st *state) targeted(targets ...string) []string {
	var out []string
	for _, id := range st.ids() {
		for _, t := range targets {
			if meant, _ := st.meant(t, st.objects[id]); meant {
				out = append(out, id)
				break
			}
		}
	}
	return out
}

// version is what the next patch is called: the time in milliseconds, or one more than the last.
func (st *state) version() int64 {
	st.highest = max(st.now.UnixMilli(), st.highest+1)
	return st.highest
}

// add takes up a patch that is not stored yet.
func (st *state) add(p store.ConfigPatch, text string) *patch {
	out := &patch{ConfigPatch: p, text: text, open: true}
	st.patches = append(st.patches, out)
	slices.SortFunc(st.patches, func(a, b *patch) int { return cmp.Compare(a.Version, b.Version) })
	return out
}
