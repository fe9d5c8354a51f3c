package configs

import (
	"cmp"
	"errors"
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
	highest  int64 // newest patch version
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
	return st, nil
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

func (st *state) labelled(label string, o *object) bool {
	return st.bindings[store.ConfigBinding{Label: label, Object: o.rec.Name}] || st.bindings[store.ConfigBinding{Label: label, Object: o.rec.ID}]
}

// textOf opens a patch.
func (st *state) textOf(p *patch) (string, error) {
	if p.open {
		return p.text, nil
	}
	text, err := st.d.unpack(p.Body)
	if err != nil {
		return "", fmt.Errorf("patch %d: %w", p.Version, err)
	}
	p.text, p.open = text, true
	return text, nil
}

// step is a patch on its way onto an object. It is read once, however many objects it is for.
func (st *state) step(p *patch, byLabel bool) (materialize.Step, error) {
	text, err := st.textOf(p)
	if err != nil {
		return materialize.Step{}, err
	}
	s := materialize.Step{ByLabel: byLabel, Patch: materialize.Patch{Version: p.Version, Target: p.Target, Kind: p.Kind, Format: p.Format, Body: text}}
	if p.form == nil {
		if p.form, err = materialize.Compile(s.Patch); err != nil {
			return s, err
		}
	}
	s.Compiled = p.form
	return s, nil
}

// made is what an object comes to.
type made struct {
	text    string
	release string
	patches []int64 // by version
}

// newestPatch is the version of the newest patch in it, 0 if there is none.
func (m *made) newestPatch() int64 {
	if len(m.patches) == 0 {
		return 0
	}
	return m.patches[len(m.patches)-1]
}

// errNoBase says that nothing is known of an object but its name.
var errNoBase = errors.New("no base config")

// materialize makes an object from base config and patches. Errors: *materialize.Error.
func (st *state) materialize(o *object) (*made, error) {
	base, release, applies, err := st.foundation(o)
	if err != nil {
		return nil, err
	}
	out := &made{release: release}
	if pin := o.rec.Pin; pin != nil && pin.Body != "" {
		out.patches = slices.Clone(pin.Patches)
	}
	var steps []materialize.Step
	for _, p := range st.patches {
		meant, byLabel := st.meant(p.Target, o)
		if !meant || !applies(p) {
			continue
		}
		step, err := st.step(p, byLabel)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
		out.patches = append(out.patches, p.Version)
	}
	out.text, err = materialize.Apply(base, steps)
	return out, err
}

// foundation is what patches of an object go on top of, and which they are.
func (st *state) foundation(o *object) (text, release string, applies func(*patch) bool, err error) {
	live := func(p *patch) bool { return p.Deleted.IsZero() }
	release = newest(slices.Collect(maps.Keys(o.bases)))
	if release == "" {
		return "", "", nil, errNoBase
	}
	pin := o.rec.Pin
	if pin == nil {
		text, err = st.base(o, release)
		return text, release, live, err
	}
	applies = func(p *patch) bool {
		return p.Version > pin.After && live(p) || pin.Body == "" && slices.Contains(pin.Patches, p.Version)
	}
	if pin.Body == "" {
		text, err = st.base(o, pin.Release)
	} else {
		text, err = st.d.unpack(pin.Body)
	}
	return text, pin.Release, applies, err
}

// base is the base config of an object with what only now is known put in.
func (st *state) base(o *object, release string) (string, error) {
	b, ok := o.bases[release]
	if !ok {
		return "", fmt.Errorf("%w: release %q of %s", ErrNotFound, release, o.rec.ID)
	}
	text, err := st.d.unpack(b.Body)
	if err != nil {
		return "", fmt.Errorf("base config %s of %s: %w", release, o.rec.ID, err)
	}
	return st.d.late(text, st.settings)
}

// remake materializes objects anew. What cannot be made refuses the whole change.
func (st *state) remake(ids []string) error {
	var faults []error
	for _, id := range ids {
		o := st.objects[id]
		m, err := st.materialize(o)
		if errors.Is(err, errNoBase) {
			continue
		}
		if err != nil {
			faults = append(faults, st.refusal(id, err))
			continue
		}
		o.made = m
	}
	return errors.Join(faults[:min(len(faults), mostFaults)]...)
}

// mostFaults bounds what one refusal tells.
const mostFaults = 20

// refusal says what of an object cannot be made, in words for the user.
func (st *state) refusal(id string, err error) error {
	var fault *materialize.Error
	if errors.As(err, &fault) {
		return fmt.Errorf("%w: object %s: %w", ErrInvalid, st.show(id), err)
	}
	return fmt.Errorf("object %s: %w", st.show(id), err)
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
