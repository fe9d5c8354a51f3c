package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"yardmaster/executors/kube"
)

// bodyMost is the largest request that a cluster takes.
const bodyMost = 3 << 20

// key is an object's place.
type key struct {
	group, resource, namespace, name string
}

func (k key) compare(o key) int {
	return cmp.Or(strings.Compare(k.group, o.group), strings.Compare(k.resource, o.resource), strings.Compare(k.namespace, o.namespace),
		strings.Compare(k.name, o.name))
}

// server is an API server as an http.RoundTripper.
type server struct {
	now func() time.Time

	mu      sync.Mutex // of all below; held for a whole request
	kinds   []*kind
	objects map[key]*unstructured.Unstructured
	touched map[key]bool // what the controllers have to look at
	version int64        // of the whole store
	made    int64        // objects ever made
	calls   map[string]int
	fail    func(string, kube.Ref) error
	frozen  chan struct{} // closed when requests may go on
}

func newServer(now func() time.Time) *server {
	s := &server{now: now, kinds: builtin(), objects: map[key]*unstructured.Unstructured{}, touched: map[key]bool{}, calls: map[string]int{}, frozen: make(chan struct{})}
	close(s.frozen)
	return s
}

func (s *server) freeze() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	frozen := make(chan struct{})
	s.frozen = frozen
	return sync.OnceFunc(func() { close(frozen) })
}

// CloseIdleConnections is for who closes the client: there are none.
func (s *server) CloseIdleConnections() {}

func (s *server) failing(fn func(string, kube.Ref) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fn
}

// RoundTrip answers a request of the client.
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, bodyMost)); err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	r, err := s.parse(req, body)
	if err != nil {
		return answer(req, nil, err)
	}
	s.mu.Lock()
	s.calls[r.verb]++
	fail, frozen := s.fail, s.frozen
	s.mu.Unlock()
	select {
	case <-frozen:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if fail != nil {
		if err := fail(r.verb, r.ref()); err != nil {
			return refusal(req, r, err)
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out, err := s.serve(r)
	return answer(req, out, err)
}

// refusal is an injected fault as the cluster would answer.
func refusal(req *http.Request, r request, err error) (*http.Response, error) {
	gr := schema.GroupResource{Group: r.group, Resource: r.resource}
	switch {
	case errors.Is(err, kube.ErrNoNamespace):
		return answer(req, nil, apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, r.namespace))
	case errors.Is(err, kube.ErrNotFound):
		return answer(req, nil, apierrors.NewNotFound(gr, r.name))
	case errors.Is(err, kube.ErrConflict):
		return answer(req, nil, apierrors.NewConflict(gr, r.name, err))
	case errors.Is(err, kube.ErrForbidden):
		return answer(req, nil, apierrors.NewForbidden(gr, r.name, err))
	case errors.Is(err, kube.ErrInvalid):
		return answer(req, nil, apierrors.NewBadRequest(err.Error()))
	}
	return nil, err
}

// answer is an HTTP response: text as it is, all else as JSON.
func answer(req *http.Request, out any, err error) (*http.Response, error) {
	code, form := http.StatusOK, "application/json"
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		st := status.Status()
		st.Kind, st.APIVersion = "Status", "v1"
		code, out = int(st.Code), st
	case err != nil:
		code, out = http.StatusInternalServerError, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}
	}
	var body []byte
	switch o := out.(type) {
	case string:
		body, form = []byte(o), "text/plain"
	case *unstructured.Unstructured:
		out = o.Object
	}
	if body == nil {
		if body, err = json.Marshal(out); err != nil {
			return nil, fmt.Errorf("answer: %w", err)
		}
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {form}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}, nil
}
