package simsshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type rig struct {
	c   *sim.Cluster
	s   *Server
	key ssh.Signer
}

func newRig(t *testing.T, host func(string) string) *rig {
	t.Helper()
	c, err := sim.New(sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.AddNode("node1", "", map[string]uint64{"/dev/sdb": 10 << 20})
	c.AddNode("node2", "", nil)
	key, err := NewHostKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen("127.0.0.1:0", c, Options{Host: host, Authorized: []ssh.PublicKey{key.PublicKey()}, MaxSessions: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return &rig{c, s, key}
}

func (r *rig) dial(t *testing.T, user string, key ssh.Signer) (*ssh.Client, error) {
	t.Helper()
	client, err := ssh.Dial("tcp", r.s.Addr().String(), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(r.s.HostKey()), Timeout: 10 * time.Second,
	})
	if err == nil {
		t.Cleanup(func() { client.Close() })
	}
	return client, err
}

func (r *rig) session(t *testing.T, user string) *ssh.Session {
	t.Helper()
	client, err := r.dial(t, user, r.key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestUserPicksTheNode(t *testing.T) {
	r := newRig(t, nil)
	for _, host := range []string{"node1", "node2"} {
		out, err := r.session(t, host).Output("hostname")
		if err != nil || string(out) != host+"\n" {
			t.Errorf("%s: %q, %v", host, out, err)
		}
	}
}

func TestExitStatusAndNestedShell(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	var exit *ssh.ExitError
	out, err := r.session(t, "root").CombinedOutput(`sudo bash -c 'echo '\''to you'\''; exit 7'`)
	if !errors.As(err, &exit) || exit.ExitStatus() != 7 || string(out) != "to you\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestScriptOnStandardInput(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	s := r.session(t, "root")
	s.Stdin = strings.NewReader("set -e\nlvm pvcreate -qq /dev/sdb\npvs --noheadings -o pv_name\n")
	out, err := s.Output("sudo bash -s")
	if err != nil || strings.TrimSpace(string(out)) != "/dev/sdb" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestOnlyTheKeyOpens(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	stranger, err := NewHostKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.dial(t, "root", stranger); err == nil {
		t.Error("a strange key was let in")
	}
}

func TestKeepaliveIsAnsweredUntilFrozen(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	client, err := r.dial(t, "root", r.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
		t.Fatal(err)
	}
	r.s.Freeze()
	answered := make(chan error, 1)
	go func() {
		_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("a frozen server answered: %v", err)
	default:
	}
	r.s.Thaw()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestSessionsAreLimited(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	client, err := r.dial(t, "root", r.key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := client.NewSession(); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	if _, err := client.NewSession(); err == nil {
		t.Error("a third session was opened")
	}
}

func TestPowerCutBreaksTheConnection(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	met := make(chan struct{})
	r.c.Hook(func(_, command string) {
		if command == "hostname" {
			close(met)
		}
	})
	s := r.session(t, "root")
	if err := s.Start("hostname; sleep 100"); err != nil {
		t.Fatal(err)
	}
	<-met
	if err := r.c.Down("node1"); err != nil {
		t.Fatal(err)
	}
	var exit *ssh.ExitError
	if err := s.Wait(); err == nil || errors.As(err, &exit) {
		t.Errorf("the cut looked like an end: %v", err)
	}
	client, err := r.dial(t, "root", r.key)
	if err == nil {
		if _, err = client.NewSession(); err == nil {
			t.Error("a node that is down opened a session")
		}
	}
}

func TestClosedSessionEndsItsScript(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	release := r.c.Inject(sim.Fault{Effect: sim.Hang})
	defer release()
	s := r.session(t, "root")
	if err := s.Start("hostname"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for r.c.Running("node1") > 0 {
		select {
		case <-ctx.Done():
			t.Fatal("the script goes on")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestManyScriptsAtOnce(t *testing.T) {
	r := newRig(t, OneHost("node1"))
	errs := make(chan error, 8)
	for i := range 8 {
		client, err := r.dial(t, "root", r.key)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			s, err := client.NewSession()
			if err != nil {
				errs <- err
				return
			}
			out, err := s.Output(fmt.Sprintf("echo line %d >> /etc/fstab; grep -c 'line %d$' /etc/fstab", i, i))
			if err == nil && string(out) != "1\n" {
				err = fmt.Errorf("said %q", out)
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
