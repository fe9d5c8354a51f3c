package expand_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"yardmaster/jobs/instances/expand"
)

func TestBadInstancesAreRefusedByFieldAndReason(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*expand.Instance)
		want   string
	}{
		{"org", func(i *expand.Instance) { i.Org = 0 }, "org: must be positive, is 0"},
		{"no name", func(i *expand.Instance) { i.Name = "" }, "name: is missing"},
		{"upper case", func(i *expand.Instance) { i.Name = "Test" }, `name: must be a DNS label of lower-case letters, digits and dashes, is "Test"`},
		{"dash", func(i *expand.Instance) { i.Name = "x-" }, "name: must be a DNS label of lower-case letters, digits and dashes"},
		{"colour", func(i *expand.Instance) { i.Name = "qa-b" }, "name: must not end in -a or -b, by which objects of a colour are known"},
		{"long", func(i *expand.Instance) { i.Name = strings.Repeat("x", 45) }, "name: is too long by 2: the object mt-read00-1-small-"},
		{"plan", func(i *expand.Instance) { i.Plan.Name = "Huge" }, `plan.Name: "Huge" is none of large, medium, small, xlarge`},
		{"factor", func(i *expand.Instance) { i.Plan.ScaleFactor = -1 }, "plan.ScaleFactor: must be positive and at most 1000"},
		{"partitions", func(i *expand.Instance) { i.Plan.Partitions = 1025 }, "plan.Partitions: must be from 1 to 1024, is 1025"},
		{"memory", func(i *expand.Instance) { i.Plan.Mem = -1 }, "plan.Mem: must be from 1 to 16777216, is -1"},
		{"color", func(i *expand.Instance) { i.Color = "green" }, `color: must be a or b, is "green"`},
		{"component", func(i *expand.Instance) { i.Overrides = expand.Overrides{"grafana": {}} }, "overrides.grafana: is none of metrictank, metrictank-write, metrictank-read, graphite, tsdb-gw, carbon-relay-ng, importer"},
		{"no colour", func(i *expand.Instance) { i.OverridesA = expand.Overrides{"tsdb-gw": {}} }, "overridesA.tsdb-gw: has no colour; only metrictank, metrictank-read and graphite have"},
		{"two writers", func(i *expand.Instance) { i.Overrides = expand.Overrides{"metrictank-write": {Replicas: ptr(2)}} }, "overrides.metrictank-write.replicas: must be 1: "},
		{"replicas of both", func(i *expand.Instance) { i.OverridesB = expand.Overrides{"metrictank": {Replicas: ptr(2)}} }, "overridesB.metrictank.replicas: is for metrictank-read to say"},
		{"no readers", func(i *expand.Instance) { i.Overrides = expand.Overrides{"metrictank-read": {Replicas: ptr(0)}} }, "overrides.metrictank-read.replicas: must be from 1 to 100, is 0"},
		{"image", func(i *expand.Instance) { i.Overrides = expand.Overrides{"graphite": {Image: "a b"}} }, `overrides.graphite.image: "a b" is no image`},
		{"cpu", func(i *expand.Instance) { i.Overrides = expand.Overrides{"graphite": {CPU: ptr(-1)}} }, "overrides.graphite.cpu: must be from 1"},
		{"variable", func(i *expand.Instance) {
			i.Overrides = expand.Overrides{"graphite": {Env: map[string]string{"a-b": ""}}}
		}, "overrides.graphite.env.a-b: is no name of a variable"},
		{"own variable", func(i *expand.Instance) {
			i.Overrides = expand.Overrides{"metrictank": {Env: map[string]string{"MT_CLUSTER_PRIMARY_NODE": "true"}}}
		}, "overrides.metrictank.env.MT_CLUSTER_PRIMARY_NODE: is set by the expansion alone"},
		{"admin key", func(i *expand.Instance) { i.AdminKey = "hid]den" }, "adminKey: must be 1 to 128 of letters, digits and _.=+/~-"},
		{"key", func(i *expand.Instance) {
			i.TSDBAuth = map[string]expand.Key{"hid\nden": {IsAdmin: "true", OrgID: "1"}}
		}, "tsdbAuth[key 1]: the key must be"},
		{"admin", func(i *expand.Instance) { i.TSDBAuth = map[string]expand.Key{"k": {IsAdmin: "yes", OrgID: "1"}} }, "tsdbAuth[key 1].isAdmin: must be true or false"},
		{"org of key", func(i *expand.Instance) { i.TSDBAuth = map[string]expand.Key{"k": {IsAdmin: "true", OrgID: "1\n[x]"}} }, "tsdbAuth[key 1].orgId: must be a positive number"},
		{"instances", func(i *expand.Instance) {
			i.TSDBAuth = map[string]expand.Key{"k": {IsAdmin: "true", OrgID: "1", Instances: "1\n"}}
		}, "tsdbAuth[key 1].instances: must be a comma-separated list"},
		{"concurrency", func(i *expand.Instance) { i.RolloutConcurrency = 65 }, "rolloutConcurrency: must be from 1 to 64, is 65"},
		{"importer", func(i *expand.Instance) { i.Importer = &expand.Importer{PartitionScheme: "x"} }, `importer.partitionScheme: "x" is none of byOrg, bySeries`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i := small()
			tc.change(&i)
			err := expand.DefaultConfig().Validate(i)
			var f *expand.FieldError
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || !errors.As(err, &f) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hid") {
				t.Errorf("shows a key: %v", err)
			}
			if _, err := expand.DefaultConfig().Expand(i, expand.Options{}); err == nil {
				t.Error("is expanded all the same")
			}
		})
	}
}

func TestKeyspacesAreNoLongerThanCassandraTakes(t *testing.T) {
	c, err := expand.ParseConfig([]byte("plans: {s: {partitions: 8, cpu: 1, mem: 1}}"))
	if err != nil {
		t.Fatal(err)
	}
	i := c.Complete(expand.Instance{Org: 1, Name: strings.Repeat("x", 43), Plan: expand.Plan{Name: "s"}}, lot())
	if err := c.Validate(i); err != nil || len(expand.Keyspace(i)) != 48 {
		t.Errorf("%v", err)
	}
	i.Name += "x"
	if err := c.Validate(i); err == nil || !strings.HasPrefix(err.Error(), "name: is too long by 1: ") {
		t.Errorf("%v", err)
	}
}

func TestFaultsAreToldTogetherUpToTwenty(t *testing.T) {
	i := small()
	i.Org, i.Color = -1, "x"
	i.Storage.Schemas = strings.Repeat("x\n", 100)
	err := expand.DefaultConfig().Validate(i)
	if n := strings.Count(err.Error(), "\n") + 1; n != 20 || !strings.Contains(err.Error(), "\ncolor: ") || !strings.Contains(err.Error(), "\nstorage.schemas, line 7: ") {
		t.Errorf("%d faults: %v", n, err)
	}
}

func TestTextsOfStorageAreReadAsMetrictankReadsThem(t *testing.T) {
	const ok = ""
	for _, tc := range []struct{ field, text, want string }{
		{"schemas", "# c\n; c\n\n[a]\npattern = ^a=b\\.\nretentions = 10s:6h\npriority = 5\nreorderBuffer = 20\nreorderBufferAllowUpdate = true\n[b]\npattern=.*\nretentions=60:1440,1h:10y:6h:2:false\n", ok},
		{"schemas", "[a]\npattern = x\nretentions = 1s:8d:1h:2:1514764800,1m:60d:1day:2:true\n", ok},
		{"schemas", "", "needs at least one [section]"},
		{"schemas", "pattern = x\n", "line 1: stands before the first [section]"},
		{"schemas", "[a\npattern = x\nretentions = 1s:1d\n", `line 1: "[a" is no [section]`},
		{"schemas", "[]\npattern = x\nretentions = 1s:1d\n", "line 1: the section has no name"},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d\n[a]\npattern = x\nretentions = 1s:1d\n", `line 4: section "a" is there twice, first in line 1`},
		{"schemas", "[a]\npattern = x\nretention = 1s:1d\n", `line 3: option "retention" is none of pattern, retentions, priority, reorderBuffer, reorderBufferAllowUpdate`},
		{"schemas", "[a]\npattern = x\npattern = y\nretentions = 1s:1d\n", "line 3: option pattern is there twice"},
		{"schemas", "[a]\npattern\nretentions = 1s:1d\n", `line 2: "pattern" is no option = value`},
		{"schemas", "[a]\npattern =\nretentions = 1s:1d\n", "line 2: pattern is empty"},
		{"schemas", "[a]\npattern = (\nretentions = 1s:1d\n", `line 2: pattern "(" is no regular expression: missing closing )`},
		{"schemas", "[a]\npattern = x\nretentions = 1s\n", `line 3: retentions: "1s" is not interval:ttl`},
		{"schemas", "[a]\npattern = x\nretentions = 0s:1d\n", `line 3: retentions: "0s:1d" has an interval of nothing`},
		{"schemas", "[a]\npattern = x\nretentions = 1x:1d\n", `line 3: retentions: "1x:1d" has an interval that "1x" is no duration`},
		{"schemas", "[a]\npattern = x\nretentions = 1d:1s\n", `line 3: retentions: "1d:1s" keeps no point at all`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d:7m\n", `line 3: retentions: "1s:1d:7m" has a chunk span of 420 s`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d:1h:0\n", `line 3: retentions: "1s:1d:1h:0" has "0" for the number of chunks`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d:1h:2:maybe\n", `line 3: retentions: "1s:1d:1h:2:maybe" has "maybe" for ready`},
		{"schemas", "[a]\npattern = x\nretentions = 1m:1d,1s:2d\n", `line 3: retentions: "1s:2d" must be coarser`},
		{"schemas", "[a]\npattern = x\nretentions = 40s:1d,1m:2d\n", `line 3: retentions: "1m:2d" has an interval of 60 s, which is no multiple of the 40 s`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:2d,1m:1d\n", `line 3: retentions: "1m:1d" must be kept longer`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:30s,1m:1d\n", `line 3: retentions: "1m:1d" has an interval for which the one before it keeps too few points`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:200y\n", `line 3: retentions: "1s:200y" has a ttl that "200y" is longer than`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d\npriority = high\n", `line 4: priority "high" is no whole number`},
		{"schemas", "[a]\npattern = x\nretentions = 1s:1d\nreorderBuffer = -1\n", `line 4: reorderBuffer "-1" is no number of points`},
		{"schemas", "[a]\n" + strings.Repeat("x", 9000) + "\n", "line 2: is longer than 8192 bytes"},
		{"aggregations", "[a]\npattern =\nxFilesFactor = 0\naggregationMethod = avg,sum,last,max,min,lst,average\n", ok},
		{"aggregations", "[a]\npattern = x\nxFilesFactor = 2\naggregationMethod = avg\n", `line 3: xFilesFactor "2" is no number from 0 to 1`},
		{"aggregations", "[a]\npattern = x\nxFilesFactor = NaN\naggregationMethod = avg\n", `line 3: xFilesFactor "NaN" is no number from 0 to 1`},
		{"aggregations", "[a]\npattern = x\nxFilesFactor = 0.5\naggregationMethod = avg, sum\n", `line 4: aggregationMethod " sum" is none of avg, average, sum`},
		{"aggregations", "[a]\nxFilesFactor = 0.5\n", `line 1: section "a" has no pattern`},
		{"rules", "[a]\npattern = x\nmax-stale = 0\n[b]\npattern =\nmax-stale = 1mon2w3d\n", ok},
		{"rules", "[a]\npattern = x\nmax-stale = -1\n", `line 3: max-stale "-1" is no duration`},
		{"rules", "[a]\npattern = x\n", `line 1: section "a" has no max-stale`},
	} {
		i := small()
		field := "storage." + tc.field
		switch tc.field {
		case "schemas":
			i.Storage.Schemas = tc.text
		case "aggregations":
			i.Storage.Aggregations = tc.text
		case "rules":
			i.IndexRules, field = tc.text, "indexRules"
		}
		err := expand.DefaultConfig().Validate(i)
		if tc.want == ok {
			if err != nil {
				t.Errorf("%q: %v", tc.text, err)
			}
			continue
		}
		sep := ": "
		if strings.HasPrefix(tc.want, "line") {
			sep = ", "
		}
		if got := fmt.Sprint(err); !strings.HasPrefix(got, field+sep+tc.want) {
			t.Errorf("%.200q\ngot  %s\nwant %s%s%s", tc.text, got, field, sep, tc.want)
		}
	}
}
