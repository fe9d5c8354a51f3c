package configs_test

import (
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
)

const migration = `apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  ttlSecondsAfterFinished: 60
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: registry.example.com/team/migrate:1
`

var migrate = kube.Ref{APIVersion: "batch/v1", Kind: "Job", Namespace: "plat", Name: "migrate"}

// cleanUp does as the cluster does some time after a Job has ended.
func (y *yard) cleanUp() {
	y.t.Helper()
	if err := y.cluster.Remove(migrate); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) there(r kube.Ref) bool {
	y.t.Helper()
	_, err := y.cluster.Get(y.ctx, r)
	return err == nil
}

func TestAJobThatTheClusterCleanedUpDoesNotRunAgain(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.SelfHeal = []string{"*"} })
	y.upload("1", migration, configMap("c", "x"))
	y.cleanUp()
	y.agree()
	for _, c := range []struct {
		name string
		act  func()
	}{
		{"a push of all", func() { y.must(y.s.Push(y.ctx, ann, "", false)) }},
		{"a push that waits", func() { y.must(y.s.Push(y.ctx, configs.Who{User: "ann", Wait: true}, "", false)) }},
		{"the next release", func() { y.upload("2", migration, configMap("c", "z")) }},
		{"another annotation", func() { y.patch("# target: migrate\nmetadata:\n  annotations: {a: b}\n") }},
		{"another time to live", func() { y.patch("# target: migrate\nspec:\n  ttlSecondsAfterFinished: 5\n") }},
	} {
		c.act()
		if y.there(migrate) {
			t.Fatalf("%s: it runs again", c.name)
		}
		y.agree()
	}
	if notes := y.noted(); len(notes) != 0 {
		t.Errorf("told %v", notes)
	}
}

func TestAJobRunsAgainWhereItIsToRunSomethingElseOrIsNamed(t *testing.T) {
	y := newYard(t)
	y.upload("1", migration)
	y.cleanUp()
	y.upload("2", strings.Replace(migration, "migrate:1", "migrate:2", 1))
	if !y.there(migrate) {
		t.Error("with another image: it does not run")
	}
	y.cleanUp()
	y.must(y.s.Push(y.ctx, ann, "migrate", false))
	if !y.there(migrate) {
		t.Error("when it is named: it does not run")
	}
	y.agree()
	y.cleanUp()
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	moved := migrate
	moved.Namespace = "elsewhere"
	if !y.there(moved) {
		t.Error("in another namespace: it does not run")
	}
	y.agree()
}

func TestAJobThatStaysWhenItHasEndedIsMissedWhenItIsGone(t *testing.T) {
	y := newYard(t)
	y.upload("1", strings.Replace(migration, "  ttlSecondsAfterFinished: 60\n", "", 1))
	y.cleanUp()
	if found, err := y.s.Inconsistencies(y.ctx); err != nil || !found.Resources["migrate"].Missing {
		t.Errorf("got %+v, %v", found, err)
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	if !y.there(migrate) {
		t.Error("it does not run")
	}
	y.agree()
}
