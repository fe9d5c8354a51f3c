package harness

import (
	"testing"
	"time"
)

// aTest is longer than any test takes whose counts are a day's.
const aTest = 6 * time.Minute

// OneDay keeps a test within one day of UTC: shortly before midnight it waits for the next one. Call it before the server starts.
func OneDay(t testing.TB) {
	t.Helper()
	now := time.Now().UTC()
	left := now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
	if left > aTest {
		return
	}
	t.Logf("waiting for midnight, in %v", left)
	timer := time.NewTimer(left + time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
