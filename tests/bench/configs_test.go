package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

const (
	platformToken = "token-of-the-platform"
	platformSize  = 300
)

// platform is a server with a platform of 300 objects on a real control plane, and a second namespace there in which one client does
// the same one object after the other.
type platform struct {
	*harness.Server
	b     *testing.B
	plane *harness.Plane
	http  *http.Client
	other string // the namespace of the one after the other
	round int
}

func openPlatform(b *testing.B) *platform {
	plane := harness.ControlPlane(b)
	yaml := fmt.Sprintf("heketi: {executor: sim}\nlog: {level: error}\nconfigs: {kubeconfig: %q, namespace: %s, token: %s, drift_interval: 0s, check_interval: 0s}\n",
		plane.Kubeconfig, plane.Namespace(b), platformToken)
	p := &platform{b: b, plane: plane, other: plane.Namespace(b), http: &http.Client{}, Server: harness.Start(b, harness.Options{YAML: yaml})}
	b.Cleanup(p.http.CloseIdleConnections)
	return p
}

func (p *platform) ask(method, path string, form url.Values, out any) {
	p.b.Helper()
	r, err := http.NewRequest(method, p.URL+"/api/v1/control_plane"+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.b.Fatal(err)
	}
	r.Header.Set("Token", platformToken)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.http.Do(r)
	if err != nil {
		p.b.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := io.Copy(&text, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		p.b.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, text.Bytes()[:min(text.Len(), 500)], err)
	}
	if out != nil {
		if err := json.Unmarshal(text.Bytes(), out); err != nil {
			p.b.Fatal(err)
		}
	}
}

// thing is one object of the platform, a third each of three kinds.
type thing struct{ path, name, text string }

func things(round int) []thing {
	out := make([]thing, platformSize)
	for i := range out {
		name := fmt.Sprintf("object-%03d", i)
		switch i % 3 {
		case 0:
			out[i] = thing{"/api/v1/namespaces/%s/configmaps/", name, fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n  round: \"%d\"\n", name, round)}
		case 1:
			out[i] = thing{"/api/v1/namespaces/%s/services/", name, fmt.Sprintf(
				"apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\n  annotations: {round: \"%d\"}\nspec:\n  clusterIP: None\n  selector: {app: a}\n  ports: [{port: 80}]\n", name, round)}
		default:
			out[i] = thing{"/apis/apps/v1/namespaces/%s/deployments/", name, fmt.Sprintf(
				"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n  annotations: {round: \"%d\"}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: %[1]s}}\n"+
					"  template:\n    metadata: {labels: {app: %[1]s}}\n    spec: {containers: [{name: a, image: \"a:1\", env: [{name: LEVEL, value: info}]}]}\n", name, round)}
		}
	}
	return out
}

// upload is a release in which every object is another.
func (p *platform) upload() time.Duration {
	p.round++
	var docs []string
	for _, t := range things(p.round) {
		docs = append(docs, t.text)
	}
	begin := time.Now()
	p.ask(http.MethodPost, "/base_configs", url.Values{"release_version": {fmt.Sprint("1.", p.round)}, "base_config": {strings.Join(docs, "---\n")}}, nil)
	return time.Since(begin)
}

// oneByOne is what a loop around kubectl does with every object: get it and apply it, dry or not.
func (p *platform) oneByOne(round int, dry bool) time.Duration {
	query := "?fieldManager=kubectl&force=true"
	if dry {
		query += "&dryRun=All"
	}
	begin := time.Now()
	for _, t := range things(round) {
		path := fmt.Sprintf(t.path, p.other) + t.name
		p.plane.Do(http.MethodGet, path, "", nil)
		if status, answer := p.plane.Do(http.MethodPatch, path+query, "application/apply-patch+yaml", []byte(t.text)); status != http.StatusOK && status != http.StatusCreated {
			p.b.Fatalf("%s: %d %s", path, status, answer)
		}
	}
	return time.Since(begin)
}

// drift looks for drift and holds that there is none.
func (p *platform) drift() time.Duration {
	var found struct {
		Count      int `json:"numInconsistencies"`
		Consistent []string
		Ok         []string `json:"consistentResources"`
	}
	begin := time.Now()
	p.ask(http.MethodGet, "/configs/k8s-inconsistencies", nil, &found)
	took := time.Since(begin)
	if found.Count != 0 || len(found.Ok) != platformSize {
		p.b.Fatalf("%d drifted, %d did not", found.Count, len(found.Ok))
	}
	return took
}

// BenchmarkPlatform pushes 300 objects, looks for drift among them and lists them, each beside one client that does the same one
// object after the other on the same cluster: x-one-by-one is how many times faster the server is.
func BenchmarkPlatform(b *testing.B) {
	p := openPlatform(b)
	p.upload()
	p.oneByOne(p.round, false)
	beside := func(name string, ours func() time.Duration, theirs func() time.Duration) {
		b.Run(name, func(b *testing.B) {
			p.b = b
			var us, them time.Duration
			for b.Loop() {
				us += ours()
				if theirs != nil {
					them += theirs()
				}
			}
			b.ReportMetric(float64(us.Microseconds())/1000/float64(b.N), "ms")
			b.ReportMetric(float64(b.N)*platformSize/us.Seconds(), "objects/s")
			if theirs != nil {
				b.ReportMetric(float64(them)/float64(us), "x-one-by-one")
			}
		})
	}
	dry := func() time.Duration { return p.oneByOne(p.round, true) }
	beside("push-changed", p.upload, func() time.Duration { return p.oneByOne(p.round, false) })
	beside("push-unchanged", func() time.Duration {
		begin := time.Now()
		p.ask(http.MethodPost, "/deployment/update", nil, nil)
		return time.Since(begin)
	}, func() time.Duration { return p.oneByOne(p.round, false) })
	beside("drift-after-start", func() time.Duration {
		p.Restart()
		return p.drift()
	}, dry)
	p.drift()
	beside("drift-unchanged", p.drift, dry)
	beside("list", func() time.Duration {
		begin := time.Now()
		p.ask(http.MethodGet, "/configs", nil, nil)
		return time.Since(begin)
	}, nil)
}
