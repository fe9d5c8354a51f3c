package instances_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/instances"
	"yardmaster/store"
)

// plans gives the plan Small so many partitions.
func plans(partitions int) string {
	return fmt.Sprintf("plans:\n  small: {partitions: %d, cpu: 100, mem: 1000}\n", partitions)
}

func (y *yard) deployments(part string) []kube.Ref {
	y.t.Helper()
	owned, err := y.cluster.Owned(y.ctx)
	y.ok(err)
	return slices.DeleteFunc(owned, func(r kube.Ref) bool { return r.Kind != "Deployment" || !strings.Contains(r.Name, part) })
}

func TestWhatChangesAPartLeavesTheRestAloneWhenThePlanHasChanged(t *testing.T) {
	y := newYard(t)
	y.config = plans(16)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	y.config = plans(8)
	_, err := y.s.Reload(y.ctx, ann)
	y.ok(err)
	for name, err := range map[string]error{
		"importer": y.s.StartImporter(y.ctx, ann, 1, "one", nil),
		"switch":   y.s.SwitchColor(y.ctx, ann, 1, "one"),
		"standby":  func() error { _, err := y.s.StandbyOn(y.ctx, ann, 1, "one"); return err }(),
	} {
		if !errors.Is(err, instances.ErrConflict) || !strings.Contains(err.Error(), "update it first") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	y.ok(y.s.StandbyOff(y.ctx, ann, 1, "one"))
	if w, r := len(y.deployments("mt-write")), len(y.deployments("mt-read")); w != 2 || r != 2 {
		t.Errorf("%d writers, %d readers", w, r)
	}
	y.serving("a")
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	if w, r := len(y.deployments("mt-write")), len(y.deployments("mt-read")); w != 1 || r != 1 {
		t.Errorf("%d writers, %d readers", w, r)
	}
	y.agree()
}

func TestServicesOfAnotherPlanGoBeforeWhatTheySelect(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	var mu sync.Mutex
	var gone []string
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "delete" {
			mu.Lock()
			defer mu.Unlock()
			gone = append(gone, r.ID())
		}
		return nil
	})
	y.must(y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Plan.Name = "Medium" })))
	y.cluster.Fail(nil)
	service, reads := slices.Index(gone, "Service.mt-read-1-small-one"), slices.Index(gone, "Deployment.mt-read00-1-small-one-a")
	if service < 0 || reads < 0 || service > reads {
		t.Errorf("got %q", gone)
	}
	y.serving("a")
	y.agree()
}

func TestAStandbyWithoutPodsIsNotSwitchedTo(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	for _, r := range y.deployments("-b") {
		y.ok(y.cluster.Scale(y.ctx, r, 0))
	}
	if err := y.s.SwitchColor(y.ctx, ann, 1, "one"); !errors.Is(err, instances.ErrConflict) || !strings.Contains(err.Error(), "no ready pod") {
		t.Errorf("got %v", err)
	}
	y.serving("a")
}

func TestServicesWaitForAColourThatWasReadyAndIsNotAnyMore(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	gateway, back := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Kind == "Deployment" && strings.HasPrefix(r.Name, "tsdb-gw") {
			once.Do(func() { close(gateway); <-back })
		}
		return nil
	})
	job, err := y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Color = "b" }))
	y.ok(err)
	<-gateway
	reads := y.deployments("mt-read00-1-small-one-b")
	for _, r := range reads {
		y.ok(y.cluster.Scale(y.ctx, r, 0))
	}
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Kind == "Service" {
			if pods, err := y.cluster.Pods(y.ctx, reads[0]); err != nil || len(pods) == 0 {
				t.Errorf("%s is changed while the readers have %d pods, %v", r, len(pods), err)
			}
		}
		return nil
	})
	close(back)
	y.until("gateways are up", func() bool {
		op, err := y.operation(job)
		return err == nil && slices.ContainsFunc(op.Journal, func(s store.Step) bool { return strings.HasPrefix(s.Name, "object/Deployment.carbon-relay-ng") })
	})
	for _, r := range reads {
		y.ok(y.cluster.Scale(y.ctx, r, 2))
	}
	y.must(job, nil)
	y.serving("b")
}

func (y *yard) operation(alias string) (store.Operation, error) {
	var op store.Operation
	err := y.db.View(y.ctx, func(tx *store.Tx) error {
		var err error
		op, err = store.OperationAliased(tx, "hmapi", alias)
		return err
	})
	if err == nil {
		op, err = y.runner.Get(y.ctx, op.ID)
	}
	return op, err
}

func TestARefusalOfWhatShowsAnInstanceHoldsNobodyUp(t *testing.T) {
	y := newYard(t)
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if (verb == "apply" || verb == "dry run") && r.Kind == "ConfigMap" {
			return fmt.Errorf("%s: %w", r, kube.ErrForbidden)
		}
		return nil
	})
	job, err := y.s.Deploy(y.ctx, ann, small())
	if j := y.ended(job, err); j.Status != "FAILED" {
		t.Errorf("got %+v", j)
	}
	y.idle()
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.State != "failed" {
		t.Errorf("got %s, %v", i.State, err)
	}
	y.cluster.Fail(nil)
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.agree()
}

func TestASwitchThatTheClusterRefusesAtOnceEnds(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if (verb == "apply" || verb == "dry run") && r.Kind == "Service" {
			return fmt.Errorf("%s: %w", r, kube.ErrForbidden)
		}
		return nil
	})
	if err := y.s.SwitchColor(y.ctx, ann, 1, "one"); !errors.Is(err, instances.ErrConflict) {
		t.Errorf("got %v", err)
	}
	y.idle()
	y.cluster.Fail(nil)
	y.serving("a")
	y.ok(y.s.SwitchColor(y.ctx, ann, 1, "one"))
	y.serving("b")
	y.agree()
}

func TestWithoutAnyConfigurationNothingIsDeployed(t *testing.T) {
	y := newYard(t)
	y.away = fmt.Errorf("%w: for now", kube.ErrUnavailable)
	y.kill()
	y.open()
	if _, err := y.s.Deploy(y.ctx, ann, small()); !errors.Is(err, instances.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	y.away = nil
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.away = fmt.Errorf("%w: once more", kube.ErrUnavailable)
	y.must(y.s.Update(y.ctx, ann, 1, "one")) // the last one counts
	y.kill()
	y.open()
	if err := y.s.StartImporter(y.ctx, ann, 1, "one", nil); !errors.Is(err, instances.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	y.must(y.s.Delete(y.ctx, ann, 1, "one", false)) // which needs none
}

// A ConfigMap that somebody deleted by mistake gives no instance other sizes.
func TestAConfigMapThatIsGoneStaysInForce(t *testing.T) {
	y := newYard(t)
	read := instances.ConfigMapSource(y.db, y.cluster, "hm-api-config")
	y.source = func() ([]byte, error) { return read(y.ctx) }
	write := func(text string) {
		y.ok(y.cluster.Create("kubectl", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hm-api-config}\ndata: {config.yaml: '"+text+"'}\n")))
	}
	remove := func() { y.ok(y.cluster.Remove(kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Name: "hm-api-config"})) }
	reload := func(what string, want error, changes int) {
		t.Helper()
		if got, err := y.s.Reload(y.ctx, ann); len(got) != changes || !errors.Is(err, want) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	reload("never there", nil, 0)
	write("plans: {small: {partitions: 2, cpu: 20, mem: 100}}")
	reload("there", nil, 3)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	remove()
	reload("gone", instances.ErrInvalid, 0)
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	if text, err := y.s.Diff(y.ctx, 1, "one"); text != "" || err != nil {
		t.Errorf("it differs: %s, %v", text, err)
	}
	write("")
	reload("empty", nil, 3)
	remove()
	reload("gone again", instances.ErrInvalid, 0)
	y.kill()
	y.open()
	read = instances.ConfigMapSource(y.db, y.cluster, "hm-api-config")
	reload("gone before the start", instances.ErrInvalid, 0)
	if _, err := y.s.Update(y.ctx, ann, 1, "one"); err == nil || !strings.Contains(err.Error(), "hm-api-config") {
		t.Errorf("deployed from the defaults: %v", err)
	}
	write("")
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
}

func TestFaultsAreTheirUsers(t *testing.T) {
	y := newYard(t)
	y.config = "plans:\n  tiny: {partitions: 8, cpu: 100, mem: 1000}\n"
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Name, i.Plan.Name = "two", "Tiny" })))
	if err := y.s.StartImporter(y.ctx, ann, 1, "one", []byte(`{"partitionScheme": "byMood"}`)); !errors.Is(err, instances.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	y.config = "plans:\n  tiny: null\n"
	if _, err := y.s.Diff(y.ctx, 1, "two"); !errors.Is(err, instances.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := y.s.StandbyOn(y.ctx, ann, 1, "two"); !errors.Is(err, instances.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	all, err := y.s.StatusList(y.ctx)
	if err != nil || !slices.Equal(all, []instances.Status{{Name: "one", Org: 1, Same: true}, {Name: "two", Org: 1}}) {
		t.Errorf("got %v, %v", all, err)
	}
	y.must(y.s.Delete(y.ctx, ann, 1, "two", false))
}

func TestASwitchThatWasAbortedIsAConflict(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	reached, cut := make(chan struct{}), make(chan struct{})
	var once sync.Once
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Kind == "Service" {
			once.Do(func() { close(reached); <-cut })
		}
		return nil
	})
	switched := make(chan error, 1)
	go func() { switched <- y.s.SwitchColor(y.ctx, ann, 1, "one") }()
	<-reached
	y.callOff("hm-switchcolor-1-one-1")
	close(cut)
	if err := <-switched; !errors.Is(err, instances.ErrConflict) {
		t.Errorf("got %v", err)
	}
	y.serving("a")
	y.agree()
}

func TestADiffKeepsTheImporterAsADeployWould(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
	if text, err := y.s.DiffOf(y.ctx, small()); err != nil || text != "" {
		t.Errorf("got %v\n%s", err, text)
	}
}

func TestADeployCalledOffAfterItsServicesWereChangedKeepsItsColour(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.calledOff("delete", "", func() (string, error) {
		return y.s.Deploy(y.ctx, ann, small(func(i *instances.Instance) { i.Color = "b" }))
	}, func(string) {})
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.Color != "b" || i.State != "aborted" {
		t.Errorf("got colour %s, %s, %v", i.Color, i.State, err)
	}
	y.serving("b")
	y.must(y.s.Update(y.ctx, ann, 1, "one"))
	y.serving("b")
	y.agree()
}

func TestWhatNeverBeganLeavesAnInstanceActive(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "dry run" {
			return fmt.Errorf("%s: %w", r, kube.ErrForbidden)
		}
		return nil
	})
	if err := y.s.StartImporter(y.ctx, ann, 1, "one", nil); !errors.Is(err, instances.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if j := y.ended(y.s.StandbyOn(y.ctx, ann, 1, "one")); j.Status != "FAILED" {
		t.Errorf("got %+v", j)
	}
	y.idle()
	y.cluster.Fail(nil)
	if i, err := y.s.Instance(y.ctx, 1, "one"); err != nil || i.State != "active" {
		t.Errorf("got %s, %v", i.State, err)
	}
	y.must(y.s.StandbyOn(y.ctx, ann, 1, "one"))
	y.ok(y.s.StartImporter(y.ctx, ann, 1, "one", nil))
	y.agree()
}

func TestDataIsDroppedAfterTheLastPodIsGone(t *testing.T) {
	y := newYard(t)
	y.must(y.s.Deploy(y.ctx, ann, small()))
	y.ok(y.cluster.Create("a slow kubelet", []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"mt-write00-1-small-one-6d4cf56db6-x2x4z"},
		"spec":{"containers":[{"name":"metrictank","image":"metrictank:v1"}]}}`)))
	job, err := y.s.Delete(y.ctx, ann, 1, "one", false)
	y.ok(err)
	y.until("all Deployments are gone", func() bool { return len(y.deployments("")) == 0 })
	looks := y.cluster.Calls()["list"]
	y.until("pods are looked for", func() bool { return y.cluster.Calls()["list"] > looks+1 })
	if len(y.topics.Names()) != 2 || len(y.spaces.Names()) != 1 {
		t.Errorf("dropped under a pod: topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	y.ok(y.cluster.DeletePod(y.ctx, "mt-write00-1-small-one-6d4cf56db6-x2x4z"))
	y.must(job, nil)
	if len(y.topics.Names()) != 0 || len(y.spaces.Names()) != 0 {
		t.Errorf("topics %v, keyspaces %v", y.topics.Names(), y.spaces.Names())
	}
	y.agree()
}

func TestTheDiffOfWhatThereIsNotIsTheSameEachTime(t *testing.T) {
	y := newYard(t)
	first, err := y.s.DiffOf(y.ctx, small())
	if err != nil || first == "" {
		t.Fatalf("got %q, %v", first, err)
	}
	if second, err := y.s.DiffOf(y.ctx, small()); err != nil || second != first {
		t.Errorf("got %v\n%s\nand then\n%s", err, first, second)
	}
}

func TestAnOlderConfigurationDoesNotReplaceANewerOne(t *testing.T) {
	y := newYard(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	y.source = func() ([]byte, error) {
		if calls.Add(1) > 1 {
			return []byte("components:\n  metrictank:\n    version: v2\n"), nil
		}
		close(asked)
		<-answer
		return []byte("components:\n  metrictank:\n    version: v1\n"), nil
	}
	slow := make(chan error, 1)
	go func() { _, err := y.s.Reload(y.ctx, ann); slow <- err }()
	<-asked
	if changes, err := y.s.Reload(y.ctx, ann); err != nil || len(changes) != 1 {
		t.Errorf("got %v, %v", changes, err)
	}
	close(answer)
	y.ok(<-slow)
	if changes, err := y.s.Reload(y.ctx, ann); err != nil || len(changes) != 0 {
		t.Errorf("the older one was in force: %v, %v", changes, err)
	}
}
