package kube_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"yardmaster/executors/kube"
)

const manyObjects = 300

// Three hundred objects are applied and looked through well within the time that people wait for an upload.
func TestManyObjectsOfARealCluster(t *testing.T) {
	p := control(t)
	b := look(t, p)
	c := connect(t, kube.Options{Kubeconfig: p.kubeconfig, Namespace: b.namespace, Yard: "one", Timeout: time.Minute})
	ms := make([]kube.Manifest, manyObjects)
	work, ctx := errgroup.WithContext(t.Context())
	work.SetLimit(kube.DefaultConcurrency)
	begun := time.Now()
	for i := range ms {
		ms[i] = parse(t, strings.Replace(settings, "settings", fmt.Sprintf("settings-%d", i), 1))
		work.Go(func() error { _, err := c.Apply(ctx, ms[i], kube.ApplyOptions{}); return err })
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Log("apply", time.Since(begun))
	seen := map[string]kube.Seen{}
	for _, from := range []string{kube.FromDryRun, kube.FromSeen} {
		begun = time.Now()
		found, err := c.Scan(t.Context(), ms, seen)
		if err != nil || len(found) != manyObjects {
			t.Fatalf("%d found, %v", len(found), err)
		}
		t.Log("scan", from, time.Since(begun))
		for id, d := range found {
			if !d.Clean() || d.From != from {
				t.Fatalf("%s: %+v", id, d)
			}
			seen[id] = d.Seen
		}
	}
}
