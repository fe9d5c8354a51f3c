package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// broker is the least that a deployment says.
const broker = "{name: east, topics: [{exchange: nova, queues: [{queue: q, routing_key: monitor.*}]}]}"

func TestEventsOfAFile(t *testing.T) {
	c, w := mustLoad(t, source{yaml: `
events:
  keep_days: 90
  verifier: {settle: 10m, validation: all, republish: {enabled: true, topics: {nova: [monitor.info], glance: b}}}
  deployments:
    - name: east
      host: rabbit1
      port: 5671
      user: tach
      password_file: /pw
      vhost: /cloud
      tls: {enabled: true, ca_file: /ca.pem}
      durable: false
      prefetch: 500
      queue_arguments: {x-ha-policy: all, x-max-length: 1_000, x-max-priority: 2.5, deep: {a: [1, true, null]}}
      topics:
        - exchange: nova
          queues: [{queue: info, routing_key: monitor.info}, {queue: info, routing_key: monitor.warn}]
        - {exchange: glance, queues: [{queue: images, routing_key: "#"}]}
  reports:
    - {name: daily, report: nova usage audit, cron: 30 2 * * *, options: {period_length: day}}
    - {name: summary, cron: "@every 6h", options: {hours: 6}}
`, files: files{"/pw": "hunter2\n", "/ca.pem": testdataFile(t, "ca.pem")}})
	want := []Deployment{{Name: "east", Enabled: true, Host: "rabbit1", Port: 5671, User: "tach", Password: "hunter2", PasswordFile: "/pw", VHost: "/cloud",
		TLS: DeploymentTLS{Enabled: true, CAFile: "/ca.pem"}, Prefetch: 500,
		QueueArguments: map[string]any{"x-ha-policy": "all", "x-max-length": int64(1000), "x-max-priority": 2.5, "deep": map[string]any{"a": []any{int64(1), true, nil}}},
		Topics:         []Topic{{"nova", []Binding{{"info", "monitor.info"}, {"info", "monitor.warn"}}}, {"glance", []Binding{{"images", "#"}}}}}}
	e := c.Events
	if d := cmp.Diff(want, e.Deployments); d != "" {
		t.Error(d)
	}
	if e.Deployments[0].Password.Reveal() != "hunter2" {
		t.Errorf("password %q", e.Deployments[0].Password.Reveal())
	}
	if d := cmp.Diff([]Report{{"daily", "nova usage audit", "30 2 * * *", map[string]string{"period_length": "day"}},
		{"summary", "summary", "@every 6h", map[string]string{"hours": "6"}}}, e.Reports); d != "" {
		t.Error(d)
	}
	r := e.Verifier.Republish
	if e.KeepDays != 90 || e.Verifier.Settle != 10*time.Minute || e.Verifier.Validation != ValidationAll || r.Deployment != "east" ||
		!cmp.Equal(r.Topics, map[string][]string{"nova": {"monitor.info"}, "glance": {"b"}}) {
		t.Errorf("got %+v", e.Verifier)
	}
	if !c.Heketi.Closed || c.Dialects.StackTach.Anonymous != AnonymousNone || len(w) != 1 {
		t.Errorf("closed %v, %s, %q", c.Heketi.Closed, c.Dialects.StackTach.Anonymous, w)
	}
}

func TestDefaultsOfADeployment(t *testing.T) {
	c, _ := mustLoad(t, source{env: []string{"YARDMASTER_EVENTS_DEPLOYMENTS=[" + broker + "]"}})
	want := []Deployment{{Name: "east", Enabled: true, Host: "localhost", Port: 5672, User: "guest", VHost: "/", Durable: true, Prefetch: 2000,
		Topics: []Topic{{"nova", []Binding{{"q", "monitor.*"}}}}}}
	if d := cmp.Diff(want, c.Events.Deployments); d != "" {
		t.Error(d)
	}
	v := c.Events.Verifier
	if !c.Events.Yard || !v.Enabled || v.Tick != 30*time.Second || v.Settle != 5*time.Minute || v.Batch != 1000 || v.Validation != ValidationNone || v.Republish.Enabled {
		t.Errorf("got %+v", c.Events)
	}
}

func TestEventsAreChecked(t *testing.T) {
	with := func(more string) string { return strings.Replace(broker, "{name: east", "{name: east, "+more, 1) }
	for _, c := range []struct{ name, yaml, want string }{
		{"no name", "deployments: [{topics: []}]", "events.deployments[0].name: is empty"},
		{"long name", "deployments: [{name: " + strings.Repeat("x", 51) + "}]", "longer than 50"},
		{"no topics", "deployments: [{name: a}]", "events.deployments[0].topics: is empty"},
		{"no exchange", "deployments: [{name: a, topics: [{queues: [{queue: q}]}]}]", "events.deployments[0].topics[0].exchange: is empty"},
		{"empty exchange", `deployments: [{name: a, topics: [{exchange: "", queues: [{queue: q}]}]}]`, "topics[0].exchange: is empty"},
		{"no queues", "deployments: [{name: a, topics: [{exchange: nova}]}]", "topics[0].queues: is empty"},
		{"no queue", "deployments: [{name: a, topics: [{exchange: nova, queues: [{routing_key: k}]}]}]", "topics[0].queues[0].queue: is empty"},
		{"long routing key", "deployments: [{name: a, topics: [{exchange: nova, queues: [{queue: q, routing_key: " + strings.Repeat("k", 256) + "}]}]}]", "queues[0].routing_key"},
		{"exchange twice", "deployments: [{name: a, topics: [{exchange: n, queues: [{queue: q}]}, {exchange: n, queues: [{queue: q}]}]}]", `topics[1].exchange: "n" is there twice`},
		{"queue twice", "deployments: [{name: a, topics: [{exchange: n, queues: [{queue: q}, {queue: q}]}]}]", `queues[1].queue: "q with " is there twice`},
		{"deployment twice", "deployments: [" + broker + ", " + broker + "]", `events.deployments[1].name: "east" is there twice`},
		{"unknown key", "deployments: [" + with("hosst: a") + "]", "did you mean host?"},
		{"no host", `deployments: [` + with(`host: ""`) + `]`, "host: is empty"},
		{"port", "deployments: [" + with("port: 0") + "]", "not within 1 to 65535"},
		{"two passwords", "deployments: [" + with("password: a, password_file: /b") + "]", "password_file: set this or password, not both"},
		{"password file", "deployments: [" + with("password_file: /none") + "]", "events.deployments[0].password_file: open /none"},
		{"half TLS", "deployments: [" + with("tls: {insecure: true}") + "]", "tls.enabled: is false"},
		{"no CA", "deployments: [" + with("tls: {enabled: true, ca_file: /none}") + "]", "tls.ca_file: open /none"},
		{"bad CA", "deployments: [" + with("tls: {enabled: true, ca_file: y.yaml}") + "]", "tls.ca_file: holds no certificate"},
		{"argument of no kind", "deployments: [" + with("queue_arguments: {a: 2020-01-01}") + "]", "queue_arguments.a: "},
		{"argument that is too large", "deployments: [" + with("queue_arguments: {a: {b: [99999999999999999999]}}") + "]", "queue_arguments.a.b[0]"},
		{"arguments that are a list", "deployments: [" + with("queue_arguments: [a]") + "]", "want a group of keys"},
		{"batch", "batch: 0", "events.batch: 0 is not within"},
		{"validation", "verifier: {validation: most}", "none, basic or all"},
		{"republish to nobody", "verifier: {republish: {enabled: true}}", "republish.deployment: there is none"},
		{"republish to somebody unknown", "{deployments: [" + broker + "], verifier: {republish: {enabled: true, deployment: easst}}}", "did you mean east?"},
		{"republish nowhere", "{deployments: [" + broker + "], verifier: {republish: {enabled: true}}}", "republish.topics: is empty"},
		{"report without a name", "reports: [{cron: '@daily'}]", "events.reports[0].name: is empty"},
		{"report without a time", "reports: [{name: summary}]", "events.reports[0].cron: is empty"},
		{"report with half a time", "reports: [{name: summary, cron: 1 2 3}]", `events.reports[0].cron: "1 2 3" is not a valid cron expression`},
		{"report with a strange name", "reports: [{name: a/b, cron: '@daily'}]", "events.reports[0].name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "events:\n  " + c.yaml + "\n"
			if strings.HasPrefix(c.yaml, "{") {
				text = "events: " + c.yaml + "\n"
			}
			_, _, err := source{yaml: keyed + text}.load()
			wantError(t, err, c.want)
		})
	}
}

func TestEventsThatShouldNotGoUnseen(t *testing.T) {
	other := strings.Replace(broker, "east", "west", 1)
	_, w := mustLoad(t, source{yaml: keyed + "dialects: {stacktach: {anonymous: full}}\nevents: {deployments: [" + broker + ", " + other + ", " +
		strings.Replace(broker, "name: east", "name: s, vhost: s, tls: {enabled: true, insecure: true}", 1) + "]}"})
	for _, want := range []string{`east and west consume from the same queue "q"`, "events.deployments[2].tls.insecure", "dialects.stacktach.anonymous: full lets"} {
		if !contains(w, want) {
			t.Errorf("no warning %q in %q", want, w)
		}
	}
}

func TestPasswordsOfBrokersNeverShow(t *testing.T) {
	c, _ := mustLoad(t, source{yaml: "events: {deployments: [" + strings.Replace(broker, "name: east", "name: east, password: hunter2", 1) + "]}"})
	for _, o := range Options() {
		if strings.Contains(o.Show(c), "hunter2") {
			t.Errorf("%s shows it", o.Key)
		}
	}
	_, _, err := source{yaml: "events: {deployments: [{name: a, password: hunter2}]}"}.load()
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func FuzzDeployments(f *testing.F) {
	for _, seed := range []string{"", "[]", "[" + broker + "]", "[{name: a, queue_arguments: {a: [{b: 1}], c: 1e5, d: ~}}]", "[{topics: {a: b}}]", "[{? [a] : b}]", "[~]",
		"[{name: a, topics: [{exchange: n, queues: [~]}]}]", "[{tls: 1}]"} {
		f.Add(seed, "[{name: a, cron: '@daily', options: {hours: 1}}]")
	}
	f.Fuzz(func(t *testing.T, deployments, reports string) {
		_, w, err := Load(nil, []string{"YARDMASTER_EVENTS_DEPLOYMENTS=" + deployments, "YARDMASTER_EVENTS_REPORTS=" + reports}, files{}.read)
		checkOutcome(t, w, err)
	})
}
