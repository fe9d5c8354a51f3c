package kube_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"yardmaster/executors/kube"
	"yardmaster/executors/kube/kubetest"
)

// requestTime is long for a request and short for a wait.
const requestTime = 8 * time.Second

var spaces atomic.Int64

// behind is the cluster as everybody but the yard sees it.
type behind struct {
	dynamic   dynamic.Interface
	namespace string
}

// look is a view of the shared cluster in a namespace that is new.
func look(t testing.TB, p *plane) behind {
	t.Helper()
	transport, err := rest.HTTPClientFor(p.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(transport.Transport) })
	d, err := dynamic.NewForConfigAndClient(p.config, transport)
	if err != nil {
		t.Fatal(err)
	}
	b := behind{d, fmt.Sprintf("t%d", spaces.Add(1))}
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": b.namespace}}}
	if _, err := d.Resource(gvr(ns.GroupVersionKind())).Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.Resource(gvr(ns.GroupVersionKind())).Delete(t.Context(), b.namespace, metav1.DeleteOptions{}) // the cluster ends with the tests
	})
	account := gvr(schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"})
	eventually(t, "the namespace's account", func() bool {
		_, err := d.Resource(account).Namespace(b.namespace).Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	return b
}

// gvr guesses a resource from its kind, which goes well for all kinds that the tests make.
func gvr(k schema.GroupVersionKind) schema.GroupVersionResource {
	r, _ := meta.UnsafeGuessKindToResource(k)
	return r
}

func (b behind) at(r kube.Ref) dynamic.ResourceInterface {
	gv, _ := schema.ParseGroupVersion(r.APIVersion)
	return b.dynamic.Resource(gvr(gv.WithKind(r.Kind))).Namespace(b.namespace)
}

func (b behind) edit(t testing.TB, manager string, r kube.Ref, fn func(map[string]any)) {
	t.Helper()
	eventually(t, "an edit without conflict", func() bool {
		u, err := b.at(r).Get(t.Context(), r.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fn(u.Object)
		_, err = b.at(r).Update(t.Context(), u, metav1.UpdateOptions{FieldManager: manager})
		if err != nil && !apierrors.IsConflict(err) {
			t.Fatal(err)
		}
		return err == nil
	})
}

func (b behind) create(t testing.TB, manager, text string) {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 1<<12).Decode(&u.Object); err != nil {
		t.Fatal(err)
	}
	r := kube.Ref{APIVersion: u.GetAPIVersion(), Kind: u.GetKind()}
	if _, err := b.at(r).Create(t.Context(), u, metav1.CreateOptions{FieldManager: manager}); err != nil {
		t.Fatal(err)
	}
}

func (b behind) remove(t testing.TB, r kube.Ref) {
	t.Helper()
	if err := b.at(r).Delete(t.Context(), r.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func connect(t testing.TB, o kube.Options) *kube.Client {
	t.Helper()
	c, err := kube.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestConformanceOfARealCluster(t *testing.T) {
	kubetest.Conformance(t, func(t *testing.T) kubetest.World {
		p := control(t)
		b := look(t, p)
		o := kube.Options{Kubeconfig: p.kubeconfig, Namespace: b.namespace, Yard: "one", Timeout: requestTime}
		c := connect(t, o)
		o.Yard = "two"
		return kubetest.World{Cluster: c, Other: connect(t, o), Edit: b.edit, Create: b.create, Remove: b.remove,
			Freeze: p.freeze, FrozenFor: 3 * requestTime}
	})
}
