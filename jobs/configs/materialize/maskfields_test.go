package materialize_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/configs/materialize"
)

const masquerade = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: main
        args: [--level, info, --password, CANARY, --dsn=x, last]
        env:
        - {name: LEVEL, value: info}
        - {name: DB_PASS, value: CANARY}
`

func TestFieldsOfADriftShowNoSecrets(t *testing.T) {
	const container = "spec.template.spec.containers[0]"
	for name, c := range map[string]struct {
		text, path, expected, live string
		more                       []materialize.Field
	}{
		"ini in a ConfigMap":     {"kind: ConfigMap", "data[app.ini]", "[db]\npassword = x CANARY\n", "[db]\npassword = CANARY\n", nil},
		"JSON in a ConfigMap":    {"kind: ConfigMap", "data.app", `{"password": "CANARY", "nested": {"token": "CANARY"}}`, `{"token": "CANARY`, nil},
		"a URL in a ConfigMap":   {"kind: ConfigMap", "data.url", "postgres://u:CANARY@h/x", "postgres://u:x@CANARY@h", nil},
		"a URL in a variable":    {masquerade, container + ".env[0].value", "postgres://u:CANARY@h", "http://u:CANARY@h", nil},
		"a variable":             {masquerade, container + ".env[1].value", "CANARY", "xCANARY", nil},
		"a variable elsewhere":   {masquerade, container + ".env[0].value", "other", "CANARY", nil},
		"a variable of others":   {masquerade, container + ".env[7].value", "", "CANARY", nil},
		"a variable called anew": {masquerade, container + ".env[0].value", "info", "CANARY", []materialize.Field{{Path: container + ".env[0].name", Expected: "LEVEL", Live: "API_KEY"}}},
		"a whole variable":       {masquerade, container + ".env[2]", "", `{"name":"DB_PWD","value":"CANARY"}`, nil},
		"all variables":          {masquerade, container + ".env", `[{"name":"DB_PWD","value":"CANARY"}]`, "", nil},
		"an argument":            {masquerade, container + ".args[3]", "CANARY", "xCANARY", nil},
		"an argument added":      {masquerade, container + ".args[7]", "", "CANARY", []materialize.Field{{Path: container + ".args[6]", Live: "--token"}}},
		"an argument behind one": {masquerade, container + ".args[5]", "last", "CANARY", []materialize.Field{{Path: container + ".args[4]", Expected: "--dsn=x", Live: "--token"}}},
		"an argument of others":  {masquerade, "spec.template.spec.containers[1].args[2]", "", "CANARY", nil},
		"an argument with value": {masquerade, container + ".args[4]", "--dsn=postgres://u:CANARY@h", "--password=CANARY x", nil},
		"data of a Secret":       {"kind: Secret", "data.x", "CANARY", "", nil},
		"all data of a Secret":   {"kind: Secret", "data", `{"x":"CANARY"}`, "", nil},
		"a field":                {"kind: Widget", "spec.adminPassword", "CANARY", "12345CANARY", nil},
		"a list of a field":      {"kind: Widget", "spec.tokens", `["CANARY"]`, "", nil},
		"an item of a field":     {"kind: Widget", "spec.tokens[0]", "CANARY", "", nil},
		"a map cut off":          {"kind: Widget", "spec", `{"x":{"adminPassword":"CANARY...`, "", nil},
		"a path that is none":    {"kind: Widget", "a[b[c]]", "CANARY", "", nil},
		"a path of nothing":      {"kind: Widget", "..", "CANARY", "", nil},
		"what kubectl left":      {"kind: Widget", "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", "CANARY", "", nil},
		"a text that is none":    {"kind: [", "spec.x", "CANARY", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			plain := func(s string) string { return strings.ReplaceAll(s, "CANARY", canary) }
			fields := []materialize.Field{{Path: c.path, Expected: plain(c.expected), Live: plain(c.live)}}
			got := materialize.MaskFields(plain(c.text), append(fields, c.more...))[0]
			if strings.Contains(got.Expected+got.Live, canary) {
				t.Errorf("it shows: %+v", got)
			}
			if got.Expected == got.Live || c.expected == "" && got.Expected != "" || c.live == "" && got.Live != "" {
				t.Errorf("that they differ does not show: %+v", got)
			}
		})
	}
}

func TestFieldsOfADriftThatAreNoSecretsStay(t *testing.T) {
	const container = "spec.template.spec.containers[0]"
	fields := []materialize.Field{
		{Path: "spec.replicas", Expected: "2", Live: "3"},
		{Path: container + ".args[1]", Expected: "info", Live: "debug"},
		{Path: container + ".args[6]", Live: "--verbose"},
		{Path: container + ".args[7]", Live: "more"},
		{Path: container + ".env[0].value", Expected: "info", Live: "debug"},
		{Path: container + ".env[2]", Live: `{"name":"EXTRA","value":"x"}`},
		{Path: container + ".env[1].valueFrom.secretKeyRef", Live: `{"key":"password","name":"db"}`},
		{Path: "spec.template.spec.automountServiceAccountToken", Expected: "false", Live: "true"},
		{Path: "metadata.annotations[example.com/why]", Expected: "the token: see there", Live: "x"},
		{Path: "spec.template.spec.volumes[2]", Live: `{"name":"s","secret":{"secretName":"db"}}`},
	}
	if d := cmp.Diff(fields, materialize.MaskFields(masquerade, fields)); d != "" {
		t.Error(d)
	}
}

func TestWordsAboutAnObjectHoldNoneOfItsSecrets(t *testing.T) {
	text := strings.ReplaceAll(masquerade, "CANARY", `"`+canary+`\"q"`) + "---\nkind: Secret\ndata: {x: c2VjcmV0LW9uZQ==}\nstringData: {y: secret-two}\n"
	words := `spec.env[1].value: Invalid value: "` + canary + `\"q": is wrong, as ` + canary + `"q is, and c2VjcmV0LW9uZQ==, secret-two and info are`
	want := `spec.env[1].value: Invalid value: "***": is wrong, as *** is, and ***, *** and info are`
	if d := cmp.Diff(want, materialize.Conceal(text, words)); d != "" {
		t.Error(d)
	}
}
