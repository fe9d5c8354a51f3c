// Package ports hands out TCP ports to servers that cannot pick one for themselves. It keeps none of them: it is for servers that tests
// and demonstrations start, stop and start again on the same port.
package ports

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// The ports lie below the range of outgoing connections: a client that keeps dialling a server which is down would else connect to
// itself one day. Each process has a share of them, and goes through it in turn, so that a server that is down for a while finds its
// port free when it comes back, whatever other servers start meanwhile.
const (
	lowest = 18000
	shares = 28
	share  = 500
)

var turn atomic.Uint32 // how many this process was given

// Free is a port that nobody listens on.
func Free() (int, error) {
	pid := os.Getpid()
	for range share {
		n := pid/shares + int(turn.Add(1))
		port := lowest + pid%shares*share + n%share
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port")
}
