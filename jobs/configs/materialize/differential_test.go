package materialize_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	sigs "sigs.k8s.io/yaml"

	"yardmaster/jobs/configs/materialize"
)

// TestMergesAreThoseOfKyaml holds the merge on values against kyaml's on nodes, over everything that the two mean to do alike.
func TestMergesAreThoseOfKyaml(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := write(t, object(t, false))
		patch := write(t, object(t, true))
		got, err := materialize.Apply(base, []materialize.Step{{Patch: materialize.Patch{Body: patch}}})
		if err != nil {
			t.Fatalf("%v\n%s---\n%s", err, base, patch)
		}
		want, err := merge2.MergeStrings(patch, base, true, yaml.MergeOptions{})
		if err != nil {
			t.Fatalf("kyaml: %v\n%s---\n%s", err, base, patch)
		}
		if d := cmp.Diff(readAsKyaml(t, want), read(t, got)); d != "" {
			t.Fatalf("%s\nbase\n%s---\npatch\n%s", d, base, patch)
		}
	})
}

func write(t *rapid.T, v any) string {
	text, err := sigs.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(t *rapid.T, text string) any {
	j, err := sigs.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(j, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// readAsKyaml reads what kyaml has written, which leaves out quotes that other readers need.
func readAsKyaml(t *rapid.T, text string) any {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return read(t, write(t, v))
}

type fields = map[string]any

// object is a Deployment, a Service or a custom resource, or a patch of one.
func object(t *rapid.T, patch bool) fields {
	o := fields{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": fields{"name": "web", "labels": texts(t, patch)}}
	spec := fields{}
	pod := fields{}
	pod["containers"] = elements(t, patch, "name", []any{"main", "side"}, container)
	some(t, pod, "volumes", func() any { return elements(t, patch, "name", []any{"v", "w", "x"}, volume) })
	some(t, pod, "tolerations", func() any { return []any{fields{"key": word(t)}} })
	some(t, pod, "nodeSelector", func() any { return texts(t, patch) })
	some(t, pod, "imagePullSecrets", func() any { return elements(t, patch, "name", []any{"p", "q"}, nothing) })
	spec["template"] = fields{"spec": pod}
	some(t, spec, "replicas", func() any { return rapid.IntRange(0, 9).Draw(t, "n") })
	some(t, spec, "custom", func() any { return elements(t, patch, "name", []any{"c", "d"}, part) })
	o["spec"] = spec
	return o
}

// part is an element of a list without schema: only names are keys in it.
func part(t *rapid.T, patch bool, p fields) {
	some(t, p, "env", func() any { return elements(t, patch, "name", []any{"A", "B", "C"}, variable) })
	some(t, p, "more", func() any { return texts(t, patch) })
}

func container(t *rapid.T, patch bool, c fields) {
	some(t, c, "image", func() any { return word(t) })
	some(t, c, "args", func() any { return []any{word(t), word(t)} })
	some(t, c, "env", func() any { return elements(t, patch, "name", []any{"A", "B", "C", "D"}, variable) })
	some(t, c, "volumeMounts", func() any { return elements(t, patch, "mountPath", []any{"/a", "/b"}, nothing) })
	some(t, c, "resources", func() any { return fields{"limits": texts(t, patch)} })
}

func variable(t *rapid.T, _ bool, v fields) { v["value"] = word(t) }

func volume(t *rapid.T, _ bool, v fields) { v["emptyDir"] = fields{"medium": word(t)} }

func nothing(*rapid.T, bool, fields) {}

// elements are a list with keys; those of a patch may be directives. kyaml drops lists and elements that become empty, so each base
// keeps one, and the custom list is never left without a name.
func elements(t *rapid.T, patch bool, key string, names []any, fill func(*rapid.T, bool, fields)) []any {
	var all []any
	for i, name := range names {
		if i > 0 && !rapid.Bool().Draw(t, fmt.Sprint(key, i)) {
			continue
		}
		e := fields{key: name, "note": "n"}
		switch what := rapid.IntRange(0, 9).Draw(t, "directive"); {
		case patch && i > 0 && what == 0:
			e = fields{key: name, "$patch": "delete"}
		case patch && i > 0 && what == 1:
			e["$patch"] = "replace"
			fallthrough
		default:
			fill(t, patch, e)
		}
		all = append(all, e)
	}
	return all
}

func texts(t *rapid.T, patch bool) fields {
	m := fields{"k0": word(t)}
	for _, key := range []string{"k1", "k2", "k3"} {
		some(t, m, key, func() any {
			if patch && rapid.Bool().Draw(t, "null") {
				return nil
			}
			return word(t)
		})
	}
	return m
}

func some(t *rapid.T, m fields, key string, v func() any) {
	if rapid.Bool().Draw(t, key) {
		m[key] = v()
	}
}

func word(t *rapid.T) string {
	return rapid.SampledFrom([]string{"x", "y z", "1", "true", "on", "a: b", ""}).Draw(t, "word")
}
