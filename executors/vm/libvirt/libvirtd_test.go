package libvirt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"yardmaster/executors/local"
	"yardmaster/executors/sim/standstill"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to be: %s", what)
		}
	}
}

// need gives up unless the programs are there and the test may use them: in CI it fails, elsewhere it is skipped.
func need(t *testing.T, programs ...string) {
	t.Helper()
	give := t.Skipf
	if os.Getenv("CI") == "true" {
		give = t.Fatalf
	}
	if os.Getuid() != 0 {
		give("libvirtd is started by root only")
	}
	for _, program := range programs {
		_, err := exec.LookPath(program)
		if _, there := os.Stat("/usr/sbin/" + program); err != nil && there != nil {
			give("%s is not installed; see tests/setup.sh", program)
		}
	}
	if out, err := exec.Command("unshare", "--mount", "--pid", "--fork", "--uts", "true").CombinedOutput(); err != nil {
		give("no namespaces can be made here: %v: %s", err, out)
	}
}

// yard is hypervisors that share their storage: libvirtd processes, each in namespaces of its own, so that no file of the
// machine's own libvirt is touched and nothing outlives the test.
type yard struct {
	dir     string
	daemons map[string]*daemon
	uri     string // for Options
	run     *local.Local
}

type daemon struct {
	name string
	dir  string
	cmd  *exec.Cmd
}

// boot starts libvirtd in mount, process and host name namespaces. Its users need not exist on this machine. The shell stays, as
// the process that takes up orphans.
const boot = `set -e
cd "$1"
for d in etc run lib cache log sock; do mkdir -p "$d"; done
for d in etc/libvirt:etc run/libvirt:run var/lib/libvirt:lib var/cache/libvirt:cache var/log/libvirt:log; do
  mkdir -p "/${d%:*}"
  mount --bind "${d#*:}" "/${d%:*}"
done
for f in passwd group; do cp "/etc/$f" "$f"; done
grep -q ^libvirt-qemu: passwd || echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' >> passwd
grep -q ^libvirt-qemu: group || echo 'libvirt-qemu:x:64055:' >> group
echo "127.0.0.1 localhost $3" > hosts
for f in passwd group hosts; do mount --bind "$f" "/etc/$f"; done
hostname "$2"
/usr/sbin/libvirtd --config "$1/libvirtd.conf" --pid-file "$1/libvirtd.pid" &
wait
`

const qemuConf = `stdio_handler="file"
security_driver="none"
user="root"
group="root"
cgroup_controllers=[]
namespaces=[]
remember_owner=0
`

// newYard starts so many hypervisors.
func newYard(t *testing.T, names ...string) *yard {
	t.Helper()
	need(t, "libvirtd", "virsh", "qemu-img", "qemu-system-x86_64", "unshare", "timeout", "flock")
	dir, err := os.MkdirTemp("", "lv") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	y := &yard{
		dir: dir, daemons: map[string]*daemon{}, uri: "qemu+unix:///system?socket=" + dir + "/{host}/sock/libvirt-sock",
		run: local.New(local.Config{Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir}}),
	}
	for i, name := range names {
		y.daemons[name] = y.start(t, names, i)
	}
	for _, name := range names {
		eventually(t, "libvirtd "+name+" answers", func() bool { return y.try(name, "version") == nil })
	}
	return y
}

func (y *yard) start(t *testing.T, names []string, i int) *daemon {
	t.Helper()
	name := names[i]
	d := &daemon{name: name, dir: filepath.Join(y.dir, name)}
	conf := fmt.Sprintf("unix_sock_dir=\"%s/sock\"\nauth_unix_ro=\"none\"\nauth_unix_rw=\"none\"\n", d.dir) +
		fmt.Sprintf("host_uuid=\"00000000-0000-4000-8000-%012x\"\n", i+1) // one machine is no place to move to for libvirt
	for file, text := range map[string]string{"etc/qemu.conf": qemuConf, "libvirtd.conf": conf, "boot": boot} {
		write(t, filepath.Join(d.dir, file), text)
	}
	log, err := os.Create(filepath.Join(d.dir, "libvirtd.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.cmd = exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--propagation", "private",
		"bash", filepath.Join(d.dir, "boot"), d.dir, name, strings.Join(names, " "))
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // and with it all in its namespace
		_ = d.cmd.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("libvirtd %s said:\n%s", name, text)
		}
	})
	return d
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// try runs a command of virsh on a hypervisor.
func (y *yard) try(name string, args ...string) error {
	_, err := y.ask(name, args...)
	return err
}

func (y *yard) ask(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "virsh", append([]string{"-q", "-c", uriOf(y.uri, name)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("virsh %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), err
}

func (y *yard) virsh(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := y.ask(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// hosts are the hypervisors' names, in order.
func (y *yard) hosts() []string {
	var out []string
	for i := range len(y.daemons) {
		out = append(out, fmt.Sprintf("hv%d", i+1))
	}
	return out
}

// pool makes a storage pool that all hypervisors share.
func (y *yard) pool(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = filepath.Join(y.dir, "storage", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, h := range y.hosts() {
		y.virsh(t, h, "pool-define-as", name, "dir", "--target", dir)
		y.virsh(t, h, "pool-start", name)
	}
	return dir
}

// image makes an empty image.
func image(t *testing.T, file string) {
	t.Helper()
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", file, "1G").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// pid is that of libvirtd itself, which is a child of the first process of its namespace.
func (d *daemon) pid(t *testing.T) int {
	t.Helper()
	for _, shell := range children(d.cmd.Process.Pid) {
		for _, pid := range children(shell) {
			if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(comm)) == "libvirtd" {
				return pid
			}
		}
	}
	t.Fatalf("no libvirtd %s", d.name)
	return 0
}

func children(pid int) []int {
	var out []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}

// hang lets the hypervisor take calls and answer none.
func (d *daemon) hang(t *testing.T) (release func()) {
	t.Helper()
	pid := d.pid(t)
	if err := standstill.Begin(pid); err != nil {
		t.Fatal(err)
	}
	return func() { standstill.End(pid) }
}

// down takes its sockets away.
func (d *daemon) down(t *testing.T) (release func()) {
	t.Helper()
	move := func(from, to string) {
		if err := os.Rename(filepath.Join(d.dir, from), filepath.Join(d.dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	move("sock", "away")
	return func() { move("away", "sock") }
}
