package materialize

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mergeList merges the list of a patch into that of the object. gone says that the patch removes the list.
func mergeList(old, patch []any, s *shape) (merged []any, gone bool, m *misfit) {
	patch, what := listDirective(patch)
	switch what {
	case deleteIt:
		return nil, true, nil
	case replaceIt:
		old = nil
	}
	keys, merge, m := listKeys(old, patch, s)
	switch {
	case m != nil:
	case !merge:
		merged, m = replaceList(patch)
	case len(keys) == 0:
		merged = mergeSet(old, patch)
	default:
		merged, m = mergeByKeys(old, patch, keys, s.element())
	}
	return merged, false, m
}

// listDirective takes the element that speaks of the list as a whole out of a patch's list.
func listDirective(patch []any) (rest []any, what any) {
	for i, e := range patch {
		if e, ok := e.(map[string]any); ok && len(e) == 1 && e[directive] != nil {
			return slices.Delete(slices.Clone(patch), i, i+1), e[directive]
		}
	}
	return patch, nil
}

// listKeys are the fields by which a list is merged. Without a schema that is the name, if all have one.
func listKeys(old, patch []any, s *shape) (keys []string, merge bool, m *misfit) {
	if s != nil {
		return s.keys, s.merged, nil
	}
	was, is := named(old), named(patch)
	switch {
	case !was && !is:
		return nil, false, nil
	case len(old) > 0 && !was || len(patch) > 0 && !is:
		return nil, false, &misfit{reason: "some elements of the list have a name and some have not; what is meant is not clear"}
	}
	return []string{"name"}, true, nil
}

func named(all []any) bool {
	for _, e := range all {
		if key, _ := at(e, "name").(string); key == "" {
			return false
		}
	}
	return len(all) > 0
}

// replaceList is for lists that have no keys: the patch's list is the list.
func replaceList(patch []any) ([]any, *misfit) {
	m := walk(patch, func(key string, _ any) string {
		if key == directive {
			return "the list is replaced as a whole, $patch cannot choose an element of it"
		}
		return ""
	})
	return clone(patch).([]any), m
}

// mergeSet adds the scalars that are not there yet.
func mergeSet(old, patch []any) []any {
	if old == nil {
		old = []any{}
	}
	for _, e := range patch {
		if !slices.ContainsFunc(old, func(o any) bool { return scalar(o) == scalar(e) }) {
			old = append(old, clone(e))
		}
	}
	return old
}

// mergeByKeys merges each element of a patch into the one that has its keys, or appends it.
func mergeByKeys(old, patch []any, keys []string, s *shape) ([]any, *misfit) {
	if old == nil {
		old = []any{}
	}
	for i, e := range patch {
		var m *misfit
		if old, m = mergeElement(old, e, keys, s); m != nil {
			m.path = append([]string{index(i)}, m.path...)
			return nil, m
		}
	}
	return old, nil
}

func mergeElement(old []any, e any, keys []string, s *shape) ([]any, *misfit) {
	patch, ok := e.(map[string]any)
	if !ok {
		return nil, &misfit{reason: "is " + sortOf(e) + " in a list that is merged by " + keys[0]}
	}
	i, m := find(old, patch, keys)
	switch {
	case m != nil:
		return nil, m
	case patch[directive] == deleteIt && i >= 0:
		return slices.Delete(old, i, i+1), nil
	case patch[directive] == deleteIt:
		return old, nil
	case patch[directive] == replaceIt && i >= 0:
		old[i], m = graft(patch, s)
	case i >= 0:
		m = mergeMap(old[i].(map[string]any), patch, s)
	default:
		var fresh map[string]any
		fresh, m = graft(patch, s)
		old = append(old, fresh)
	}
	return old, m
}

// find is the index of the element that a patch's element means, -1 if there is none yet. A further key that the patch leaves out
// fits anything; where that is several, TCP is meant, as it is wherever a protocol is left out.
func find(old []any, patch map[string]any, keys []string) (int, *misfit) {
	if scalar(patch[keys[0]]) == "" {
		return 0, &misfit{reason: "has no " + keys[0] + ", by which the list is merged"}
	}
	found := fitting(old, patch, keys)
	if len(found) > 1 && slices.Contains(keys, "protocol") && patch["protocol"] == nil {
		tcp := maps.Clone(patch)
		tcp["protocol"] = "TCP"
		found = fitting(old, tcp, keys)
	}
	switch len(found) {
	case 0:
		return -1, nil
	case 1:
		return found[0], nil
	}
	if further := keys[len(keys)-1]; patch[further] == nil {
		return 0, &misfit{reason: fmt.Sprintf("%d elements have %s %s; %s must say which", len(found), keys[0], scalar(patch[keys[0]]), further)}
	}
	return found[0], nil
}

func fitting(old []any, patch map[string]any, keys []string) []int {
	var found []int
	for i, e := range old {
		o, ok := e.(map[string]any)
		if ok && !slices.ContainsFunc(keys, func(key string) bool { return !keyFits(o[key], patch[key], key) }) {
			found = append(found, i)
		}
	}
	return found
}

func keyFits(old, patch any, key string) bool {
	if patch == nil {
		return true
	}
	if old == nil && key == "protocol" {
		old = "TCP"
	}
	return old != nil && scalar(old) == scalar(patch)
}

// scalar is a value as it is compared: a port is the same with and without quotes.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return ""
	}
	j, _ := json.Marshal(v)
	return strings.ToValidUTF8(string(j), "")
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func index(i int) string { return strconv.Itoa(i) }
