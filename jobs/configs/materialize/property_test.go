package materialize_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"

	"yardmaster/jobs/configs/materialize"
)

func TestNoPatchesChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := write(t, object(t, false))
		got, err := materialize.Apply(base, nil)
		if err != nil || got != base {
			t.Fatalf("%v\n%s\n%s", err, base, got)
		}
		empty := materialize.Step{Patch: materialize.Patch{Body: "kind: Deployment\n"}}
		if got, err = materialize.Apply(base, []materialize.Step{empty}); err != nil || got != base {
			t.Fatalf("an empty patch: %v\n%s\n%s", err, base, got)
		}
	})
}

// steps that touch different things of the object in object.
func independent(t *rapid.T) []materialize.Step {
	bodies := []string{
		"spec: {replicas: %d}",
		"metadata: {labels: {k9: 'n%d'}}",
		"spec: {template: {spec: {containers: [{name: main, image: 'web:%d'}]}}}",
		"spec: {template: {spec: {containers: [{name: main, env: [{name: A, value: 'n%d'}]}]}}}",
		"spec: {template: {spec: {containers: [{name: main, env: [{name: B, $patch: delete}], workingDir: '/%d'}]}}}",
		"patch: [{op: add, path: /spec/minReadySeconds, value: %d}]",
		"patch: [{op: add, path: /spec/template/spec/priority, value: %d}]",
	}
	var steps []materialize.Step
	for i, b := range bodies {
		if rapid.Bool().Draw(t, "taken") {
			p := materialize.Patch{Version: int64(i + 1), Target: "web", Body: fmt.Sprintf(b, rapid.IntRange(0, 9).Draw(t, "n"))}
			c, err := materialize.Compile(p)
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, materialize.Step{Patch: p, Compiled: c})
		}
	}
	return steps
}

// small keeps the lists short enough that the order in which two patches append does not show.
func small(t *rapid.T) string {
	return write(t, fields{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": fields{"name": "web", "labels": texts(t, false)},
		"spec": fields{"replicas": 1, "template": fields{"spec": fields{"containers": []any{
			fields{"name": "main", "env": []any{fields{"name": "A", "value": word(t)}, fields{"name": "B", "value": word(t)}}}}}}}})
}

func TestIndependentPatchesCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, steps := small(t), independent(t)
		one, err := materialize.Apply(base, steps)
		if err != nil {
			t.Fatal(err)
		}
		two, err := materialize.Apply(base, rapid.Permutation(steps).Draw(t, "order"))
		if err != nil || one != two {
			t.Fatalf("%v\n%s", err, materialize.Unified(one, two, "one", "two"))
		}
	})
}

func TestStepByStepIsAllAtOnceAndAPatchThatIsGoneNeverWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, steps := small(t), independent(t)
		at := base
		for _, s := range steps {
			var err error
			if at, err = materialize.Apply(at, []materialize.Step{s}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := materialize.Apply(base, steps)
		if err != nil || all != at {
			t.Fatalf("%v\n%s", err, materialize.Unified(at, all, "step by step", "at once"))
		}
		if len(steps) == 0 {
			return
		}
		gone := rapid.IntRange(0, len(steps)-1).Draw(t, "gone")
		without := slices.Delete(slices.Clone(steps), gone, gone+1)
		left, err := materialize.Apply(base, without)
		if err != nil {
			t.Fatal(err)
		}
		back, err := materialize.Apply(left, steps[gone:gone+1])
		if err != nil || back != all {
			t.Fatalf("%v\n%s", err, materialize.Unified(all, back, "before", "taken out and in again"))
		}
	})
}

func TestAPatchLeavesNothingOfItselfInAnother(t *testing.T) {
	body := "spec: {template: {spec: {containers: [{name: new, env: [{name: A, value: a}], args: [x]}]}}}"
	p := materialize.Patch{Body: body}
	c, err := materialize.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	change := yamlStep("spec: {template: {spec: {containers: [{name: new, env: [{name: A, value: b}, {name: C, value: c}], args: [y]}]}}}")
	base := normal(t, deployment)
	first, err := materialize.Apply(base, []materialize.Step{{Patch: p, Compiled: c}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := materialize.Apply(base, []materialize.Step{{Patch: p, Compiled: c}, change}); err != nil {
		t.Fatal(err)
	}
	if again, err := materialize.Apply(base, []materialize.Step{{Patch: p, Compiled: c}}); err != nil || again != first {
		t.Errorf("%v\n%s", err, materialize.Unified(first, again, "first", "again"))
	}
}

func TestManyMayMaterializeAtOnce(t *testing.T) {
	base, steps := benchmarkObject(t, 0), benchmarkSteps(t, 0, 20, true)
	want, err := materialize.Apply(base, steps)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				got, err := materialize.Apply(base, steps)
				if err != nil || got != want {
					t.Errorf("%v\n%s", err, got)
				}
			}
		})
	}
	all.Wait()
}

// benchmarkObject is a Deployment of the size that releases have.
func benchmarkObject(t testing.TB, n int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var env strings.Builder
	for i := range 30 {
		fmt.Fprintf(&env, "        - {name: VAR_%d, value: \"%d\"}\n", i, r.IntN(1e6))
	}
	return normal(t, fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-%d, labels: {app: web-%d}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web-%d}}
  template:
    metadata: {labels: {app: web-%d}}
    spec:
      containers:
      - name: main
        image: reg.example/team/web:%d
        ports: [{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}]
        resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {cpu: 1, memory: 2Gi}}
        volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]
        livenessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 5}
        env:
%s      volumes: [{name: v, emptyDir: {}}, {name: w, configMap: {name: c}}]
`, n, n, n, n, n, env.String()))
}

// benchmarkSteps are patches as people write them, one in ten of them by operations.
func benchmarkSteps(t testing.TB, object, n int, compiled bool) []materialize.Step {
	t.Helper()
	steps := make([]materialize.Step, n)
	for i := range steps {
		body := fmt.Sprintf("kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: CONTAINER_NAME\n        env:\n"+
			"        - {name: VAR_%d, value: \"patched\"}\n        - {name: NEW_%d, value: \"%d\"}\n", i%30, i, object)
		if i%10 == 9 {
			body = fmt.Sprintf(`{"kind": "Deployment", "patch": [{"op": "replace", "path": "/spec/replicas", "value": %d}]}`, i)
		}
		steps[i].Patch = materialize.Patch{Version: int64(i + 1), Target: fmt.Sprintf("web-%d", object), Body: body}
		if compiled {
			c, err := materialize.Compile(steps[i].Patch)
			if err != nil {
				t.Fatal(err)
			}
			steps[i].Compiled = c
		}
	}
	return steps
}

// BenchmarkKyaml3x50 is the same for 3 objects, text by text through kyaml, to hold the other against; it leaves the operations out.
func BenchmarkKyaml3x50(b *testing.B) {
	for b.Loop() {
		for i := range 3 {
			text := benchmarkObject(b, i)
			for n, s := range benchmarkSteps(b, i, 50, false) {
				if n%10 == 9 {
					continue
				}
				var err error
				if text, err = merge2.MergeStrings(strings.ReplaceAll(s.Body, "CONTAINER_NAME", "main"), text, true, yaml.MergeOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

// BenchmarkMaterialize300x50 materializes 300 objects with 50 patches each.
func BenchmarkMaterialize300x50(b *testing.B) {
	for _, compiled := range []bool{true, false} {
		b.Run(map[bool]string{true: "compiled", false: "from text"}[compiled], func(b *testing.B) {
			bases, steps := make([]string, 300), make([][]materialize.Step, 300)
			for i := range bases {
				bases[i], steps[i] = benchmarkObject(b, i), benchmarkSteps(b, i, 50, compiled)
			}
			for b.Loop() {
				for i := range bases {
					if _, err := materialize.Apply(bases[i], steps[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
