package kube

import (
	"strings"
	"testing"
)

func TestAManifestNamesItsObject(t *testing.T) {
	for _, text := range []string{
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n",
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"}}`,
	} {
		m, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if m.ID() != "Deployment.web" || m.String() != "Deployment web in shop" || m.APIVersion != "apps/v1" || string(m.Text) != text {
			t.Errorf("got %+v", m)
		}
	}
}

func TestWhatIsNoManifestIsRefused(t *testing.T) {
	for _, tt := range []struct{ text, words string }{
		{"", "not an object"},
		{"- a", "not an object"},
		{"a: [", "not YAML"},
		{"apiVersion: v1\nkind: Pod\n", "metadata: missing"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {}\n", "metadata.name: missing"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n", "metadata.name: missing or not a string"},
		{"kind: Pod\nmetadata: {name: a}\n", "apiVersion: missing"},
		{"apiVersion: v1\nmetadata: {name: a}\n", "kind: missing"},
	} {
		if _, err := Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "{}", "a: &a [*a]", "metadata: 1", "\x00", "--- \n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		if err == nil && (m.Kind == "" || m.Name == "" || m.APIVersion == "") {
			t.Errorf("%q is %+v", text, m)
		}
		if err != nil {
			return
		}
		obj, err := decode(m.Text)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		root(m.Kind).secrets(obj, found)
		c := comparison{}
		c.values(root(m.Kind), content(obj), content(obj), nil)
		if len(c.rows) != 0 {
			t.Errorf("it differs from itself: %+v", c.rows)
		}
	})
}

// What others write as managed fields is read without trust.
func FuzzManagedFieldKeys(f *testing.F) {
	for _, seed := range []string{`k:{"name":"a"}`, `v:"a"`, "i:0", "k:", "k:[]", "f:a", "v:{}", ":", `k:{"a":{"b":1}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, v := range []any{nil, "a", int64(0), map[string]any{"name": "a"}, []any{"a"}} {
			names(key, 0, v)
		}
	})
}
