package tests

import (
	"flag"
	"strings"
	"testing"
)

// promisedOfPools is how many expectations on codes, bodies and texts a whole run of this suite holds at least.
const promisedOfPools = 200

// The server keeps what the clients of a vmpooler rely on, in every version of its API. Each part has a server of its own, which
// knows its configuration from a vmpooler.yaml and its machines from the dummy provider.
func TestVMPoolerConformance(t *testing.T) {
	before := expectations.Load()
	t.Run("parts", func(t *testing.T) {
		for _, part := range []struct {
			name string
			run  func(*testing.T)
		}{
			{"vmfloaty at work", floatyAtWork},
			{"vmfloaty on demand", floatyOnDemand},
			{"go-vmpooler at work", goPoolerAtWork},
			{"checkouts are judged", checkoutsAreJudged},
			{"checkouts by alias", checkoutsByAlias},
			{"machines are found", machinesAreFound},
			{"changes are judged", changesAreJudged},
			{"tags are allowed", tagsAreAllowed},
			{"tasks are judged", tasksAreJudged},
			{"tokens are kept", tokensAreKept},
			{"tokens need users", tokensNeedUsers},
			{"deletions are final", deletionsAreFinal},
			{"status has its shape", statusHasItsShape},
			{"empty pools are told", emptyPoolsAreTold},
			{"summary has its shape", summaryHasItsShape},
			{"summary wants dates", summaryWantsDates},
			{"requests are judged", requestsAreJudged},
			{"requests are called off", requestsAreCalledOff},
			{"pools are shown", poolsAreShown},
			{"pools are changed", poolsAreChanged},
			{"pools are fixed", poolsAreFixed},
			{"answers have their form", answersHaveTheirForm},
			{"the dashboard is fed", dashboardIsFed},
			{"monitors are answered", monitorsAreAnswered},
		} {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(t)
			})
		}
	})
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, bodies and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && held < promisedOfPools {
		t.Errorf("%d expectations, %d were promised", held, promisedOfPools)
	}
}
