package config

import (
	"fmt"
	"slices"
	"strings"
)

// strangersNamed is how many unknown keys are named before they are only counted.
const strangersNamed = 20

// strangers warns of keys that Heketi never read, and of objects without effect.
func (s *heketiSource) strangers(rows []heketiKey) error {
	known := map[string]bool{}
	for _, k := range rows {
		known[k.path] = true
	}
	unknown, done := 0, ""
	for _, path := range s.inOrder() {
		at := origin{where: fmt.Sprintf("%s:%d", s.file, s.leaves[path].line), key: clip(path)}
		group := slices.IndexFunc(rows, func(k heketiKey) bool { return k.group && k.path == path })
		switch {
		case done != "" && strings.HasPrefix(path, done):
		case group >= 0:
			s.note(at, "no effect: "+rows[group].note)
			done = path + "."
		case known[path]:
		case isObject(path, rows):
			if v := s.leaves[path].value; v != nil && v != (jsonObject{}) {
				return at.refuse(path, "want an object")
			}
		default:
			if unknown++; unknown <= strangersNamed {
				s.note(at, "unknown key, ignored"+meant(path, keysOf(known)))
			}
			done = path + "."
		}
	}
	if unknown > strangersNamed {
		s.warn("%s: %d more unknown keys, ignored", s.file, unknown-strangersNamed)
	}
	return nil
}

// inOrder gives the paths in the order in which the file holds them.
func (s *heketiSource) inOrder() []string {
	paths := keysOf(s.leaves)
	slices.SortStableFunc(paths, func(a, b string) int { return s.leaves[a].line - s.leaves[b].line })
	return paths
}

func isObject(path string, rows []heketiKey) bool {
	return slices.ContainsFunc(rows, func(k heketiKey) bool { return strings.HasPrefix(k.path, path+".") })
}
