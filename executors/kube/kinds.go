package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// kind is one kind as the cluster serves it.
type kind struct {
	schema.GroupVersionKind
	resource   string
	namespaced bool
	preferred  bool // of its group's preferred version
	verbs      []string
}

func (k kind) gvr() schema.GroupVersionResource { return k.GroupVersion().WithResource(k.resource) }

// shelf is all kinds as they were at one look.
type shelf struct {
	all  map[schema.GroupVersionKind]kind
	away map[schema.GroupVersion]error // what serves these did not answer
	when time.Time
}

// kinds remembers what kinds the cluster has, and looks again for one that it does not know.
type kinds struct {
	look  func(context.Context) (*shelf, error)
	last  atomic.Pointer[shelf]
	asked chan struct{} // held by who looks
}

// lookEvery keeps manifests of an unknown kind from asking the cluster one by one.
const lookEvery = time.Second

func newKinds(look func(context.Context) (*shelf, error)) *kinds {
	return &kinds{look: look, asked: make(chan struct{}, 1)}
}

// find is the kind, or ErrNoKind.
func (s *kinds) find(ctx context.Context, apiVersion, name string) (kind, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return kind{}, fmt.Errorf("apiVersion %q: %w: not of the form group/version", apiVersion, ErrInvalid)
	}
	gvk := gv.WithKind(name)
	if have := s.last.Load(); have != nil {
		if k, ok := have.all[gvk]; ok {
			return k, nil
		}
	}
	have, err := s.fresh(ctx)
	if err != nil {
		return kind{}, err
	}
	if k, ok := have.all[gvk]; ok {
		return k, nil
	}
	if err := have.away[gv]; err != nil {
		return kind{}, fmt.Errorf("%s of %s: %w: %s", name, apiVersion, ErrUnavailable, brief(err.Error()))
	}
	return kind{}, fmt.Errorf("%s of %s: %w", name, apiVersion, ErrNoKind)
}

// fresh is what the cluster has now, or had a moment ago.
func (s *kinds) fresh(ctx context.Context) (*shelf, error) {
	select {
	case s.asked <- struct{}{}:
		defer func() { <-s.asked }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if have := s.last.Load(); have != nil && time.Since(have.when) < lookEvery {
		return have, nil
	}
	have, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	have.when = time.Now()
	s.last.Store(have)
	return have, nil
}

// forget has the next unknown kind asked for at once.
func (s *kinds) forget() {
	if have := s.last.Load(); have != nil {
		s.last.CompareAndSwap(have, &shelf{all: have.all, away: have.away})
	}
}

// discover asks the cluster for its kinds. Some groups have a server of their own, which may be away.
func (c *Client) discover(ctx context.Context) (*shelf, error) {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	groups, lists, err := c.disco.ServerGroupsAndResourcesWithContext(own)
	away, partly := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && (!partly || own.Err() != nil) {
		return nil, c.fault(ctx, "kinds of the cluster", err)
	}
	preferred := map[string]bool{}
	for _, g := range groups {
		preferred[g.PreferredVersion.GroupVersion] = true
	}
	out := &shelf{all: map[schema.GroupVersionKind]kind{}, away: away}
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			continue
		}
		shelve(out.all, gv, preferred[l.GroupVersion], l.APIResources)
	}
	return out, nil
}

func shelve(all map[schema.GroupVersionKind]kind, gv schema.GroupVersion, preferred bool, rs []metav1.APIResource) {
	for _, r := range rs {
		if strings.Contains(r.Name, "/") || r.Kind == "" {
			continue
		}
		gvk := gv.WithKind(r.Kind)
		all[gvk] = kind{GroupVersionKind: gvk, resource: r.Name, namespaced: r.Namespaced, preferred: preferred, verbs: r.Verbs}
	}
}

// sweepable are the kinds of which objects can be listed and deleted, in their preferred versions, in a fixed order.
func (s *shelf) sweepable() []kind {
	var out []kind
	for _, k := range s.all {
		if k.preferred && slices.Contains(k.verbs, "list") && slices.Contains(k.verbs, "delete") && k.Kind != "Event" {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b kind) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// ClusterScoped says whether objects of a kind live outside of namespaces.
func (c *Client) ClusterScoped(ctx context.Context, apiVersion, name string) (scoped, known bool, err error) {
	k, err := c.kinds.find(ctx, apiVersion, name)
	switch {
	case err == nil:
		return !k.namespaced, true, nil
	case isNoKind(err):
		return false, false, nil
	}
	return false, false, err
}
