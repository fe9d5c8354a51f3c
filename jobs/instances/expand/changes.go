package expand

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Changes says in order what another configuration has changed, one line each: "components.metrictank.version: v0.11.0 -> v0.11.1".
// Long texts and the values of variables, which may be secret whatever they are called, are told as changed.
func (c Config) Changes(o Config) []string {
	was, is := map[string]string{}, map[string]string{}
	flatten(was, "", tree(c))
	flatten(is, "", tree(o))
	paths := maps.Clone(was)
	maps.Copy(paths, is)
	var out []string
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		a, before := was[path]
		b, after := is[path]
		switch {
		case a == b && before == after:
		case strings.Contains(path, ".env."), len(a)+len(b) > 200, strings.Contains(a+b, "\n"):
			out = append(out, path+": changed")
		default:
			out = append(out, fmt.Sprintf("%s: %s -> %s", path, orNone(a), orNone(b)))
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// tree is a value as JSON has it.
func tree(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil // a Config has nothing that JSON has not
	}
	return decode(raw)
}

// flatten puts the leaves of a tree under their paths.
func flatten(to map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			flatten(to, under(path, name), v)
		}
	case []any:
		all := make([]string, len(v))
		for i := range v {
			all[i] = fmt.Sprint(v[i])
		}
		to[path] = strings.Join(all, ",")
	case nil:
	default:
		to[path] = fmt.Sprint(v)
	}
}
