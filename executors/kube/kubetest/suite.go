// Package kubetest is what every kube.Cluster promises, as tests that run on any of them. It knows no cluster: who runs it brings
// one, with a way to change things behind the back of the yard. What a world lacks is named, and the promise skipped.
package kubetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/kube"
)

// World is one cluster under test, with a namespace that is the test's own.
type World struct {
	Cluster kube.Cluster
	Other   kube.Cluster // the same namespace as another yard sees it
	// Edit changes an object as some field manager.
	Edit func(t testing.TB, manager string, r kube.Ref, fn func(obj map[string]any))
	// Create makes an object as some field manager, from YAML.
	Create func(t testing.TB, manager, text string)
	// Remove deletes an object.
	Remove func(t testing.TB, r kube.Ref)
	// Freeze has the cluster accept requests and answer none until it is thawed. nil if the world cannot.
	Freeze func(t testing.TB) (thaw func())
	// FrozenFor is how long a call to a frozen cluster may take.
	FrozenFor time.Duration
	// Calls is how often each verb was asked for; nil if the world does not count.
	Calls func() map[string]int

	Logs  bool // pods can be asked for what they said
	Usage bool // pods are measured
}

// Patience is how long controllers are waited for.
const Patience = 60 * time.Second

// site is one promise's test.
type site struct {
	World
	testing.TB
}

// promise is one thing that holds for all clusters.
type promise struct {
	name string
	keep func(*site)
}

// Conformance runs all promises, each on a world of its own.
func Conformance(t *testing.T, world func(t *testing.T) World) {
	for _, p := range slices.Concat(applying, drifting, scanning, owning, running, scaling, quarantining, failing) {
		t.Run(p.name, func(t *testing.T) { p.keep(&site{world(t), t}) })
	}
}

// needs skips a promise of which the world lacks something.
func (s *site) needs(what string, has bool) {
	s.Helper()
	if !has {
		s.Skip("this world has no " + what)
	}
}

// must ends the test on an error.
func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is checks an error's meaning and, if there are any, words of its text.
func (s *site) is(err, want error, words ...string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got error %v, want %v", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			s.Errorf("error %q does not say %q", err, w)
		}
	}
}

func (s *site) manifest(text string) kube.Manifest {
	s.Helper()
	m, err := kube.Parse([]byte(text))
	s.must(err)
	return m
}

// apply applies a manifest, which must go well.
func (s *site) apply(text string) kube.Applied {
	s.Helper()
	return s.applied(text, kube.ApplyOptions{})
}

func (s *site) applied(text string, o kube.ApplyOptions) kube.Applied {
	s.Helper()
	done, err := s.Cluster.Apply(s.Context(), s.manifest(text), o)
	s.must(err)
	return done
}

func (s *site) diff(text string) kube.Drift {
	s.Helper()
	d, err := s.Cluster.Diff(s.Context(), s.manifest(text))
	s.must(err)
	return d
}

// clean waits until an object is what its manifest says.
func (s *site) clean(text string) {
	s.Helper()
	var d kube.Drift
	s.eventually(func() bool { d = s.diff(text); return d.Clean() }, func() any { return d })
}

// ready waits until an object does its work.
func (s *site) ready(r kube.Ref) {
	s.Helper()
	s.state(r, kube.Ready)
}

func (s *site) state(r kube.Ref, want kube.State) (h kube.Health) {
	s.Helper()
	s.eventually(func() bool {
		var err error
		h, err = s.Cluster.Health(s.Context(), r)
		s.must(err)
		return h.State == want
	}, func() any { return h })
	return h
}

// pods waits until a workload has so many pods, none of them on its way out.
func (s *site) pods(r kube.Ref, n int) (pods []kube.Pod) {
	s.Helper()
	s.eventually(func() bool {
		var err error
		pods, err = s.Cluster.Pods(s.Context(), r)
		s.must(err)
		return len(pods) == n && !slices.ContainsFunc(pods, func(p kube.Pod) bool { return p.Reason == "Terminating" })
	}, func() any { return pods })
	return pods
}

func (s *site) object(r kube.Ref) map[string]any {
	s.Helper()
	raw, err := s.Cluster.Get(s.Context(), r)
	s.must(err)
	var obj map[string]any
	s.must(json.Unmarshal(raw, &obj))
	return obj
}

// eventually looks until it is so, and says what it was at last if that does not come.
func (s *site) eventually(ok func() bool, last func() any) {
	s.Helper()
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit.C:
			s.Fatalf("not within %v; at last: %+v", Patience, last())
		case <-tick.C:
		}
	}
}

// soon is a context for calls that must end by themselves before it does.
func (s *site) soon(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Context(), d)
}

// deep follows keys and list places into an object.
func deep(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func ref(apiVersion, kind, name string) kube.Ref {
	return kube.Ref{APIVersion: apiVersion, Kind: kind, Name: name}
}

// rowOf finds a row by its key.
func rowOf(rows []kube.Row, key string) (kube.Row, bool) {
	i := slices.IndexFunc(rows, func(r kube.Row) bool { return r.Key == key })
	if i < 0 {
		return kube.Row{}, false
	}
	return rows[i], true
}
