package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// endpoints counts the ready endpoints of a Service, as kube-proxy would see them.
func (m *metrics) endpoints(service string) int {
	m.Helper()
	path := fmt.Sprintf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=kubernetes.io/service-name=%s", m.namespace, service)
	status, raw := m.plane.Do(http.MethodGet, path, "", nil)
	var list struct {
		Items []struct {
			Endpoints []struct {
				Conditions struct{ Ready bool }
			}
		}
	}
	if status != http.StatusOK || json.Unmarshal(raw, &list) != nil {
		m.Fatalf("%s: %d %s", path, status, raw)
	}
	ready := 0
	for _, slice := range list.Items {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready {
				ready++
			}
		}
	}
	return ready
}

// TestKubernetesColoursAreSwitchedUnderReaders looks through the Services every 20 ms while colours are switched to and fro, and a
// deploy of the other colour comes and goes: there is always somebody who answers.
func TestKubernetesColoursAreSwitchedUnderReaders(t *testing.T) {
	m := deployed(t, onRealMetrics(harness.ControlPlane(t)), "one")
	services := []string{"mt-read-1-small-one", "graphite-1-small-one"}
	for _, s := range services {
		harness.Eventually(m, time.Minute, s+" has endpoints", func() bool { return m.endpoints(s) > 0 })
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	looks, gaps := make([]int, len(services)), make([]int, len(services))
	for n, s := range services {
		readers.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					looks[n]++
					if m.endpoints(s) == 0 {
						gaps[n]++
					}
				}
			}
		})
	}
	m.works(http.MethodPost, "/instance/1/one/standby-on", "", "hm-standby-on-1-one-1")
	for _, color := range []string{"b", "a", "b"} {
		m.succeeds(http.MethodPost, "/instance/1/one/switchcolor", "")
		for _, s := range services {
			expect(m, s+" selects", m.selects(s), color)
		}
	}
	m.succeeds(http.MethodPost, "/instance/1/one/standby-off", "")
	m.works(http.MethodPost, "/instance", small("one", `"color": "a"`), "hm-deploy-1-one-2")
	expect(m, "the deploy's colour", m.selects(services[0]), "a")
	close(stop)
	readers.Wait()
	for n, s := range services {
		expect(m, fmt.Sprintf("%s without ready endpoints, of %d looks", s, looks[n]), gaps[n], 0)
		expectThat(m, s+" was looked at", looks[n] > 20, looks[n])
	}
}

// TestKubernetesNothingDiffersAfterADeploy deploys each plan, with a standby and an importer too, and looks again once the cluster's
// controllers have had their say.
func TestKubernetesNothingDiffersAfterADeploy(t *testing.T) {
	m := onRealMetrics(harness.ControlPlane(t))(t)
	for _, plan := range []string{"Small", "Medium", "Large", "XLarge"} {
		name := strings.ToLower(plan)
		m.works(http.MethodPost, "/instance", fmt.Sprintf(`{"org": 1, "name": %q, "plan": {"Name": %q}, "rolloutConcurrency": 16}`, name, plan), "hm-deploy-1-"+name+"-1")
		expect(m, plan+" at once", m.text(http.MethodGet, "/instance/1/"+name+"/diff", ""), "")
	}
	m.works(http.MethodPost, "/instance/1/medium/standby-on", "", "hm-standby-on-1-medium-1")
	m.succeeds(http.MethodPost, "/instance/1/medium/importer", "")
	quiet := time.Now().Add(3 * time.Second) // the controllers have nothing left to do: each look must say so
	for looks := 0; time.Now().Before(quiet) || looks < 2; looks++ {
		for _, name := range []string{"small", "medium", "large", "xlarge"} {
			expect(m, name+" after the controllers", m.text(http.MethodGet, "/instance/1/"+name+"/diff", ""), "")
		}
	}
	expect(m, "the status list", m.text(http.MethodGet, "/instance/statuslist", ""), "OK  large\nOK  medium\nOK  small\nOK  xlarge\n")
}
