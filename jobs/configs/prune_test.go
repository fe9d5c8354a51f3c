package configs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yardmaster/executors/kube"
)

// refusingIn has the cluster refuse an object in one namespace; of name "" all of them.
func refusingIn(namespace, name string) func(string, kube.Ref) error {
	return func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Namespace == namespace && (name == "" || r.Name == name) {
			return errors.Join(kube.ErrInvalid, errors.New("the quota is used up"))
		}
		return nil
	}
}

func (y *yard) runsIn(namespace string, refs ...kube.Ref) {
	y.t.Helper()
	for _, r := range refs {
		r.Namespace = namespace
		if _, err := y.cluster.Get(y.ctx, r); err != nil {
			y.t.Errorf("%s: %v", r, err)
		}
	}
}

func TestPruningLeavesWhatRunsWhenAMoveFailed(t *testing.T) {
	for name, refuse := range map[string]func(string, kube.Ref) error{
		"of all":                    refusingIn("elsewhere", ""),
		"of one that needs another": refusingIn("elsewhere", "web"),
	} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.upload("1", deployment("web"), configMap("c", "x"))
			y.cluster.Fail(refuse)
			c, err := y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false)
			if err != nil {
				t.Fatal(err)
			}
			if o := y.outcome(c); len(o.Failed) == 0 {
				t.Fatalf("got %+v", o)
			}
			if gone, err := y.s.Prunable(y.ctx); err != nil || len(gone) != 0 {
				t.Errorf("would go: %v, %v", gone, err)
			}
			if c, err := y.s.Prune(y.ctx, ann, false); err != nil || c.Op.ID != "" {
				t.Errorf("got %+v, %v", c, err)
			}
			y.runsIn("plat", ref("Deployment", "web"), ref("ConfigMap", "c"))

			y.cluster.Fail(nil)
			y.must(y.s.Push(y.ctx, ann, "", false))
			y.must(y.s.Prune(y.ctx, ann, false))
			y.runsIn("elsewhere", ref("Deployment", "web"), ref("ConfigMap", "c"))
			owned, err := y.cluster.Owned(y.ctx)
			if err != nil || slices.ContainsFunc(owned, func(r kube.Ref) bool { return r.Namespace == "plat" }) {
				t.Errorf("left behind: %v, %v", owned, err)
			}
			y.agree()
		})
	}
}

func TestPruningTakesWhatHasNoRecordsEvenBesideAFailedMove(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"))
	stray, err := kube.Parse([]byte(configMap("stray", "x")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := y.cluster.Apply(y.ctx, stray, kube.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	y.cluster.Fail(refusingIn("elsewhere", "web"))
	c, err := y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false)
	if err != nil {
		t.Fatal(err)
	}
	y.outcome(c)
	gone, err := y.s.Prunable(y.ctx)
	if err != nil || len(gone) != 1 || gone[0] != ref("ConfigMap", "stray").String() {
		t.Errorf("would go: %v, %v", gone, err)
	}
}

// Who made an object anew, or took the yard's label away, is not robbed of it.
func TestWhatIsSomebodyElsesIsLeftAlone(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"))
	if err := y.cluster.Remove(ref("ConfigMap", "c")); err != nil {
		t.Fatal(err)
	}
	if err := y.cluster.Create("kubectl-create", []byte(configMap("c", "mine"))); err != nil {
		t.Fatal(err)
	}
	o := y.must(y.s.Remove(y.ctx, ann, "c", false))
	if _, err := y.cluster.Get(y.ctx, ref("ConfigMap", "c")); err != nil {
		t.Error(err)
	}
	if notes := strings.Join(o.Op.Notes, "\n"); !strings.Contains(notes, "left alone") || !strings.Contains(notes, "ConfigMap") {
		t.Errorf("nobody is told: %q", notes)
	}
	y.agree()
}
