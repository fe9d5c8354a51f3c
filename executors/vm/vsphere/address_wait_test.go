//go:build !race

package vsphere

import "testing"

// vcsim changes a machine while it writes the machine's properties out, which the race detector finds and no lock of ours could
// prevent. So this test is left out where it runs.
func TestAddressWaitsForTheGuest(t *testing.T) {
	w := newWorld(t)
	w.noTools = true
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "slow"))
	type answer struct {
		ip  string
		err error
	}
	watched := w.watched()
	got := make(chan answer, 1)
	go func() {
		ip, err := p.Address(t.Context(), w.pool, "slow")
		got <- answer{ip, err}
	}()
	eventually(t, "it waits for news", watched)
	w.report("slow", "169.254.3.4")
	w.report("slow", "10.1.2.3")
	if a := <-got; a.err != nil || a.ip != "10.1.2.3" {
		t.Errorf("got %q, %v", a.ip, a.err)
	}
}
