package crash

import (
	"math/rand/v2"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// TestRedisKilledUnderLoad takes redis-server away at random moments, with all that it knew, and for random times.
func TestRedisKilledUnderLoad(t *testing.T) {
	t.Parallel()
	redis := harness.StartRedis(t)
	y := newYard(t, yardOptions{nodes: 4, latency: 2 * time.Millisecond, redis: redis.URL})
	y.Start()
	y.load()
	dice := rand.New(rand.NewPCG(12, 0))
	l := startLoad(t, y.client, 8, 12)
	for range times(50) {
		pause(t.Context(), time.Duration(50+dice.IntN(300))*time.Millisecond)
		redis.Kill()
		pause(t.Context(), time.Duration(dice.IntN(400))*time.Millisecond)
		open := l.open()
		redis.Start()
		y.ended(recovery, open)
		if t.Failed() {
			return
		}
	}
	l.end()
	y.keeps(l.ledger)
	y.empty()
	y.finish()
}
