// Package kubelet stands in for the agents of a cluster's nodes: it says of the pods that are scheduled there what agents would say,
// and of the volumes that are claimed that they are there.
//
// It refuses to run, pull, mount or fetch anything. A pod runs at once; one that is not to be restarted succeeds within two seconds;
// one with an image whose tag is "bad" never starts; a deleted one is gone at once. Probes, logs and readiness gates are not looked at.
package kubelet

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// tryAgain is how soon what failed is tried again.
const tryAgain = time.Second

// Kubelet is the agents of all nodes.
type Kubelet struct {
	client kubernetes.Interface
	nodes  []string
	log    *slog.Logger
}

// New is the agents of count nodes, which are called node-1 and so on.
func New(client kubernetes.Interface, count int, log *slog.Logger) *Kubelet {
	k := &Kubelet{client: client, log: log}
	for i := range count {
		k.nodes = append(k.nodes, fmt.Sprintf("node-%d", i+1))
	}
	return k
}

// Run works until the context ends. What the apiserver refuses is tried again.
func (k *Kubelet) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, node := range k.nodes {
		all.Go(func() { k.beat(ctx, node) })
	}
	all.Go(func() { k.untilDone(ctx, "storage class", Class, k.makeClass) })
	factory := informers.NewSharedInformerFactory(k.client, 0)
	defer factory.Shutdown()
	pods := newPods(k, factory)
	volumes := newVolumes(k, factory)
	claims := newClaims(k, factory)
	factory.StartWithContext(ctx)
	factory.WaitForCacheSyncWithContext(ctx)
	for _, q := range []*queue{pods, volumes, claims} {
		all.Go(func() { q.run(ctx) })
	}
}

// untilDone tries until it is done or the context ends.
func (k *Kubelet) untilDone(ctx context.Context, kind, name string, do func(context.Context) error) {
	for {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		k.log.Info("trying again", "kind", kind, "key", name, "err", err)
		pause(ctx, tryAgain)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// queue keeps the keys of one kind's objects that have changed.
type queue struct {
	name string
	sync func(ctx context.Context, key string) (again time.Duration, err error)
	keys workqueue.TypedRateLimitingInterface[string]
	log  *slog.Logger
}

// watch makes a queue that is fed by what an informer sees.
func (k *Kubelet) watch(name string, informer cache.SharedIndexInformer, sync func(context.Context, string) (time.Duration, error)) *queue {
	limit := workqueue.NewTypedItemExponentialFailureRateLimiter[string](20*time.Millisecond, 5*time.Second)
	q := &queue{name: name, sync: sync, keys: workqueue.NewTypedRateLimitingQueue(limit), log: k.log}
	add := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			q.keys.Add(key)
		}
	}
	// An informer that was not started takes any handler.
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, now any) { add(now) }})
	return q
}

// run works on the keys, a few at a time, until the context ends.
func (q *queue) run(ctx context.Context) {
	const workers = 4
	var all sync.WaitGroup
	defer all.Wait()
	for range workers {
		all.Go(func() {
			for q.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	q.keys.ShutDown()
}

func (q *queue) next(ctx context.Context) bool {
	key, end := q.keys.Get()
	if end {
		return false
	}
	defer q.keys.Done(key)
	again, err := q.sync(ctx, key)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			q.log.Info("trying again", "kind", q.name, "key", key, "err", err)
		}
		q.keys.AddRateLimited(key)
	case again > 0:
		q.keys.Forget(key)
		q.keys.AddAfter(key, again)
	default:
		q.keys.Forget(key)
	}
	return true
}
