package harness

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// controlPlane is the running program and what it takes to talk to it.
type controlPlane struct {
	binary, dir string
	url         string
	client      *http.Client

	mu  sync.Mutex
	cmd *exec.Cmd // nil: stopped
	in  *os.File  // closed, it ends
}

// plane is the one of this process, started when a test first asks for it. An attempt that failed is not made again.
var plane struct {
	sync.Mutex
	*controlPlane
	err error
}

func sharedPlane(t testing.TB) (*controlPlane, error) {
	t.Helper()
	plane.Lock()
	defer plane.Unlock()
	if plane.controlPlane != nil || plane.err != nil {
		return plane.controlPlane, plane.err
	}
	binary, err := findControlPlane(t)
	if err != nil {
		plane.err = err
		return nil, err
	}
	plane.controlPlane, plane.err = newControlPlane(binary)
	return plane.controlPlane, plane.err
}

// endControlPlane is for the end of the process. The program removes its folder when its input ends, also if this process is killed.
func endControlPlane() {
	plane.Lock()
	defer plane.Unlock()
	if c := plane.controlPlane; c != nil {
		c.end()
		plane.controlPlane, plane.err = nil, errors.New("the tests have ended")
	}
}

func newControlPlane(binary string) (*controlPlane, error) {
	dir, err := os.MkdirTemp("", "yardmaster-kubernetes-")
	if err != nil {
		return nil, err
	}
	c := &controlPlane{binary: binary, dir: dir}
	if err := errors.Join(c.start(), c.connect()); err != nil {
		c.end()
		os.RemoveAll(dir)
		return nil, err
	}
	return c, nil
}

// start runs the program unless it runs, and waits until it says that it is ready.
func (c *controlPlane) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		return nil
	}
	log, err := os.OpenFile(c.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	childIn, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childIn.Close()
	out, childOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return err
	}
	defer out.Close()
	cmd := exec.Command(c.binary, "up", "--dir", c.dir, "--temporary")
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = plainEnv(c.dir), childIn, childOut, log
	err = cmd.Start()
	childOut.Close()
	if err != nil {
		in.Close()
		return fmt.Errorf("control plane: %w", err)
	}
	c.cmd, c.in = cmd, in
	_ = out.SetReadDeadline(time.Now().Add(planeWithin)) // pipes have deadlines
	line, err := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "ready ") {
		return fmt.Errorf("the control plane did not come up: %v\n%s", err, tail(c.output(), 8<<10))
	}
	return nil
}

// planeWithin is longer than the program itself waits.
const planeWithin = 4 * time.Minute

// stop ends the program and keeps its folder.
func (c *controlPlane) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return nil
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("control plane: %w", err)
	}
	return c.wait()
}

// end ends the program and removes its folder.
func (c *controlPlane) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		os.RemoveAll(c.dir)
		return
	}
	c.in.Close()
	_ = c.wait() // how it ended is of no interest to a test any more
}

func (c *controlPlane) wait() error {
	overdue := time.AfterFunc(grace, func() { _ = c.cmd.Process.Kill() })
	defer overdue.Stop()
	err := c.cmd.Wait()
	c.in.Close()
	c.cmd = nil
	if err != nil {
		return fmt.Errorf("control plane: %w\n%s", err, tail(c.output(), 8<<10))
	}
	return nil
}

// with calls do with one of the processes that the program started. Of a program that was stopped there is none.
func (c *controlPlane) with(component string, do func(pid int) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return nil
	}
	pids, err := c.pids()
	if err != nil {
		return err
	}
	return do(pids[component])
}

// pids are those of the program's children, by their names.
func (c *controlPlane) pids() (pids map[string]int, err error) {
	text, err := os.ReadFile(filepath.Join(c.dir, "components.json"))
	if err != nil {
		return nil, err
	}
	return pids, json.Unmarshal(text, &pids)
}

// connect reads the kubeconfig, which the program writes as JSON.
func (c *controlPlane) connect() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "kubeconfig"))
	if err != nil {
		return err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     []byte `json:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Cert []byte `json:"client-certificate-data"`
				Key  []byte `json:"client-key-data"`
			}
		}
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	if len(config.Clusters) == 0 || len(config.Users) == 0 {
		return errors.New("kubeconfig: no cluster or no user")
	}
	cert, err := tls.X509KeyPair(config.Users[0].User.Cert, config.Users[0].User.Key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(config.Clusters[0].Cluster.CA)
	c.url = config.Clusters[0].Cluster.Server
	c.client = &http.Client{Timeout: settleWithin, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}},
		DisableKeepAlives: true, // a connection that is kept has goroutines, and nobody ends those with the test
	}}
	return nil
}

func (c *controlPlane) log() string { return filepath.Join(c.dir, "up.log") }

func (c *controlPlane) output() string {
	text, _ := os.ReadFile(c.log()) // no log is no reason
	return string(text)
}
