package materialize

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func seed(f *testing.F, file string) string {
	text, err := os.ReadFile("testdata/release/" + file)
	if err != nil {
		f.Fatal(err)
	}
	return string(text)
}

// FuzzDocuments: what is read is in normal form, and every fault is an Error.
func FuzzDocuments(f *testing.F) {
	f.Add(seed(f, "base.yml"))
	f.Add("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"\\x7f\\u2028\\ufeff\", 1: 1e400, on: .inf, n: 0x1F}\n")
	f.Add("apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- *a\n---\n<<: {a: 1}\n")
	f.Add(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"x":[null,{},[]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := Documents("f.yml", text, Options{Values: map[string]string{"ib.namespace": "ns"}, MaxBytes: 1 << 16})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || docs != nil {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, d := range docs {
			again, err := normal(d.Text)
			if err != nil || again != d.Text {
				t.Fatalf("%v\n%q\n%q", err, d.Text, again)
			}
			if o, err := Identify(d.Text); err != nil || o != d.Object {
				t.Fatalf("%+v is read back as %+v: %v", d.Object, o, err)
			}
		}
	})
}

// FuzzPatches: what is read as a patch compiles, and merged into an object it leaves the same object in normal form.
func FuzzPatches(f *testing.F) {
	f.Add(seed(f, "patches.yml"))
	f.Add("# target: a\npatch:\n- {op: copy, from: /spec, path: /spec/x}\n- {op: move, from: '', path: /a}\n- {op: test, path: /spec, value: null}\n")
	f.Add("# target: a\npatch: [{op: add, path: '', value: {}}, {op: remove, path: /metadata}, {op: add, path: /spec/template/spec/containers/-, value: null}]\n")
	f.Add("# target: a\nmetadata: null\nspec: {$patch: replace, template: {$patch: delete}, containers: [{$patch: merge}]}\n")
	base := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  finalizers:\n  - a/b\n  name: deployment-api-server\nspec:\n  replicas: 1\n  template:\n    spec:\n" +
		"      containers:\n      - env:\n        - name: A\n          value: a\n        name: main\n        ports:\n        - containerPort: 53\n      tolerations:\n      - key: x\n"
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		patches, err := ParsePatches("p.yml", text)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%v", err)
		}
		for _, p := range patches {
			c, err := Compile(p)
			if err != nil {
				t.Fatalf("read, but does not compile: %v\n%s", err, p.Body)
			}
			got, err := Apply(base, []Step{{Patch: p, Compiled: c}, {Patch: p, ByLabel: true}})
			if err != nil {
				if !errors.As(err, &e) || e.Reason == "" {
					t.Fatalf("%v", err)
				}
				continue
			}
			if o, err := Identify(got); err != nil || o.ID() != "Deployment.deployment-api-server" {
				t.Fatalf("%+v %v", o, err)
			}
			if again, err := normal(got); err != nil || again != got {
				t.Fatalf("%v\n%q\n%q", err, got, again)
			}
		}
	})
}

// FuzzMask: no text stops it, and no value of a Secret gets through it.
func FuzzMask(f *testing.F) {
	f.Add(seed(f, "base.yml"), "x")
	f.Add(seed(f, "patches.yml"), "a: b\n---\n")
	f.Add("a: &a [*a]\n", "|\n  x")
	f.Fuzz(func(t *testing.T, text, value string) {
		Mask(text)
		const canary = "cAnArY-123"
		secret, err := yaml.Marshal(map[string]any{"kind": "Secret", "data": map[string]any{"x": value + canary}, "note": value})
		if err != nil {
			return
		}
		if got := Mask(string(secret)); strings.Contains(got, canary) {
			t.Fatalf("%q became %q", secret, got)
		}
	})
}

// FuzzQuantity: what is multiplied by one is the same number.
func FuzzQuantity(f *testing.F) {
	for _, q := range []string{"1", "250m", "1.5Gi", "0.1", "1e3", ".5", "2000m", "1E-3"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		once, ok := multiply(q, 6)
		if !ok || len(q) > 20 {
			return
		}
		twice, ok := multiply(q, 2)
		if !ok {
			t.Fatalf("%q", q)
		}
		if again, ok := multiply(twice, 3); !ok || again != once && !strings.HasSuffix(q, "m") {
			t.Fatalf("%q: %q, %q", q, once, again)
		}
	})
}

func TestQuantitiesKeepTheirUnit(t *testing.T) {
	for q, want := range map[string]string{
		"1": "2", "0.5": "1", "1.25": "2.5", "250m": "500m", "500m": "1", "1.5Gi": "3Gi", "512Mi": "1024Mi", "1e3": "2e3", ".5": "1", "2.": "4", "0": "0",
	} {
		if got, ok := multiply(q, 2); !ok || got != want {
			t.Errorf("%s: got %s %v, want %s", q, got, ok, want)
		}
	}
	for _, q := range []string{"", ".", "x", "1 Gi", "-1", "1GiB"} {
		if got, ok := multiply(q, 2); ok {
			t.Errorf("%q: got %s", q, got)
		}
	}
}
