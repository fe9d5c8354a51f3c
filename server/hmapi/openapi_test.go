package hmapi_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	pathLine   = regexp.MustCompile(`^  (/[^ ]*):$`)
	methodLine = regexp.MustCompile(`^    (get|post|put|delete):$`)
	ownPath    = regexp.MustCompile(`^/(reload|jobs|instance)(/|$)`)
)

func TestEveryRouteIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	told, path := map[string]bool{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		if m := pathLine.FindStringSubmatch(line); m != nil {
			path = m[1]
		} else if m := methodLine.FindStringSubmatch(line); m != nil && ownPath.MatchString(path) {
			told[strings.ToUpper(m[1])+" "+path] = true
		}
	}
	served := map[string]bool{}
	for _, r := range begin(t).api.Dialect().Routes {
		served[r.Method+" "+r.Path] = true
	}
	for _, line := range slices.Sorted(maps.Keys(served)) {
		if !told[line] {
			t.Errorf("%s is served and not in docs/openapi.yaml", line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(told)) {
		if !served[line] {
			t.Errorf("%s is in docs/openapi.yaml and not served", line)
		}
	}
}
