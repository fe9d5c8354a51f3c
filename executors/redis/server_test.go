package redis

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"yardmaster/executors/sim/ports"
)

// server is a redis-server of the test's own.
type server struct {
	addr, url string
	fill      *redis.Client // what the other program would use
}

// start runs redis-server and waits until it answers. Where there is none the test is skipped, but not in CI.
func start(t *testing.T, more ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and in CI nothing may be skipped")
		}
		t.Skip("redis-server is not installed")
	}
	dir := t.TempDir()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", port)}
	s.url = "redis://" + s.addr
	args := append([]string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}, more...)
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	o, err := settings(Options{URL: s.url})
	if err != nil {
		t.Fatal(err)
	}
	s.fill = redis.NewClient(o)
	t.Cleanup(func() { s.fill.Close() })
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
			return s
		}
		select {
		case <-limit.C:
			t.Fatalf("redis-server does not answer: %v", err)
		case <-tick.C:
		}
	}
}

// reader is a Reader of the server.
func (s *server) reader(t *testing.T, o Options) *Reader {
	t.Helper()
	if o.URL == "" {
		o.URL = s.url
	}
	r, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
