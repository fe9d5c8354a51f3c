package bench

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// BenchmarkPairs creates a volume and deletes it, over and over, from several clients at once, on machines that do nothing: what
// is measured is the server.
func BenchmarkPairs(b *testing.B) { queues(b, settings{instant: true}) }

// BenchmarkPairsSimulated is BenchmarkPairs on the simulated machines, which work through every script inside the server.
func BenchmarkPairsSimulated(b *testing.B) { queues(b, settings{}) }

func queues(b *testing.B, s settings) {
	b.Run("queue=embedded", func(b *testing.B) { pairs(b, s) })
	b.Run("queue=redis", func(b *testing.B) {
		if _, err := exec.LookPath("redis-server"); err != nil {
			b.Skip("redis-server is not installed")
		}
		s.redis = harness.StartRedis(b).URL
		pairs(b, s)
	})
}

// BenchmarkPairsSSH is BenchmarkPairs over SSH, on machines that take 20 ms for every command that is sent to them, however
// much it does there.
func BenchmarkPairsSSH(b *testing.B) { pairs(b, settings{ssh: overSSH(b, 20*time.Millisecond)}) }

// BenchmarkPairsSlow is BenchmarkPairs on machines that take 20 ms for every single step of a
// command: each mkdir, each look whether something is there.
func BenchmarkPairsSlow(b *testing.B) { pairs(b, settings{latency: 20 * time.Millisecond}) }

func pairs(b *testing.B, s settings) {
	y := start(b, s)
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			d := beside(b, y.Dir)
			y.measure(b, "pair", func() { y.each(clients, b.N, (*caller).pair) })
			d.report(float64(b.N)/b.Elapsed().Seconds(), "pairs")
		})
	}
}
