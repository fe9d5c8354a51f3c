package materialize_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

var update = flag.Bool("update", false, "write what comes out as what is wanted")

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", "release", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: %s", file, d)
	}
}

func load(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "release", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func release(t testing.TB) []materialize.Document {
	t.Helper()
	docs, err := materialize.Documents("base.yml", load(t, "base.yml"), materialize.Options{
		Values: map[string]string{"ib.namespace": "platform", "REGISTRY": "reg.example:5000/team"}})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func TestAReleaseIsMaterializedAsItAlwaysWas(t *testing.T) {
	patches, err := materialize.ParsePatches("patches.yml", load(t, "patches.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var base, all []string
	for _, d := range release(t) {
		var steps []materialize.Step
		for _, p := range patches {
			if p.Target == d.Name || p.Target == d.ID() {
				steps = append(steps, materialize.Step{Patch: p})
			}
		}
		got, err := materialize.Apply(d.Text, steps)
		if err != nil {
			t.Fatal(err)
		}
		base, all = append(base, d.Text), append(all, got)
	}
	golden(t, "objects.golden", strings.Join(all, "---\n"))
	golden(t, "diff.golden", materialize.Unified(strings.Join(base, "---\n"), strings.Join(all, "---\n"), "base", "patched"))
}

// writers make patches of objects.
var writers = map[string]func(text string) (string, bool, error){
	"namespace.golden": func(text string) (string, bool, error) {
		return materialize.NamespacePatch(text, materialize.Move{From: "platform", To: "blue"})
	},
	"registry.golden": func(text string) (string, bool, error) { return materialize.RegistryPatch(text, "mirror.example/ib/") },
	"large.golden":    func(text string) (string, bool, error) { return materialize.SizePatch(text, "large") },
	"x-large.golden":  func(text string) (string, bool, error) { return materialize.SizePatch(text, "x-large") },
}

func TestPatchesWrittenForAReleaseStayTheSameAndDoWhatTheySay(t *testing.T) {
	for file, write := range writers {
		t.Run(file, func(t *testing.T) {
			var bodies []string
			for _, d := range release(t) {
				body, ok, err := write(d.Text)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					if body != "" {
						t.Errorf("%s: a body of a patch that is none", d.ID())
					}
					continue
				}
				bodies = append(bodies, body)
				moved := applyBody(t, d, body)
				if file != "large.golden" && file != "x-large.golden" {
					if again, ok, err := write(moved); ok || err != nil {
						t.Errorf("%s: still something to do: %v\n%s", d.ID(), err, again)
					}
				}
			}
			golden(t, file, strings.Join(bodies, "---\n"))
		})
	}
}

// applyBody takes a written patch the way that an uploaded one takes.
func applyBody(t *testing.T, d materialize.Document, body string) string {
	t.Helper()
	patches, err := materialize.ParsePatches("written", body)
	if err != nil || len(patches) != 1 || patches[0].Target != d.ID() {
		t.Fatalf("%v %v", patches, err)
	}
	got, err := materialize.Apply(d.Text, []materialize.Step{{Patch: patches[0]}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAStandardClusterNeedsNoSizePatchAndOthersAreUnknown(t *testing.T) {
	for _, d := range release(t) {
		if body, ok, err := materialize.SizePatch(d.Text, "standard"); ok || err != nil {
			t.Errorf("%s: %v %s", d.ID(), err, body)
		}
		if _, _, err := materialize.SizePatch(d.Text, "huge"); !errors.Is(err, materialize.ErrSize) {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhatClusterScopedKindsAreIsAskedWhereItIsNotBuiltIn(t *testing.T) {
	widget := "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
	move := materialize.Move{To: "blue", ClusterScoped: func(apiVersion, kind string) bool { return apiVersion == "example.com/v1" && kind == "Widget" }}
	if body, ok, err := materialize.NamespacePatch(widget, move); ok || err != nil {
		t.Errorf("cluster-scoped: %v %s", err, body)
	}
	if _, ok, err := materialize.NamespacePatch(widget, materialize.Move{To: "blue"}); !ok || err != nil {
		t.Errorf("namespaced: %v %v", ok, err)
	}
	for _, to := range []string{"", "Blue", "a.b"} {
		if _, _, err := materialize.NamespacePatch(widget, materialize.Move{To: to}); err == nil {
			t.Errorf("%q was taken for a namespace", to)
		}
	}
	for _, to := range []string{"", "/", "a b", "https://x", "a//b"} {
		if _, _, err := materialize.RegistryPatch(widget, to); err == nil {
			t.Errorf("%q was taken for a registry", to)
		}
	}
}

func TestContainersImagesAndReplicas(t *testing.T) {
	all := release(t)
	text := func(id string) string {
		return all[slices.IndexFunc(all, func(d materialize.Document) bool { return d.ID() == id })].Text
	}
	web, cm := text("Deployment.deployment-api-server"), text("ConfigMap.hot-configs")
	if names, err := materialize.Containers(web); err != nil || !slices.Equal(names, []string{"api-server"}) {
		t.Errorf("containers: %v %v", names, err)
	}
	if _, err := materialize.Containers(cm); !errors.Is(err, materialize.ErrNoContainers) {
		t.Errorf("containers of a ConfigMap: %v", err)
	}
	got, err := materialize.SetImage(web, "", "new:2")
	if err != nil || strings.Replace(got, "image: new:2", "image: reg.example:5000/team/api-server:2026.03", 1) != web {
		t.Errorf("image: %v\n%s", err, got)
	}
	if _, err := materialize.SetImage(web, "nobody", "new:2"); !errors.Is(err, materialize.ErrNoContainer) {
		t.Errorf("image of nobody: %v", err)
	}
	if n, has, err := materialize.Replicas(web); n != 2 || !has || err != nil {
		t.Errorf("replicas: %d %v %v", n, has, err)
	}
	none, err := materialize.DropReplicas(web)
	if err != nil {
		t.Fatal(err)
	}
	if n, has, err := materialize.Replicas(none); has || err != nil {
		t.Errorf("dropped replicas: %d %v", n, err)
	}
	if again, err := materialize.SetReplicas(none, 2); err != nil || again != web {
		t.Errorf("set replicas: %v\n%s", err, again)
	}
	if _, err := materialize.SetReplicas(cm, 2); !errors.Is(err, materialize.ErrNoReplicas) {
		t.Errorf("replicas of a ConfigMap: %v", err)
	}
	if o, err := materialize.Identify(web); err != nil || o.ID() != "Deployment.deployment-api-server" || o.Namespace != "platform" {
		t.Errorf("identify: %+v %v", o, err)
	}
}

func TestAWrittenPatchSaysWhereItTakesThings(t *testing.T) {
	for file, of := range map[string]func(string) string{"namespace.golden": materialize.NamespaceOf, "registry.golden": materialize.RegistryOf} {
		for _, d := range release(t) {
			body, ok, err := writers[file](d.Text)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"namespace.golden": "blue", "registry.golden": "mirror.example/ib"}[file]
			if got := of(body); ok && got != want {
				t.Errorf("%s: got %q of\n%s", file, got, body)
			}
		}
		if got := of("# target: web\nspec: {replicas: 2}\n"); got != "" {
			t.Errorf("%s: got %q of a patch of neither", file, got)
		}
	}
}

func TestAPatchIsWrittenForTheObjectAsTheOnesBeforeMakeIt(t *testing.T) {
	base := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n"
	replicas := func(n string) materialize.Step {
		return materialize.Step{Patch: materialize.Patch{Target: "web", Body: "spec:\n  replicas: " + n + "\n"}}
	}
	double := materialize.Step{Patch: materialize.Patch{Target: "web", Version: 7, Body: "what it was"},
		Write: func(text string) (string, bool, error) { return materialize.SizePatch(text, "large") }}
	nothing := materialize.Step{Write: func(string) (string, bool, error) { return "", false, nil }}
	got, err := materialize.Apply(base, []materialize.Step{replicas("3"), double, nothing})
	if err != nil || !strings.Contains(got, "replicas: 6") {
		t.Errorf("got %v\n%s", err, got)
	}
	if got, err = materialize.Apply(base, []materialize.Step{double, replicas("3")}); err != nil || !strings.Contains(got, "replicas: 3") {
		t.Errorf("got %v\n%s", err, got)
	}
	if got, err = materialize.Apply(base, []materialize.Step{nothing}); err != nil || got != base {
		t.Errorf("got %v\n%s", err, got)
	}
}
