package materialize_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

// normal is the normal form of a text that a test writes as it likes.
func normal(t testing.TB, text string) string {
	t.Helper()
	docs, err := materialize.Documents("test.yml", text, materialize.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(docs) != 1 {
		t.Fatalf("%d documents", len(docs))
	}
	return docs[0].Text
}

func yamlStep(body string) materialize.Step {
	return materialize.Step{Patch: materialize.Patch{Version: 1, Target: "web", Format: materialize.YAML, Body: body}}
}

func jsonStep(body string) materialize.Step {
	return materialize.Step{Patch: materialize.Patch{Version: 1, Target: "web", Format: materialize.JSON, Body: body}}
}

func apply(t testing.TB, base string, steps ...materialize.Step) string {
	t.Helper()
	got, err := materialize.Apply(normal(t, base), steps)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod, finalizers: [a/b]}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: init, image: "reg.example:5000/team/init@sha256:abc"}
      containers:
      - name: main
        image: reg.example/team/web:1
        args: [serve, --verbose]
        env:
        - {name: A, value: a}
        - {name: B, value: b}
        ports:
        - {containerPort: 53, protocol: TCP, name: dns-tcp}
        resources: {requests: {cpu: 250m, memory: 1.5Gi}, limits: {cpu: 1}}
      - {name: side, image: side}
`

func TestPatchesAreMergedStrategically(t *testing.T) {
	crd := "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: web}\nspec: {parts: [{name: a, n: 1}, {name: b, n: 2}], ports: [1, 2], odd: [{x: 1}]}\n"
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: main%s}]}\n"
	in := func(fields string) string { return strings.Replace(pod, "%s", fields, 1) }
	for _, c := range []struct{ name, base, patch, want string }{
		{"a UDP port beside the TCP port of the same number", in(", ports: [{containerPort: 53, protocol: TCP}]"),
			"spec: {containers: [{name: main, ports: [{containerPort: 53, protocol: UDP}]}]}",
			in(", ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]")},
		{"a UDP port beside a port that leaves TCP out", in(", ports: [{containerPort: 53}]"),
			"spec: {containers: [{name: main, ports: [{containerPort: 53, protocol: UDP}]}]}",
			in(", ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]")},
		{"a port without protocol is the TCP one of two", in(", ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]"),
			"spec: {containers: [{name: main, ports: [{containerPort: 53, name: dns}]}]}",
			in(", ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP, name: dns}]")},
		{"a port without protocol is the only one there is", in(", ports: [{containerPort: 53, protocol: UDP}]"),
			"spec: {containers: [{name: main, ports: [{containerPort: 53, name: dns}]}]}",
			in(", ports: [{containerPort: 53, protocol: UDP, name: dns}]")},
		{"elements merge by name, new ones come last", in(", env: [{name: A, value: a}, {name: B, value: b}]"),
			"spec: {containers: [{name: main, env: [{name: C, value: c}, {name: B, value: x}]}]}",
			in(", env: [{name: A, value: a}, {name: B, value: x}, {name: C, value: c}]")},
		{"an element is removed", in(", env: [{name: A, value: a}, {name: B, value: b}]"),
			"spec: {containers: [{name: main, env: [{name: A, $patch: delete}, {name: Z, $patch: delete}]}]}",
			in(", env: [{name: B, value: b}]")},
		{"an element is replaced", in(", image: x, command: [a]"),
			"spec: {containers: [{name: main, image: y, $patch: replace}]}", in(", image: y")},
		{"a list is replaced", in(", env: [{name: A, value: a}, {name: B, value: b}]"),
			"spec: {containers: [{name: main, env: [{$patch: replace}, {name: C, value: c}]}]}", in(", env: [{name: C, value: c}]")},
		{"an apiVersion beside the kind only says what it is for", in(", image: x"),
			"apiVersion: apps/v1\nkind: Pod\nspec: {containers: [{name: main, image: y}]}", in(", image: y")},
		{"a list is removed", in(", env: [{name: A, value: a}]"), "spec: {containers: [{name: main, env: [{$patch: delete}]}]}", in("")},
		{"null removes", in(", image: x"), "spec: {containers: [{name: main, image: null, command: null}]}", in("")},
		{"a map is replaced", in(", resources: {limits: {cpu: 1}}"),
			"spec: {containers: [{name: main, resources: {$patch: replace, requests: {cpu: 2}}}]}", in(", resources: {requests: {cpu: 2}}")},
		{"a map is removed", in(", resources: {limits: {cpu: 1}}"),
			"spec: {containers: [{name: main, resources: {$patch: delete}}]}", in("")},
		{"a list without keys is replaced", in(", args: [a, b]"), "spec: {containers: [{name: main, args: [c]}]}", in(", args: [c]")},
		{"finalizers are a set", "apiVersion: v1\nkind: Pod\nmetadata: {name: web, finalizers: [a/b]}\n", "metadata: {finalizers: [c/d, a/b]}",
			"apiVersion: v1\nkind: Pod\nmetadata: {name: web, finalizers: [a/b, c/d]}\n"},
		{"lists of custom resources merge by name", crd, "spec: {parts: [{name: b, n: 3}, {name: a, $patch: delete}, {name: c}], ports: [3]}",
			"apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: web}\nspec: {parts: [{name: b, n: 3}, {name: c}], ports: [3], odd: [{x: 1}]}\n"},
		{"what is new leaves nulls and directives behind", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
			"data: {$patch: replace, a: b, c: null}", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n"},
		{"kubectl's reading of YAML holds for patches", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
			"data: {y: 'on'}\nimmutable: on", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {\"true\": 'on'}\nimmutable: true\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(normal(t, c.want), apply(t, c.base, yamlStep(c.patch))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOperationsAreCarriedOut(t *testing.T) {
	base := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: {egress: [{}, {ports: [{port: 1}]}]}\n"
	got := apply(t, base, jsonStep(`{"comment": "Open", "kind": "NetworkPolicy", "target": "web", "patch": [
		{"op": "add", "path": "/spec/egress/1/ports/-", "value": {"protocol": "TCP", "port": 9999}},
		{"op": "test", "path": "/spec/egress/1/ports/1/port", "value": 9999},
		{"op": "copy", "from": "/spec/egress/1", "path": "/spec/egress/-"},
		{"op": "replace", "path": "/spec/egress/1/ports/0/port", "value": 2},
		{"op": "move", "from": "/spec/egress/2/ports", "path": "/spec/moved"},
		{"op": "remove", "path": "/spec/egress/0"}]}`))
	want := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n" +
		"spec: {egress: [{ports: [{port: 2}, {protocol: TCP, port: 9999}]}, {}], moved: [{port: 1}, {protocol: TCP, port: 9999}]}\n"
	if d := cmp.Diff(normal(t, want), got); d != "" {
		t.Error(d)
	}
}

func TestTheFirstContainersNameIsFilledIn(t *testing.T) {
	for name, step := range map[string]materialize.Step{
		"YAML": yamlStep("kind: Deployment\nspec: {template: {spec: {containers: [{name: CONTAINER_NAME, image: new}]}}}"),
		"JSON": jsonStep(`{"kind": "Deployment", "patch": [
			{"op": "test", "path": "/spec/template/spec/containers/0/name", "value": "CONTAINER_NAME"},
			{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "new"}]}`),
	} {
		want, err := materialize.SetImage(normal(t, deployment), "main", "new")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, apply(t, deployment, step)); d != "" {
			t.Error(name, d)
		}
	}
	_, err := materialize.Apply(normal(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"), []materialize.Step{yamlStep("data: {a: CONTAINER_NAME}")})
	if !errors.Is(err, materialize.ErrNoContainers) {
		t.Errorf("an object without containers: %v", err)
	}
}

func TestPatchesThatDoNotFitAreRefusedWithLineAndReason(t *testing.T) {
	for _, c := range []struct {
		name, patch string
		line        int
		reason      string
	}{
		{"another kind", "kind: Service", 1, "is a patch for a Service"},
		{"another apiVersion", "apiVersion: v1", 1, "would change apiVersion apps/v1 to v1"},
		{"another name", "kind: Deployment\nmetadata:\n  labels: {}\n  name: other", 4, "would change metadata.name web"},
		{"no name", "metadata: null", 1, "would change metadata.name web"},
		{"kind removed", "$patch: replace\nspec: {}", 1, "would change apiVersion apps/v1"},
		{"all removed", "$patch: delete", 1, "would remove the object"},
		{"retainKeys", "spec:\n  strategy:\n    $retainKeys: [type]", 3, "directive $retainKeys is not supported"},
		{"setElementOrder", "spec:\n  $setElementOrder/containers: []", 2, "directive $setElementOrder/containers is not supported"},
		{"deleteFromPrimitiveList", "metadata:\n  $deleteFromPrimitiveList/finalizers: [a/b]", 2, "is not supported"},
		{"an unknown directive", "spec:\n  $patch: remove", 2, "must be merge, replace or delete"},
		{"a map for a list", "spec:\n  template:\n    spec:\n      containers: {name: x}", 4, "is a list in the object and a map in the patch"},
		{"text for a map", "spec:\n  template: x", 2, "is a map in the object and text in the patch"},
		{"a list for a number", "spec:\n  replicas: [1]", 2, "is a number in the object and a list in the patch"},
		{"an element without its key", "spec:\n  template:\n    spec:\n      containers:\n      - image: x", 5, "has no name, by which the list is merged"},
		{"an element that is none", "spec:\n  template:\n    spec:\n      containers:\n      - name: main\n      - x", 6, "is text in a list that is merged by name"},
		{"a directive in a list without keys", "spec:\n  template:\n    spec:\n      tolerations:\n      - key: x\n        $patch: delete", 6, "replaced as a whole"},
		{"a list", "- a", 1, "is a list, no patch"},
		{"no YAML", "a:\n\tb", 2, "is no YAML"},
		{"a key twice", "spec:\n  replicas: 1\n  replicas: 2", 3, "already set"},
		{"an operation that does not fit", "kind: Deployment\npatch:\n- {op: remove, path: /spec/replicas}\n- {op: remove, path: /spec/replicas}", 4, "remove /spec/replicas: nothing is there"},
		{"a test that fails", "patch:\n- {op: test, path: /spec/replicas, value: 3}", 2, "has another value"},
		{"an index that is none", "patch:\n- {op: add, path: /spec/template/spec/containers/9, value: {}}", 2, "no such index"},
		{"an index from the end", "patch:\n- {op: remove, path: /spec/template/spec/containers/-1}", 2, "no such index"},
		{"an unknown operation", "patch:\n- {op: upsert, path: /spec}", 2, "op must be"},
		{"no value", "patch:\n- {op: add, path: /spec/x}", 2, "add has no value"},
		{"no from", "patch:\n- {op: move, path: /spec/x}", 2, "move has no from"},
		{"a path of dots", "patch:\n- op: remove\n  path: spec.x", 3, "must be a path that begins with /"},
		{"an unknown field", "patch: []\nname: x", 2, "no name"},
		{"operations that are none", "patch: {}", 1, "no list of operations"},
		{"an object that becomes a list", "patch:\n- {op: replace, path: \"\", value: []}", 1, "a list, no object"},
		{"a name that changes by operation", "patch:\n- {op: replace, path: /metadata/name, value: x}", 1, "would change metadata.name web"},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := materialize.Step{Patch: materialize.Patch{Version: 7, Target: "web", Body: c.patch, File: "p.yml", Line: 11}}
			_, err := materialize.Apply(normal(t, deployment), []materialize.Step{step})
			var e *materialize.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Reason, c.reason) {
				t.Errorf("got reason %q, want %q", e.Reason, c.reason)
			}
			if e.Line != 10+c.line || e.File != "p.yml" || e.Patch != 7 || e.Object != "Deployment.web" {
				t.Errorf("got %+v, want line %d", e, 10+c.line)
			}
		})
	}
}

func TestAPatchByLabelPassesOverOtherKinds(t *testing.T) {
	base := normal(t, deployment)
	for _, body := range []string{"kind: Service\nspec: {type: NodePort}", "kind: Service\npatch: [{op: remove, path: /nothing}]"} {
		step := yamlStep(body)
		step.Format, step.ByLabel = "", true
		if got, err := materialize.Apply(base, []materialize.Step{step}); err != nil || got != base {
			t.Errorf("%s: %v", body, err)
		}
	}
	step := yamlStep("metadata: {name: frontends, labels: {x: z}}")
	step.Target, step.ByLabel = "frontends", true
	if got, err := materialize.Apply(base, []materialize.Step{step}); err != nil || !strings.Contains(got, "name: web\n") || !strings.Contains(got, "x: z") {
		t.Errorf("a name that is the label: %v\n%s", err, got)
	}
}

func TestCopiesThatGrowWithoutEndAreStopped(t *testing.T) {
	ops := []string{`{"op": "add", "path": "/spec/x", "value": ["0123456789abcdef"]}`}
	for range 40 {
		ops = append(ops, `{"op": "copy", "from": "/spec/x", "path": "/spec/x/-"}`)
	}
	_, err := materialize.Apply(normal(t, deployment), []materialize.Step{jsonStep(`{"patch": [` + strings.Join(ops, ",") + `]}`)})
	if err == nil || !strings.Contains(err.Error(), "the copies add more than") {
		t.Errorf("got %v", err)
	}
}
