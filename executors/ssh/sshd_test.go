package ssh

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim/ports"
	"yardmaster/executors/sim/standstill"
)

// sshd is OpenSSH's server in a folder of its own.
type sshd struct {
	t       testing.TB
	dir     string
	address string
	hostKey ssh.Signer
	client  string // the key file that may log in
	log     *lines
	command *exec.Cmd
}

// lines takes a server's log while a test reads it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const sshdProgram, separation = "/usr/sbin/sshd", "/run/sshd"

// newSSHD starts a server; the options are lines of its configuration, which come first and so prevail.
func newSSHD(t testing.TB, options ...string) *sshd {
	t.Helper()
	if _, err := os.Stat(sshdProgram); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must test against OpenSSH: %v", err)
		}
		t.Skipf("no OpenSSH server: %v", err)
	}
	if os.Geteuid() == 0 { // it will not start as root without this folder
		if err := os.MkdirAll(separation, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := &sshd{t: t, dir: t.TempDir(), log: &lines{}}
	key, line := clientKey(t)
	d.client = key
	home := filepath.Join(d.dir, "home") // empty: the shell start-up files of whoever runs this are not tested
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	d.address = freeAddress(t)
	_, port, _ := net.SplitHostPort(d.address)
	d.write("authorized", line)
	d.newKey("ed25519")
	config := append(options, "ListenAddress 127.0.0.1", "Port "+port, "AuthorizedKeysFile "+filepath.Join(d.dir, "authorized"), "HostKey "+filepath.Join(d.dir, "host_key"),
		"StrictModes no", "UsePAM no", "PidFile none", "PasswordAuthentication no", "PermitRootLogin prohibit-password", "LogLevel VERBOSE", "SetEnv HOME="+home)
	d.write("config", []byte(strings.Join(config, "\n")+"\n"))
	d.start()
	t.Cleanup(d.kill)
	return d
}

func freeAddress(t testing.TB) string {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (d *sshd) write(name string, text []byte) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), text, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// newKey gives the server another host key, from its next start on.
func (d *sshd) newKey(kind string) {
	d.t.Helper()
	var key any
	var err error
	if kind == "ecdsa" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	d.hostKey = signer(d.t, key, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		d.t.Fatal(err)
	}
	d.write("host_key", pem.EncodeToMemory(block))
}

func (d *sshd) start() {
	d.t.Helper()
	d.command = exec.Command(sshdProgram, "-D", "-e", "-f", filepath.Join(d.dir, "config"))
	d.command.Stderr = d.log
	if err := d.command.Start(); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", d.address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("sshd does not listen: %v\n%s", err, d.log)
		}
	}
}

// family is the server and all that descends from it: each connection is a process in a session of its own.
func (d *sshd) family() []int {
	parents := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		parent, _ := strconv.Atoi(fields[1])
		parents[parent] = append(parents[parent], pid)
	}
	all := []int{d.command.Process.Pid}
	for i := 0; i < len(all); i++ {
		all = append(all, parents[all[i]]...)
	}
	return all
}

// freeze makes the server and its connections stand still.
func (d *sshd) freeze() {
	d.t.Helper()
	if err := standstill.Begin(d.family()...); err != nil {
		d.t.Fatal(err)
	}
}

// kill ends the server and its connections as a power cut of the node would end them.
func (d *sshd) kill() {
	if d.command == nil {
		return
	}
	d.freeze() // nobody is born between the look and the blow
	for _, pid := range d.family() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // one that has ended already is as wanted
	}
	_ = d.command.Wait()
	d.command = nil
}

func (d *sshd) logins() int { return strings.Count(d.log.String(), "Accepted publickey") }

// reachAll makes an SSH that knows real servers as node0, node1, ..., by strict host keys.
func reachAll(t testing.TB, with func(*Config), servers ...*sshd) *SSH {
	t.Helper()
	cfg := Config{User: currentUser(t), Hosts: map[string]string{}, HostKeys: Strict, KnownHosts: filepath.Join(t.TempDir(), "known_hosts")}
	cfg.Keepalive = 2 * time.Second
	var known []byte
	for i, d := range servers {
		cfg.Hosts[nodeName(i)] = d.address
		text, err := os.ReadFile(knowing(t, d.address, d.hostKey))
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, text...)
	}
	for _, d := range servers[1:] { // one client, one key
		if err := copyFile(filepath.Join(servers[0].dir, "authorized"), filepath.Join(d.dir, "authorized")); err != nil {
			t.Fatal(err)
		}
	}
	cfg.KeyFile = servers[0].client
	if err := os.WriteFile(cfg.KnownHosts, known, 0o600); err != nil {
		t.Fatal(err)
	}
	if with != nil {
		with(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, text, 0o600))
}

func currentUser(t testing.TB) string {
	t.Helper()
	name, err := exec.Command("id", "-un").Output()
	if err != nil {
		t.Fatal(fmt.Errorf("who runs this test: %w", err))
	}
	return strings.TrimSpace(string(name))
}
