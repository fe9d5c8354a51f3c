package harness

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// Redis is a redis-server of the test's own, without persistence: what it loses, it loses for good.
type Redis struct {
	*Process
	t    testing.TB
	Addr string
	URL  string // for redis.url
}

// StartRedis runs redis-server on a port of its own and waits until it answers. The test is skipped where there is none.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	path := Need(t, "redis-server")
	port := FreePort(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	r := &Redis{t: t, Addr: addr, URL: "redis://" + addr + "/0"}
	dir := t.TempDir()
	r.Process = NewProcess(t, "redis", dir, nil, path, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	r.Start()
	return r
}

// Start runs redis-server, again or for the first time, and waits until it answers.
func (r *Redis) Start() {
	r.t.Helper()
	if err := r.Process.Start(); err != nil {
		r.t.Fatal(err)
	}
	Eventually(r.t, 15*time.Second, "redis-server answers", r.answers)
}

func (r *Redis) answers() bool {
	conn, err := net.DialTimeout("tcp", r.Addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprint(conn, "PING\r\n"); err != nil {
		return false
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.HasPrefix(line, "+PONG")
}

// KillAndStart loses everything that redis-server knew.
func (r *Redis) KillAndStart() {
	r.t.Helper()
	r.Kill()
	r.Start()
}
