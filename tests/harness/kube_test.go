package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const deploymentOf = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
	"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":%q}]}}}}`

func deploy(t *testing.T, p *Plane, image string) (path string) {
	t.Helper()
	all := "/apis/apps/v1/namespaces/" + p.Namespace(t) + "/deployments"
	if status, answer := p.Do(http.MethodPost, all, "application/json", fmt.Appendf(nil, deploymentOf, image)); status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	return all + "/web"
}

func available(t *testing.T, p *Plane, path string) int {
	t.Helper()
	status, answer := p.Do(http.MethodGet, path, "", nil)
	var d struct {
		Status struct{ AvailableReplicas int }
	}
	if err := json.Unmarshal(answer, &d); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	return d.Status.AvailableReplicas
}

func TestADeploymentBecomesAvailableOnKubernetes(t *testing.T) {
	p := ControlPlane(t)
	path := deploy(t, p, "web:1")
	Eventually(t, settleWithin, "three replicas", func() bool { return available(t, p, path) == 3 })
	status, answer := p.Do(http.MethodPatch, path, "application/merge-patch+json", []byte(`{"spec":{"replicas":0}}`))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	Eventually(t, settleWithin, "no replica", func() bool { return available(t, p, path) == 0 })
}

func TestABadImageIsNotPulledOnKubernetes(t *testing.T) {
	p := ControlPlane(t)
	path := deploy(t, p, "registry.example/web:bad")
	pods := strings.Replace(strings.TrimSuffix(path, "/deployments/web"), "/apis/apps/v1", "/api/v1", 1) + "/pods"
	Eventually(t, settleWithin, "its pods say why", func() bool {
		_, answer := p.Do(http.MethodGet, pods, "", nil)
		return strings.Count(string(answer), `"reason":"ImagePullBackOff"`) == 3
	})
	if available(t, p, path) != 0 {
		t.Error("it is available")
	}
}

func TestAClaimIsBoundOnKubernetes(t *testing.T) {
	p := ControlPlane(t)
	claims := "/api/v1/namespaces/" + p.Namespace(t) + "/persistentvolumeclaims"
	status, answer := p.Do(http.MethodPost, claims, "application/json", []byte(`{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data"},
		"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`))
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	Eventually(t, settleWithin, "it is bound", func() bool {
		_, answer := p.Do(http.MethodGet, claims+"/data", "", nil)
		return strings.Contains(string(answer), `"phase":"Bound"`)
	})
}

func TestAnOutageOfKubernetesLosesNothing(t *testing.T) {
	p := ControlPlane(t)
	path := deploy(t, p, "web:1")
	Eventually(t, settleWithin, "three replicas", func() bool { return available(t, p, path) == 3 })

	p.Freeze()
	quick := *p.shared.client
	quick.Timeout = 200 * time.Millisecond
	if resp, err := quick.Get(p.shared.url + path); err == nil {
		resp.Body.Close()
		t.Error("the frozen apiserver answers")
	}
	p.Thaw()
	if n := available(t, p, path); n != 3 {
		t.Errorf("%d replicas after the thaw", n)
	}

	p.Stop()
	if status, answer := p.Do(http.MethodGet, path, "", nil); status != 0 {
		t.Errorf("the stopped apiserver answers %d %s", status, answer)
	}
	p.Start()
	if n := available(t, p, path); n != 3 {
		t.Errorf("%d replicas after the restart", n)
	}
	if status, answer := p.Do(http.MethodPatch, path, "application/merge-patch+json", []byte(`{"spec":{"replicas":4}}`)); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	Eventually(t, settleWithin, "a fourth replica", func() bool { return available(t, p, path) == 4 })
}

func TestAUserOfKubernetesMayDoNothingUnasked(t *testing.T) {
	p := ControlPlane(t)
	other := &controlPlane{dir: t.TempDir()}
	text, err := os.ReadFile(p.User("reader", "readers"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other.dir+"/kubeconfig", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := other.connect(); err != nil {
		t.Fatal(err)
	}
	reader := &Plane{t: t, shared: other}
	secrets := "/api/v1/namespaces/" + p.Namespace(t) + "/secrets"
	status, answer := reader.Do(http.MethodGet, secrets, "", nil)
	if status != http.StatusForbidden || !strings.Contains(string(answer), `\"reader\"`) {
		t.Errorf("%d %s", status, answer)
	}
}

func TestAControlPlaneEndsWithItsInput(t *testing.T) {
	p := ControlPlane(t)
	c, err := newControlPlane(p.shared.binary)
	if err != nil {
		t.Fatal(err)
	}
	pids, err := c.pids()
	if err != nil || len(pids) != 4 {
		t.Errorf("components: %v, %v", pids, err)
	}
	c.end()
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("its folder: %v", err)
	}
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}
