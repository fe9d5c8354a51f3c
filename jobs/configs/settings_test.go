package configs_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestSettingsArriveAsTheyWereGiven(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("mail", `"${ib.settings.obsAlertEmailAppPassword}"`), strings.Replace(deployment("web"), "value: info", "value: '${ib.settings.isProdEnvironment}'", 1),
		"apiVersion: v1\nkind: Secret\nmetadata:\n  name: mail-login\nstringData:\n  conf: |\n    pass=${ib.settings.obsAlertEmailAppPassword};${ib.namespace}\n")
	first, err := y.s.Settings(y.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"tiger #42", "90210", "@home", "it's: x", `"q`, "true", "${ib.namespace}"} {
		values := maps.Clone(first)
		values["obsAlertEmailAppPassword"], values["isProdEnvironment"] = password, "true"
		c, err := y.s.UpdateSettings(y.ctx, ann, values)
		if err != nil {
			t.Errorf("%q: %v", password, err)
			continue
		}
		y.must(c, nil)
		raw, err := y.cluster.Get(y.ctx, ref("ConfigMap", "mail"))
		if want := fmt.Sprintf(`"key":%q`, password); err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%q: got %s, %v", password, raw, err)
		}
		if want := "pass=" + password + ";plat"; !strings.Contains(y.config("mail-login").Config, want) {
			t.Errorf("%q: got %s", password, y.config("mail-login").Config)
		}
		y.agree()
	}
	if strings.Contains(y.log.String(), "90210") {
		t.Error("it is in the log")
	}
}
