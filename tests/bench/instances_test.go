package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// hosted is a server with instances on a real control plane.
type hosted struct {
	*harness.Server
	b    *testing.B
	http *http.Client
}

func openHosted(b *testing.B) *hosted {
	plane := harness.ControlPlane(b)
	namespace := plane.Namespace(b)
	h := &hosted{b: b, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	h.Server = harness.Start(b, harness.Options{YAML: fmt.Sprintf("heketi: {executor: sim}\nlog: {level: error}\n"+
		"instances: {kubeconfig: %q, namespace: %s, yard: hm-%s, api_user: test, api_password: test}\n", plane.Kubeconfig, namespace, namespace)})
	b.Cleanup(h.http.CloseIdleConnections)
	return h
}

func (h *hosted) ask(method, path, body string) string {
	r, err := http.NewRequest(method, h.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		h.b.Error(err)
		return ""
	}
	r.SetBasicAuth("test", "test")
	resp, err := h.http.Do(r)
	if err != nil {
		h.b.Error(err)
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		h.b.Errorf("%s %s: %d %s %v", method, path, resp.StatusCode, text, err)
	}
	return string(text)
}

// deploy posts instances, all at once, and waits for their jobs.
func (h *hosted) deploy(plan string, names ...string) {
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			var id string
			if err := json.Unmarshal([]byte(h.ask(http.MethodPost, "/instance", fmt.Sprintf(`{"org": 1, "name": %q, "plan": {"Name": %q}, "rolloutConcurrency": 8}`, name, plan))), &id); err != nil {
				h.b.Error(err)
				return
			}
			for !h.b.Failed() {
				answer := h.ask(http.MethodGet, "/jobs/1/"+id, "")
				if strings.Contains(answer, "SUCCEEDED") {
					return
				}
				if !strings.Contains(answer, "ACTIVE") {
					h.b.Errorf("%s: %s", id, answer)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	all.Wait()
}

func numbered(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s%03d", prefix, i))
	}
	return names
}

// BenchmarkInstances deploys instances on a real control plane, whose pods pretend, and compares them with what is configured: all by
// the list, beside one client that asks for the difference of one after the other.
func BenchmarkInstances(b *testing.B) {
	h := openHosted(b)
	round := 0
	b.Run("deploy-20", func(b *testing.B) {
		h.b = b
		for b.Loop() {
			round++
			h.deploy("Small", numbered(fmt.Sprintf("d%d-", round), 20)...)
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/20, "ms/instance")
	})
	b.Run("diff-large", func(b *testing.B) {
		h.b = b
		h.deploy("Large", "large")
		for b.Loop() {
			if text := h.ask(http.MethodGet, "/instance/1/large/diff", ""); text != "" {
				b.Fatalf("it differs:\n%s", text)
			}
		}
	})
	b.Run("statuslist", func(b *testing.B) {
		h.b = b
		h.deploy("Small", numbered("s-", max(0, 99-20*round))...)
		var list []struct{ Name string }
		if err := json.Unmarshal([]byte(h.ask(http.MethodGet, "/instance", "")), &list); err != nil {
			b.Fatal(err)
		}
		var us, them time.Duration
		for b.Loop() {
			begin := time.Now()
			if text := h.ask(http.MethodGet, "/instance/statuslist", ""); strings.Contains(text, "X ") || strings.Count(text, "\n") < len(list)-1 {
				b.Fatalf("got\n%s", text)
			}
			us += time.Since(begin)
			begin = time.Now()
			for _, i := range list {
				h.ask(http.MethodGet, "/instance/1/"+i.Name+"/diff", "")
			}
			them += time.Since(begin)
		}
		b.ReportMetric(float64(len(list)), "instances")
		b.ReportMetric(float64(them)/float64(us), "x-one-by-one")
	})
}
