package tests

import (
	"flag"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// promisedOfEvents is how many expectations on codes, rows and texts a whole run of the suite below holds at least.
const promisedOfEvents = 2000

// The server answers as StackTach would: a day of a cloud goes through a real RabbitMQ into a server that knows no more than StackTach's
// own file, and every answer is that of the model, which was told the same.
func TestStackTachConformanceRabbitMQ(t *testing.T) {
	before := expectations.Load()
	r := harness.StartRabbit(t)
	s := meetStack(t, harness.Start(t, harness.Options{StackTach: cells.JSON(r), Env: []string{"YARDMASTER_EVENTS_VERIFIER_ENABLED=false", tokens()}}))
	s.fill(r)
	t.Run("parts", func(t *testing.T) {
		for _, part := range []struct {
			name string
			run  func(*stack)
		}{
			{"instances and images", (*stack).subjectsAreTold},
			{"a crooked instance", (*stack).crookedIsTold},
			{"requests", (*stack).requestsAreTold},
			{"single events", (*stack).eventsAreShown},
			{"lists", (*stack).listsAreWhole},
			{"timings", (*stack).timingsAreTold},
			{"searches", (*stack).searchesFind},
			{"watch", (*stack).watchesSee},
			{"kpi", (*stack).kpiIsTold},
			{"refusals", (*stack).mistakesAreTold},
			{"wire", (*stack).wireIsPythons},
			{"poison", (*stack).poisonIsKept},
			{"usage", (*stack).usageIsListed},
			{"usage in part", (*stack).usageIsFiltered},
			{"statistics", (*stack).statisticsCount},
			{"mistakes of billing", (*stack).billingMistakesAreTold},
			{"stacky", (*stack).stackyPrints},
		} {
			t.Run(part.name, func(t *testing.T) {
				t.Parallel()
				part.run(s.sub(t))
			})
		}
	})
	// What follows changes things.
	for _, part := range []struct {
		name string
		run  func(*stack)
	}{
		{"confirmations", (*stack).confirmationsAreKept},
		{"repairs", (*stack).repairsAreMade},
		{"tenants", (*stack).tenantsAreKept},
		{"verdicts", (*stack).auditsAreJudged},
		{"versioned notifications", func(s *stack) { s.versionedAreRead(r) }},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(s.sub(t)) })
	}
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, rows and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && !t.Failed() && held < promisedOfEvents {
		t.Errorf("%d expectations, %d were promised", held, promisedOfEvents)
	}
}
