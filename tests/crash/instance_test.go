package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// hosted is a server with instances on a real control plane.
type hosted struct {
	*harness.Server
	t         *testing.T
	plane     *harness.Plane
	namespace string
	http      *http.Client
}

func startHosted(t *testing.T) *hosted {
	t.Helper()
	plane := harness.ControlPlane(t)
	h := &hosted{t: t, plane: plane, namespace: plane.Namespace(t), http: &http.Client{Timeout: 2 * time.Minute}}
	h.Server = harness.Start(t, harness.Options{YAML: fmt.Sprintf("heketi: {executor: sim}\nlog: {level: warn}\n"+
		"instances: {kubeconfig: %q, namespace: %s, yard: hm-%s, api_user: test, api_password: test}\n", plane.Kubeconfig, h.namespace, h.namespace)})
	t.Cleanup(h.http.CloseIdleConnections)
	return h
}

// ask sends a request; a server that is gone is an error.
func (h *hosted) ask(method, path, body string) (int, string, error) {
	r, err := http.NewRequest(method, h.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, "", err
	}
	r.SetBasicAuth("test", "test")
	resp, err := h.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func (h *hosted) must(method, path, body string) string {
	h.t.Helper()
	status, text, err := h.ask(method, path, body)
	if err != nil || status != http.StatusOK {
		h.t.Fatalf("%s %s: %d %s %v", method, path, status, text, err)
	}
	return text
}

// settled waits until no job is live, which is what every job comes to.
func (h *hosted) settled() {
	h.t.Helper()
	harness.Eventually(h.t, 2*time.Minute, "no job is live", func() bool {
		_, text, err := h.ask(http.MethodGet, "/jobs", "")
		return err == nil && strings.TrimSpace(text) == "[]"
	})
}

// objects are the names of what this yard has on the cluster.
func (h *hosted) objects() (names []string) {
	h.t.Helper()
	for _, path := range []string{"/api/v1/namespaces/%s/configmaps", "/api/v1/namespaces/%s/secrets", "/api/v1/namespaces/%s/services",
		"/apis/apps/v1/namespaces/%s/deployments", "/apis/policy/v1/namespaces/%s/poddisruptionbudgets", "/apis/networking.k8s.io/v1/namespaces/%s/ingresses"} {
		status, raw := h.plane.Do(http.MethodGet, fmt.Sprintf(path, h.namespace)+"?labelSelector=app.kubernetes.io/managed-by=yardmaster", "", nil)
		var list struct {
			Items []struct {
				Metadata struct{ Name string }
			}
		}
		if status != http.StatusOK || json.Unmarshal(raw, &list) != nil {
			h.t.Fatalf("%s: %d %s", path, status, raw)
		}
		for _, o := range list.Items {
			names = append(names, o.Metadata.Name)
		}
	}
	return names
}

// color is what the Services of the reads and of graphite select: one of them, both the same.
func (h *hosted) color(name string) string {
	h.t.Helper()
	var seen []string
	for _, service := range []string{"mt-read-1-small-", "graphite-1-small-"} {
		status, raw := h.plane.Do(http.MethodGet, "/api/v1/namespaces/"+h.namespace+"/services/"+service+name, "", nil)
		var s struct {
			Spec struct{ Selector map[string]string }
		}
		if status != http.StatusOK || json.Unmarshal(raw, &s) != nil {
			h.t.Fatalf("%s: %d %s", service, status, raw)
		}
		seen = append(seen, s.Spec.Selector["color"])
	}
	if seen[0] != seen[1] {
		h.t.Errorf("the Services of %s select %v", name, seen)
	}
	return seen[0]
}

// killedAt asks for a change, kills the server after a while, starts it again and waits until its job has ended.
func (h *hosted) killedAt(after time.Duration, method, path, body string) {
	h.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = h.ask(method, path, body) // the answer may go down with the server
	}()
	pause(h.t.Context(), after)
	h.KillAndStart()
	<-done
	h.settled()
}

// TestKubernetesInstancesOutliveKills kills the server a little later each time, through deploys, switches and deletions.
func TestKubernetesInstancesOutliveKills(t *testing.T) {
	h := startHosted(t)
	post := func(color string) string {
		return fmt.Sprintf(`{"org": 1, "name": "one", "plan": {"Name": "Small"}, "color": %q}`, color)
	}
	for round := range times(10) {
		after := time.Duration(round*round) * 12 * time.Millisecond
		h.killedAt(after, http.MethodPost, "/instance", post("a"))
		h.must(http.MethodPost, "/instance", post("a")) // if the first was not taken
		h.settled()
		if text := h.must(http.MethodGet, "/instance/1/one/diff", ""); text != "" {
			t.Errorf("round %d: it is not as configured:\n%s", round, text)
		}
		h.must(http.MethodPost, "/instance/1/one/standby-on", "")
		h.settled()
		h.killedAt(after/4, http.MethodPost, "/instance/1/one/switchcolor", "")
		var i struct{ Color, State string }
		if err := json.Unmarshal([]byte(h.must(http.MethodGet, "/instance/1/one", "")), &i); err != nil {
			t.Fatal(err)
		}
		if serving := h.color("one"); serving != i.Color || i.State != "active" {
			t.Errorf("round %d: the Services select %s, and the instance is %s and %s", round, serving, i.Color, i.State)
		}
		h.killedAt(after/2, http.MethodDelete, "/instance", `{"org": 1, "name": "one"}`)
		if status, _, err := h.ask(http.MethodGet, "/instance/1/one", ""); err == nil && status == http.StatusOK {
			h.must(http.MethodDelete, "/instance", `{"org": 1, "name": "one"}`)
			h.settled()
		}
		if left := h.objects(); len(left) > 0 {
			t.Errorf("round %d: left on the cluster: %v", round, left)
		}
	}
	h.Stop()
	h.Check()
}
