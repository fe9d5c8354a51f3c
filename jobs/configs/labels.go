package configs

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"yardmaster/store"
)

// nameForm is what names in bindings may be, labelForm what labels may: they may have a domain before a slash.
var (
	nameForm  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)
	labelForm = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)
)

const nameRule = "letters, digits and . _ - are allowed, up to 253, with a letter or digit at both ends"

// mostPairs bounds what one call may bind.
const mostPairs = 100_000

// Setup gives every object the label of its kind, and remembers that it did.
func (s *Service) Setup(ctx context.Context) error {
	if err := s.UpdateDefaults(ctx); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		return store.Settings.Put(tx, &store.Setting{Name: settingSetup, Value: "true"})
	})
}

// IsSetup tells whether Setup has been called.
func (s *Service) IsSetup(ctx context.Context) (bool, error) {
	value, err := s.setting(ctx, settingSetup)
	return value != "", err
}

// UpdateDefaults adds the default labels, the kinds, where they are missing.
func (s *Service) UpdateDefaults(ctx context.Context) error {
	_, err := s.change(ctx, Who{}, kindBind, false, func(st *state, e *edit) error {
		for _, id := range st.ids() {
			o := st.objects[id]
			b := store.ConfigBinding{Label: o.rec.Kind, Object: o.rec.Name}
			if !st.bindings[b] {
				st.bind(e, b)
				e.touch(id)
			}
		}
		return nil
	})
	return err
}

// Labels are all labels that are given to something.
func (s *Service) Labels(ctx context.Context) ([]string, error) {
	out := []string{}
	err := s.bindings(ctx, func(b store.ConfigBinding) { out = append(out, b.Label) })
	slices.Sort(out)
	return slices.Compact(out), err
}

func (s *Service) bindings(ctx context.Context, visit func(store.ConfigBinding)) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		for b, err := range store.AllBindings(tx) {
			if err != nil {
				return err
			}
			visit(b)
		}
		return nil
	})
}

// Bind gives each of the labels to each of the objects, and materializes those anew: patches of the labels apply to them now.
// Errors: ErrInvalid, ErrConflict.
func (s *Service) Bind(ctx context.Context, by Who, labels, objects []string, dry bool) (Change, error) {
	switch {
	case len(labels) == 0:
		return Change{}, fmt.Errorf("%w: label: none is given", ErrInvalid)
	case len(objects) == 0:
		return Change{}, fmt.Errorf("%w: object_name: none is given", ErrInvalid)
	case len(labels)*len(objects) > mostPairs:
		return Change{}, fmt.Errorf("%w: label, object_name: %d pairs, %d are allowed", ErrInvalid, len(labels)*len(objects), mostPairs)
	}
	for _, label := range labels {
		if !labelForm.MatchString(label) {
			return Change{}, fmt.Errorf("%w: label %q: %s, or such a name below a domain, as in example.com/name", ErrInvalid, label, nameRule)
		}
	}
	for _, name := range objects {
		if !nameForm.MatchString(name) {
			return Change{}, fmt.Errorf("%w: object_name %q: %s", ErrInvalid, name, nameRule)
		}
	}
	return s.change(ctx, by, kindBind, dry, func(st *state, e *edit) error {
		for _, label := range labels {
			for _, name := range objects {
				st.bind(e, store.ConfigBinding{Label: label, Object: name})
			}
		}
		e.touch(st.called(objects...)...)
		return nil
	})
}

// called are the objects that names in bindings mean: all that are called so.
func (st *state) called(names ...string) []string {
	var out []string
	for _, id := range st.ids() {
		if slices.Contains(names, id) || slices.Contains(names, st.objects[id].rec.Name) {
			out = append(out, id)
		}
	}
	return out
}

// ObjectsOf are the names that a label is given to; with mustExist those that have base configs. An unknown label has none.
func (s *Service) ObjectsOf(ctx context.Context, label string, mustExist bool) ([]string, error) {
	out := []string{}
	err := s.view(ctx, func(st *state) error {
		for b := range st.bindings {
			if b.Label == label && (!mustExist || len(st.called(b.Object)) > 0) {
				out = append(out, b.Object)
			}
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// LabelsOf are the labels of an object; an unknown one has none.
func (s *Service) LabelsOf(ctx context.Context, object string) ([]string, error) {
	out := []string{}
	err := s.view(ctx, func(st *state) error {
		o, err := st.find(object)
		for b := range st.bindings {
			if err != nil && b.Object == object || err == nil && st.labelled(b.Label, o) {
				out = append(out, b.Label)
			}
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// Unbind takes all labels of an object away and materializes it without their patches. An object without labels is no error.
func (s *Service) Unbind(ctx context.Context, by Who, object string) (Change, error) {
	return s.change(ctx, by, kindBind, false, func(st *state, e *edit) error {
		ids := st.called(object)
		for b := range maps.Clone(st.bindings) {
			named := slices.ContainsFunc(ids, func(id string) bool { return b.Object == st.objects[id].rec.Name })
			if b.Object != object && !named && !slices.Contains(ids, b.Object) {
				continue
			}
			for _, id := range st.called(b.Object) { // its namesakes keep what they had by their common name
				if !slices.Contains(ids, id) && st.labelled(b.Label, st.objects[id]) {
					st.bind(e, store.ConfigBinding{Label: b.Label, Object: id})
				}
			}
			delete(st.bindings, b)
			e.write(func(tx *store.Tx, _ *store.Operation) error { return store.DropBinding(tx, b) })
		}
		e.touch(ids...)
		return nil
	})
}
