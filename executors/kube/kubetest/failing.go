package kubetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"yardmaster/executors/kube"
)

var failing = []promise{
	{"a field that may not change is named, dry or not", func(s *site) {
		s.apply(deployment)
		changed := s.manifest(with(deployment, "app: web", "app: other"))
		for _, dry := range []bool{true, false} {
			_, err := s.Cluster.Apply(s.Context(), changed, kube.ApplyOptions{Dry: dry})
			s.is(err, kube.ErrInvalid, "spec.selector", "immutable", "Deployment web")
		}
	}},
	{"a field that no such object has is named", func(s *site) {
		_, err := s.Cluster.Apply(s.Context(), s.manifest(with(deployment, "replicas: 2", "replicsa: 2")), kube.ApplyOptions{})
		s.is(err, kube.ErrInvalid, "replicsa")
	}},
	{"a value of the wrong kind is refused", func(s *site) {
		_, err := s.Cluster.Apply(s.Context(), s.manifest(with(deployment, "replicas: 2", "replicas: many")), kube.ApplyOptions{})
		s.is(err, kube.ErrInvalid)
	}},
	{"a namespace that is not there is named, dry or not", func(s *site) {
		m := s.manifest(with(configMap, "{name: settings}", "{name: settings, namespace: nowhere}"))
		for _, dry := range []bool{true, false} {
			_, err := s.Cluster.Apply(s.Context(), m, kube.ApplyOptions{Dry: dry})
			s.is(err, kube.ErrNoNamespace, "nowhere")
			s.is(err, kube.ErrNotFound)
		}
		d, err := s.Cluster.Diff(s.Context(), m)
		s.must(err)
		if !d.Missing {
			s.Errorf("got %+v", d)
		}
	}},
	{"a kind that is not there is named", func(s *site) {
		m := s.manifest("apiVersion: nowhere.test/v1\nkind: Thing\nmetadata: {name: one}\n")
		_, err := s.Cluster.Apply(s.Context(), m, kube.ApplyOptions{})
		s.is(err, kube.ErrNoKind, "Thing", "nowhere.test/v1")
		_, err = s.Cluster.Diff(s.Context(), m)
		s.is(err, kube.ErrNoKind)
		s.is(s.Cluster.Delete(s.Context(), m.Ref), kube.ErrNoKind)
	}},
	{"no error tells a secret", func(s *site) {
		s.apply(secret)
		for _, text := range []string{
			with(secret, "metadata: {name: keys}", "metadata: {name: keys}\ntype: canary-type", "canary-type", "kubernetes.io/tls"),
			with(secret, "stringData: {user", "data: {user"),
			with(secret, "name: keys", "name: UPPER_canary-user-0815"),
			with(deployment, "name: DB_PASSWORD", "name: DB_PASSWORD, value2: canary-env-4711"),
			with(deployment, "value: canary-env-4711", "value: {deep: canary-env-4711}"),
		} {
			_, err := s.Cluster.Apply(s.Context(), s.manifest(text), kube.ApplyOptions{})
			if err != nil && (strings.Contains(err.Error(), "canary-user-0815") || strings.Contains(err.Error(), "canary-env") ||
				strings.Contains(err.Error(), "canary-pin")) {
				s.Errorf("it tells: %v", err)
			}
		}
	}},
	{"a call that is called off ends at once", func(s *site) {
		s.apply(configMap)
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		for name, call := range s.calls() {
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				s.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"a call to a cluster that hangs ends in time, and works again after", func(s *site) {
		s.needs("way to hang", s.Freeze != nil)
		s.apply(configMap)
		thaw := s.Freeze(s)
		defer thaw()
		var wg sync.WaitGroup
		for name, call := range s.calls() {
			wg.Go(func() { s.hangs(name, call) })
		}
		wg.Wait()
		thaw()
		s.eventually(func() bool { _, err := s.Cluster.Ping(s.Context()); return err == nil }, func() any { return "away" })
		s.clean(configMap)
	}},
	{"the caller's own time limit counts too", func(s *site) {
		s.needs("way to hang", s.Freeze != nil)
		thaw := s.Freeze(s)
		defer thaw()
		ctx, cancel := s.soon(50 * time.Millisecond)
		defer cancel()
		_, err := s.Cluster.Ping(ctx)
		s.is(err, kube.ErrUnavailable)
		s.is(err, context.DeadlineExceeded)
	}},
}

// hangs checks that a call to a frozen cluster is ended by its own limit.
func (s *site) hangs(name string, call func(context.Context) error) {
	s.Helper()
	ctx, cancel := s.soon(s.FrozenFor)
	defer cancel()
	err := call(ctx)
	if !errors.Is(err, kube.ErrUnavailable) || ctx.Err() != nil {
		s.Errorf("%s: %v (limit over: %v)", name, err, ctx.Err() != nil)
	}
}

// calls are all that ask the cluster something.
func (s *site) calls() map[string]func(context.Context) error {
	m := s.manifest(configMap)
	return map[string]func(context.Context) error{
		"ping":   func(ctx context.Context) error { _, err := s.Cluster.Ping(ctx); return err },
		"apply":  func(ctx context.Context) error { _, err := s.Cluster.Apply(ctx, m, kube.ApplyOptions{}); return err },
		"diff":   func(ctx context.Context) error { _, err := s.Cluster.Diff(ctx, m); return err },
		"scan":   func(ctx context.Context) error { _, err := s.Cluster.Scan(ctx, []kube.Manifest{m}, nil); return err },
		"owned":  func(ctx context.Context) error { _, err := s.Cluster.Owned(ctx); return err },
		"health": func(ctx context.Context) error { _, err := s.Cluster.Health(ctx, m.Ref); return err },
		"delete": func(ctx context.Context) error { return s.Cluster.Delete(ctx, ref("v1", "ConfigMap", "nobody")) },
		"pods":   func(ctx context.Context) error { _, err := s.Cluster.Pods(ctx, kube.Ref{}); return err },
		"logs": func(ctx context.Context) error {
			return s.Cluster.Logs(ctx, "nobody", "", time.Time{}, 10, &strings.Builder{})
		},
		"usage": func(ctx context.Context) error { _, err := s.Cluster.Usage(ctx); return err },
		"quarantine": func(ctx context.Context) error {
			return fmt.Errorf("quarantine: %w", s.Cluster.QuarantinePod(ctx, "nobody"))
		},
	}
}
