package vmpooler_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"
)

var version = regexp.MustCompile(`^/api/v[123]/`)

func TestEveryRouteIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, r := range start(t, metered(prometheus.NewRegistry())).api.Dialect().Routes {
		path := version.ReplaceAllString(r.Path, "/api/{version}/")
		served[r.Method+" "+path] = true
		operation, ok := d.Paths[path][strings.ToLower(r.Method)].(map[string]any)
		if !ok {
			t.Errorf("%s %s is served and not in docs/openapi.yaml", r.Method, path)
			continue
		}
		for _, field := range []string{"operationId", "summary", "responses", "tags"} {
			if operation[field] == nil {
				t.Errorf("%s %s has no %s", r.Method, path, field)
			}
		}
	}
	for path, methods := range d.Paths {
		for method, operation := range methods {
			fields, _ := operation.(map[string]any)
			tags, _ := fields["tags"].([]any)
			if len(tags) > 0 && tags[0] == "vmpooler" && !served[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s is in docs/openapi.yaml and not served", method, path)
			}
		}
	}
}
