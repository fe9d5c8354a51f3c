package kube

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object reads one in YAML.
func parsed(t testing.TB, text string) map[string]any {
	t.Helper()
	obj, err := decode([]byte("apiVersion: v1\nkind: Thing\nmetadata: {name: one}\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func TestRowsNameWhatDiffers(t *testing.T) {
	for _, tt := range []struct {
		name, want, live string
		part             bool
		rows             []Row
	}{
		{name: "nothing", want: "spec: {a: 1, b: [x]}", live: "spec: {b: [x], a: 1}"},
		{name: "a changed value", want: "spec: {a: 1}", live: "spec: {a: 2}", rows: []Row{{Key: "spec.a", Expected: "1", Got: "2"}}},
		{name: "a text that looks like a number", want: `spec: {a: "1"}`, live: "spec: {a: 1}", rows: []Row{{Key: "spec.a", Expected: "1", Got: "1"}}},
		{name: "an empty text", want: `spec: {a: ""}`, live: "spec: {}", rows: []Row{{Key: "spec.a", Expected: `""`}}},
		{name: "a lost value", want: "spec: {a: {b: c}}", live: "spec: {}", rows: []Row{{Key: "spec.a", Expected: `{"b":"c"}`}}},
		{name: "an added value", want: "spec: {}", live: "spec: {a: x}", rows: []Row{{Key: "spec.a", Got: "x"}}},
		{name: "an added value, where only a part is wanted", want: "spec: {}", live: "spec: {a: x}", part: true},
		{name: "items in another order", want: "spec: {c: [{name: a, v: 1}, {name: b, v: 2}]}", live: "spec: {c: [{name: b, v: 2}, {name: a, v: 1}]}"},
		{name: "an item that is gone", want: "spec: {c: [{name: a}, {name: b}]}", live: "spec: {c: [{name: b}]}",
			rows: []Row{{Key: "spec.c[0]", Expected: `{"name":"a"}`}}},
		{name: "ports that differ by protocol alone", want: "spec: {ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]}",
			live: "spec: {ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}"},
		{name: "a list of values", want: "spec: {args: [a, b]}", live: "spec: {args: [a, c, d]}",
			rows: []Row{{Key: "spec.args[1]", Expected: "b", Got: "c"}, {Key: "spec.args[2]", Got: "d"}}},
		{name: "names with dots", want: `spec: {"a.b/c": x}`, live: `spec: {"a.b/c": z}`, rows: []Row{{Key: "spec[a.b/c]", Expected: "x", Got: "z"}}},
		{name: "a map that became a list", want: "spec: {a: {b: 1}}", live: "spec: {a: [1]}", rows: []Row{{Key: "spec.a", Expected: `{"b":1}`, Got: "[1]"}}},
		{name: "quantities, where meaning counts", want: "spec: {cpu: 1000m}", live: `spec: {cpu: "1"}`, part: true},
		{name: "quantities, where it does not", want: "spec: {cpu: 1000m}", live: `spec: {cpu: "1"}`,
			rows: []Row{{Key: "spec.cpu", Expected: "1000m", Got: "1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := comparison{part: tt.part}
			c.values(root("Thing"), parsed(t, tt.want), parsed(t, tt.live), nil)
			if diff := cmp.Diff(tt.rows, c.rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALongValueIsCutShort(t *testing.T) {
	c := comparison{}
	c.values(root("Thing"), parsed(t, "spec: {a: "+strings.Repeat("x", 1<<16)+"}"), parsed(t, "spec: {}"), nil)
	if n := len(c.rows[0].Expected); n > valueMost+3 {
		t.Errorf("%d bytes", n)
	}
}

func TestSecretsAreMaskedWhereverTheyStand(t *testing.T) {
	for _, tt := range []struct{ name, kind, text string }{
		{"a secret's data", "Secret", "data: {a: canary}"},
		{"a secret's stringData", "Secret", "stringData: {a: canary}"},
		{"what kubectl has kept of it", "Secret", "x: {kubectl.kubernetes.io/last-applied-configuration: canary}"},
		{"an environment variable", "Deployment", "spec: {containers: [{env: [{name: API_KEY, value: canary}]}]}"},
		{"another", "CronJob", "spec: {containers: [{name: x, env: [{name: dbPassword, value: canary}]}]}"},
		{"a key of a config map", "ConfigMap", "data: {db_password: canary}"},
		{"a field of some kind's own", "Thing", "spec: {auth: {clientSecret: canary}}"},
		{"an argument", "Deployment", "spec: {args: [--token=canary, serve]}"},
		{"an argument of a shell", "Deployment", "spec: {command: [sh, -c, 'run --password canary']}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			with, without := parsed(t, tt.text), map[string]any{}
			for _, pair := range [][2]any{{with, without}, {without, with}} {
				c := comparison{}
				c.values(root(tt.kind), pair[0], pair[1], nil)
				for _, r := range c.rows {
					if strings.Contains(r.Expected+r.Got, "canary") {
						t.Errorf("shown: %+v", r)
					}
				}
			}
			found := map[string]bool{}
			root(tt.kind).secrets(with, found)
			err := conceal(map[string]any{"kind": tt.kind, "x": with["x"], "spec": with["spec"], "data": with["data"], "stringData": with["stringData"]},
				ErrInvalid)
			if err != ErrInvalid || len(found) == 0 {
				t.Errorf("found %v, error %v", found, err)
			}
		})
	}
}

func TestWhatIsNoSecretIsShown(t *testing.T) {
	for _, text := range []string{
		"spec: {secretName: plain}", "spec: {automountServiceAccountToken: true}", "spec: {env: [{name: MODE, value: plain}]}",
		"spec: {valueFrom: {secretKeyRef: {name: plain, key: plain}}}", "spec: {args: [plain]}", "spec: {tolerations: [{key: plain}]}",
	} {
		c := comparison{}
		c.values(root("Deployment"), parsed(t, text), map[string]any{}, nil)
		for _, r := range c.rows {
			if strings.Contains(r.Expected, "***") {
				t.Errorf("%s: %+v", text, r)
			}
		}
	}
}

func TestConcealedErrorsKeepTheirMeaning(t *testing.T) {
	manifest := parsed(t, "data: {a: Y2FuYXJ5}")
	manifest["kind"] = "Secret"
	err := conceal(manifest, errorf("%w: %q and %s", ErrInvalid, "canary", "Y2FuYXJ5"))
	if err.Error() != ErrInvalid.Error()+`: "***" and ***` || !is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestNumbersThatAreSecretAreConcealed(t *testing.T) {
	manifest := parsed(t, "stringData: {pin: 12345678}")
	manifest["kind"] = "Secret"
	err := conceal(manifest, errorf("%w: expected string, got %v", ErrInvalid, 12345678))
	if err.Error() != ErrInvalid.Error()+": expected string, got ***" || !is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
