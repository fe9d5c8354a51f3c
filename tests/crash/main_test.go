package crash

import (
	"context"
	"os"
	"testing"

	"yardmaster/executors/sim"
	"yardmaster/tests/harness"
)

// The environment that makes this test binary the forced command of a real sshd: it runs what the client asked for on a
// simulated machine in the test's process.
const (
	envSocket = "YARDMASTER_TESTS_SOCKET"
	envNode   = "YARDMASTER_TESTS_NODE"
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(envSocket); socket != "" {
		os.Exit(sim.Forced(context.Background(), socket, os.Getenv(envNode), os.Getenv("SSH_ORIGINAL_COMMAND"), os.Stdin, os.Stdout, os.Stderr))
	}
	harness.AsShipped()
	harness.Main(m)
}
