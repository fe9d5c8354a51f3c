package crash

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim"
	"yardmaster/executors/sim/standstill"
	"yardmaster/tests/harness"
)

// sshd is OpenSSH's own server at a machine's address; its forced command is the simulated machine.
type sshd struct {
	*harness.Process
	t       *testing.T
	address string
	dir     string
	hostKey ssh.Signer
}

// startSSHDs puts each machine behind a real sshd. The test is skipped where there is none.
func (y *yard) startSSHDs() {
	y.t.Helper()
	path := harness.Need(y.t, "sshd")
	if os.Getuid() == 0 { // as root it wants an empty folder, which a package's start script would have made
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			y.t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "ym") // t.TempDir is too long for a socket's name
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "nodes")
	nodes, err := sim.ServeUnix(socket, y.world)
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { nodes.Close() })
	for _, n := range y.nodes {
		n.sshd = newSSHD(y.t, path, socket, n.manage, y.sshd)
		n.sshd.Start()
		y.sshd.know(y.t, n.manage, n.sshd.hostKey.PublicKey())
	}
}

func newSSHD(t *testing.T, path, socket, node string, settings sshSettings) *sshd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &sshd{t: t, address: settings.address(node), dir: t.TempDir()}
	s.hostKey = newKey(t, s.hostKeyFile())
	authorized, config := filepath.Join(s.dir, "authorized_keys"), filepath.Join(s.dir, "sshd_config")
	writeFile(t, authorized, ssh.MarshalAuthorizedKey(settings.client.PublicKey()))
	// SHLVL keeps bash from reading a .bashrc, as it does for sshd alone: what is in there is not for the test to know.
	writeFile(t, config, fmt.Appendf(nil, `ListenAddress %s
HostKey %s
AuthorizedKeysFile %s
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserRC no
PrintMotd no
PrintLastLog no
SetEnv SHLVL=2
ForceCommand exec env GORACE=atexit_sleep_ms=0 %s=%s %s=%s %s
`, s.address, s.hostKeyFile(), authorized, envSocket, socket, envNode, node, self))
	s.Process = harness.NewProcess(t, "sshd-"+node, s.dir, nil, path, "-D", "-e", "-f", config)
	t.Cleanup(s.Kill)
	return s
}

func (s *sshd) hostKeyFile() string { return filepath.Join(s.dir, "ssh_host_ed25519_key") }

// Start runs sshd and waits until it takes connections.
func (s *sshd) Start() {
	s.t.Helper()
	if err := s.Process.Start(); err != nil {
		s.t.Fatal(err)
	}
	harness.Eventually(s.t, 15*time.Second, "sshd takes connections", func() bool {
		conn, err := net.DialTimeout("tcp", s.address, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// Kill ends sshd and all that it started, as when the machine itself were gone.
func (s *sshd) Kill() {
	for _, pid := range s.family() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // some have ended meanwhile
	}
	s.Process.Kill()
}

// Freeze makes every process of sshd stand still: connections stay open and nobody answers.
func (s *sshd) Freeze() {
	s.t.Helper()
	if err := standstill.Begin(s.family()...); err != nil {
		s.t.Fatal(err)
	}
}

// Thaw ends Freeze.
func (s *sshd) Thaw() { standstill.End(s.family()...) }

// family is sshd and its descendants, a process for each connection and each session, parents first.
func (s *sshd) family() []int {
	if s.Pid() == 0 {
		return nil
	}
	children := childrenOf()
	all := []int{s.Pid()}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// childrenOf reads who is whose parent on this machine.
func childrenOf() map[int][]int {
	out := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid ...; the name may hold anything.
		f := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
		parent, _ := strconv.Atoi(f[1])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		out[parent] = append(out[parent], pid)
	}
	return out
}
