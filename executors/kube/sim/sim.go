// Package sim is a simulated Kubernetes cluster: an API server in memory behind the same client that talks to real ones, with
// just enough of controllers that workloads have pods, become ready, and are cleaned up after. Server-side apply, managed fields and
// dry runs are the real ones' code. It is for demonstrations and tests: it has no defaults beyond a few, checks little of what a
// manifest says, keeps nothing on disk, and proves nothing about a real cluster.
//
// An image whose tag is "bad" cannot be pulled. Jobs end at once. The same calls give the same names.
package sim

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"time"

	"yardmaster/executors/kube"
)

// Options of a cluster. What is left out: namespace "default", yard "sim", the time of day.
type Options struct {
	Namespace string
	Yard      string
	Now       func() time.Time
	Timeout   time.Duration // of one request; only a frozen cluster takes long
	Logger    *slog.Logger
}

// Cluster is a kube.Cluster that exists in memory only.
type Cluster struct {
	*kube.Client
	server *server
	opt    Options
}

var _ kube.Cluster = (*Cluster)(nil)

// New makes an empty cluster with the namespaces default and that of the options.
func New(o Options) (*Cluster, error) {
	o.Namespace, o.Yard = cmp.Or(o.Namespace, "default"), cmp.Or(o.Yard, "sim")
	if o.Now == nil {
		o.Now = time.Now
	}
	s := newServer(o.Now)
	for _, name := range []string{"default", o.Namespace} {
		if err := s.seedNamespace(name); err != nil {
			return nil, err
		}
	}
	return s.client(o)
}

func (s *server) client(o Options) (*Cluster, error) {
	c, err := kube.New(context.Background(), kube.Options{Transport: s, Namespace: o.Namespace, Yard: o.Yard, Timeout: o.Timeout, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	return &Cluster{c, s, o}, nil
}

// Yard is the same cluster as another yard sees it.
func (c *Cluster) Yard(id string) (*Cluster, error) {
	o := c.opt
	o.Yard = id
	return c.server.client(o)
}

// Edit changes an object as somebody with kubectl edit would. The object is his to change in place.
func (c *Cluster) Edit(r kube.Ref, fn func(obj map[string]any)) error {
	return c.EditAs("kubectl-edit", r, fn)
}

// EditAs is Edit by any field manager.
func (c *Cluster) EditAs(manager string, r kube.Ref, fn func(obj map[string]any)) error {
	return c.server.edit(manager, c.at(r), fn)
}

// Create makes an object as somebody else, from YAML or JSON.
func (c *Cluster) Create(manager string, text []byte) error {
	return c.server.createAs(manager, c.Namespace(), text)
}

// Remove deletes an object as somebody else.
func (c *Cluster) Remove(r kube.Ref) error { return c.server.remove(c.at(r)) }

func (c *Cluster) at(r kube.Ref) kube.Ref {
	r.Namespace = cmp.Or(r.Namespace, c.Namespace())
	return r
}

// Fail has fn asked before each request whether it fails: by an error of package kube as a cluster would answer, by any other as
// if the cluster were away. The verbs are get, list, apply, dry run, patch, scale, delete, logs, metrics and discover; lists have a
// Ref without a name. nil ends it. fn may block, and is asked by several requests at a time.
func (c *Cluster) Fail(fn func(verb string, r kube.Ref) error) { c.server.failing(fn) }

// Freeze has all requests wait until they are given up or the cluster is thawed. It is called once at a time.
func (c *Cluster) Freeze() (thaw func()) { return c.server.freeze() }

// Calls is how often each verb was asked for.
func (c *Cluster) Calls() map[string]int {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return maps.Clone(c.server.calls)
}
