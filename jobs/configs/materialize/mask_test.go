package materialize_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

// canary stands wherever a secret does.
const canary = "cAnArY-123"

func TestSecretsDoNotShow(t *testing.T) {
	for name, text := range map[string]string{
		"data of a Secret":           "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: CANARY}\nstringData:\n  y: |\n    CANARY\n    more\n",
		"a Secret in a list":         "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {x: CANARY}\n",
		"a patch without kind":       "# target: some-secret\ndata:\n  x: CANARY\n",
		"a patch of a Secret":        "{\"kind\": \"Secret\", \"target\": \"a\", \"patch\": [{\"op\": \"add\", \"path\": \"/data/x\", \"value\": \"CANARY\"}]}",
		"all data by a patch":        "patch:\n- {op: replace, path: /stringData, value: {x: CANARY}}\n",
		"a variable":                 "kind: Deployment\nspec: {template: {spec: {containers: [{name: a, env: [{name: AWS_SECRET_ACCESS_KEY, value: \"CANARY\"}]}]}}}\n",
		"an id of a key":             "kind: Deployment\nspec: {env: [{name: AWS_ACCESS_KEY_ID, value: CANARY}]}\n",
		"a variable in a JSON patch": "kind: Deployment\ntarget: a\npatch:\n- {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: DB_PASSWORD, value: CANARY}}\n",
		"a variable by its index":    "kind: Deployment\ntarget: a\npatch:\n- {op: replace, path: /spec/template/spec/containers/0/env/3/value, value: CANARY}\n",
		"a field in a JSON patch":    "kind: ConfigMap\ntarget: a\npatch:\n- {op: add, path: /data/api-token, value: CANARY}\n",
		"a key of a ConfigMap":       "kind: ConfigMap\ndata: {license.key: CANARY, clientSecret: CANARY, PGPASSWORD: CANARY}\n",
		"a line of a ConfigMap":      "kind: ConfigMap\ndata:\n  app.conf: |\n    level: INFO\n    db:\n      password: CANARY\n    export API_TOKEN=CANARY; run\n",
		"JSON in a ConfigMap":        "kind: ConfigMap\ndata:\n  app.json: |\n    {\n      \"password\": \"CANARY\"\n    }\n",
		"JSON on one line":           "kind: ConfigMap\ndata:\n  app.json: '{\"password\": \"CANARY\", \"nested\": {\"token\": \"CANARY\", \"keys\": 3}, \"api_key\":\"a\\\"CANARY\"}'\n",
		"JSON in JSON":               "kind: ConfigMap\ndata:\n  a: '{\"x\": \"{\\\"password\\\": \\\"a\\\\\\\"CANARY\\\"}\"}'\n",
		"a list in JSON":             "kind: ConfigMap\ndata: {a: '{\"tokens\": [\"CANARY\", \"CANARY\"]}', b: '{\"pin-password\": CANARY}'}\n",
		"JSON cut off":               "kind: ConfigMap\ndata: {a: '{\"password\": \"CANARY...'}\n",
		"a flow map in a text":       "kind: ConfigMap\ndata: {a: 'db: {password: CANARY, port: 1}'}\n",
		"ini":                        "kind: ConfigMap\ndata:\n  a: |\n    [db]\n    password = x CANARY; &CANARY\n    passphrase=\"CANARY\n",
		"an apostrophe":              "kind: ConfigMap\ndata:\n  a: |\n    password: 'it''s CANARY'\n",
		"a block in a text":          "kind: ConfigMap\ndata:\n  a: |\n    db:\n      password: |-\n        CANARY\n\n        CANARY\n      port: 1\n",
		"a list in a text":           "kind: ConfigMap\ndata:\n  a: |\n    tokens:\n    - CANARY\n    - CANARY\n    port: 1\n",
		"a header in a command":      "kind: Pod\nspec: {containers: [{name: a, command: [sh, -c, 'curl -H \"Authorization: Bearer CANARY\" http://x']}]}\n",
		"a URL with more in it":      "kind: ConfigMap\ndata: {url: \"postgres://user:x@CANARY@db/x\"}\n",
		"arguments":                  "kind: Pod\nspec: {containers: [{name: a, args: [--password=CANARY, --token, CANARY, -v], command: [sh, -c, 'PASS=CANARY run']}]}\n",
		"a URL":                      "kind: ConfigMap\ndata: {url: \"postgres://user:CANARY@db/x\"}\n",
		"a private key":              "kind: ConfigMap\ndata:\n  x: |\n    -----BEGIN RSA PRIVATE KEY-----\n    CANARY\n    -----END RSA PRIVATE KEY-----\n",
		"what kubectl left":          "kind: Deployment\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{\"x\":\"CANARY\"}}'\n",
		"a comment":                  "# db password is below\n# password: CANARY\nkind: ConfigMap\ndata: {a: b} # token=CANARY\n",
		"an alias":                   "kind: ConfigMap\nx: &x CANARY\ndata: {password: *x}\n",
		"what is no YAML":            "kind: [\n CANARY",
		"the second of two":          "kind: ConfigMap\n---\nkind: Secret\ndata: {x: CANARY}\n",
		"a list of secrets":          "kind: Widget\nspec: {tokens: [CANARY, CANARY]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := materialize.Mask(strings.ReplaceAll(text, "CANARY", canary))
			if strings.Contains(got, canary) {
				t.Errorf("it shows:\n%s", got)
			}
			if !strings.Contains(got, "***") {
				t.Errorf("that it was there does not show:\n%s", got)
			}
			if again := materialize.Mask(got); again != got {
				t.Errorf("masking it again changes it:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestWhatIsNoSecretStaysAsItIs(t *testing.T) {
	text := `# why: the token service
kind: Pod
metadata: {name: token-service, labels: {secret: }}
spec:
  automountServiceAccountToken: false
  imagePullSecrets: [{name: pull}]
  tolerations: [{key: dedicated, operator: Exists}]
  topologySpreadConstraints: [{topologyKey: zone}]
  containers:
  - name: a
    image: reg/token:1.2
    env:
    - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
    - {name: TOKEN_FILE, value: /var/token}
    - {name: LOG_LEVEL, value: "on"}
    args: [--level=INFO, --secret-name=x]
  volumes:
  - {name: s, secret: {secretName: db, items: [{key: x, path: y}]}}
`
	if d := cmp.Diff(text, materialize.Mask(text)); d != "" {
		t.Error(d)
	}
	for _, d := range release(t) {
		if diff := cmp.Diff(d.Text, materialize.Mask(d.Text)); diff != "" {
			t.Errorf("%s %s", d.ID(), diff)
		}
	}
}

func TestAMaskedObjectStaysInNormalForm(t *testing.T) {
	text := normal(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: 'on', long: '"+strings.Repeat("word ", 40)+"'}}\ndata: {b: x, a: z}\n")
	want := strings.NewReplacer("a: z", "a: '***'", "b: x", "b: '***'").Replace(text)
	if d := cmp.Diff(want, materialize.Mask(text)); d != "" {
		t.Error(d)
	}
}
