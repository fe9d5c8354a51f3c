package crash

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"yardmaster/client"
	"yardmaster/executors/sim"
	"yardmaster/executors/sim/simsshd"
	"yardmaster/tests/harness"
	"yardmaster/tests/inventory"
)

const gib = 1 << 20 // in KiB

// yard is a server and the machines it works on. The machines live in the test's own process, each behind an SSH listener at an
// address of its own, so that the server can be cut off in the middle of its work while they go on.
type yard struct {
	*harness.Server
	t      *testing.T
	world  *sim.Cluster
	client *client.Client
	nodes  []*yardNode
	sshd   sshSettings
}

type yardNode struct {
	manage, storage string
	sshd            *sshd // nil behind a simulated one
}

// sshSettings are what every machine of a yard shares: one port, one client key, one file of host keys.
type sshSettings struct {
	dir        string
	port       int
	keyFile    string
	knownHosts string
	client     ssh.Signer
}

// newSSHSettings makes the client's key.
func newSSHSettings(t *testing.T) sshSettings {
	t.Helper()
	s := sshSettings{dir: t.TempDir(), port: harness.FreePort(t)}
	s.keyFile, s.knownHosts = filepath.Join(s.dir, "id_ed25519"), filepath.Join(s.dir, "known_hosts")
	s.client = newKey(t, s.keyFile)
	writeFile(t, s.knownHosts, nil)
	return s
}

// newKey makes an SSH key pair and writes its private half as OpenSSH does.
func newKey(t *testing.T, file string) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, pem.EncodeToMemory(block))
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// address is where a node's SSH listens.
func (s sshSettings) address(manage string) string {
	return net.JoinHostPort(manage, fmt.Sprint(s.port))
}

// know adds a host key to those that the server trusts.
func (s sshSettings) know(t *testing.T, manage string, key ssh.PublicKey) {
	t.Helper()
	f, err := os.OpenFile(s.knownHosts, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintln(f, knownhosts.Line([]string{knownhosts.Normalize(s.address(manage))}, key))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// yaml is the server's configuration: hosts are reached over SSH, and what died is noticed soon.
func (s sshSettings) yaml(redis, more string) string {
	return fmt.Sprintf(`
redis: {url: %q}
ssh: {user: %s, port: %d, key_file: %s, known_hosts: %s, dial_timeout: 5s, keepalive: 1s}
log: {level: info, format: text}
heketi: {monitor: {start: 1s, refresh: 5s}}
%s`, redis, userName(), s.port, s.keyFile, s.knownHosts, more)
}

func userName() string {
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return "root"
}

type yardOptions struct {
	nodes   int
	latency time.Duration // of each command on a machine
	redis   string        // URL; "" is the embedded one
	yaml    string        // more configuration
	real    bool          // real sshds in front of the machines
}

// newYard starts machines and a server, and tells the server of them.
func newYard(t *testing.T, o yardOptions) *yard {
	t.Helper()
	y := &yard{t: t, sshd: newSSHSettings(t)}
	var err error
	y.world, err = sim.New(sim.Options{Seed: 1, Latency: func(string) time.Duration { return o.latency }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := y.world.Close(); err != nil {
			t.Error(err)
		}
	})
	for n := 1; n <= o.nodes; n++ {
		node := &yardNode{manage: fmt.Sprintf("127.0.1.%d", n), storage: fmt.Sprintf("stor%d", n)}
		y.world.AddNode(node.manage, node.storage, map[string]uint64{"/dev/sdb": 300 * gib, "/dev/sdc": 300 * gib})
		y.nodes = append(y.nodes, node)
	}
	if !o.real {
		y.listen()
	} else {
		y.startSSHDs()
	}
	if o.redis == "" {
		o.redis = "embedded"
	}
	y.Server = harness.New(t, harness.Options{YAML: y.sshd.yaml(o.redis, o.yaml)})
	y.client = client.New(y.URL, "admin", harness.AdminKey)
	return y
}

// listen puts each machine behind the simulated sshd.
func (y *yard) listen() {
	y.t.Helper()
	for _, n := range y.nodes {
		s, err := simsshd.Listen(y.sshd.address(n.manage), y.world, simsshd.Options{Host: simsshd.OneHost(n.manage), Authorized: []ssh.PublicKey{y.sshd.client.PublicKey()}})
		if err != nil {
			y.t.Fatal(err)
		}
		y.t.Cleanup(func() { s.Close() })
		y.sshd.know(y.t, n.manage, s.HostKey())
	}
}

// load registers every machine with its devices.
func (y *yard) load() {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(y.t.Context(), 2*time.Minute)
	defer cancel()
	var cluster struct {
		ID string `json:"id"`
	}
	if err := y.client.Call(ctx, http.MethodPost, "/clusters", map[string]bool{"file": true, "block": true}, &cluster); err != nil {
		y.t.Fatalf("cluster: %v", err)
	}
	for i, n := range y.nodes {
		op, err := y.client.Do(ctx, http.MethodPost, "/nodes", map[string]any{"zone": i + 1, "cluster": cluster.ID,
			"hostnames": map[string][]string{"manage": {n.manage}, "storage": {n.storage}}})
		if err != nil {
			y.t.Fatalf("node %s: %v", n.manage, err)
		}
		for _, device := range []string{"/dev/sdb", "/dev/sdc"} {
			if _, err := y.client.Do(ctx, http.MethodPost, "/devices", map[string]string{"node": strings.TrimPrefix(op.Result, "node/"), "name": device}); err != nil {
				y.t.Fatalf("device %s of %s: %v", device, n.manage, err)
			}
		}
	}
}

// shell runs a script on a machine, past all SSH.
func (y *yard) shell(ctx context.Context, host, script string) (string, error) {
	res, err := y.world.Run(ctx, host, script)
	if err == nil && res.Exit != 0 {
		err = fmt.Errorf("exit %d: %s", res.Exit, res.Stderr)
	}
	return res.Stdout, err
}

// ask gives what the server says of the yard.
func (y *yard) ask() inventory.Yard {
	y.t.Helper()
	told, err := inventory.Ask(y.t.Context(), y.client)
	if err != nil {
		y.t.Fatalf("topology: %v", err)
	}
	return told
}

// agree fails the test unless server and machines know of the same things.
func (y *yard) agree() inventory.Yard {
	y.t.Helper()
	told := y.ask()
	differences, err := inventory.Differences(y.t.Context(), y.shell, told)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, d := range differences {
		y.t.Errorf("server and machines differ: %s", d)
	}
	return told
}

// settled waits until no operation is under way.
func (y *yard) settled(within time.Duration) {
	y.t.Helper()
	harness.Eventually(y.t, within, "every operation has ended", func() bool {
		live, err := inventory.Live(y.t.Context(), y.client)
		return err == nil && len(live) == 0
	})
}

// empty deletes every volume and requires that nothing at all is left of any.
func (y *yard) empty() {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(y.t.Context(), 2*time.Minute)
	defer cancel()
	for name, id := range y.ask().Volumes() {
		if _, err := y.client.Do(ctx, http.MethodDelete, "/volumes/"+id, nil); err != nil {
			y.t.Errorf("delete %s: %v", name, err)
		}
	}
	y.settled(30 * time.Second)
	told := y.agree()
	if left := told.Volumes(); len(left) > 0 {
		y.t.Errorf("volumes are left: %v", left)
	}
	for _, device := range told.Emptied() {
		y.t.Errorf("not all space came back: %s", device)
	}
}

// finish stops the server in order and lets it look at its own records.
func (y *yard) finish() {
	y.t.Helper()
	y.Stop()
	y.Check()
}
