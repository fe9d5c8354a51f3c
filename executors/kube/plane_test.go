package kube_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/sim/standstill"

	"go.uber.org/goleak"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// startWithin is how long a control plane may take to come up on a busy machine.
const startWithin = 3 * time.Minute

// plane is a real control plane, which ends with this process.
type plane struct {
	kubeconfig string
	dir        string
	config     *rest.Config
	cmd        *exec.Cmd
	stdin      io.Closer
}

// shared is the one control plane of this package's tests. Each test has a namespace of its own.
var shared = struct {
	sync.Mutex
	plane *plane
	err   error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.plane != nil {
		shared.plane.stop()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// control is the shared control plane. Without its program the test is skipped on a laptop and fails in CI.
func control(t testing.TB) *plane {
	t.Helper()
	program := os.Getenv("YARDMASTER_TEST_KUBERNETES")
	if program == "" {
		out, _ := exec.Command("../../tests/kubernetes/build.sh", "--path").Output()
		program = strings.TrimSpace(string(out))
	}
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no control plane to test against, and in CI nothing may be skipped; see tests/setup.sh")
		}
		t.Skip("there is no control plane to test against; tests/kubernetes/build.sh makes one")
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.plane == nil && shared.err == nil {
		shared.plane, shared.err = start(program)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.plane
}

func start(program string) (*plane, error) {
	dir, err := os.MkdirTemp("", "yardmaster-kube-")
	if err != nil {
		return nil, err
	}
	p := &plane{dir: dir, cmd: exec.Command(program, "up", "--dir", dir, "--temporary")}
	log, err := os.Create(filepath.Join(dir, "up.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stderr = log
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(startWithin, func() { p.stdin.Close() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	path, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		p.stop()
		return nil, fmt.Errorf("control plane: %q: %w", line, err)
	}
	p.kubeconfig = path
	p.config, err = clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		p.stop()
		return nil, err
	}
	p.config.QPS = -1
	return p, nil
}

// stop ends all of it by the end of its input, and removes what it left.
func (p *plane) stop() {
	p.stdin.Close()
	done := make(chan struct{})
	go func() { defer close(done); p.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-done
	}
	os.RemoveAll(p.dir)
}

// freeze stops the apiserver in its tracks; connections to it stay open.
func (p *plane) freeze(t testing.TB) func() {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir, "components.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pids map[string]int
	if err := json.Unmarshal(raw, &pids); err != nil {
		t.Fatal(err)
	}
	pid := pids["kube-apiserver"]
	if pid <= 0 {
		t.Fatalf("no apiserver among %v", pids)
	}
	thaw := sync.OnceFunc(func() { standstill.End(pid) })
	t.Cleanup(thaw)
	if err := standstill.Begin(pid); err != nil {
		t.Fatal(err)
	}
	return thaw
}

// eventually looks until it is so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Fatalf("not within a minute: %s", what)
			}
			return
		case <-tick.C:
		}
	}
}
