package kube

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// seen is how the object and its manifest are now.
func (c *Client) seen(m Manifest, live *unstructured.Unstructured) Seen {
	uid := string(live.GetUID())
	return Seen{Hash: digest(uid, c.opt.Yard, c.opt.Namespace, string(m.Text)), Version: version(live), UID: uid}
}

// version changes with the object's content, and not with its status.
func version(live *unstructured.Unstructured) string {
	if live.GetKind() == "Secret" {
		return live.GetResourceVersion() // a digest could be guessed from
	}
	raw, err := json.Marshal(content(live.Object))
	if err != nil {
		return live.GetResourceVersion()
	}
	return digest(string(live.GetUID()), string(raw))
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// subject is one manifest under a scan.
type subject struct {
	Manifest
	at   object
	want *unstructured.Unstructured
	live *unstructured.Unstructured // nil until looked for
	away error                      // why it cannot be looked for
}

// scan is one Scan under way.
type scan struct {
	c     *Client
	seen  map[string]Seen
	mu    sync.Mutex
	found map[string]Drift
}

// Scan compares many objects: it lists what carries the yard's label kind by kind, and asks the cluster only about what has changed.
func (c *Client) Scan(ctx context.Context, ms []Manifest, seen map[string]Seen) (map[string]Drift, error) {
	s := &scan{c: c, seen: seen, found: make(map[string]Drift, len(ms))}
	groups, err := s.sort(ctx, ms)
	if err != nil {
		return s.found, err
	}
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(c.opt.Concurrency)
	for shelf, subjects := range groups {
		work.Go(func() error { return s.list(within, shelf, subjects) })
	}
	if err := work.Wait(); err != nil {
		return s.found, err
	}
	work, within = errgroup.WithContext(ctx)
	work.SetLimit(c.opt.Concurrency)
	for _, subjects := range groups {
		for _, sub := range subjects {
			work.Go(func() error { return s.look(within, sub) })
		}
	}
	return s.found, work.Wait()
}

// section is a kind in a namespace.
type section struct{ apiVersion, kind, namespace string }

func (s *scan) sort(ctx context.Context, ms []Manifest) (map[section][]*subject, error) {
	groups := map[section][]*subject{}
	for _, m := range ms {
		o, want, err := s.c.prepare(ctx, m)
		if err != nil {
			if err := s.skip(ctx, m, err); err != nil {
				return nil, err
			}
			continue
		}
		at := section{o.APIVersion, o.Kind, o.Namespace}
		groups[at] = append(groups[at], &subject{Manifest: m, at: o, want: want})
	}
	return groups, nil
}

// list looks at all objects of a section at once. What may not be listed is got one by one.
func (s *scan) list(ctx context.Context, at section, subjects []*subject) error {
	if len(subjects) == 1 {
		return nil
	}
	all, err := s.c.list(ctx, subjects[0].at.kind, at.namespace, LabelYard+"="+s.c.opt.Yard)
	switch {
	case errors.Is(err, ErrForbidden), errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		for _, sub := range subjects {
			sub.away = err
		}
		return s.skip(ctx, subjects[0].Manifest, err)
	}
	live := make(map[string]*unstructured.Unstructured, len(all))
	for i := range all {
		live[all[i].GetName()] = &all[i]
	}
	for _, sub := range subjects {
		sub.live = live[sub.at.Name]
	}
	return nil
}

func (s *scan) look(ctx context.Context, sub *subject) error {
	if sub.away != nil {
		s.put(sub.Manifest, Drift{Skipped: sub.away.Error()})
		return nil
	}
	d, err := s.compare(ctx, sub)
	if err != nil {
		return s.skip(ctx, sub.Manifest, err)
	}
	s.put(sub.Manifest, d)
	return nil
}

func (s *scan) compare(ctx context.Context, sub *subject) (Drift, error) {
	var err error
	if sub.live == nil { // without the label it may still be there
		if sub.live, err = s.c.find(ctx, sub.at); err != nil {
			return Drift{}, err
		}
	}
	if sub.live != nil {
		if now := s.c.seen(sub.Manifest, sub.live); now == s.seen[sub.ID()] {
			return Drift{From: FromSeen, Seen: now}, nil
		}
	}
	return s.c.drift(ctx, sub.Manifest, sub.at, sub.want, sub.live)
}

// skip notes why an object was not compared, unless that is for all of them: part of a cluster may be away, such as what serves one
// group, or what converts one kind.
func (s *scan) skip(ctx context.Context, m Manifest, err error) error {
	if ctx.Err() != nil || s.away(ctx, err) {
		return err
	}
	s.put(m, Drift{Skipped: err.Error()})
	return nil
}

// away says that an error means the whole cluster.
func (s *scan) away(ctx context.Context, err error) bool {
	if !errors.Is(err, ErrUnavailable) {
		return false
	}
	_, err = s.c.Ping(ctx)
	return err != nil
}

func (s *scan) put(m Manifest, d Drift) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[m.ID()] = d
}
