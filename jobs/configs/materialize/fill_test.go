package materialize_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

// awkward are values that YAML would read as something else, or not at all.
var awkward = []string{"tiger #42", "90210", "0x1F", "1e3", "@home", "it's: x", `"q`, `q"`, "- x", "{a", "*x", "!x", "%x", "true", "null", "~", "", " x ", "a: b", "|", ">", "${ib.b}", `\n`, "2026-11-22", "on"}

func TestAFilledInTextStaysText(t *testing.T) {
	for _, value := range awkward {
		text := stored(t, "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata:\n  a: '${ib.a}'\n  b: 'x=${ib.a};${ib.a}'\n  c: |\n    y: ${ib.a}\n  d: $HOME {{ value }}\n")
		got, err := materialize.Fill(text, map[string]any{"ib.a": value})
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		want := encoded(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c"},
			"data": map[string]any{"a": value, "b": "x=" + value + ";" + value, "c": "y: " + value + "\n", "d": "$HOME {{ value }}"}})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", value, d)
		}
		if stored(t, got) != got {
			t.Errorf("%q: no normal form: %s", value, got)
		}
	}
}

func TestATruthIsOneWhereItsPlaceDoesNotWantText(t *testing.T) {
	fill := func(text string) string {
		got, err := materialize.Fill(stored(t, text), map[string]any{"ib.on": true, "ib.word": "true"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for place, text := range map[string]string{
		"data":        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: '${ib.on}'}\n",
		"stringData":  "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData: {x: '${ib.on}'}\n",
		"annotations": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: c, annotations: {x: '${ib.on}'}}\n",
		"a variable":  "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec: {containers: [{name: a, env: [{name: A, value: '${ib.on}'}]}]}\n",
		"an argument": "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec: {containers: [{name: a, args: ['${ib.on}']}]}\n",
		"words":       "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: c}\nspec: {x: 'a ${ib.on}'}\n",
		"a text":      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: c}\nspec: {x: '${ib.word}'}\n",
	} {
		if got := fill(text); !strings.Contains(got, `"true"`) && !strings.Contains(got, "a true") {
			t.Errorf("%s: got\n%s", place, got)
		}
	}
	for place, text := range map[string]string{
		"a field of a known kind": "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {suspend: '${ib.on}'}\n",
		"one of another kind":     "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: c}\nspec: {x: ['${ib.on}']}\n",
	} {
		if got := fill(text); strings.Contains(got, `"true"`) || !strings.Contains(got, "true") {
			t.Errorf("%s: got\n%s", place, got)
		}
	}
}

func TestNamesAreFilledIn(t *testing.T) {
	text := stored(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: '${ib.a}'}\ndata: {'${ib.a}': x, '${ib.b}': x}\n")
	got, err := materialize.Fill(text, map[string]any{"ib.a": "90210", "ib.b": "b"})
	if err != nil || got != strings.NewReplacer("${ib.a}", `"90210"`, "${ib.b}", "b").Replace(text) {
		t.Errorf("got %v\n%s", err, got)
	}
}

func TestWhatCannotBeFilledInIsToldWithoutTheValue(t *testing.T) {
	for name, c := range map[string]struct{ text, value, want string }{
		"a namespace": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: '${ib.a}'}\n", "not " + canary, "metadata.namespace"},
		"two names":   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {'${ib.a}': x, '${ib.b}': x}\n", canary, "two names"},
		"no value":    {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: '${ib.a} ${ib.none}'}\n", canary, "${ib.none} has no value"},
	} {
		_, err := materialize.Fill(stored(t, c.text), map[string]any{"ib.a": c.value, "ib.b": c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return stored(t, string(raw))
}

// stored is a text as an upload keeps it: placeholders stay in.
func stored(t *testing.T, text string) string {
	t.Helper()
	values := map[string]string{}
	for _, name := range []string{"a", "b", "on", "word", "none"} {
		values["ib."+name] = "${ib." + name + "}"
	}
	docs, err := materialize.Documents("test.yml", text, materialize.Options{Values: values})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	return docs[0].Text
}
