// Package rabbit runs a real rabbitmq-server for tests, demonstrations and measurements: a node of its own, with its own port, name,
// data, log, cookie and port mapper (epmd) in one folder, so that many can run side by side and none meets one that the system runs.
// It can be stopped, killed, frozen and started again on the same data.
//
// The package refuses to simulate: where there is no rabbitmq-server there is ErrMissing. It talks to no broker that it did not start.
package rabbit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"yardmaster/executors/sim/ports"
	"yardmaster/executors/sim/standstill"
)

// ErrMissing says that the machine has no rabbitmq-server, or no epmd.
var ErrMissing = errors.New("rabbitmq-server is not installed")

// The user of a new node, who may do everything.
const (
	User     = "guest"
	Password = "guest"
)

// Broker is a node. Its methods may be called from one goroutine at a time.
type Broker struct {
	Host string
	Port int

	dir        string
	dist, epmd int
	server     string // paths
	mapper     string
	epmdRun    *run
	node       *run
}

// New prepares a node that keeps everything below dir, which must be there. ErrMissing.
func New(dir string) (*Broker, error) {
	b := &Broker{Host: "127.0.0.1", dir: dir}
	var err error
	if b.server, err = find("rabbitmq-server", "/usr/lib/rabbitmq/bin"); err != nil {
		return nil, err
	}
	if b.mapper, err = find("epmd", "/usr/bin"); err != nil {
		return nil, err
	}
	for _, port := range []*int{&b.Port, &b.dist, &b.epmd} {
		if *port, err = ports.Free(); err != nil {
			return nil, err
		}
	}
	return b, b.write()
}

// Addr is where clients find it.
func (b *Broker) Addr() string { return net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) }

// URL is Addr for clients that want one.
func (b *Broker) URL() string { return "amqp://" + User + ":" + Password + "@" + b.Addr() + "/" }

// find prefers the plain script: what Debian has in the PATH changes to another user first.
func find(name, dir string) (string, error) {
	if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: no %s", ErrMissing, name)
	}
	return path, nil
}

// write makes the files that keep a node from looking at those of the system.
func (b *Broker) write() error {
	for name, text := range map[string]string{
		"rabbitmq.conf": "loopback_users = none\nlog.file = false\nlog.console = true\nlog.console.level = info\n",
		"plugins":       "[].\n",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(b.dir, ".erlang.cookie"), []byte("yard"+strconv.Itoa(b.Port)), 0o400)
}

// environment is the whole of it.
func (b *Broker) environment() []string {
	in := func(name string) string { return filepath.Join(b.dir, name) }
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "LANG=C.UTF-8",
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(b.epmd), "ERL_CRASH_DUMP_SECONDS=0",
		"detached=1", // the script becomes the node, instead of waiting for it
		"RABBITMQ_NODENAME=yard" + strconv.Itoa(b.Port) + "@localhost",
		"RABBITMQ_NODE_IP_ADDRESS=" + b.Host, "RABBITMQ_NODE_PORT=" + strconv.Itoa(b.Port), "RABBITMQ_DIST_PORT=" + strconv.Itoa(b.dist),
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"), "RABBITMQ_LOG_BASE=" + in("log"), "RABBITMQ_LOGS=-", "RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("generated"), "RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_MAX_NUMBER_OF_PROCESSES=65536", "RABBITMQ_MAX_NUMBER_OF_ATOMS=1048576",
	}
}

// startTime is what a node may need on a machine that is busy with others.
const startTime = 3 * time.Minute

// Start runs the node, for the first time or again, and waits until clients can connect.
func (b *Broker) Start(ctx context.Context) error {
	if b.node.running() {
		return errors.New("the broker runs already")
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := b.startMapper(ctx); err != nil {
		return err
	}
	node, err := b.start("broker", b.server)
	if err != nil {
		return err
	}
	b.node = node
	if err := b.answers(ctx, node, b.Addr()); err != nil {
		b.Kill()
		return fmt.Errorf("%w; it said:\n%s", err, b.Output())
	}
	return nil
}

func (b *Broker) startMapper(ctx context.Context) error {
	if b.epmdRun.running() {
		return nil
	}
	run, err := b.start("epmd", b.mapper, "-port", strconv.Itoa(b.epmd), "-address", "127.0.0.1")
	if err != nil {
		return err
	}
	b.epmdRun = run
	return b.answers(ctx, run, net.JoinHostPort("127.0.0.1", strconv.Itoa(b.epmd)))
}

// answers waits until a port can be connected to.
func (b *Broker) answers(ctx context.Context, r *run, addr string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-r.done:
			return fmt.Errorf("%s ended at its start", r.name)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", r.name, err)
		}
	}
}

// Stop asks the node to end in good order and waits until it has.
func (b *Broker) Stop() error {
	if !b.node.running() {
		return errNotRunning
	}
	if err := b.node.signal(syscall.SIGTERM); err != nil {
		return err
	}
	limit := time.NewTimer(startTime)
	defer limit.Stop()
	select {
	case <-b.node.done:
		return nil
	case <-limit.C:
		b.node.kill()
		return errors.New("the broker did not stop")
	}
}

// Kill ends the node at once, as a power cut would. It is no error if none runs.
func (b *Broker) Kill() { b.node.kill() }

// Freeze stops the node in its tracks: its connections stay, and nothing comes or goes on them.
func (b *Broker) Freeze() error {
	if !b.node.running() {
		return errNotRunning
	}
	return standstill.Begin(b.node.cmd.Process.Pid)
}

// Thaw lets a frozen node go on.
func (b *Broker) Thaw() error { return b.node.signal(syscall.SIGCONT) }

// Close kills whatever runs.
func (b *Broker) Close() {
	b.node.kill()
	b.epmdRun.kill()
}

// Output is the end of what the node has logged in all its runs.
func (b *Broker) Output() string {
	raw, err := os.ReadFile(filepath.Join(b.dir, "broker.out"))
	if err != nil {
		return err.Error()
	}
	const most = 16 << 10
	if len(raw) > most {
		raw = raw[len(raw)-most:]
	}
	return string(raw)
}
