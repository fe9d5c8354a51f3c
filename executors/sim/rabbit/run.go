package rabbit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

var errNotRunning = errors.New("the broker does not run")

// run is a process, from its start to its end.
type run struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	once sync.Once
}

func (b *Broker) start(name, path string, args ...string) (*run, error) {
	out, err := os.OpenFile(filepath.Join(b.dir, name+".out"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = b.dir, b.environment(), out, out, alone()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := &run{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its output
		close(r.done)
	}()
	return r, nil
}

func (r *run) running() bool {
	if r == nil {
		return false
	}
	select {
	case <-r.done:
		return false
	default:
		return true
	}
}

func (r *run) signal(s os.Signal) error {
	if !r.running() {
		return errNotRunning
	}
	return r.cmd.Process.Signal(s)
}

func (r *run) kill() {
	if r == nil {
		return
	}
	r.once.Do(func() { killGroup(r.cmd.Process) })
	<-r.done
}
