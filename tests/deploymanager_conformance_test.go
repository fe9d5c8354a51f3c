package tests

import (
	"flag"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// promisedOfConfigs is how many expectations on codes, shapes and texts a whole run of this suite holds at least, on each cluster.
const promisedOfConfigs = 300

// The server keeps what scripts written for a Deployment Manager rely on.
func TestDeployManagerOnASimulatedCluster(t *testing.T) { deployConformance(t, onSimulatedCluster) }

// The same over a real control plane.
func TestDeployManagerOnKubernetes(t *testing.T) {
	deployConformance(t, onKubernetes(harness.ControlPlane(t)))
}

func deployConformance(t *testing.T, on place) {
	before := expectations.Load()
	t.Run("parts", func(t *testing.T) {
		for _, part := range []struct {
			name string
			run  func(*testing.T, place)
		}{
			{"a new yard is set up", deploySetup},
			{"callers are judged", deployCallers},
			{"releases are taken", deployReleases},
			{"releases are refused", deployRefusals},
			{"uploads are followed", deployAsync},
			{"images are changed", deployImages},
			{"patches are applied", deployPatches},
			{"patches are tried", deployDryRuns},
			{"patches are refused", deployBadPatches},
			{"labels are bound", deployLabels},
			{"everything is rewritten", deployRewrites},
			{"configs have a history", deployHistory},
			{"configs are pushed", deployPushes},
			{"the platform sleeps", deploySleep},
			{"autoscalers are paused", deployAutoscaling},
			{"pods and jobs are deleted", deployPods},
			{"the platform is watched", deployStatus},
			{"settings are kept", deploySettings},
			{"exports are read back", deployExports},
			{"objects need each other", deployArrivals},
			{"names are told apart", deployNames},
			{"records outlive a restart", deployRestart},
		} {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(t, on)
			})
		}
	})
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, shapes and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && held < promisedOfConfigs {
		t.Errorf("%d expectations, %d were promised", held, promisedOfConfigs)
	}
}
