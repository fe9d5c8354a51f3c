package materialize_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

func TestDocumentsAreNormalAndKnowTheirLines(t *testing.T) {
	text := "\ufeff# a file\n%YAML 1.1\n---\n# the first\n\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  z: '1'\n  on: \"x\"\n  mode: 010\n" +
		"--- # nothing\n--- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: ns}}\n...\n---\r\n" +
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: s1}\n- apiVersion: v1\n  kind: Service\n  metadata: {name: s2}\n" +
		"---\napiVersion: v1\nkind: PodList\nitems: [{metadata: {name: p}}]\n"
	docs, err := materialize.Documents("f.yml", text, materialize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		got = append(got, fmt.Sprintf("%s %s:%d", d.ID(), d.File, d.Line))
	}
	want := []string{"ConfigMap.a f.yml:6", "Secret.a f.yml:15", "Service.s1 f.yml:21", "Service.s2 f.yml:24", "Pod.p f.yml:30"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("apiVersion: v1\ndata:\n  mode: 8\n  \"true\": x\n  z: \"1\"\nkind: ConfigMap\nmetadata:\n  name: a\n", docs[0].Text); d != "" {
		t.Error(d)
	}
	if docs[1].Namespace != "ns" || docs[4].APIVersion != "v1" {
		t.Errorf("%+v", docs)
	}
}

func TestJSONIsReadToo(t *testing.T) {
	docs, err := materialize.Documents("f.json", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"n":"9007199254740993"},"x":9007199254740993}`, materialize.Options{})
	if err != nil || len(docs) != 1 || !strings.Contains(docs[0].Text, "x: 9007199254740993\n") {
		t.Errorf("%v %v", docs, err)
	}
}

func TestTextMayHoldWhatYAMLMustEscape(t *testing.T) {
	text := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"\u007f\u0085\u2028\ufeff\uffff\u0000<&>"}}`
	docs, err := materialize.Documents("f.json", text, materialize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if again := normal(t, docs[0].Text); again != docs[0].Text || !strings.Contains(again, "<&>") {
		t.Errorf("%q became %q", docs[0].Text, again)
	}
}

func TestFaultsOfAFileAreToldTogetherEachWithItsLine(t *testing.T) {
	text := strings.Join([]string{
		"kind: ConfigMap\nmetadata: {name: a}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Upper",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: a-",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: upload}",
		"- a",
		"a: [",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nmetadata: {name: b}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 7",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a2, namespace: A}",
		"apiVersion: v1\nkind: config map\nmetadata: {name: a3}",
		"apiVersion: v1\nkind: List\nitems:\n- x\n- {apiVersion: v1, kind: Pod}",
	}, "\n---\n")
	_, err := materialize.Documents("f.yml", text, materialize.Options{Reserved: []string{"upload"}})
	want := strings.Join([]string{
		"f.yml, line 1: apiVersion is missing",
		"f.yml, line 7, ConfigMap.Upper: metadata.name Upper must be lower-case letters, digits, - and ., and begin and end with a letter or digit",
		"f.yml, line 12: metadata.generateName is not supported: an object needs a metadata.name to be found by",
		"f.yml, line 16, ConfigMap.upload: metadata.name upload is a word of the API's paths, the object could not be reached",
		"f.yml, line 18: is a list, no object",
		"f.yml, line 20: is no YAML: did not find expected node content",
		"f.yml, line 25: is no YAML: key \"metadata\" already set in map",
		"f.yml, line 30: metadata.name is a number, not text",
		"f.yml, line 36, ConfigMap.a: is given twice, first at line 32",
		"f.yml, line 42, ConfigMap.a2: metadata.namespace A is no name of a namespace",
		"f.yml, line 45, config map.a3: kind config map is no name of a kind",
		"f.yml, line 51: an item of the list is text, no object",
		"f.yml, line 52: metadata.name is missing",
	}, "\n")
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Error(d)
	}
	var e *materialize.Error
	if !errors.As(err, &e) || e.Line != 1 {
		t.Errorf("%+v", e)
	}
}

func TestPlaceholdersAreFilledInOrRefused(t *testing.T) {
	o := materialize.Options{Values: map[string]string{"ib.namespace": "prod", "IMAGE": "reg/x:1", "EVIL": "a\nb: c"}}
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ${ib.namespace}}\ndata:\n  a: {{IMAGE}}\n  b: \"{{ IMAGE }} ${HOME} ${log.level} {{ $labels.pod }} {{instance}}\"\n"
	docs, err := materialize.Documents("f.yml", text, o)
	if err != nil {
		t.Fatal(err)
	}
	if docs[0].Namespace != "prod" || !strings.Contains(docs[0].Text, "a: reg/x:1\n  b: reg/x:1 ${HOME} ${log.level} {{ $labels.pod }} {{instance}}\n") {
		t.Errorf("%s", docs[0].Text)
	}
	_, err = materialize.Documents("f.yml", text+"  c: ${ib.unknown}\n  d: '{{ UNKNOWN }}'\n  e: '{{EVIL}}'\n", o)
	for _, want := range []string{
		"line 7: placeholder ${ib.unknown} has no value", "line 8: placeholder {{ UNKNOWN }} has no value", "line 9: the value of placeholder {{EVIL}} has a line break"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTextsAreBounded(t *testing.T) {
	two := "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: a}}, {apiVersion: v1, kind: Pod, metadata: {name: b}}]\n"
	for what, o := range map[string]materialize.Options{"bytes": {MaxBytes: 10}, "objects": {MaxDocuments: 1}} {
		if _, err := materialize.Documents("f.yml", two, o); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := materialize.Documents("f.yml", strings.Repeat("--- [x]\n", 100), materialize.Options{})
	if n := strings.Count(fmt.Sprint(err), "no object"); n != 20 {
		t.Errorf("%d faults", n)
	}
	if _, err := materialize.Documents("f.yml", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"+
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n", materialize.Options{}); err == nil {
		t.Error("a laughing billion was taken")
	}
}

func TestWhatTakesTooMuchToReadIsNotRead(t *testing.T) {
	const head = "# target: a\napiVersion: v1\nkind: Widget\nmetadata: {name: a}\nspec: "
	for name, body := range map[string]string{
		"a flow list":  "[" + strings.Repeat("{},", 300_000) + "]",
		"a block list": "\n" + strings.Repeat("- \n", 300_000),
		"a block map":  "\n" + strings.Repeat("  a: 1\n", 300_000),
	} {
		for what, read := range map[string]func(string) error{
			"a base config": func(text string) error {
				_, err := materialize.Documents("f.yml", text, materialize.Options{})
				return err
			},
			"a patch": func(text string) error { _, err := materialize.ParsePatches("f.yml", text); return err },
		} {
			if err := read(head + body); err == nil || !strings.Contains(err.Error(), "too many values") {
				t.Errorf("%s, %s: got %.100v", what, name, err)
			}
		}
	}
	deep := head + strings.Repeat("{a: ", 4000) + "x" + strings.Repeat("}", 4000)
	if _, err := materialize.Documents("f.yml", deep, materialize.Options{}); err == nil || !strings.Contains(err.Error(), "bytes, 4194304 are allowed") {
		t.Errorf("got %.100v", err)
	}
	dashboard := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n" + strings.Repeat("    {\"id\": 12, \"at\": \"12:30:00\", \"url\": \"http://x/y-z\"},\n", 20_000)
	if _, err := materialize.Documents("f.yml", dashboard, materialize.Options{}); err != nil {
		t.Errorf("a megabyte of text: %v", err)
	}
}

func TestEveryPatchOfAFileHasItsTarget(t *testing.T) {
	text := "# target: one\n---\nspec: {a: 1}\n---\n\n# why\n# target: two\nkind: Deployment\nspec: {}\n---\n" +
		"kind: ConfigMap\nmetadata: {name: three}\n---\n{comment: c, kind: NetworkPolicy, target: four, patch: []}\n---\n# target: five\n" +
		"{target: ignored, patch: [{op: remove, path: /spec}]}\n---\n"
	patches, err := materialize.ParsePatches("p.yml", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []materialize.Patch{
		{Target: "one", Format: "YAML", Body: "spec: {a: 1}\n", File: "p.yml", Line: 3},
		{Target: "two", Kind: "Deployment", Format: "YAML", Body: "# why\n# target: two\nkind: Deployment\nspec: {}\n", File: "p.yml", Line: 6},
		{Target: "three", Kind: "ConfigMap", Format: "YAML", Body: "kind: ConfigMap\nmetadata: {name: three}\n", File: "p.yml", Line: 11},
		{Target: "four", Kind: "NetworkPolicy", Format: "JSON", Body: "{comment: c, kind: NetworkPolicy, target: four, patch: []}\n", File: "p.yml", Line: 14, Comment: "c"},
		{Target: "five", Format: "JSON", Body: "# target: five\n{target: ignored, patch: [{op: remove, path: /spec}]}\n", File: "p.yml", Line: 16},
	}
	if d := cmp.Diff(want, patches); d != "" {
		t.Error(d)
	}
}

func TestPatchesThatAreNoneAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "holds no patch",
		"# target: one\n":                       "line 1: target one has no patch below it",
		"spec: {}":                              "line 1: has no target",
		"# target: a b\nspec: {}":               "line 1: target a b is no name of an object or label",
		"# target:\nspec: {}":                   "line 1: target  is no name",
		"# target: a\n# target: b\nspec: {}":    "line 2: has two targets, a and b",
		"{target: [], patch: []}":               "line 1: target is a list, not text",
		"# target: a\nspec:\n  $retainKeys: []": "line 3: directive $retainKeys is not supported",
		"# target: a\nspec: [":                  "is no YAML",
		"# target: a\njust text":                "is text, no patch",
	} {
		if _, err := materialize.ParsePatches("p.yml", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
