package kube

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// nobody answers no request.
type nobody struct{ asked int }

func (n *nobody) RoundTrip(*http.Request) (*http.Response, error) {
	n.asked++
	return nil, errors.New("nobody there")
}
func (*nobody) CloseIdleConnections() {}

func TestBadOptionsAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		o     Options
		words string
	}{
		{"no cluster", Options{Yard: "one"}, "kubeconfig: missing"},
		{"no such file", Options{Kubeconfig: "/nowhere/config", Yard: "one"}, "/nowhere/config"},
		{"no yard", Options{Transport: &nobody{}}, "yard: missing"},
		{"a yard that no label can hold", Options{Transport: &nobody{}, Yard: "a b"}, `yard "a b"`},
		{"a bad namespace", Options{Transport: &nobody{}, Yard: "one", Namespace: "Shop"}, `namespace "Shop"`},
		{"a long manager", Options{Transport: &nobody{}, Yard: "one", FieldManager: strings.Repeat("x", 129)}, "field manager"},
		{"a bad time", Options{Transport: &nobody{}, Yard: "one", Timeout: -1}, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := New(t.Context(), tt.o); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
}

func TestAClientStartsWhileItsClusterIsAway(t *testing.T) {
	n := &nobody{}
	c, err := New(t.Context(), Options{Transport: n, Yard: "one"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n.asked != 0 || c.Namespace() != "default" {
		t.Errorf("asked %d times, namespace %q", n.asked, c.Namespace())
	}
	if _, err := c.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
	if _, _, err := c.ClusterScoped(t.Context(), "v1", "Pod"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a kind that cannot be asked for is not unknown: %v", err)
	}
}

func TestUnknownKindsAreAskedForOnceAWhile(t *testing.T) {
	looks := 0
	pod := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	k := newKinds(func(context.Context) (*shelf, error) {
		looks++
		return &shelf{all: map[schema.GroupVersionKind]kind{pod: {GroupVersionKind: pod}},
			away: map[schema.GroupVersion]error{{Group: "far.test", Version: "v1"}: errors.New("503")}}, nil
	})
	for range 50 {
		if _, err := k.find(t.Context(), "v1", "Thing"); !errors.Is(err, ErrNoKind) {
			t.Fatal(err)
		}
	}
	if _, err := k.find(t.Context(), "v1", "Pod"); err != nil || looks > 2 {
		t.Errorf("%d looks, %v", looks, err)
	}
	if _, err := k.find(t.Context(), "far.test/v1", "Thing"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a kind whose server is away: %v", err)
	}
	before := looks
	k.forget()
	_, err := k.find(t.Context(), "v1", "Thing")
	if !errors.Is(err, ErrNoKind) || looks != before+1 {
		t.Errorf("after a kind was defined, %d looks, %v", looks-before, err)
	}
}
