//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"yardmaster/tests/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// nodes is the file that names the machines.
type nodes struct {
	User       string `json:"user"`
	Key        string `json:"key"`
	KnownHosts string `json:"known_hosts"`
	Nodes      []node `json:"nodes"`

	auth *ssh.ClientConfig
}

type node struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Port    int      `json:"port"`
	Devices []string `json:"devices"`
}

// realNodes reads the file, or skips the test.
func realNodes(t *testing.T) *nodes {
	t.Helper()
	file := os.Getenv("YARDMASTER_E2E_NODES")
	if file == "" {
		t.Skip("YARDMASTER_E2E_NODES names no storage nodes")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := &nodes{}
	if err := json.Unmarshal(raw, n); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(n.Nodes) < 3 {
		t.Fatalf("%s: three nodes are needed", file)
	}
	key, err := os.ReadFile(n.Key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(n.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	n.auth = &ssh.ClientConfig{User: n.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: 30 * time.Second}
	return n
}

// commandLimit bounds every command that the tests themselves run on a node.
const commandLimit = 3 * time.Minute

// dial makes a connection of its own, as those do who keep none.
func (n *nodes) dial(ctx context.Context, address string) (*ssh.Client, error) {
	for _, one := range n.Nodes {
		if one.Address != address {
			continue
		}
		to := net.JoinHostPort(address, fmt.Sprint(one.Port))
		raw, err := (&net.Dialer{Timeout: n.auth.Timeout}).DialContext(ctx, "tcp", to)
		if err != nil {
			return nil, err
		}
		if err := raw.SetDeadline(time.Now().Add(commandLimit)); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		conn, channels, requests, err := ssh.NewClientConn(raw, to, n.auth)
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		return ssh.NewClient(conn, channels, requests), nil
	}
	return nil, fmt.Errorf("no node has the address %s", address)
}

// run gives the output of a command in a session of its own.
func run(c *ssh.Client, command string) (string, error) {
	s, err := c.NewSession()
	if err != nil {
		return "", err
	}
	defer s.Close()
	var stdout, stderr bytes.Buffer
	s.Stdout, s.Stderr = &stdout, &stderr
	if err := s.Run(command); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// shell runs a script on a node, over a connection of its own.
func (n *nodes) shell(ctx context.Context, address, script string) (string, error) {
	c, err := n.dial(ctx, address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return run(c, script)
}

// faults breaks nodes and mends them.
type faults struct {
	t       *testing.T
	command []string
}

func realFaults(t *testing.T) faults {
	t.Helper()
	f := faults{t, strings.Fields(os.Getenv("YARDMASTER_E2E_FAULTS"))}
	if len(f.command) == 0 {
		t.Skip("YARDMASTER_E2E_FAULTS names no command that breaks nodes")
	}
	return f
}

// do runs "ACTION NODE ARGUMENT...".
func (f faults) do(args ...string) {
	f.t.Helper()
	if err := f.try(args...); err != nil {
		f.t.Fatal(err)
	}
}

// bootLimit is how long a node may take to boot, in seconds.
const bootLimit = "120"

func (f faults) try(args ...string) error {
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.command[0], append(f.command[1:len(f.command):len(f.command)], args...)...)
	cmd.Env = append(os.Environ(), "BOOT_TIMEOUT="+bootLimit)
	cmd.WaitDelay = time.Second // a node that it boots keeps what it was given
	if out, err := cmd.CombinedOutput(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
