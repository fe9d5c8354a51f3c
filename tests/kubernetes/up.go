package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"yardmaster/tests/kubernetes/kubelet"
)

// The two ways to end a control plane in good order. Whoever signals may start it again on its folder.
var (
	errSignal = errors.New("signal")
	errInput  = errors.New("end of the input")
)

// readyWithin is generous: four processes of this size start on a machine that may be busy.
const readyWithin = 3 * time.Minute

// up runs a control plane until a signal comes or the input ends, and then kills all of it.
func up(args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder for all files; what an earlier control plane left there is taken up")
	nodes := flags.Int("nodes", 3, "how many nodes there are")
	temporary := flags.Bool("temporary", false, "remove the folder when the input ends: nobody is there to do it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || *nodes < 0 || flags.NArg() > 0 {
		return errors.New("up needs --dir, and no negative number of --nodes")
	}
	folder, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(context.Background())
	go watchEnd(end)
	err = run(ctx, end, folder, *nodes)
	if *temporary && errors.Is(err, errInput) {
		return os.RemoveAll(folder)
	}
	if errors.Is(err, errInput) || errors.Is(err, errSignal) {
		return nil
	}
	return err
}

func watchEnd(end context.CancelCauseFunc) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		end(errSignal)
	}()
	_, _ = io.Copy(io.Discard, os.Stdin) // an input that cannot be read has ended too
	end(errInput)
}

// run gives why it ended.
func run(ctx context.Context, end context.CancelCauseFunc, dir string, nodes int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := certificates(dir)
	if err != nil {
		return err
	}
	p, err := choosePorts(dir)
	if err != nil {
		return err
	}
	kubeconfig, err := ca.writeAdmin(dir, p)
	if err != nil {
		return err
	}
	client, err := connect(kubeconfig)
	if err != nil {
		return err
	}
	var kubelets sync.WaitGroup
	c := &components{dir: dir, end: end, running: map[string]*exec.Cmd{}}
	defer kubelets.Wait()
	defer end(nil)
	defer c.kill()
	starting, stop := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("not ready within %v", readyWithin))
	defer stop()
	if err := startServers(starting, c, p, client); err != nil {
		return err
	}
	kubelets.Go(func() { kubelet.New(client, nodes, slog.New(slog.NewTextHandler(os.Stderr, nil))).Run(ctx) })
	if err := settled(starting, client, nodes); err != nil {
		return err
	}
	fmt.Println("ready", kubeconfig)
	<-ctx.Done()
	return context.Cause(ctx)
}

// startServers starts the controllers once the apiserver answers, for they give up on one that does not.
func startServers(ctx context.Context, c *components, p ports, client kubernetes.Interface) error {
	if err := c.start("etcd", etcdArgs(p)); err != nil {
		return err
	}
	if err := c.start("kube-apiserver", apiserverArgs(p)); err != nil {
		return err
	}
	if err := poll(ctx, func(ctx context.Context) bool {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil
	}); err != nil {
		return err
	}
	if err := c.start("kube-controller-manager", controllerArgs()); err != nil {
		return err
	}
	if err := c.start("kube-scheduler", schedulerArgs()); err != nil {
		return err
	}
	text, err := json.MarshalIndent(c.pids(), "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(c.dir, "components.json"), text)
}

// settled waits until the first pod that somebody makes can be admitted and scheduled.
func settled(ctx context.Context, client kubernetes.Interface, nodes int) error {
	return poll(ctx, func(ctx context.Context) bool {
		if _, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", meta.GetOptions{}); err != nil {
			return false
		}
		if _, err := client.StorageV1().StorageClasses().Get(ctx, kubelet.Class, meta.GetOptions{}); err != nil {
			return false
		}
		list, err := client.CoreV1().Nodes().List(ctx, meta.ListOptions{})
		if err != nil {
			return false
		}
		free := 0
		for _, node := range list.Items {
			if schedulable(node) {
				free++
			}
		}
		return free >= nodes
	})
}

// schedulable: ready, and the controllers have taken note of it.
func schedulable(node core.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == core.NodeReady && c.Status == core.ConditionTrue {
			return len(node.Spec.Taints) == 0
		}
	}
	return false
}

// poll gives the cause of the context if that ends first.
func poll(ctx context.Context, ok func(context.Context) bool) error {
	const between = 50 * time.Millisecond
	err := wait.PollUntilContextCancel(ctx, between, true, func(ctx context.Context) (bool, error) { return ok(ctx), nil })
	if err != nil {
		return context.Cause(ctx)
	}
	return nil
}

func connect(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // what comes from many tests at once is not made to queue here
	return kubernetes.NewForConfig(config)
}
