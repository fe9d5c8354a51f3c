package harness

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// Need gives the path of a program from outside. A test without it is skipped on a laptop and fails in CI, where all must run.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin/", "/usr/local/sbin/", "/sbin/"} { // not in every user's PATH
		if path, err = exec.LookPath(dir + program); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and in CI nothing may be skipped; see tests/setup.sh", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// between is how often Eventually looks.
const between = 10 * time.Millisecond

// Eventually looks until ok, and fails the test if that has not come within the time.
func Eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	if !until(within, ok) {
		t.Fatalf("not within %v: %s", within, what)
	}
}

func until(within time.Duration, ok func() bool) bool {
	limit := time.NewTimer(within)
	defer limit.Stop()
	tick := time.NewTicker(between)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit.C:
			return ok()
		case <-tick.C:
		}
	}
	return true
}
