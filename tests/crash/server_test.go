package crash

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestServerKilledUnderLoad cuts the server off at random moments while clients create and delete volumes.
func TestServerKilledUnderLoad(t *testing.T) {
	y := newYard(t, yardOptions{nodes: 4, latency: 2 * time.Millisecond})
	y.Start()
	y.load()
	dice := rand.New(rand.NewPCG(11, 0))
	l := startLoad(t, y.client, 8, 11)
	cut := 0
	for range times(50) {
		pause(t.Context(), time.Duration(50+dice.IntN(700))*time.Millisecond)
		open := l.open()
		cut += len(open)
		y.KillAndStart()
		y.ended(recovery, open)
		if t.Failed() {
			return
		}
	}
	l.end()
	if cut < times(50) {
		t.Errorf("the test shows little: only %d operations were under way when the server was killed", cut)
	}
	y.keeps(l.ledger)
	y.empty()
	y.finish()
}
