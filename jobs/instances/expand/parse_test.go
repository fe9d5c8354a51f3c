package expand_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/instances/expand"
)

// seed is what a read of an instance prints.
const seed = `{"org":1,"name":"theinstance1","plan":{"Name":"Medium","ScaleFactor":1,"Partitions":32,"CPU":100,"Mem":1000},` +
	`"storage":{"schemas":"[default]\npattern = .*\nretentions = 1s:8d:1h:2,1m:60d:6h:2,30m:2y:6h:2\n","aggregations":"[default]\npattern = .*\nxFilesFactor = 0.1\naggregationMethod = avg,sum\n"},` +
	`"indexRules":"[default]\npattern =\nmax-stale = 10d\n","overrides":null,"overridesA":null,"overridesB":null,"adminKey":"keykeykeykeykey","color":"a",` +
	`"tsdbAuth":{"anotherkey":{"isAdmin":"false","orgId":"1"},"keykeykeykeykey":{"isAdmin":"true","orgId":"1"}},"revision":9,"state":"deploying","importer":null,"jobData":null,"rolloutConcurrency":1}`

func TestWhatIsReadIsWrittenTheSame(t *testing.T) {
	i, err := expand.Parse([]byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(seed, string(text)); d != "" {
		t.Error(d)
	}
	if err := expand.DefaultConfig().Validate(i); err != nil {
		t.Error(err)
	}
}

func TestBooleansAndNumbersOfKeysAreTexts(t *testing.T) {
	i, err := expand.Parse([]byte(`{"tsdbAuth":{"k":{"isAdmin":true,"orgId":12,"instances":"1,2"}},"overrides":{"graphite":{"replicas":2,"env":{"A":1,"B":true,"C":null}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	two := 2
	want := expand.Instance{TSDBAuth: map[string]expand.Key{"k": {IsAdmin: "true", OrgID: "12", Instances: "1,2"}},
		Overrides: expand.Overrides{"graphite": {Replicas: &two, Env: map[string]string{"A": "1", "B": "true", "C": ""}}}}
	if d := cmp.Diff(want, i); d != "" {
		t.Error(d)
	}
}

func TestBadTextsAreRefusedByFieldAndReason(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", ``, "is not JSON: it ends too early"},
		{"no object", `[]`, "must be an object, is a list"},
		{"cut off", `{"org": 1`, "is not JSON: it ends too early"},
		{"two values", `{}{}`, "is followed by more than one JSON value may hold"},
		{"unknown field", `{"nmae": "x"}`, "nmae: is no field that is known here"},
		{"another case", `{"Name": "x"}`, "Name: is no field that is known here"},
		{"twice", `{"name": "x", "name": "y"}`, "holds a field twice"},
		{"unknown below", `{"plan": {"name": "x"}}`, "plan.name: is no field that is known here"},
		{"text for number", `{"org": "1"}`, "org: must be a whole number of at most 2147483647, is a text"},
		{"fraction", `{"plan": {"CPU": 1.5}}`, "plan.CPU: must be a whole number of at most 2147483647, is another number"},
		{"number for text", `{"color": 1}`, "color: must be a text, is another number"},
		{"unknown setting", `{"overridesA": {"graphite": {"cores": 1}}}`, "overridesA.graphite.cores: is no field that is known here"},
		{"key is not told", `{"tsdbAuth": {"hidden": {"admin": true}}}`, "tsdbAuth[key].admin: is no field that is known here"},
		{"all faults", `{"org": "1", "state": 2}`, "org: must be a whole number of at most 2147483647, is a text\nstate: must be a text, is another number"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := expand.Parse([]byte(tc.text))
			var f *expand.FieldError
			if err == nil || err.Error() != tc.want || !errors.As(err, &f) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestImportersAreTheDefaultUnlessTheySayMore(t *testing.T) {
	for _, text := range []string{"", " \n", "null", "{}"} {
		if i, err := expand.ParseImporter([]byte(text)); err != nil || i != (expand.Importer{}) {
			t.Errorf("%q: %+v %v", text, i, err)
		}
	}
	if i, err := expand.ParseImporter([]byte(`{"partitionScheme":"byOrg"}`)); err != nil || i.PartitionScheme != "byOrg" {
		t.Errorf("%+v %v", i, err)
	}
	if _, err := expand.ParseImporter([]byte(`{"x":1}`)); err == nil {
		t.Error("takes what it does not know")
	}
}

func TestConfigurationsAreReadOverTheDefaults(t *testing.T) {
	c, err := expand.ParseConfig([]byte(`
plans:
  Tiny: {partitions: 1, cpu: 10, mem: 64}
  xlarge: null
components:
  metrictank: {version: v0.11.1, env: {MT_LOG_LEVEL: debug, MT_CASSANDRA_PASSWORD: canary}}
defaults: {plan: tiny, indexRules: "[default]\npattern =\nmax-stale = 3d\n"}
kafka: {brokers: ["k1:9092", "k2:9092"]}
domain: metrics.example
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"components.metrictank.env.MT_CASSANDRA_PASSWORD: changed",
		"components.metrictank.env.MT_LOG_LEVEL: changed",
		"components.metrictank.version: v0.11.0 -> v0.11.1",
		"defaults.indexRules: changed",
		"defaults.plan: Small -> tiny",
		"domain: none -> metrics.example",
		"kafka.brokers: kafka:9092 -> k1:9092,k2:9092",
		"plans.tiny.cpu: none -> 10", "plans.tiny.mem: none -> 64", "plans.tiny.partitions: none -> 1",
		"plans.xlarge.cpu: 400 -> none", "plans.xlarge.mem: 4000 -> none", "plans.xlarge.partitions: 128 -> none",
	}
	if d := cmp.Diff(want, expand.DefaultConfig().Changes(c)); d != "" {
		t.Error(d)
	}
	if same := c.Changes(c); len(same) != 0 {
		t.Errorf("%v", same)
	}
	if empty, err := expand.ParseConfig(nil); err != nil || len(expand.DefaultConfig().Changes(empty)) != 0 {
		t.Errorf("%v %v", empty, err)
	}
}

func TestBadConfigurationsAreRefusedByFieldAndReason(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no YAML", "a: [", "line 1: is not YAML: "},
		{"unknown", "imgs: {}", "imgs: is no field that is known here"},
		{"twice", "domain: a\ndomain: b", "line 2: is not YAML: "},
		{"component", "components: {grafana: {image: x}}", "components.grafana: is none of metrictank, "},
		{"image", "components: {graphite: {image: 'a b'}}", `components.graphite.image: "a b:latest" is no image`},
		{"own variable", "components: {metrictank: {env: {MT_KAFKA_MDM_IN_PARTITIONS: '*'}}}", "components.metrictank.env.MT_KAFKA_MDM_IN_PARTITIONS: is set by the expansion alone"},
		{"two writers", "components: {metrictank-write: {replicas: 2}}", "components.metrictank-write.replicas: must be from 0 to 1, is 2"},
		{"plan name", "plans: {extra-large: {partitions: 1, cpu: 1, mem: 1}}", "plans.extra-large: the name must be 1 to 16 letters and digits"},
		{"plan size", "plans: {tiny: {cpu: 1, mem: 1}}", "plans.tiny.partitions: must be from 1 to 1024, is 0"},
		{"default plan", "defaults: {plan: huge}", `defaults.plan: "huge" is none of large, medium, small, xlarge`},
		{"schemas", "defaults: {schemas: \"[a]\\npattern = x\\n\"}", `defaults.schemas, line 1: section "a" has no retentions`},
		{"broker", "kafka: {brokers: [kafka]}", `kafka.brokers: "kafka" is not HOST:PORT`},
		{"domain", "domain: -x", `domain: "-x" is no DNS name`},
		{"node", "nodeSelector: {'a b': c}", `nodeSelector: "a b=c" is no label`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := expand.ParseConfig([]byte(tc.text))
			var f *expand.FieldError
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || !errors.As(err, &f) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}
