package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// canary stands wherever a secret does: in texts of ConfigMaps, in URLs, variables and arguments.
const canary = "canary-4f1d2c"

var secretive = []string{
	`apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  app.ini: |
    [db]
    password = canary-4f1d2c
  app.json: '{"password": "canary-4f1d2c", "nested": {"token": "canary-4f1d2c"}}'
  dsn: postgres://u:canary-4f1d2c@h/x
`, strings.Replace(deployment("web"), "        env:\n", `        args: [--password, canary-4f1d2c, "--dsn=postgres://u:canary-4f1d2c@h"]
        env:
        - name: DB_PASS
          value: canary-4f1d2c
        - name: DSN
          value: amqp://u:canary-4f1d2c@h
`, 1),
}

func TestDriftEventsLogsAndDiffsShowNoSecrets(t *testing.T) {
	y := newYard(t)
	y.upload("1", secretive...)
	shift := func(v any) any { return strings.ReplaceAll(v.(string), canary, canary+"-x") }
	if err := y.cluster.Edit(ref("ConfigMap", "settings"), func(o map[string]any) {
		data := o["data"].(map[string]any)
		for k, v := range data {
			data[k] = shift(v)
		}
		data["more"] = `{"api_key": "` + canary + `"}`
	}); err != nil {
		t.Fatal(err)
	}
	if err := y.cluster.Edit(ref("Deployment", "web"), func(o map[string]any) {
		c := o["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
		for i, v := range c["args"].([]any) {
			c["args"].([]any)[i] = shift(v)
		}
		for _, e := range c["env"].([]any) {
			e.(map[string]any)["value"] = shift(e.(map[string]any)["value"])
		}
		c["env"] = append(c["env"].([]any), map[string]any{"name": "EXTRA_PWD", "value": canary})
	}); err != nil {
		t.Fatal(err)
	}
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string]int{"settings": 3, "web": 4} {
		i := found.Resources[name]
		if len(i.Rows) != fields || len(i.Foreign) == 0 {
			t.Errorf("%s: got %+v", name, i)
		}
		for _, r := range append(i.Rows, i.Foreign...) {
			if strings.Contains(r.Expected+r.Got, canary) || r.Expected == r.Got {
				t.Errorf("%s: got %+v", name, r)
			}
		}
	}
	dry, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Dry: true, Files: files(strings.ReplaceAll(secretive[0], canary, canary+"-y"), strings.ReplaceAll(secretive[1], canary, canary+"-y"))})
	if err != nil || len(dry.Previews) != 2 {
		t.Fatalf("got %+v, %v", dry, err)
	}
	shown := map[string]string{"the log": y.log.String(), "the diff of a ConfigMap": dry.Previews[0].Diff, "that of a Deployment": dry.Previews[1].Diff}
	y.mu.Lock()
	shown["the events"] = strings.Join(y.told, "\n")
	y.mu.Unlock()
	for _, name := range []string{"settings", "web"} {
		shown["the config of "+name] = materialize.Mask(y.config(name).Config)
	}
	for what, text := range shown {
		if text == "" || strings.Contains(text, canary) {
			t.Errorf("%s: %s", what, text)
		}
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	if c := y.config("web"); strings.Count(c.Config, canary) != 4 {
		t.Errorf("it is pushed in clear, got %s", c.Config)
	}
}

func TestARefusalThatQuotesASecretIsToldWithoutIt(t *testing.T) {
	y := newYard(t)
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Name == "web" {
			return fmt.Errorf("%w: spec.args[1]: Invalid value: %q: it is too short", kube.ErrInvalid, canary)
		}
		return nil
	})
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(secretive...)})
	if err != nil {
		t.Fatal(err)
	}
	o := y.outcome(c)
	if len(o.Failed) != 1 || !strings.Contains(o.Failed[0].Reason, `Invalid value: "***": it is too short`) {
		t.Errorf("got %+v", o)
	}
	op, err := y.runner.Get(y.ctx, c.Op.ID)
	if err != nil || op.State != store.Failed || strings.Contains(fmt.Sprint(op.Error, string(op.Input)), canary) {
		t.Errorf("got %+v, %v", op, err)
	}
	raw, err := os.ReadFile(filepath.Join(y.dir, "control.db"))
	if err != nil || strings.Contains(string(raw)+y.log.String(), canary) {
		t.Errorf("it is in the store or in the log, %v", err)
	}
}
