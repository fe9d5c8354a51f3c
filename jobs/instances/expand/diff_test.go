package expand_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/instances/expand"
)

// against pairs what is with what should be, as a cluster is compared.
func against(was, is []expand.Object) []expand.Pair {
	var pairs []expand.Pair
	old := map[string][]byte{}
	for _, o := range was {
		old[o.Kind+" "+o.Name] = o.Text
	}
	for _, o := range is {
		id := o.Kind + " " + o.Name
		pairs = append(pairs, expand.Pair{Kind: o.Kind, Name: o.Name, Old: old[id], New: o.Text})
		delete(old, id)
	}
	for _, o := range was {
		if text, left := old[o.Kind+" "+o.Name]; left {
			pairs = append(pairs, expand.Pair{Kind: o.Kind, Name: o.Name, Old: text})
		}
	}
	return pairs
}

func TestOneDeploymentWithAnImageEnteredByHand(t *testing.T) {
	is := expanded(t, expand.DefaultConfig(), small(), expand.Options{})
	was := expanded(t, expand.DefaultConfig(), small(), expand.Options{})
	for n := range was {
		if was[n].Name == "mt-read00-1-small-testinstance1-a" && was[n].Kind == "Deployment" {
			was[n].Text = bytes.Replace(was[n].Text, []byte(":v0.11.0"), []byte(":manually_entered_image"), 1)
		}
	}
	want := `--- deployments: mt-read00-1-small-testinstance1-a ---
--- Old
+++ New
       "name": "metrictank",
-      "image": "us.gcr.io/metrictank-gcr/metrictank:manually_entered_image",
+      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0",
       "ports": [
`
	if d := cmp.Diff(want, expand.Diff(against(was, is))); d != "" {
		t.Error(d)
	}
}

func TestEqualDifferencesAreToldOnce(t *testing.T) {
	was := expanded(t, expand.DefaultConfig(), small(), expand.Options{})
	c := expand.DefaultConfig()
	p := c.Components["metrictank"]
	p.Version = "v0.11.0-152-ga7084bf"
	c.Components["metrictank"] = p
	want := `--- deployments: mt-write00-1-small-testinstance1, mt-read00-1-small-testinstance1-a ---
--- Old
+++ New
       "name": "metrictank",
-      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0",
+      "image": "us.gcr.io/metrictank-gcr/metrictank:v0.11.0-152-ga7084bf",
       "ports": [
`
	if d := cmp.Diff(want, expand.Diff(against(was, expanded(t, c, small(), expand.Options{})))); d != "" {
		t.Error(d)
	}
}

func TestTheOtherColourBeginsWithTheServices(t *testing.T) {
	i := small()
	was := expanded(t, expand.DefaultConfig(), i, expand.Options{})
	i, err := expand.Parse([]byte(`{"name": "testinstance1", "org": 1, "color": "b", "plan": {"Name": "Small", "ScaleFactor": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	i = complete(i.Inherit(small()))
	want := `--- services: mt-read-1-small-testinstance1 ---
--- Old
+++ New
    "app": "metrictank",
-   "color": "a",
+   "color": "b",
    "instance": "testinstance1",

--- services: graphite-1-small-testinstance1 ---
--- Old
+++ New
    "app": "graphite",
-   "color": "a",
+   "color": "b",
    "instance": "testinstance1",

`
	got := expand.Diff(against(was, expanded(t, expand.DefaultConfig(), i, expand.Options{})))
	if !strings.HasPrefix(got, want) {
		t.Errorf("%.2000s", got)
	}
	for _, line := range []string{"--- deployments: mt-read00-1-small-testinstance1-b ---\n--- Old\n+++ New\n+{\n", "--- deployments: mt-read00-1-small-testinstance1-a ---\n--- Old\n+++ New\n-{\n"} {
		if !strings.Contains(got, "\n\n"+line) {
			t.Errorf("no %q", line)
		}
	}
}

func TestWhatHasNotChangedDoesNotDiffer(t *testing.T) {
	for plan := range expand.DefaultConfig().Plans {
		i := complete(expand.Instance{Org: 3, Name: "x", Plan: expand.Plan{Name: plan}})
		was := expanded(t, expand.DefaultConfig(), i, expand.Options{Standby: true})
		for n := range was {
			was[n].Text = bytes.Replace(was[n].Text, []byte(`"metadata":{`), []byte(`"status":{"x":1},"metadata":{"uid":"1","generation":4,"resourceVersion":"7","creationTimestamp":null,`+
				`"managedFields":[],"annotations":{"deployment.kubernetes.io/revision":"2","kubectl.kubernetes.io/last-applied-configuration":"{}"},`), 1)
		}
		i.Revision, i.State, i.JobData = 12, "deploying", &expand.JobData{ID: "hm-deploy-3-x-12"}
		if d := expand.Diff(against(was, expanded(t, expand.DefaultConfig(), i, expand.Options{Standby: true}))); d != "" {
			t.Errorf("%s: %.1000s", plan, d)
		}
	}
}

func TestWhatIsNoObjectIsNotShown(t *testing.T) {
	if bad := expand.Diff([]expand.Pair{{Kind: "Secret", Name: "x", Old: []byte(`canary`), New: []byte(`{"kind":"Secret","data":"***"}`)}}); strings.Contains(bad, "canary") {
		t.Error(bad)
	}
}

func TestLongTextsAreComparedByTheirLines(t *testing.T) {
	i := small()
	was := expanded(t, expand.DefaultConfig(), i, expand.Options{})
	i.IndexRules = strings.Replace(i.IndexRules, "10d", "20d", 1)
	got := expand.Diff(against(was, expanded(t, expand.DefaultConfig(), i, expand.Options{})))
	want := `--- configmaps: mt-config-1-small-testinstance1, mt-config-1-small-testinstance1-a ---
--- Old
+++ New
    pattern =\n
-   max-stale = 10d\n",
+   max-stale = 20d\n",
   "storage-aggregation.conf": "[default]\n
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("%s", got)
	}
}
