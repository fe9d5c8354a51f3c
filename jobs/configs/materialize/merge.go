package materialize

import "strings"

// Directives of a strategic merge.
const (
	directive = "$patch"

	mergeIt   = "merge"
	replaceIt = "replace"
	deleteIt  = "delete"
)

// mergeMap merges a patch into a map of the object, which it changes. It does not change the patch and shares nothing with it. Null
// removes a field, a map is merged, a list is merged or replaced as its shape says.
func mergeMap(dst, patch map[string]any, s *shape) *misfit {
	var first *misfit
	for key, v := range patch {
		if key == directive {
			continue
		}
		if m := mergeField(dst, key, v, s.field(key)); m != nil {
			// Which of several faults is told must not depend on the order of a Go map.
			if m.path = append([]string{key}, m.path...); first == nil || key < first.path[0] {
				first = m
			}
		}
	}
	return first
}

func mergeField(dst map[string]any, key string, v any, s *shape) *misfit {
	old := dst[key]
	switch v := v.(type) {
	case nil:
		delete(dst, key)
		return nil
	case map[string]any:
		return mergeMapField(dst, key, v, s)
	case []any:
		was, ok := old.([]any)
		if old != nil && !ok {
			return differs(old, v)
		}
		merged, gone, m := mergeList(was, v, s)
		if gone {
			delete(dst, key)
		} else if m == nil {
			dst[key] = merged
		}
		return m
	}
	switch old.(type) {
	case map[string]any, []any:
		return differs(old, v)
	}
	dst[key] = v
	return nil
}

func mergeMapField(dst map[string]any, key string, patch map[string]any, s *shape) *misfit {
	switch patch[directive] {
	case deleteIt:
		delete(dst, key)
		return nil
	case replaceIt:
		delete(dst, key)
	}
	old := dst[key]
	if old == nil {
		fresh, m := graft(patch, s)
		dst[key] = fresh
		return m
	}
	was, ok := old.(map[string]any)
	if !ok {
		return differs(old, patch)
	}
	return mergeMap(was, patch, s)
}

// graft is a patch where the object has nothing.
func graft(patch map[string]any, s *shape) (map[string]any, *misfit) {
	fresh := make(map[string]any, len(patch))
	return fresh, mergeMap(fresh, patch, s)
}

func differs(old, patch any) *misfit {
	return &misfit{reason: "is " + sortOf(old) + " in the object and " + sortOf(patch) + " in the patch"}
}

// directives refuses what a merge here would copy into the object as if it were a field of it.
func directives(v any) *misfit {
	return walk(v, func(key string, v any) string {
		switch {
		case key == "$retainKeys", strings.HasPrefix(key, "$setElementOrder/"), strings.HasPrefix(key, "$deleteFromPrimitiveList/"):
			return "directive " + shorten(key) + " is not supported"
		case key == directive && v != mergeIt && v != replaceIt && v != deleteIt:
			return "directive $patch must be merge, replace or delete"
		}
		return ""
	})
}

// walk asks about every field of a value; the first objection in the order of the keys is the result.
func walk(v any, object func(key string, v any) string) *misfit {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			m := walk(v[key], object)
			if reason := object(key, v[key]); reason != "" {
				m = &misfit{reason: reason}
			}
			if m != nil {
				m.path = append([]string{key}, m.path...)
				return m
			}
		}
	case []any:
		for i, e := range v {
			if m := walk(e, object); m != nil {
				m.path = append([]string{index(i)}, m.path...)
				return m
			}
		}
	}
	return nil
}
