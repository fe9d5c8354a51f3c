package heketi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type document struct {
	Paths      map[string]map[string]any `yaml:"paths"`
	Components map[string]map[string]any `yaml:"components"`
}

func readDocument(t *testing.T) (document, string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := yaml.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d, string(raw)
}

var pathVariables = regexp.MustCompile(`\{(\w+):[^}]*\}`)

func TestEveryRouteIsDocumented(t *testing.T) {
	d, _ := readDocument(t)
	served := map[string]bool{}
	for _, r := range atRest(t).api.Dialect().Routes {
		path := pathVariables.ReplaceAllString(r.Path, "{$1}")
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
			if tags, _ := fields["tags"].([]any); len(tags) == 0 || tags[0] != "heketi" {
				continue // another dialect's
			}
			if !served[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s is in docs/openapi.yaml and not served", method, path)
			}
		}
	}
}

func TestEveryReferenceInTheDocumentLeadsSomewhere(t *testing.T) {
	d, raw := readDocument(t)
	for _, m := range regexp.MustCompile(`#/components/(\w+)/(\w+)`).FindAllStringSubmatch(raw, -1) {
		if d.Components[m[1]][m[2]] == nil {
			t.Errorf("%s leads nowhere", m[0])
		}
	}
}

func TestOperationIDsAreUnique(t *testing.T) {
	d, _ := readDocument(t)
	seen := map[string]string{}
	for path, methods := range d.Paths {
		for method, operation := range methods {
			fields, ok := operation.(map[string]any)
			if !ok {
				continue
			}
			name, _ := fields["operationId"].(string)
			if other, twice := seen[name]; twice && name != "" {
				t.Errorf("operationId %s: %s and %s %s", name, other, method, path)
			}
			seen[name] = method + " " + path
		}
	}
}
