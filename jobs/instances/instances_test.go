package instances_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
)

func TestADeployedInstanceIsAsItWasConfigured(t *testing.T) {
	y := newYard(t)
	job, err := y.s.Deploy(y.ctx, ann, small())
	if job != "hm-deploy-1-one-1" || err != nil {
		t.Fatalf("got %q, %v", job, err)
	}
	y.must(job, nil)
	i, err := y.s.Instance(y.ctx, 1, "one")
	if err != nil || i.Revision != 1 || i.State != "active" || i.Color != "a" || i.AdminKey == "" || i.Plan.Partitions == 0 || i.Storage.Schemas == "" {
		t.Errorf("got %+v, %v", i, err)
	}
	y.serving("a")
	y.agree()
	if len(y.topics.Names()) != 2 || len(y.spaces.Names()) != 1 {
		t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	key := i.AdminKey
	y.must(y.s.Deploy(y.ctx, ann, i)) // as it was read: nothing changes but the revision
	if i, err = y.s.Instance(y.ctx, 1, "one"); err != nil || i.Revision != 2 || i.AdminKey != key {
		t.Errorf("got %+v, %v", i, err)
	}
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.agree()
}

func TestOneJobAtATimeWorksOnAnInstance(t *testing.T) {
	y := newYard(t)
	thaw := y.cluster.Freeze()
	first, err := y.s.Deploy(y.ctx, ann, small())
	y.ok(err)
	for name, change := range map[string]func() error{
		"deploy":  func() error { _, err := y.s.Deploy(y.ctx, ann, small()); return err },
		"update":  func() error { _, err := y.s.Update(y.ctx, ann, 1, "one"); return err },
		"delete":  func() error { _, err := y.s.Delete(y.ctx, ann, 1, "one", false); return err },
		"standby": func() error { _, err := y.s.StandbyOn(y.ctx, ann, 1, "one"); return err },
	} {
		if err := change(); !errors.Is(err, instances.ErrConflict) || !strings.Contains(err.Error(), first) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if all, err := y.s.Jobs(y.ctx, 0); err != nil || len(all) != 1 || all[0].ID != first || all[0].Status != "ACTIVE" {
		t.Errorf("got %+v, %v", all, err)
	}
	if all, err := y.s.Jobs(y.ctx, 2); err != nil || len(all) != 0 {
		t.Errorf("got %+v, %v", all, err)
	}
	thaw()
	y.must(first, nil)
	if _, err := y.s.Job(y.ctx, 2, first); !errors.Is(err, instances.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	y.agree()
}

func TestColoursAreSwitchedWithoutAGap(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	if err := y.s.SwitchColor(y.ctx, ann, 1, "one"); !errors.Is(err, instances.ErrConflict) {
		t.Errorf("without a standby: got %v", err)
	}
	job, err := y.s.StandbyOn(y.ctx, ann, 1, "one")
	if job != "hm-standby-on-1-one-1" {
		t.Errorf("got %q", job)
	}
	y.must(job, err)
	y.serving("a")
	y.agree()
	y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
	y.serving("b")
	y.agree()
	y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
	y.serving("a")
	y.must(y.s.Deploy(y.ctx, ann, small())) // keeps the standby, and the colour
	y.serving("a")
	y.agree()
	y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one"))
	y.serving("a")
	y.agree()
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	if slices.ContainsFunc(owned, func(r kube.Ref) bool { return strings.HasSuffix(r.Name, "-b") }) {
		t.Errorf("the standby is still there: %v", owned)
	}
	y.must(y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Color = "b" }))) // another colour: blue and green
	y.serving("b")
	y.agree()
}

func TestAStandbyThatIsNotReadyIsNotSwitchedTo(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	for _, r := range owned {
		if r.Kind == "Deployment" && strings.HasSuffix(r.Name, "-b") && strings.Contains(r.Name, "read") {
			y.ok(y.cluster.Edit(r, func(o map[string]any) {
				spec := o["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
				spec["containers"].([]any)[0].(map[string]any)["image"] = "metrictank:bad"
			}))
		}
	}
	if err := y.s.SwitchColor(y.ctx, ann, 1, "one"); !errors.Is(err, instances.ErrConflict) || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("got %v", err)
	}
	y.serving("a")
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Color != "a" || i.State != "active" {
		t.Errorf("got %+v, %v", i, err)
	}
}

func TestADeployThatFailsSaysWhyAndLeavesTheServicesAlone(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	bad := small(func(i *instances.Instance) {
		i.Overrides = map[string]override{"metrictank-read": {Image: "us.gcr.io/metrictank:bad"}}
		i.Color = "b"
	})
	j := y.ended(y.s.Deploy(y.ctx, ann, bad))
	if j.Status != "FAILED" || !strings.Contains(j.Reason, "mt-read00-1-small-one-b") {
		t.Errorf("got %+v", j)
	}
	y.serving("a")
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.serving("a")
	y.agree()
}

func TestAnAbortedJobLeavesWhatTheNextDeployMends(t *testing.T) {
	y := newYard(t)
	thaw := y.cluster.Freeze()
	job, err := y.s.Deploy(y.ctx, ann, small())
	y.ok(err)
	done := make(chan error, 1)
	go func() { done <- y.s.AbortJob(y.ctx, ann, 1, job) }()
	y.until("it is called off", func() bool {
		j, err := y.s.Job(y.ctx, 1, job)
		return err == nil && (j.Status != "ACTIVE" || len(done) == 0)
	})
	thaw()
	y.ok(<-done)
	if j := y.ended(job, nil); j.Status != "ABORTED" {
		t.Errorf("got %+v", j)
	}
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.State != "aborted" {
		t.Errorf("got %s, %v", i.State, err)
	}
	if err := y.s.AbortJob(y.ctx, ann, 1, job); !errors.Is(err, instances.ErrConflict) {
		t.Errorf("got %v", err)
	}
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.agree()
}

func TestDeletionTakesTheDataUnlessItIsToStay(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	job, err := y.s.Delete(y.ctx, ann, 1, "one", true)
	if job != "hm-delete-1-one" {
		t.Errorf("got %q", job)
	}
	y.must(job, err)
	if len(y.topics.Names()) != 2 || len(y.spaces.Names()) != 1 {
		t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	y.agree()
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.Delete(y.ctx, ann, 1, "one", false)) // the same id once more
	if len(y.topics.Names()) != 0 || len(y.spaces.Names()) != 0 {
		t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	if _, err := y.s.Delete(y.ctx, ann, 1, "one", false); !errors.Is(err, instances.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := y.s.Instance(y.ctx, 1, "one"); !errors.Is(err, instances.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	y.agree()
}

func TestTheImporterComesAndGoes(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Importer == nil {
		t.Errorf("got %+v, %v", i, err)
	}
	y.agree()
	y.must(y.s.Deploy(y.ctx, ann, small()))
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Importer == nil {
		t.Errorf("a deploy took it away: %+v, %v", i, err)
	}
	y.agree()
	y.ok(y.s.StopImporter(y.ctx, ann, 1, "one"))
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Importer != nil {
		t.Errorf("got %+v, %v", i, err)
	}
	y.agree()
}

func TestDiffsAndTheStatusList(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Name = "two" })))
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	for _, r := range owned {
		if r.Name == "mt-read00-1-small-one-a" {
			y.ok(y.cluster.Edit(r, func(o map[string]any) {
				spec := o["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
				spec["containers"].([]any)[0].(map[string]any)["image"] = "manually_entered_image"
			}))
		}
	}
	text, err := y.s.Diff(y.ctx, 1, "one")
	if err != nil || !strings.HasPrefix(text, "--- deployments: mt-read00-1-small-one-a ---\n--- Old\n+++ New\n") ||
		!strings.Contains(text, "\n-") || !strings.Contains(text, "manually_entered_image") {
		t.Errorf("got %v\n%s", err, text)
	}
	all, err := y.s.StatusList(y.ctx)
	if err != nil || !slices.Equal(all, []instances.Status{{Name: "one", Org: 1}, {Name: "two", Org: 1, Same: true}}) {
		t.Errorf("got %v, %v", all, err)
	}
	y.config = "components:\n  metrictank:\n    version: v9.9.9\n"
	if text, err := y.s.Diff(y.ctx, 1, "two"); err != nil || !strings.Contains(text, "v9.9.9") { // which reads it by itself
		t.Errorf("got %v\n%s", err, text)
	}
	y.config = "components:\n  metrictank:\n    version: v9.9.10\n"
	changes, err := y.s.Reload(y.ctx, ann)
	if err != nil || len(changes) != 1 || !strings.Contains(changes[0], "v9.9.9 -> v9.9.10") {
		t.Errorf("got %v, %v", changes, err)
	}
	y.config = "plans: [\n"
	if _, err := y.s.Reload(y.ctx, ann); !errors.Is(err, instances.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.must(y.s.Update(y.ctx, ann, 1, "two"))
	y.agree()
	other, err := y.s.DiffOf(y.ctx, small(func(i *instances.Instance) { i.Color = "b" }))
	if err != nil || !strings.Contains(other, `"color": "b"`) {
		t.Errorf("got %v\n%s", err, other)
	}
}

func TestWhatIsNoInstanceIsRefused(t *testing.T) {
	y := newYard(t)
	for name, change := range map[string]func(*instances.Instance){
		"a name that is none":   func(i *instances.Instance) { i.Name = "No_Name" },
		"a word of the API":     func(i *instances.Instance) { i.Name = "statuslist" },
		"no organization":       func(i *instances.Instance) { i.Org = 0 },
		"a plan that is none":   func(i *instances.Instance) { i.Plan.Name = "Gigantic" },
		"a colour that is none": func(i *instances.Instance) { i.Color = "c" },
		"schemas that are none": func(i *instances.Instance) { i.Storage.Schemas = "[default]\npattern = (\n" },
	} {
		if _, err := y.s.Deploy(y.ctx, ann, small(change)); !errors.Is(err, instances.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if all, err := y.s.Instances(y.ctx); err != nil || len(all) != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	for name, err := range map[string]error{
		"standby off": y.s.StandbyOff(y.ctx, ann, 1, "nobody"), "switch": y.s.SwitchColor(y.ctx, ann, 1, "nobody"),
		"importer": y.s.StartImporter(y.ctx, ann, 1, "nobody", nil),
	} {
		if !errors.Is(err, instances.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
