package materialize

import (
	"errors"
	"maps"
)

// containerName stands in a patch for the name of the object's first container.
const containerName = "CONTAINER_NAME"

// Apply merges patches in order into an object in normal form (Document.Text) and returns the normal form of the result. No step changes
// what the object is. Errors are *Error with the object, the patch's version, the line in the patch and the reason.
func Apply(base string, steps []Step) (string, error) {
	if len(steps) == 0 {
		return base, nil
	}
	tree, err := object(base)
	if err != nil {
		return "", err
	}
	o, m := identity(tree)
	if m != nil {
		return "", m.in("", base, 1)
	}
	t := target{Object: o, tree: tree, shape: shapeOf(o)}
	changed := false
	for i := range steps {
		done, err := t.step(&steps[i])
		if err != nil {
			return "", err
		}
		changed = changed || done
	}
	if !changed {
		return base, nil
	}
	return encode(t.tree)
}

// target is the object that patches are merged into.
type target struct {
	Object
	tree  map[string]any
	shape *shape
}

// step applies one patch; false if it is for another kind of object.
func (t *target) step(s *Step) (bool, error) {
	if s.Write != nil {
		return t.written(s)
	}
	c := s.Compiled
	if c == nil {
		var err error
		if c, err = Compile(s.Patch); err != nil {
			var e *Error
			if errors.As(err, &e) {
				e.Object = t.ID()
			}
			return false, err
		}
	}
	done, m := t.apply(c, s)
	if m != nil {
		e := m.in(s.File, s.Body, s.Line)
		e.Object, e.Patch = t.ID(), s.Version
		return false, e
	}
	return done, nil
}

// written applies a patch that is written for the object as it is by now; false if it has nothing to say.
func (t *target) written(s *Step) (bool, error) {
	now, err := encode(t.tree)
	if err != nil {
		return false, err
	}
	body, ok, err := s.Write(now)
	if err != nil || !ok {
		return false, err
	}
	fixed := *s
	fixed.Body, fixed.Format, fixed.Compiled, fixed.Write = body, "", nil, nil
	return t.step(&fixed)
}

func (t *target) apply(c *Compiled, s *Step) (bool, *misfit) {
	kind := s.Kind
	if kind == "" {
		kind = c.kind
	}
	if kind != "" && kind != t.Kind {
		if s.ByLabel {
			return false, nil
		}
		return false, &misfit{path: []string{"kind"}, reason: "is a patch for a " + shorten(kind)}
	}
	if c.apiVersion != "" && c.apiVersion != t.APIVersion && c.kind == "" {
		return false, &misfit{path: []string{"apiVersion"}, reason: "would change apiVersion " + t.APIVersion + " to " + shorten(c.apiVersion)}
	}
	tree, raw, m := t.fill(c)
	if m != nil {
		return false, m
	}
	if c.format() == JSON {
		ops := c.operations
		if c.wild {
			if ops, m = decodeOperations(raw); m != nil {
				return false, m
			}
		}
		t.tree, m = operate(t.tree, ops)
	} else {
		m = t.merge(t.unversioned(nameless(tree, t.Name, s)))
	}
	if m == nil {
		m = t.same()
	}
	return true, m
}

// nameless leaves out a name that is there only to say which label the patch is for.
func nameless(tree map[string]any, name string, s *Step) map[string]any {
	if given := text(tree, "metadata", "name"); !s.ByLabel || given != s.Target || given == name {
		return tree
	}
	tree = clone(tree).(map[string]any)
	delete(tree["metadata"].(map[string]any), "name")
	return tree
}

// unversioned leaves out an apiVersion that, beside a kind, only says what the patch is for: releases change it, and the API's own
// example has another.
func (t *target) unversioned(tree map[string]any) map[string]any {
	if given := text(tree, "apiVersion"); given == "" || given == t.APIVersion {
		return tree
	}
	tree = maps.Clone(tree)
	tree["apiVersion"] = t.APIVersion
	return tree
}

func (t *target) merge(patch map[string]any) *misfit {
	switch patch[directive] {
	case deleteIt:
		return &misfit{path: []string{directive}, reason: "would remove the object"}
	case replaceIt:
		t.tree = map[string]any{}
	}
	return mergeMap(t.tree, patch, t.shape)
}

// same makes sure that the object is still the one that it was.
func (t *target) same() *misfit {
	for _, f := range []struct {
		was  string
		path []string
		name string
	}{
		{t.APIVersion, []string{"apiVersion"}, "apiVersion"},
		{t.Kind, []string{"kind"}, "kind"},
		{t.Name, []string{"metadata", "name"}, "metadata.name"},
	} {
		if text(t.tree, f.path...) != f.was {
			return &misfit{path: f.path, reason: "would change " + f.name + " " + f.was}
		}
	}
	return nil
}

// fill puts the name of the first container into a patch that asks for it.
func (t *target) fill(c *Compiled) (map[string]any, []any, *misfit) {
	if !c.wild {
		return c.tree, c.raw, nil
	}
	names := containerNames(t.tree)
	if len(names) == 0 {
		return nil, nil, &misfit{reason: containerName + " stands in the patch, and the object has no containers", cause: ErrNoContainers}
	}
	if c.format() == JSON {
		return nil, filled(c.raw, names[0]).([]any), nil
	}
	return filled(c.tree, names[0]).(map[string]any), nil, nil
}

// wild says whether a patch asks for the name of the first container.
func wild(v any) bool {
	switch v := v.(type) {
	case string:
		return v == containerName
	case map[string]any:
		for _, e := range v {
			if wild(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if wild(e) {
				return true
			}
		}
	}
	return false
}

func filled(v any, name string) any {
	switch v := v.(type) {
	case string:
		if v == containerName {
			return name
		}
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, e := range v {
			c[key] = filled(e, name)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = filled(e, name)
		}
		return c
	}
	return v
}
