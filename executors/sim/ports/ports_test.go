package ports

import (
	"fmt"
	"net"
	"testing"
)

func TestPortsComeInTurnAndAreFree(t *testing.T) {
	seen := map[int]bool{}
	for range share / 2 {
		port, err := Free()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < lowest || port >= lowest+shares*share {
			t.Fatalf("port %d", port)
		}
		seen[port] = true
	}
}

func TestAPortThatIsHeldIsSteppedOver(t *testing.T) {
	first, err := Free()
	if err != nil {
		t.Fatal(err)
	}
	held := first + 1
	if (held-lowest)%share == 0 {
		held -= share
	}
	if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", held)); err == nil { // else somebody else holds it
		defer l.Close()
	}
	if port, err := Free(); err != nil || port == held {
		t.Errorf("got %d, %v", port, err)
	}
}
