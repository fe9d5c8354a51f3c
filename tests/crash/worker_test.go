package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// elsewhere is how long an operation of a killed worker may lie before another one has it: takeover_after and the looks behind it,
// on a busy machine.
const elsewhere = time.Minute

// TestRedisWorkerKilledUnderLoad has two workers run everything for a server that runs nothing itself, and cuts one of them off
// again and again, without a word to anyone.
func TestRedisWorkerKilledUnderLoad(t *testing.T) {
	t.Parallel()
	redis := harness.StartRedis(t)
	y := newYard(t, yardOptions{nodes: 4, latency: 15 * time.Millisecond, redis: redis.URL,
		yaml: "workers: {concurrency: 0}\n"})
	y.Start()
	workers := [2]*harness.Process{}
	for i := range workers {
		workers[i] = y.Worker(fmt.Sprintf("worker%d", i+1), "YARDMASTER_WORKERS_CONCURRENCY=8")
		if err := workers[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	y.load()
	dice := rand.New(rand.NewPCG(13, 0))
	l := startLoad(t, y.client, 8, 13)
	orphaned := 0
	for round := range times(6) {
		pause(t.Context(), time.Duration(500+dice.IntN(1000))*time.Millisecond)
		victim := workers[round%2]
		pid := victim.Pid()
		harness.Eventually(t, recovery, "the worker has something to do", func() bool { return len(y.runBy(pid)) > 0 })
		victim.Kill()
		orphaned += len(y.runBy(pid))
		harness.Eventually(t, elsewhere, "what the killed worker ran goes on elsewhere", func() bool { return len(y.runBy(pid)) == 0 })
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
	l.end()
	t.Logf("%d operations were taken over", orphaned)
	y.keeps(l.ledger)
	y.empty()
	for _, w := range workers {
		w.Stop()
	}
	y.finish()
}

// runBy lists the operations that are under way at the worker of that process id.
func (y *yard) runBy(pid int) []string {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(y.t.Context(), recovery)
	defer cancel()
	var out []string
	for _, state := range []string{"running", "undoing"} {
		var page struct {
			Operations []struct {
				ID     string `json:"id"`
				Worker string `json:"worker"`
			} `json:"operations"`
		}
		if err := y.client.Get(ctx, "/operations?limit=1000&state="+state, &page); err != nil {
			y.t.Fatalf("operations: %v", err)
		}
		for _, op := range page.Operations {
			if strings.HasSuffix(op.Worker, fmt.Sprintf("-%d", pid)) {
				out = append(out, op.ID)
			}
		}
	}
	return out
}
