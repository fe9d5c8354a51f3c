package configs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yardmaster/jobs/configs/materialize"
)

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
	to, err := st.told(p)
	if err != nil {
		return materialize.Step{}, err
	}
	s := materialize.Step{ByLabel: byLabel, Patch: materialize.Patch{Version: p.Version, Target: p.Target, Kind: p.Kind, Format: p.Format, Body: text}}
	if to != "" {
		s.Write = st.d.writer(p.Source, to, nil)
		return s, nil
	}
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
	return st.compose(o, func(*patch) bool { return true })
}

// compose makes an object from its base config and some of its patches. Errors: *materialize.Error.
func (st *state) compose(o *object, some func(*patch) bool) (*made, error) {
	base, release, applies, err := st.foundation(o)
	if err != nil {
		return nil, err
	}
	out := &made{release: release}
	if pin := o.rec.Pin; pin != nil && pin.Body != "" {
		out.patches = slices.Clone(pin.Patches)
	}
	var in []*patch
	for _, p := range st.patches {
		if meant, _ := st.meant(p.Target, o); meant && applies(p) && some(p) {
			in, out.patches = append(in, p), append(out.patches, p.Version)
		}
	}
	slices.SortStableFunc(in, func(a, b *patch) int { return cmp.Compare(a.place(), b.place()) })
	steps := make([]materialize.Step, len(in))
	for i, p := range in {
		_, byLabel := st.meant(p.Target, o)
		if steps[i], err = st.step(p, byLabel); err != nil {
			return nil, err
		}
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
		text, err = st.baseOf(o, release)
		return text, release, live, err
	}
	applies = func(p *patch) bool {
		return p.Version > pin.After && live(p) || pin.Body == "" && slices.Contains(pin.Patches, p.Version)
	}
	if pin.Body == "" {
		text, err = st.baseOf(o, pin.Release)
	} else {
		text, err = st.d.unpack(pin.Body)
	}
	return text, pin.Release, applies, err
}

// baseOf is the base config of an object with what only now is known put in.
func (st *state) baseOf(o *object, release string) (string, error) {
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
