package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tach is a file of deployments as operators have them.
const tach = `{
	"_remark": {"what": "cells of the region"},
	"deployments": [
		{
			"name": "east.cell1",
			"durable_queue": false,
			"rabbit_host": "10.0.1.5",
			"rabbit_port": 5673,
			"rabbit_userid": "tach",
			"rabbit_password": "hunter2\u002f",
			"rabbit_virtual_host": "/staging",
			"exit_on_exception": true,
			"queue_arguments": {"x-ha-policy": "all", "x-max-length": 100000, "x-factor": 1e2},
			"topics": {
				"nova": [
					{"queue": "monitor.info", "routing_key": "monitor.info"},
					{"queue": "monitor.error", "routing_key": "monitor.error"}
				],
				"glance": [{"queue": "stacktach_glance", "routing_key": "monitor_glance.info"}]
			}
		},
		{"name": "west", "enabled": false, "rabbit_userid": null, "topics": {"nova": [{"queue": "q", "routing_key": "notifications.info", "x": 1}]}}
	],
	"workers": {"process_timeout": 600}
}
`

func loadStackTach(text string, env ...string) (Config, Warnings, error) {
	return LoadStackTach("d.json", env, files{"d.json": text}.read)
}

func TestStackTachFileIsEnough(t *testing.T) {
	c, w, err := loadStackTach(tach)
	if err != nil {
		t.Fatal(err)
	}
	want := []Deployment{
		{Name: "east.cell1", Enabled: true, Host: "10.0.1.5", Port: 5673, User: "tach", Password: "hunter2/", VHost: "/staging", Prefetch: 2000,
			QueueArguments: map[string]any{"x-ha-policy": "all", "x-max-length": int64(100000), "x-factor": 100.0},
			Topics: []Topic{{"nova", []Binding{{"monitor.info", "monitor.info"}, {"monitor.error", "monitor.error"}}},
				{"glance", []Binding{{"stacktach_glance", "monitor_glance.info"}}}}},
		{Name: "west", Host: "localhost", Port: 5672, User: "rabbit", Password: "rabbit", VHost: "/", Durable: true, Prefetch: 2000,
			Topics: []Topic{{"nova", []Binding{{"q", "notifications.info"}}}}},
	}
	if d := cmp.Diff(want, c.Events.Deployments); d != "" {
		t.Error(d)
	}
	for i := range want {
		if got := c.Events.Deployments[i].Password.Reveal(); got != want[i].Password.Reveal() {
			t.Errorf("password %d is %q", i, got)
		}
	}
	if c.Dialects.StackTach.Anonymous != AnonymousFull || c.Dialects.Native.Anonymous != AnonymousNone || !c.Heketi.Closed || c.Listen != ":8080" {
		t.Errorf("got %+v, closed %v, %s", c.Dialects, c.Heketi.Closed, c.Listen)
	}
	warned := []string{
		`d.json:12: deployments[0].exit_on_exception: no effect: a message that cannot be read is kept as a dead letter, and the others go on`,
		`d.json:22: deployments[1].topics.nova[0].x: unknown key, ignored`,
		`d.json:24: workers.process_timeout: no effect: ` + noWatchdog,
		`d.json: whoever reaches :8080 may use the StackTach API without a token, as in StackTach; dialects.stacktach.anonymous: none closes it`,
		`heketi.admin_key: is empty, and so is all of heketi: nobody may use the Heketi API, and no storage node is reached`,
	}
	if d := cmp.Diff(warned, w); d != "" {
		t.Error(d)
	}
}

func TestWhereStackTachsFileIsFrom(t *testing.T) {
	one := func(name string) string {
		return `{"deployments": [{"name": "` + name + `", "topics": {"nova": [{"queue": "q", "routing_key": "k"}]}}]}`
	}
	disk := files{"/flag": one("flag"), "/ours": one("ours"), "/theirs": one("theirs"), "/yaml": "dialects: {stacktach: {anonymous: read}}\nlisten: :9\n"}
	for _, c := range []struct {
		name      string
		args, env []string
		want      string
	}{
		{"their variable", nil, []string{"STACKTACH_DEPLOYMENTS_FILE=/theirs"}, "theirs"},
		{"our variable before it", nil, []string{"STACKTACH_DEPLOYMENTS_FILE=/theirs", "YARDMASTER_STACKTACH_CONFIG=/ours"}, "ours"},
		{"the flag before both", []string{"--stacktach-config", "/flag"}, []string{"STACKTACH_DEPLOYMENTS_FILE=/theirs", "YARDMASTER_STACKTACH_CONFIG=/ours"}, "flag"},
		{"our file beside it", []string{"--stacktach-config", "/flag", "--config", "/yaml"}, nil, "flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, w, err := Load(c.args, c.env, disk.read)
			if err != nil || len(got.Events.Deployments) != 1 || got.Events.Deployments[0].Name != c.want {
				t.Fatalf("got %v, %v", got.Events.Deployments, err)
			}
			if closed := got.Dialects.StackTach.Anonymous == AnonymousRead; closed != (got.Listen == ":9") || closed == contains(w, "StackTach API") {
				t.Errorf("%s, %q", got.Dialects.StackTach.Anonymous, w)
			}
		})
	}
	_, _, err := Load(nil, []string{"STACKTACH_DEPLOYMENTS_FILE=/none"}, disk.read)
	wantError(t, err, "STACKTACH_DEPLOYMENTS_FILE", "/none")
}

func TestStackTachFileThatMakesNoSense(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "d.json:1: ends too early"},
		{"cut", "{\n\"deployments\": [", "d.json:2: ends too early"},
		{"no JSON", "{\n\nx}", "d.json:3: invalid character"},
		{"two values", tach + "{}", "holds more than one value"},
		{"a list", "[]", "want a JSON object"},
		{"no deployments", "{}", "d.json:1: deployments: is missing"},
		{"deployments of another kind", `{"deployments": {}}`, "deployments: want a list"},
		{"deployment of another kind", `{"deployments": [1]}`, "deployments[0]: want an object"},
		{"no name", `{"deployments": [{}]}`, "deployments[0].name: is empty"},
		{"no topics", `{"deployments": [{"name": "a"}]}`, "deployments[0].topics: is empty"},
		{"topics of another kind", `{"deployments": [{"name": "a", "topics": []}]}`, "deployments[0].topics: want an object of exchanges"},
		{"queues of another kind", `{"deployments": [{"name": "a", "topics": {"nova": {}}}]}`, "deployments[0].topics.nova: want a list of queues"},
		{"queue of another kind", `{"deployments": [{"name": "a", "topics": {"nova": ["q"]}}]}`, "topics.nova[0]: want an object with queue and routing_key"},
		{"no routing key", `{"deployments": [{"name": "a", "topics": {"nova": [{"queue": "q"}]}}]}`, "topics.nova[0].routing_key: is missing"},
		{"port in their words", strings.Replace(tach, "5673", `"many"`, 1), `d.json:8: deployments[0].rabbit_port: "many" is not a whole number`},
		{"flag that is no truth", strings.Replace(tach, `"durable_queue": false`, `"durable_queue": 1`, 1), "deployments[0].durable_queue"},
		{"arguments of another kind", strings.Replace(tach, `{"x-ha-policy"`, `[{"x-ha-policy"`, 1), "d.json:"},
		{"name twice", strings.Replace(tach, `"west"`, `"east.cell1"`, 1), `deployments[1].name: "east.cell1" is there twice`},
		{"key twice", strings.Replace(tach, `"durable_queue": false`, `"rabbit_host": "a"`, 1), "rabbit_host: is there twice"},
		{"too deep", strings.Repeat(`{"deployments":`, 40) + "1" + strings.Repeat("}", 40), "nested too deeply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadStackTach(c.text)
			wantError(t, err, c.want)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it shows a password: %v", err)
			}
		})
	}
}

func TestUnknownKeysOfStackTach(t *testing.T) {
	text := strings.Replace(tach, `"rabbit_host"`, `"rabbit_hosts"`, 1)
	c, w, err := loadStackTach(strings.Replace(text, `"workers"`, `"worker"`, 1))
	if err != nil || c.Events.Deployments[0].Host != "localhost" {
		t.Fatalf("got %v, %v", c.Events.Deployments, err)
	}
	for _, want := range []string{"d.json:7: deployments[0].rabbit_hosts: unknown key, ignored (did you mean rabbit_host?)", "worker: unknown key, ignored (did you mean workers?)"} {
		if !contains(w, want) {
			t.Errorf("no %q in %q", want, w)
		}
	}
	_, w, err = loadStackTach(`{"deployments": [], ` + strings.Repeat(`"x": 1, `, 25) + `"y": 1}`)
	if err != nil || !contains(w, "6 more unknown keys") || !contains(w, "no notifications are consumed") {
		t.Errorf("got %q, %v", w, err)
	}
}

func FuzzStackTachJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", tach, `{"deployments": [{"name": "a", "topics": {"n": [{"queue": 1, "routing_key": null}]}}]}`, `{"deployments": [[]]}`,
		`{"deployments": null, "workers": []}`, `{"_a": {}, "deployments": [{"_b": 1}]}`, `{"deployments": [{"topics": {"\n": [{}]}}]}`, `{"a": 1e999, "deployments": [{"queue_arguments": {"a": 1e999}}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, w, err := loadStackTach(text)
		checkOutcome(t, w, err)
	})
}
