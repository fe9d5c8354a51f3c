package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"yardmaster/executors/kube"
	"yardmaster/executors/kube/kubetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := New(o)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	kubetest.Conformance(t, func(t *testing.T) kubetest.World {
		c := open(t, Options{Namespace: "shop", Timeout: time.Second})
		other, err := c.Yard("other")
		must(t, err)
		return kubetest.World{Cluster: c, Other: other, Calls: c.Calls, Logs: true, Usage: true,
			Freeze: func(testing.TB) func() { return c.Freeze() }, FrozenFor: 20 * time.Second,
			Edit: func(t testing.TB, manager string, r kube.Ref, fn func(map[string]any)) {
				t.Helper()
				must(t, c.EditAs(manager, r, fn))
			},
			Create: func(t testing.TB, manager, text string) {
				t.Helper()
				must(t, c.Create(manager, []byte(text)))
			},
			Remove: func(t testing.TB, r kube.Ref) {
				t.Helper()
				must(t, c.Remove(r))
			},
		}
	})
}

const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: green}\n"

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.test/web:1"}]}
`

func manifest(t testing.TB, text string) kube.Manifest {
	t.Helper()
	m, err := kube.Parse([]byte(text))
	must(t, err)
	return m
}

func apply(t testing.TB, c *Cluster, text string) error {
	t.Helper()
	_, err := c.Apply(t.Context(), manifest(t, text), kube.ApplyOptions{})
	return err
}

func TestFaultsAreWhatAClusterWouldAnswer(t *testing.T) {
	c := open(t, Options{})
	must(t, apply(t, c, web))
	for _, want := range []error{kube.ErrNotFound, kube.ErrNoNamespace, kube.ErrConflict, kube.ErrForbidden, kube.ErrInvalid, kube.ErrUnavailable} {
		var asked []string
		var mu sync.Mutex
		c.Fail(func(verb string, r kube.Ref) error {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, verb+" "+r.String())
			if verb == "scale" {
				return want
			}
			return nil
		})
		err := c.Scale(t.Context(), manifest(t, web).Ref, 1)
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if len(asked) != 1 || asked[0] != "scale Deployment web in default" {
			t.Errorf("asked for %q", asked)
		}
	}
	c.Fail(func(string, kube.Ref) error { return errors.New("cable cut") })
	if err := apply(t, c, settings); !errors.Is(err, kube.ErrUnavailable) || !strings.Contains(err.Error(), "cable cut") {
		t.Errorf("got %v", err)
	}
	c.Fail(nil)
	must(t, apply(t, c, settings))
}

// What a controller writes between two requests of one call is no drift.
func TestAWriteInBetweenIsNoDrift(t *testing.T) {
	c := open(t, Options{})
	must(t, apply(t, c, settings))
	m := manifest(t, settings)
	for times, want := range map[int]int{1: 0, 3: 0} {
		left := times
		c.Fail(func(verb string, r kube.Ref) error {
			if verb != "dry run" || left == 0 {
				return nil
			}
			left--
			return c.EditAs("kube-controller-manager", m.Ref, func(obj map[string]any) {
				obj["metadata"].(map[string]any)["annotations"] = map[string]any{"turn": fmt.Sprint(times, left)}
			})
		})
		d, err := c.Diff(t.Context(), m)
		must(t, err)
		if len(d.Rows) != want || len(d.Foreign) != 0 || left != 0 {
			t.Errorf("%d writes: %+v", times, d)
		}
	}
}

func TestCallsAreCounted(t *testing.T) {
	c := open(t, Options{})
	must(t, apply(t, c, settings))
	_, err := c.Diff(t.Context(), manifest(t, settings))
	must(t, err)
	calls := c.Calls()
	delete(calls, "discover")
	if diff := cmp.Diff(map[string]int{"get": 2, "apply": 1, "dry run": 1}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameCallsMakeTheSameCluster(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var texts [2]string
	for i := range texts {
		c := open(t, Options{Now: func() time.Time { return at }})
		must(t, apply(t, c, web))
		must(t, c.Edit(manifest(t, web).Ref, func(obj map[string]any) { obj["spec"].(map[string]any)["replicas"] = int64(3) }))
		raw, err := c.Get(t.Context(), manifest(t, web).Ref)
		must(t, err)
		pods, err := c.Pods(t.Context(), kube.Ref{})
		must(t, err)
		texts[i] = fmt.Sprintf("%s %+v", raw, pods)
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(texts[0], "2026-03-01T12:00:00Z") || strings.Contains(texts[0], time.Now().Format("2006-01-02T")) {
		t.Errorf("it has another clock: %s", texts[0])
	}
}

func TestWhatNobodyMadeCannotBeEdited(t *testing.T) {
	c := open(t, Options{})
	if err := c.Edit(manifest(t, web).Ref, func(map[string]any) {}); !errors.Is(err, kube.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestADeletedNamespaceTakesAllAlong(t *testing.T) {
	c := open(t, Options{})
	must(t, apply(t, c, "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n"))
	in := strings.Replace(settings, "name: settings", "name: settings, namespace: lab", 1)
	must(t, apply(t, c, in))
	must(t, c.Delete(t.Context(), kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: "lab"}))
	if err := apply(t, c, in); !errors.Is(err, kube.ErrNoNamespace) {
		t.Errorf("got %v", err)
	}
}

func TestManyAtATime(t *testing.T) {
	c := open(t, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		text := strings.ReplaceAll(web, "web", fmt.Sprint("web", i))
		wg.Go(func() {
			for range 3 {
				if err := apply(t, c, text); err != nil {
					t.Error(err)
				}
				if _, err := c.Owned(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	pods, err := c.Pods(t.Context(), kube.Ref{})
	must(t, err)
	if len(pods) != 16 {
		t.Errorf("%d pods", len(pods))
	}
}

func BenchmarkApply(b *testing.B) {
	c := open(b, Options{})
	i := 0
	for b.Loop() {
		i++
		must(b, apply(b, c, strings.ReplaceAll(web, "web", fmt.Sprint("web", i%300))))
	}
}
