package configs_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
)

const (
	widgets = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com\nspec:\n  group: example.com\n" +
		"  scope: Namespaced\n  names: {plural: widgets, kind: Widget}\n  versions: [{name: v1, served: true, storage: true}]\n"
	widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\nspec: {}\n"
)

// slow is a cluster that serves a kind only after some looks at it.
type slow struct {
	kube.Cluster
	looks, needed atomic.Int32
}

func (s *slow) Apply(ctx context.Context, m kube.Manifest, o kube.ApplyOptions) (kube.Applied, error) {
	if m.Kind == "Widget" && s.looks.Add(1) <= s.needed.Load() {
		return kube.Applied{}, kube.ErrNoKind
	}
	return s.Cluster.Apply(ctx, m, o)
}

// slowYard needs so many looks at the kind of widgets.
func slowYard(t *testing.T, needed int32) (*yard, *slow) {
	y := newYard(t)
	y.kill()
	s := &slow{Cluster: y.cluster}
	s.needed.Store(needed)
	y.before = s
	y.open()
	return y, s
}

func TestAKindThatComesWithAPushIsWaitedFor(t *testing.T) {
	y, s := slowYard(t, 3)
	o := y.upload("1", widget, widgets)
	if !slices.Equal(o.Applied, []string{"w", "widgets.example.com"}) || s.looks.Load() != 4 || o.Op.Tries > 0 {
		t.Errorf("applied %v after %d looks, %d tries", o.Applied, s.looks.Load(), o.Op.Tries)
	}
	y.agree()
}

func TestAKindThatNobodyBringsIsNotWaitedFor(t *testing.T) {
	y, s := slowYard(t, 1000)
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(widget, configMap("c", "x"))})
	if err != nil {
		t.Fatal(err)
	}
	o := y.outcome(c)
	if !slices.Equal(o.Applied, []string{"c"}) || len(o.Failed) != 1 || o.Failed[0].Object != "w" || s.looks.Load() != 1 {
		t.Errorf("applied %v, failed %v after %d looks", o.Applied, o.Failed, s.looks.Load())
	}
}

func TestAnObjectThatTheClusterNeverAnswersForKeepsNobodyBackForEver(t *testing.T) {
	t.Parallel() // it waits for some tries
	y := newYard(t)
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Name == "hooked" {
			return kube.ErrUnavailable
		}
		return nil
	})
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(configMap("hooked", "x"), configMap("c", "x"), deployment("web"))})
	if err != nil {
		t.Fatal(err)
	}
	o := y.outcome(c)
	if !slices.Equal(o.Applied, []string{"c", "web"}) || len(o.Failed) != 1 || o.Failed[0].Object != "hooked" || !strings.Contains(o.Error, "1 of 3") {
		t.Errorf("applied %v, failed %v: %s", o.Applied, o.Failed, o.Error)
	}
}
