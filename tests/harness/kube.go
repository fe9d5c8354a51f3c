package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/sim/standstill"
)

// Plane is a real Kubernetes control plane whose nodes only pretend, see tests/kubernetes. All tests of a test binary share it: each
// makes a namespace of its own, and one that stops or freezes it does not run beside others.
type Plane struct {
	Kubeconfig string // of one who may do everything; the same after a restart
	Dir        string // logs of the components
	t          testing.TB
	shared     *controlPlane
}

// ControlPlane is the control plane of this test binary, which runs afterwards whatever the test did to it. The test is skipped where
// none was built, and fails in CI.
func ControlPlane(t testing.TB) *Plane {
	t.Helper()
	shared, err := sharedPlane(t)
	if err != nil {
		t.Fatal(err)
	}
	return &Plane{Kubeconfig: filepath.Join(shared.dir, "kubeconfig"), Dir: shared.dir, t: t, shared: shared}
}

// Namespace makes a namespace that no other test has. With the test, its deletion begins.
func (p *Plane) Namespace(t testing.TB) string {
	t.Helper()
	status, answer := p.Do(http.MethodPost, "/api/v1/namespaces", "application/json",
		[]byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"test-"}}`))
	var made struct {
		Metadata struct{ Name string }
	}
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
		t.Fatalf("make a namespace: %d %s", status, answer)
	}
	path := "/api/v1/namespaces/" + made.Metadata.Name
	t.Cleanup(func() { p.Do(http.MethodDelete, path, "", nil) }) // nobody waits for it: it takes seconds
	// A pod is refused until the namespace has its account.
	Eventually(t, settleWithin, "the namespace has a service account", func() bool {
		status, _ := p.Do(http.MethodGet, path+"/serviceaccounts/default", "", nil)
		return status == http.StatusOK
	})
	return made.Metadata.Name
}

// settleWithin is how long the controllers may take for what takes them a moment.
const settleWithin = 30 * time.Second

// User makes a kubeconfig for a user who may do only what RBAC lets the name and the groups do, and gives its path.
func (p *Plane) User(name string, groups ...string) string {
	p.t.Helper()
	args := []string{"kubeconfig", "--dir", p.Dir, "--user", name}
	for _, group := range groups {
		args = append(args, "--group", group)
	}
	text, err := exec.Command(p.shared.binary, args...).Output()
	if err != nil {
		p.t.Fatalf("kubeconfig of %s: %v", name, err)
	}
	path := filepath.Join(p.t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// Do asks the apiserver as one who may do everything. The status is 0 if it did not answer, and the answer says why.
func (p *Plane) Do(method, path, contentType string, body []byte) (status int, answer []byte) {
	req, err := http.NewRequest(method, p.shared.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := p.shared.client.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		return 0, []byte(err.Error())
	}
	return resp.StatusCode, answer
}

// Freeze makes the apiserver take connections and answer nothing, until Thaw or the end of the test.
func (p *Plane) Freeze() {
	p.t.Helper()
	p.t.Cleanup(p.Thaw)
	if err := p.shared.with("kube-apiserver", func(pid int) error { return standstill.Begin(pid) }); err != nil {
		p.t.Fatal(err)
	}
}

// Thaw ends Freeze. It is no error if nothing is frozen.
func (p *Plane) Thaw() {
	p.t.Helper()
	err := p.shared.with("kube-apiserver", func(pid int) error {
		standstill.End(pid)
		return nil
	})
	if err != nil {
		p.t.Error(err)
	}
}

// Stop ends the control plane, so that connections are refused, until Start or the end of the test. What it knows is kept.
func (p *Plane) Stop() {
	p.t.Helper()
	p.t.Cleanup(p.Start)
	if err := p.shared.stop(); err != nil {
		p.t.Fatal(err)
	}
}

// Start ends Stop. It is no error if it runs.
func (p *Plane) Start() {
	p.t.Helper()
	if err := p.shared.start(); err != nil {
		p.t.Error(err)
	}
}

// Restart is a short outage.
func (p *Plane) Restart() {
	p.t.Helper()
	p.Stop()
	p.Start()
}

// findControlPlane gives the program that was built, and waits for one that is being built.
func findControlPlane(t testing.TB) (binary string, err error) {
	t.Helper()
	root, err := Root()
	if err != nil {
		return "", err
	}
	source := filepath.Join(root, "tests", "kubernetes")
	if err := touchSources(source); err != nil {
		return "", err
	}
	if named := os.Getenv("YARDMASTER_TEST_KUBERNETES"); named != "" {
		return named, nil
	}
	out, err := exec.Command(filepath.Join(source, "build.sh"), "--path").Output()
	if err == nil {
		return strings.TrimSpace(string(out)), nil
	}
	if os.Getenv("CI") == "true" {
		return "", fmt.Errorf("the Kubernetes control plane is not built, and in CI nothing may be skipped; see tests/setup.sh")
	}
	t.Skip("the Kubernetes control plane is not built; tests/kubernetes/build.sh does it")
	return "", nil
}
