package tests

import (
	"flag"
	"strings"
	"testing"
)

// promised is how many expectations on codes, bodies and texts a whole run of the conformance suite holds at least.
const promised = 250

// The server keeps what Heketi's clients rely on. Each part has a server of its own, which knows its configuration from a
// heketi.json and its machines from the simulated cluster behind the executor "mock".
func TestHeketiConformance(t *testing.T) {
	before := expectations.Load()
	t.Run("parts", func(t *testing.T) {
		for _, part := range []struct {
			name string
			run  func(*testing.T)
		}{
			{"topology loads twice", topologyLoads},
			{"topology of two clusters", topologyOfTwoClusters},
			{"clusters", clustersLive},
			{"nodes", nodesLive},
			{"machines that are not there", machinesThatAreNotThere},
			{"devices", devicesLive},
			{"forms", formsAreJudged},
			{"broken bodies", brokenBodies},
			{"tokens", tokensAreJudged},
			{"user key", userKeyHasItsOwn},
			{"paths", pathsAreJudged},
			{"volumes of each kind", volumesOfEachKind},
			{"volumes in detail", volumesInDetail},
			{"volumes expand", volumesExpand},
			{"volumes clone", volumesClone},
			{"block volumes", blockVolumesLive},
			{"block volumes need a host", blockVolumesNeedAHost},
			{"devices are evacuated", devicesAreEvacuated},
			{"nodes are evacuated", nodesAreEvacuated},
			{"removal needs a place", removalNeedsAPlace},
			{"bricks are evicted", bricksAreEvicted},
			{"results are kept", resultsAreKept},
			{"pending is shown", pendingIsShown},
			{"busy servers say so", busyServersSaySo},
			{"no space is explained", noSpaceIsExplained},
			{"clusters say why", clustersSayWhy},
			{"placement heeds options", placementHeedsOptions},
			{"admin states", adminStates},
			{"logging turns", loggingTurns},
			{"database is told", databaseIsTold},
			{"metrics have their names", metricsHaveTheirNames},
			{"additions answer", additionsAnswer},
			{"clients at their pace", clientsAtTheirPace},
		} {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(t)
			})
		}
	})
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, bodies and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && held < promised {
		t.Errorf("%d expectations, %d were promised", held, promised)
	}
}
