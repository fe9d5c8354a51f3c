package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// components are the processes of one control plane. The first that ends by itself ends all of them.
type components struct {
	dir     string
	end     context.CancelCauseFunc
	running map[string]*exec.Cmd
	wait    sync.WaitGroup
}

// start must be called on the main thread, see init. What the component prints goes to its log in the folder.
func (c *components) start(name string, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.log(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, append([]string{name}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir} // etcd takes every flag from the environment too
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.running[name] = cmd
	c.wait.Go(func() {
		err := cmd.Wait()
		c.end(fmt.Errorf("%s ended: %v; the end of its log:\n%s", name, err, tail(c.log(name))))
	})
	return nil
}

// kill ends all at once: asked in good order, the apiserver would wait for its connections.
func (c *components) kill() {
	for _, cmd := range c.running {
		_ = cmd.Process.Kill() // it may have ended already
	}
	c.wait.Wait()
}

// pids lets others stop and thaw a component.
func (c *components) pids() map[string]int {
	pids := map[string]int{}
	for name, cmd := range c.running {
		pids[name] = cmd.Process.Pid
	}
	return pids
}

func (c *components) log(name string) string { return filepath.Join(c.dir, name+".log") }

// tail is the end of a log, which says why a component ended.
func tail(path string) []byte {
	const most = 4 << 10
	text, _ := os.ReadFile(path) // no log is no reason
	return text[max(0, len(text)-most):]
}

func etcdArgs(p ports) []string {
	return []string{
		"--name=default", "--data-dir=etcd", "--unsafe-no-fsync",
		"--listen-client-urls=" + p.etcdURL(), "--advertise-client-urls=" + p.etcdURL(),
		"--listen-peer-urls=" + p.peerURL(), "--initial-advertise-peer-urls=" + p.peerURL(), "--initial-cluster=default=" + p.peerURL(),
	}
}

func apiserverArgs(p ports) []string {
	return []string{
		"--etcd-servers=" + p.etcdURL(),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", p.APIServer),
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/16",
		"--authorization-mode=RBAC", "--client-ca-file=ca.crt", "--tls-cert-file=server.crt", "--tls-private-key-file=server.key", "--cert-dir=.",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
		"--allow-privileged=true",
	}
}

func controllerArgs() []string {
	return []string{
		"--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000",
		"--service-account-private-key-file=sa.key", "--root-ca-file=ca.crt",
	}
}

func schedulerArgs() []string {
	return []string{"--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0"}
}
