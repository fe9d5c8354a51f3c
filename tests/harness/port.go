package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreePort is a TCP port that nobody listens on. It lies below the range of outgoing connections: a client that keeps dialling
// a server which is down would else connect to itself one day.
func FreePort(t testing.TB) int {
	t.Helper()
	const low, high = 18000, 32000
	for range 100 {
		port := low + rand.IntN(high-low)
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
