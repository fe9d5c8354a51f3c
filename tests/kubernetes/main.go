// Command control-plane is a Kubernetes control plane in one file, for tests: etcd, kube-apiserver, kube-controller-manager and
// kube-scheduler as their projects publish them, each in a process of its own, and nodes that only pretend to run what is scheduled
// on them. It listens on 127.0.0.1 alone and needs neither root nor containers.
//
// It refuses to be a cluster: nothing is ever run, pulled, mounted or routed, and nothing is kept safe on disk.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	_ "time/tzdata" // CronJobs may name a zone

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// The main thread lives as long as the process, and a child with a death signal gets it when the thread that started it ends.
func init() { runtime.LockOSThread() }

// programs read os.Args themselves, and keep flags and features in variables of their process: two cannot share one.
var programs = map[string]func() int{
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllers.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
}

const usage = `usage: control-plane up --dir DIR [--nodes 3] [--temporary]
       control-plane kubeconfig --dir DIR --user NAME [--group NAME]...`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	command := os.Args[1]
	if program, ok := programs[command]; ok {
		os.Args = os.Args[1:]
		os.Exit(program())
	}
	var err error
	switch command {
	case "up":
		err = up(os.Args[2:])
	case "kubeconfig":
		err = kubeconfig(os.Args[2:])
	default:
		err = fmt.Errorf("no command %q\n%s", command, usage)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
}
