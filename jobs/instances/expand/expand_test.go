package expand_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/jobs/instances/expand"
)

var update = flag.Bool("update", false, "write what comes out as what is wanted")

// lot draws the same keys every time.
func lot() func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("drawnkey%d", n) }
}

func complete(i expand.Instance) expand.Instance {
	return expand.DefaultConfig().Complete(i, lot())
}

func small() expand.Instance {
	return complete(expand.Instance{Org: 1, Name: "testinstance1", Plan: expand.Plan{Name: "Small", ScaleFactor: 1}, Revision: 1})
}

func expanded(t testing.TB, c expand.Config, i expand.Instance, o expand.Options) []expand.Object {
	t.Helper()
	all, err := c.Expand(i, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func indented(t testing.TB, o expand.Object) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(o.Text, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: %s", file, d)
	}
}

// TestEveryPlanExpandsAsItAlwaysDid holds the smallest plan's objects in full, and of the others what there is.
func TestEveryPlanExpandsAsItAlwaysDid(t *testing.T) {
	c := expand.DefaultConfig()
	c.Domain, c.ServiceAccount = "metrics.example", "metrictank"
	for plan := range c.Plans {
		i := complete(expand.Instance{Org: 7, Name: "qa", Plan: expand.Plan{Name: plan}, Importer: &expand.Importer{}})
		var names, full []string
		for _, o := range expanded(t, c, i, expand.Options{Namespace: "metrictank", Standby: true}) {
			names = append(names, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", o.Component, o.APIVersion, o.Kind, o.Name, o.Color)))
			full = append(full, indented(t, o))
		}
		golden(t, plan+".names.golden", strings.Join(names, "\n")+"\n")
		if plan == "small" {
			golden(t, plan+".objects.golden", strings.Join(full, "\n")+"\n")
		}
	}
}

var label = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

type object struct {
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Data map[string]string
	Spec struct {
		Replicas int
		Selector json.RawMessage
		Template struct {
			Metadata struct{ Labels, Annotations map[string]string }
			Spec     struct {
				Containers []struct {
					Name, Image string
					Env         []struct{ Name, Value string }
					Resources   struct{ Requests map[string]string }
				}
			}
		}
		Strategy struct{ Type string }
	}
}

func read(t testing.TB, o expand.Object) object {
	t.Helper()
	var v object
	if err := json.Unmarshal(o.Text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (o object) env(name string) string {
	for _, v := range o.Spec.Template.Spec.Containers[0].Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// TestPropertiesOfAnyInstance draws instances and holds them to what every expansion promises.
func TestPropertiesOfAnyInstance(t *testing.T) {
	c := expand.DefaultConfig()
	c.Domain = "metrics.example"
	rapid.Check(t, func(r *rapid.T) {
		i := expand.Instance{
			Org:   rapid.IntRange(1, 99999).Draw(r, "org"),
			Name:  rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,18}[c-z0-9])?`).Draw(r, "name"),
			Plan:  expand.Plan{Name: rapid.SampledFrom([]string{"Small", "medium", "LARGE", "XLarge"}).Draw(r, "plan"), Partitions: rapid.IntRange(0, 70).Draw(r, "partitions")},
			Color: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "color"),
		}
		if rapid.Bool().Draw(r, "importing") {
			i.Importer = &expand.Importer{}
		}
		i = complete(i)
		o := expand.Options{Namespace: "ns", Active: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "active")}
		one := expanded(t, c, i, o)
		if !reflect.DeepEqual(one, expanded(t, c, i, o)) {
			r.Fatal("not the same twice")
		}
		o.Standby = true
		both := expanded(t, c, i, o)
		names(r, both)
		standby(r, one, both, i, o)
		partitions(t, r, both, i)
		apart(t, r, both, cmp.Or(o.Active, i.Color))
	})
}

func names(r *rapid.T, all []expand.Object) {
	seen := map[string]bool{}
	for _, o := range all {
		id := o.Kind + " " + o.Name
		if seen[id] || len(o.Name) > 63 || !label.MatchString(o.Name) {
			r.Errorf("%s is no name, or one that is there twice", id)
		}
		seen[id] = true
	}
}

func standby(r *rapid.T, one, both []expand.Object, i expand.Instance, o expand.Options) {
	active := cmp.Or(o.Active, i.Color)
	have := map[string]string{}
	for _, o := range one {
		have[o.Kind+o.Name] = string(o.Text)
		if o.Color != "" && o.Color != active {
			r.Errorf("%s has colour %s without standby", o.Name, o.Color)
		}
	}
	for _, o := range both {
		text, there := have[o.Kind+o.Name]
		switch {
		case there && text != string(o.Text):
			r.Errorf("standby changes %s", o.Name)
		case !there && (o.Color == "" || o.Color == active):
			r.Errorf("standby adds %s", o.Name)
		}
		delete(have, o.Kind+o.Name)
	}
	if len(have) > 0 {
		r.Errorf("standby takes away %v", slices.Collect(maps.Keys(have)))
	}
}

// partitions: each has one writer, and one Deployment of readers in each colour.
func partitions(t testing.TB, r *rapid.T, all []expand.Object, i expand.Instance) {
	owners := map[string]map[string]int{}
	for _, o := range all {
		if o.Component != expand.WriteObjects && o.Component != expand.ReadObjects {
			continue
		}
		v := read(t, o)
		who := "write" + o.Color
		if owners[who] == nil {
			owners[who] = map[string]int{}
		}
		if v.env("MT_KAFKA_CLUSTER_PARTITIONS") != v.env("MT_KAFKA_MDM_IN_PARTITIONS") {
			r.Errorf("%s listens to other partitions than it consumes", o.Name)
		}
		for p := range strings.SplitSeq(v.env("MT_KAFKA_MDM_IN_PARTITIONS"), ",") {
			owners[who][p]++
		}
	}
	if len(owners) != 3 {
		r.Errorf("clusters: %v", owners)
	}
	for who, of := range owners {
		for p := range i.Plan.Partitions {
			if of[strconv.Itoa(p)] != 1 {
				r.Errorf("%s: partition %d has %d owners", who, p, of[strconv.Itoa(p)])
			}
		}
		if len(of) != i.Plan.Partitions {
			r.Errorf("%s: %d partitions", who, len(of))
		}
	}
}

// apart: the pods of a Deployment are found by no other, and Services find those of the active colour alone, or what has none.
func apart(t testing.TB, r *rapid.T, all []expand.Object, active string) {
	pods := map[string]map[string]string{}
	colors := map[string]string{}
	for _, o := range all {
		if o.Kind == "Deployment" {
			pods[o.Name] = read(t, o).Spec.Template.Metadata.Labels
			colors[o.Name] = o.Color
		}
	}
	for _, o := range all {
		v := read(t, o)
		var finds struct{ MatchLabels map[string]string }
		service := map[string]string{}
		switch o.Kind {
		case "Deployment":
			if err := json.Unmarshal(v.Spec.Selector, &finds); err != nil {
				r.Fatal(err)
			}
			if found := found(pods, finds.MatchLabels); len(found) != 1 || found[0] != o.Name {
				r.Errorf("%s finds the pods of %v", o.Name, found)
			}
		case "Service":
			if err := json.Unmarshal(v.Spec.Selector, &service); err != nil {
				r.Fatal(err)
			}
			found := found(pods, service)
			for _, name := range found {
				if colors[name] != "" && colors[name] != active || colors[name] != service["color"] {
					r.Errorf("%s finds %s", o.Name, name)
				}
			}
			if len(found) == 0 {
				r.Errorf("%s finds nothing", o.Name)
			}
			if strings.HasPrefix(o.Name, "mt-read-") && service["color"] != active {
				r.Errorf("%s finds colour %s", o.Name, service["color"])
			}
		}
		for _, k := range []string{"app", "org", "instance", "plan", "component", "managed-by", "config-revision"} {
			if v.Metadata.Labels[k] == "" {
				r.Errorf("%s %s has no label %s", o.Kind, o.Name, k)
			}
		}
	}
}

func found(pods map[string]map[string]string, selector map[string]string) []string {
	var out []string
	for name, labels := range pods {
		all := true
		for k, v := range selector {
			all = all && labels[k] == v
		}
		if all {
			out = append(out, name)
		}
	}
	return out
}

func deployment(t testing.TB, all []expand.Object, name string) object {
	t.Helper()
	for _, o := range all {
		if o.Kind == "Deployment" && o.Name == name {
			return read(t, o)
		}
	}
	t.Fatalf("no %s", name)
	return object{}
}

func ptr(n int) *int { return &n }

func TestLayersYieldToEachOtherInOrder(t *testing.T) {
	c := expand.DefaultConfig()
	p := c.Components["metrictank"]
	p.Env = map[string]string{"WHO": "defaults", "MT_LOG_LEVEL": "warn"}
	c.Components["metrictank"] = p
	i := small()
	i.Plan.ScaleFactor = 2.5
	i.Overrides = expand.Overrides{"metrictank": {Env: map[string]string{"WHO": "overrides"}}, "metrictank-read": {Image: "x/y:read", Replicas: ptr(3), Mem: ptr(2048)}}
	i.OverridesB = expand.Overrides{"metrictank": {Image: "x/y:b", Env: map[string]string{"WHO": "b"}}, "graphite": {CPU: ptr(2000)}}
	all := expanded(t, c, i, expand.Options{Standby: true})
	for _, tc := range []struct {
		name, image, who, cpu, mem string
		replicas                   int
	}{
		{"mt-write00-1-small-testinstance1", "us.gcr.io/metrictank-gcr/metrictank:v0.11.0", "overrides", "125m", "1250Mi", 1},
		{"mt-read00-1-small-testinstance1-a", "x/y:read", "overrides", "125m", "2Gi", 3},
		{"mt-read00-1-small-testinstance1-b", "x/y:b", "b", "125m", "2Gi", 3},
		{"graphite-1-small-testinstance1-a", "docker.io/raintank/graphite-mt:latest", "", "250m", "640Mi", 1},
		{"graphite-1-small-testinstance1-b", "docker.io/raintank/graphite-mt:latest", "", "2", "640Mi", 1},
	} {
		o := deployment(t, all, tc.name)
		box := o.Spec.Template.Spec.Containers[0]
		got := []any{box.Image, o.env("WHO"), box.Resources.Requests["cpu"], box.Resources.Requests["memory"], o.Spec.Replicas}
		if d := gocmp.Diff([]any{tc.image, tc.who, tc.cpu, tc.mem, tc.replicas}, got); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
	if w := deployment(t, all, "mt-write00-1-small-testinstance1"); w.env("MT_LOG_LEVEL") != "warn" || w.env("MT_CLUSTER_PRIMARY_NODE") != "true" || w.Spec.Strategy.Type != "Recreate" {
		t.Errorf("%+v", w)
	}
	if r := deployment(t, all, "mt-read00-1-small-testinstance1-a"); r.env("MT_CLUSTER_PRIMARY_NODE") != "false" || r.env("LABEL_SELECTOR") != "app=metrictank,color=a,component=metrictank-read,instance=testinstance1,org=1,plan=small" {
		t.Errorf("%+v", r)
	}
}

func TestKeysAreInTheSecretAndNowhereElse(t *testing.T) {
	i := small()
	i.Org = 4
	i.AdminKey = "CANARY-admin"
	i.TSDBAuth = map[string]expand.Key{"CANARY-user": {IsAdmin: "false", OrgID: "4"}, "CANARY-admin": {IsAdmin: "true", OrgID: "4"},
		"CANARY-few": {IsAdmin: "false", OrgID: "4", Instances: "1,2"}}
	i.Overrides = expand.Overrides{"metrictank": {Env: map[string]string{"MT_CASSANDRA_PASSWORD": "CANARY-env"}}}
	for _, o := range expanded(t, expand.DefaultConfig(), i, expand.Options{}) {
		if o.Kind == "Secret" {
			secret := map[string]string{}
			for k, v := range read(t, o).Data {
				text, err := base64.StdEncoding.DecodeString(v)
				if err != nil {
					t.Fatal(err)
				}
				secret[k] = string(text)
			}
			want := map[string]string{"admin-key": "CANARY-admin", "relay-key": "CANARY-user",
				"tsdb-auth.ini": "[CANARY-admin]\norgId = 4\nisAdmin = true\n[CANARY-few]\norgId = 4\nisAdmin = false\ninstances = 1,2\n[CANARY-user]\norgId = 4\nisAdmin = false\n"}
			if d := gocmp.Diff(want, secret); d != "" {
				t.Error(d)
			}
			continue
		}
		if o.Kind != "Deployment" && strings.Contains(string(o.Text), "CANARY") || strings.Contains(string(o.Text), "CANARY-a") {
			t.Errorf("%s %s shows a secret", o.Kind, o.Name)
		}
		if o.Kind == "ConfigMap" && o.Name == expand.MirrorName(i) {
			golden(t, "mirror.golden", indented(t, o)+"\n")
		}
	}
}

func TestTheRevisionRollsNothingOut(t *testing.T) {
	i := small()
	before := deployment(t, expanded(t, expand.DefaultConfig(), i, expand.Options{}), "tsdb-gw-1-small-testinstance1")
	i.Revision++
	after := deployment(t, expanded(t, expand.DefaultConfig(), i, expand.Options{}), "tsdb-gw-1-small-testinstance1")
	if d := gocmp.Diff(before.Spec, after.Spec); d != "" {
		t.Error(d)
	}
	i.Storage.Schemas = strings.Replace(i.Storage.Schemas, "2y", "3y", 1)
	after = deployment(t, expanded(t, expand.DefaultConfig(), i, expand.Options{}), "tsdb-gw-1-small-testinstance1")
	if before.Spec.Template.Metadata.Annotations["checksum/config"] == after.Spec.Template.Metadata.Annotations["checksum/config"] {
		t.Error("new storage schemas roll nothing out")
	}
}

func TestTextsThatAClusterCannotHoldAreRefused(t *testing.T) {
	i := small()
	i.Storage.Schemas += strings.Repeat("# "+strings.Repeat("x", 1000)+"\n", 950)
	_, err := expand.DefaultConfig().Expand(i, expand.Options{})
	var f *expand.FieldError
	if !errors.As(err, &f) || f.Field != "storage" || !strings.Contains(f.Reason, "921600") {
		t.Errorf("%v", err)
	}
}

func TestCompleteFillsInAndDrawsOnce(t *testing.T) {
	c := expand.DefaultConfig()
	i, err := expand.Parse([]byte(`{"org": 1, "name": "testinstance1", "plan": {"Name": "Medium", "ScaleFactor": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	i = c.Complete(i, lot())
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "complete.golden", string(text)+"\n")
	again := c.Complete(i, func() string { t.Error("draws a key for an instance that has them"); return "" })
	if d := gocmp.Diff(i, again); d != "" {
		t.Error(d)
	}
	back, err := expand.Parse(text)
	if err != nil || gocmp.Diff(i, back) != "" {
		t.Errorf("%v %s", err, gocmp.Diff(i, back))
	}
	var other expand.Instance
	if other = other.Inherit(i); other.AdminKey != i.AdminKey || gocmp.Diff(other.TSDBAuth, i.TSDBAuth) != "" {
		t.Errorf("%+v", other)
	}
}
