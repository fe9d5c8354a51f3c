package harness

import (
	"testing"

	"yardmaster/executors/sim/ports"
)

// FreePort is a TCP port that nobody listens on, and that no other server of the tests is given.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
