package tests

import (
	"flag"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// promisedOfMetrics is how many expectations on codes, shapes and texts a whole run of this suite holds at least, on each cluster.
const promisedOfMetrics = 600

// The server keeps what scripts written for the hosted-metrics API rely on.
func TestHostedMetricsOnASimulatedCluster(t *testing.T) { metricsConformance(t, onSimulatedMetrics) }

// The same over a real control plane.
func TestHostedMetricsOnKubernetes(t *testing.T) {
	metricsConformance(t, onRealMetrics(harness.ControlPlane(t)))
}

func metricsConformance(t *testing.T, on ground) {
	before := expectations.Load()
	t.Run("parts", func(t *testing.T) {
		for _, part := range []struct {
			name string
			run  func(*testing.T, ground)
		}{
			{"callers are judged", metricsCallers},
			{"paths and bodies are judged", metricsPaths},
			{"instances are made", metricsDeploy},
			{"instances are refused", metricsRefusals},
			{"instances are changed", metricsChange},
			{"keys are kept", metricsKeys},
			{"jobs are told", metricsJobs},
			{"jobs fail", metricsFailure},
			{"what differs is told", metricsDiff},
			{"all instances are compared", metricsStatusList},
			{"there is a standby", metricsStandby},
			{"the importer runs", metricsImporter},
			{"instances are deleted", metricsDelete},
			{"organizations are kept apart", metricsOrganizations},
			{"records outlive a restart", metricsRestart},
		} {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(t, on)
			})
		}
	})
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, shapes and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && held < promisedOfMetrics {
		t.Errorf("%d expectations, %d were promised", held, promisedOfMetrics)
	}
}
