package crash

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// platform is a server with a platform of fifty objects on a real control plane.
type platform struct {
	*harness.Server
	t    *testing.T
	http *http.Client
}

const (
	platformToken   = "the-token-of-the-platform"
	platformObjects = 50
)

func startPlatform(t *testing.T) *platform {
	t.Helper()
	plane := harness.ControlPlane(t)
	yaml := fmt.Sprintf("heketi: {executor: sim}\nlog: {level: warn}\nauth: {tokens: [{name: ops, sha256: %x, role: admin}]}\n"+
		"configs: {kubeconfig: %q, namespace: %s, parallel: 2, drift_interval: 0s, check_interval: 0s}\n",
		sha256.Sum256([]byte(platformToken)), plane.Kubeconfig, plane.Namespace(t))
	p := &platform{t: t, Server: harness.Start(t, harness.Options{YAML: yaml}), http: &http.Client{Timeout: 2 * time.Minute}}
	t.Cleanup(p.http.CloseIdleConnections)
	return p
}

// ask sends a request to the Deployment Manager API, or to the native one. A server that is gone is an error.
func (p *platform) ask(method, path string, fields map[string]string, out any) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	if err := form.Close(); err != nil {
		return err
	}
	if !strings.HasPrefix(path, "/operations") {
		path = "/api/v1/control_plane" + path
	}
	r, err := http.NewRequest(method, p.URL+path, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+platformToken)
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := p.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

// release is the platform as a release brings it; round is in every object.
func platformRelease(round int) string {
	var docs []string
	for i := range platformObjects {
		name := fmt.Sprintf("object-%02d", i)
		switch i % 10 {
		case 0:
			docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\n  annotations: {round: \"%d\"}\nspec:\n  selector: {app: a}\n  ports: [{port: 80}]\n", name, round))
		case 1:
			docs = append(docs, fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n  annotations: {round: \"%d\"}\nspec:\n  replicas: 0\n"+
				"  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec: {containers: [{name: a, image: \"a:1\"}]}\n", name, round))
		default:
			docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n  round: \"%d\"\n", name, round))
		}
	}
	return strings.Join(docs, "---\n")
}

// begin uploads a release without waiting for its push, and gives the operation.
func (p *platform) begin(round int) string {
	p.t.Helper()
	var answer struct {
		Data struct{ RequestID string }
	}
	if err := p.ask(http.MethodPost, "/base_configs/upload", map[string]string{"release_version": fmt.Sprint("1.", round), "base_config": platformRelease(round)}, &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer.Data.RequestID
}

// done is how many objects of a push the cluster has, and whether the push has ended.
func (p *platform) done(operation string) (int, bool) {
	var op struct {
		State   string `json:"state"`
		Journal []any  `json:"journal"`
	}
	if err := p.ask(http.MethodGet, "/operations/"+operation, nil, &op); err != nil {
		p.t.Fatal(err)
	}
	return len(op.Journal), op.State != "pending" && op.State != "running"
}

// holds waits for the push to end and holds what must then be true: the cluster is as the records say, and all of it is golden.
func (p *platform) holds(round int, operation string) {
	p.t.Helper()
	harness.Eventually(p.t, 2*time.Minute, "the push has ended", func() bool {
		_, ended := p.done(operation)
		return ended
	})
	var drift struct {
		Count      int            `json:"numInconsistencies"`
		Resources  map[string]any `json:"inconsistentResources"`
		Consistent []string       `json:"consistentResources"`
	}
	if err := p.ask(http.MethodGet, "/configs/k8s-inconsistencies", nil, &drift); err != nil {
		p.t.Fatal(err)
	}
	if drift.Count != 0 || len(drift.Consistent) != platformObjects {
		p.t.Errorf("round %d: %d objects drifted, %d did not: %v", round, drift.Count, len(drift.Consistent), drift.Resources)
	}
	var all struct {
		Configs []struct{ ObjectName, State, ReleaseVersion, Config string }
	}
	if err := p.ask(http.MethodGet, "/configs", nil, &all); err != nil {
		p.t.Fatal(err)
	}
	for _, c := range all.Configs {
		if c.State != "IS_GOLDEN" || c.ReleaseVersion != fmt.Sprint("1.", round) || !strings.Contains(c.Config, fmt.Sprintf(`round: "%d"`, round)) {
			p.t.Errorf("round %d: %s is %s of %s", round, c.ObjectName, c.State, c.ReleaseVersion)
		}
	}
	if len(all.Configs) != platformObjects {
		p.t.Errorf("round %d: %d configs", round, len(all.Configs))
	}
}

// TestKubernetesPushKilledAtEveryStep kills the server after the first object of a push of fifty, after the second in the next
// push, and so on.
func TestKubernetesPushKilledAtEveryStep(t *testing.T) {
	p := startPlatform(t)
	steps := times(platformObjects)
	for n := range steps {
		at := n * platformObjects / steps
		operation := p.begin(n)
		reached := 0
		for ended := false; reached < at && !ended; {
			reached, ended = p.done(operation)
		}
		p.KillAndStart()
		p.holds(n, operation)
	}
	p.Stop()
	p.Check()
}
