package tests

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/deployclient"
	"yardmaster/tests/harness"
)

// deployRoot is what the document calls the stem of the API.
const deployRoot = "/api/v1/control_plane"

// pushWithin is how long anything that reaches the cluster may take on a busy machine.
const pushWithin = 2 * time.Minute

// site is a server with a cluster, simulated or real, and a place on it that no other test has.
type site struct {
	testing.TB
	ctx       context.Context
	server    *harness.Server
	py        *deployclient.Client // an administrator, in Python
	curl      *deployclient.Client // the same, with curl
	namespace string
}

// place starts a site on its cluster.
type place func(t testing.TB) *site

func onSimulatedCluster(t testing.TB) *site { return startSite(t, "instabase", "simulate: true") }

// onKubernetes is for tests that share one control plane.
func onKubernetes(plane *harness.Plane) place {
	return func(t testing.TB) *site { return startSite(t, plane.Namespace(t), "kubeconfig: "+plane.Kubeconfig) }
}

// adminPassword is that of the administrator whom a setup makes.
const adminPassword = "a password of twenty letters"

// ownDeployToken is the one that the configuration gives to the API itself.
const ownDeployToken = "changeable-default"

func startSite(t testing.TB, namespace, way string) *site {
	t.Helper()
	yaml := simulated("configs:", "  "+way, "  namespace: "+namespace, "  yard: "+namespace, "  drift_interval: 0s", "  token: "+ownDeployToken, "  admin_password: "+adminPassword)
	s := &site{TB: t, ctx: t.Context(), namespace: namespace, server: harness.Start(t, harness.Options{YAML: yaml, Env: []string{tokens()}})}
	s.py, s.curl = s.client(ops, deployclient.Python), s.client(ops, deployclient.Curl)
	return s
}

func (s *site) client(token string, style deployclient.Style) *deployclient.Client {
	c := deployclient.New(s.server.URL+deployRoot, token, style)
	s.Cleanup(c.Close)
	return c
}

// release is a platform of a few objects, as a vendor ships it.
const release = `apiVersion: v1
kind: ConfigMap
metadata:
  name: hot-configs
  namespace: ${ib.namespace}
data:
  base-hot-config: |
    LOG_LEVEL: ERROR
---
apiVersion: v1
kind: Secret
metadata:
  name: secret-store
  namespace: ${ib.namespace}
stringData:
  password: hunter2hunter2
---
apiVersion: v1
kind: Service
metadata:
  name: service-web
  namespace: ${ib.namespace}
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 8428, targetPort: http, protocol: TCP}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: deployment-web
  namespace: ${ib.namespace}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: gcr.io/vendor/web:1
          ports: [{name: http, containerPort: 8428}]
          resources: {requests: {cpu: 100m, memory: 64Mi}}
        - {name: stats-collector, image: "gcr.io/vendor/stats:1"}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: some-network-policy
  namespace: ${ib.namespace}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - ports: [{port: 53, protocol: UDP}]
    - ports: [{port: 443, protocol: TCP}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: statefulset-db
  namespace: ${ib.namespace}
spec:
  serviceName: service-web
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: db
          image: gcr.io/vendor/db@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
          resources: {requests: {cpu: 100m, memory: 64Mi}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: job-migrate
  namespace: ${ib.namespace}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "gcr.io/vendor/migrate:1"}]
`

// shipped are the names of its objects, sorted.
var shipped = []string{"deployment-web", "hot-configs", "job-migrate", "secret-store", "service-web", "some-network-policy", "statefulset-db"}

// installed is a site with the release on it.
func installed(t testing.TB, on place) *site {
	t.Helper()
	s := on(t)
	e := s.enveloped("install", s.dumps("/base_configs", "", map[string]any{"release_version": "23.01.0", "base_config": release}), http.StatusOK)
	s.applied("install", e, shipped...)
	return s
}

// must is an answer of any status.
func (s *site) must(a deployclient.Answer, err error) deployclient.Answer {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func (s *site) get(path string) deployclient.Answer {
	s.Helper()
	return s.must(s.py.Get(s.ctx, path))
}

func (s *site) post(path string) deployclient.Answer {
	s.Helper()
	return s.must(s.py.Post(s.ctx, path))
}

func (s *site) del(path string) deployclient.Answer {
	s.Helper()
	return s.must(s.py.Delete(s.ctx, path))
}

// form posts pairs of names and values.
func (s *site) form(path string, pairs ...string) deployclient.Answer {
	s.Helper()
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Add(pairs[i], pairs[i+1])
	}
	return s.must(s.curl.PostForm(s.ctx, path, fields))
}

func (s *site) dumps(path, kind string, data any) deployclient.Answer {
	s.Helper()
	return s.must(s.py.Dumps(s.ctx, path, kind, data))
}

func (s *site) file(path, name string, content []byte, fields map[string]string) deployclient.Answer {
	s.Helper()
	return s.must(s.curl.PostFile(s.ctx, path, name, content, fields))
}

// enveloped asks for a status and for the envelope.
func (s *site) enveloped(what string, a deployclient.Answer, status int) deployclient.Envelope {
	s.Helper()
	expectThat(s, what+": status", a.Status == status, fmt.Sprintf("%d %s, want %d", a.Status, a.Body, status))
	e, err := a.Envelope()
	expectThat(s, what+": envelope", err == nil, err)
	return e
}

// refusedWith asks for an envelope whose error says so; all parts must be in it.
func (s *site) refusedWith(what string, a deployclient.Answer, status int, parts ...string) {
	s.Helper()
	e := s.enveloped(what, a, status)
	for _, part := range parts {
		expectThat(s, what+": error", e.Error != nil && strings.Contains(*e.Error, part), a.Body)
	}
}

// inWords asks for an error that is a bare JSON text.
func (s *site) inWords(what string, a deployclient.Answer, status int, part string) {
	s.Helper()
	var text string
	expect(s, what+": status", a.Status, status)
	err := a.JSON(&text)
	expectThat(s, what+": text", err == nil && strings.Contains(text, part), a.Body)
}

// applied asks for exactly these objects, and for no failure.
func (s *site) applied(what string, e deployclient.Envelope, objects ...string) {
	s.Helper()
	got, err := e.Applied()
	expectThat(s, what+": lists", err == nil, err)
	slices.Sort(got.Successful)
	slices.Sort(objects)
	expect(s, what+": successful_apply", fmt.Sprint(got.Successful), fmt.Sprint(objects))
	expectThat(s, what+": no error", e.Error == nil, fmt.Sprintf("%v", e.Error))
}

// ok fails the test if an error came where none may.
func (s *site) ok(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// config is the newest materialized config of an object.
func (s *site) config(object string) deployclient.Config {
	s.Helper()
	var c deployclient.Config
	a := s.get("/configs/" + object)
	expect(s, "GET /configs/"+object, a.Status, http.StatusOK)
	s.ok(object, a.JSON(&c))
	return c
}

func (s *site) patches(path string) []deployclient.Patch {
	s.Helper()
	var data struct{ Patches []deployclient.Patch }
	e := s.enveloped("GET "+path, s.get(path), http.StatusOK)
	s.ok(path, e.Into(&data))
	return data.Patches
}

func (s *site) drift() deployclient.Drift {
	s.Helper()
	var d deployclient.Drift
	a := s.get("/configs/k8s-inconsistencies")
	expect(s, "GET /configs/k8s-inconsistencies", a.Status, http.StatusOK)
	s.ok("k8s-inconsistencies", a.JSON(&d))
	return d
}

// typeOf is what metadata, a text with JSON in it, says of an object.
func typeOf(t testing.TB, metadata string) string {
	t.Helper()
	var m struct {
		Type      string
		Encrypted *bool `json:"isEncrypted"`
	}
	err := json.Unmarshal([]byte(metadata), &m)
	expectThat(t, "metadata", err == nil && m.Encrypted != nil && !*m.Encrypted, metadata)
	return m.Type
}

// texts are files of an archive.
type archived struct{ name, text string }

func zipped(t testing.TB, files ...archived) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write([]byte(f.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, files ...archived) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write([]byte(f.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
