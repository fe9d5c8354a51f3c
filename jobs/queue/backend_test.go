package queue

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"yardmaster/executors/sim/ports"
)

// patience bounds every wait of a test; a passing test never uses it up.
const patience = 2 * time.Minute

const childEnv = "YARDMASTER_QUEUE_TEST_WORKER"

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		os.Exit(childWorker(url))
	}
	redis.SetLogger(redisLog{slog.New(slog.DiscardHandler)})
	code := m.Run()
	shared.stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// redisProcess is a real redis-server that a test may kill and start again.
type redisProcess struct {
	dir  string
	args []string
	cmd  *exec.Cmd
}

func startRedis(dir string, args ...string) (*redisProcess, error) {
	p := &redisProcess{dir: dir, args: append([]string{"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no"}, args...)}
	return p, p.start()
}

func (p *redisProcess) start() error {
	p.cmd = exec.Command("redis-server", p.args...)
	return p.cmd.Start()
}

func (p *redisProcess) kill() {
	if p.cmd != nil && p.cmd.Process != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// needRedis skips where there is no redis-server, but not in CI.
func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is missing")
		}
		t.Skip("redis-server is missing")
	}
}

// servers are started once for all tests, which keep out of each other's way by their namespaces.
type servers struct {
	mu    sync.Mutex
	dir   string
	procs []*redisProcess
	urls  map[string]string
	names atomic.Int64
}

var shared servers

func (s *servers) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.procs {
		p.kill()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// url starts what kind needs, once, and returns where it is.
func (s *servers) url(t testing.TB, kind string) string {
	t.Helper()
	if kind == Embedded {
		return Embedded
	}
	needRedis(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.urls == nil {
		s.urls = map[string]string{}
		var err error
		if s.dir, err = os.MkdirTemp("", "queue"); err != nil {
			t.Fatal(err)
		}
	}
	if s.urls[kind] == "" {
		s.urls[kind] = s.launch(t, kind)
	}
	return s.urls[kind]
}

func (s *servers) launch(t testing.TB, kind string) string {
	t.Helper()
	dir := filepath.Join(s.dir, kind)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		p, err := startRedis(dir, args...)
		if err != nil {
			t.Fatal(err)
		}
		s.procs = append(s.procs, p)
	}
	switch kind {
	case "redis":
		socket := filepath.Join(dir, "s")
		run("--port", "0", "--unixsocket", socket)
		answers(t, &redis.Options{Addr: socket})
		return "unix://" + socket
	case "cluster":
		port, bus := freePort(t), freePort(t)
		run("--bind", "127.0.0.1", "--port", port, "--cluster-enabled", "yes", "--cluster-port", bus)
		c := answers(t, &redis.Options{Addr: "127.0.0.1:" + port}, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
		defer c.Close()
		until(t, "the cluster is up", func() bool {
			return strings.Contains(c.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
		})
		return "redis-cluster://127.0.0.1:" + port
	default: // sentinel
		port, watch := freePort(t), freePort(t)
		run("--bind", "127.0.0.1", "--port", port)
		answers(t, &redis.Options{Addr: "127.0.0.1:" + port})
		s.procs = append(s.procs, startSentinel(t, dir, watch, port))
		answers(t, &redis.Options{Addr: "127.0.0.1:" + watch})
		return "redis-sentinel://127.0.0.1:" + watch + "?master=yard"
	}
}

func startSentinel(t testing.TB, dir, port, master string) *redisProcess {
	t.Helper()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor yard 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds yard 2000\nsentinel failover-timeout yard 2000\n", port, dir, master)
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	p := &redisProcess{args: []string{conf, "--sentinel"}}
	must(t, p.start())
	return p
}

func freePort(t testing.TB) string {
	t.Helper()
	port, err := ports.Free()
	must(t, err)
	return fmt.Sprint(port)
}

// answers waits for a server and sends it one command. Without a command, it closes the client.
func answers(t testing.TB, o *redis.Options, command ...any) *redis.Client {
	t.Helper()
	o.DialerRetries, o.MaxRetries, o.Protocol, o.DisableIdentity = 1, -1, 2, true
	c := redis.NewClient(o)
	until(t, "redis answers", func() bool { return c.Ping(context.Background()).Err() == nil })
	if len(command) == 0 {
		c.Close()
		return nil
	}
	if err := c.Do(context.Background(), command...).Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

// ownRedis is a server of one test, to be killed.
func ownRedis(t *testing.T) (*redisProcess, string) {
	t.Helper()
	needRedis(t)
	dir, err := os.MkdirTemp("", "queue")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	p, err := startRedis(dir, "--port", "0", "--unixsocket", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill(); os.RemoveAll(dir) })
	answers(t, &redis.Options{Addr: socket})
	return p, "unix://" + socket
}

var backends = []string{Embedded, "redis", "cluster", "sentinel"}

// each runs a test on the embedded queue and on every real form of Redis.
func each(t *testing.T, test func(t *testing.T, q *Queue)) {
	for _, kind := range backends {
		t.Run(kind, func(t *testing.T) { test(t, open(t, Options{URL: shared.url(t, kind)})) })
	}
}

// open opens a queue that lives fast and belongs to one test.
func open(t testing.TB, o Options) *Queue {
	t.Helper()
	if o.Namespace == "" {
		o.Namespace = fmt.Sprintf("test-%d-%d", os.Getpid(), shared.names.Add(1))
	}
	if o.LifeTTL == 0 {
		o.SignOfLife, o.LifeTTL = 50*time.Millisecond, 2*time.Second
	}
	if o.Logger == nil && testing.Verbose() {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	q, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// work runs a worker until the test ends or stop is called; stop returns what Work did.
func work(t testing.TB, q *Queue, name string, concurrency int, handle Handler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Work(ctx, name, concurrency, handle) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

func receive(t testing.TB, q *Queue, handle func(context.Context, Report) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Receive(ctx, handle) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("in vain: %s", what)
		panic("unreachable")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func job(op string, attempt int) Job {
	return Job{Op: op, Attempt: attempt, Payload: []byte("do " + op), Timeout: time.Minute}
}

func wantState(t testing.TB, q *Queue, op string, attempt int, want State) {
	t.Helper()
	var got State
	until(t, fmt.Sprintf("%s attempt %d is %s", op, attempt, want), func() bool {
		var err error
		got, err = q.Lookup(t.Context(), op, attempt)
		must(t, err)
		return got == want
	})
}
