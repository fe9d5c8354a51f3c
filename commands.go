package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
	"yardmaster/auth"
	"yardmaster/client"
	"yardmaster/jobs"
	"yardmaster/jobs/accounts"
	eventjobs "yardmaster/jobs/events"
	"yardmaster/jobs/pools"
	"yardmaster/jobs/volumes"
	"yardmaster/server/config"
	"yardmaster/server/rest"
	"yardmaster/store"
	"yardmaster/store/events"

	"github.com/prometheus/client_golang/prometheus"
)

// routes prints docs/routes.md: the tables are made as for a server, on an empty store, and none of their handlers is called.
func routes(ctx context.Context, stdout io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "yardmaster-routes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg, _, err := config.Load(nil, []string{"YARDMASTER_DATA_DIR=" + dir, "YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_PROFILING=true",
		"YARDMASTER_HEKETI_ADMIN_KEY=" + newID(), "YARDMASTER_HEKETI_USER_KEY=" + newID()}, os.ReadFile)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	db, err := openStore(ctx, cfg, "routes", log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	domain, err := pools.NewDomain(pools.Config{}, newSnapshotID, log)
	if err != nil {
		return err
	}
	in := inside{cfg: cfg, db: db, runner: &jobs.Runner{}, volumes: &volumes.Service{}, registry: prometheus.NewRegistry(), log: log,
		pools: pools.NewService(domain, db, pools.NewKeeper(domain, db, nil, pools.Quiet{}))}
	if in.meters, err = poolMetrics(config.Prometheus{Endpoint: "/prometheus"}); err != nil {
		return err
	}
	in.events = &eventParts{service: &eventjobs.Service{}}
	if in.people, err = openPeople(cfg, &accounts.Service{}); err != nil {
		return err
	}
	all, _, err := tables(in)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, rest.Routes(all))
	return err
}

func check(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	db, err := openStore(ctx, cfg, "check", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	problems, err := db.Check(ctx)
	if err == nil {
		var more []string
		more, err = audit(ctx, db)
		for _, p := range problems {
			more = append(more, p.String())
		}
		for _, p := range more {
			fmt.Fprintln(stdout, p)
		}
		if err == nil && len(more) > 0 {
			err = fmt.Errorf("control.db has %d problems", len(more))
		}
	}
	if err == nil {
		fmt.Fprintln(stdout, "control.db is consistent")
	}
	return errors.Join(err, db.Close(), checkEvents(ctx, cfg, stdout))
}

// checkEvents looks at events.db, if there is one.
func checkEvents(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	if isNew(eventsPath(cfg)) {
		return nil
	}
	db, err := openEventStore(ctx, cfg, "check", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	problems, err := db.Check(ctx)
	for _, p := range problems {
		fmt.Fprintln(stdout, p)
	}
	switch {
	case err == nil && len(problems) > 0:
		err = fmt.Errorf("events.db has %d problems", len(problems))
	case err == nil:
		fmt.Fprintln(stdout, "events.db is consistent")
	}
	return errors.Join(err, db.Close())
}

// compact writes events.db anew and puts the smaller file in its place.
func compact(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	path := eventsPath(cfg)
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	next := path + ".compact"
	if err := errors.Join(events.Compact(ctx, path, next), ctx.Err()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	after, err := os.Stat(next)
	if err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "events.db had %d MiB and has %d MiB now\n", before.Size()>>20, after.Size()>>20)
	return nil
}

// audit looks for what the records of one domain say and others of it contradict.
func audit(ctx context.Context, db *store.DB) ([]string, error) {
	of, err := volumes.Audit(ctx, db)
	if err != nil {
		return nil, err
	}
	more, err := pools.Audit(ctx, db)
	return append(of, more...), err
}

func backup(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	if len(cfg.Args) != 1 {
		return errors.New("backup takes the name of one new file")
	}
	db, err := openStore(ctx, cfg, "backup", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(cfg.Args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	n, err := db.Backup(ctx, func(int64) (io.Writer, error) { return file, nil })
	err = errors.Join(err, file.Sync(), file.Close(), db.Close())
	if err == nil {
		fmt.Fprintf(stdout, "%d bytes in %s\n", n, cfg.Args[0])
	}
	return err
}

// demoPools are three pools whose machines are made in half a second.
const demoPools = `[
	{name: debian-13, aliases: [debian, linux], template: templates/debian-13, size: 5, domain: pool.example.com, skip_dns_check: true},
	{name: almalinux-9, aliases: [linux], template: templates/almalinux-9, size: 3, domain: pool.example.com, skip_dns_check: true},
	{name: windows-11, template: templates/windows-11, size: 3, domain: pool.example.com, skip_dns_check: true}]`

// demo runs the whole system on simulated machines and walks through it by its own API.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	once := flags.Bool("once", false, "walk through, then end")
	dir := flags.String("dir", "", "folder for the data (default: a new temporary one)")
	kubeconfig := flags.String("kubeconfig", "", "a cluster for the platform, instead of a simulated one")
	listen := flags.String("listen", "127.0.0.1:8080", "address; port 0 takes a free one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		made, err := os.MkdirTemp("", "yardmaster-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(made)
		*dir = made
	}
	if *once {
		*listen = "127.0.0.1:0"
	}
	keys := client.Keys{Admin: newID(), User: newID()}
	pooler := &client.Pooler{User: "demo", Password: newID()[:12]}
	hash, err := auth.HashPassword(pooler.Password)
	if err != nil {
		return err
	}
	platform := &client.Platform{Token: newID()}
	metrics := &client.Metrics{User: "metrics", Password: newID()[:12]}
	cfg, warnings, err := config.Load([]string{"--listen", *listen, "--data-dir", *dir, "--log-level", "warn", "--log-format", "text"}, []string{
		"YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_HEKETI_ADMIN_KEY=" + keys.Admin, "YARDMASTER_HEKETI_USER_KEY=" + keys.User,
		"YARDMASTER_SIM_NODES=6", "YARDMASTER_SIM_DEVICES_PER_NODE=4", "YARDMASTER_SIM_LATENCY=20ms", "YARDMASTER_HEKETI_OPEN_HELLO=true",
		"YARDMASTER_AUTH_USERS=[{name: demo, role: user, password_hash: '" + hash + "'}]",
		"YARDMASTER_POOLS_PROVIDERS=[{name: simulated, kind: sim, createvm_max_time: 500ms}]",
		"YARDMASTER_POOLS_LIST=" + demoPools, "YARDMASTER_DIALECTS_STACKTACH_ANONYMOUS=read",
		"YARDMASTER_CONFIGS_NAMESPACE=yardmaster-demo", "YARDMASTER_CONFIGS_TOKEN=" + platform.Token, clusterOf("CONFIGS", *kubeconfig),
		"YARDMASTER_INSTANCES_NAMESPACE=yardmaster-metrics", "YARDMASTER_INSTANCES_API_USER=" + metrics.User, "YARDMASTER_INSTANCES_API_PASSWORD=" + metrics.Password,
		clusterOf("INSTANCES", *kubeconfig)}, os.ReadFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan up, 1)
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, cfg, warnings, logger(cfg.Log, stderr), func(u up) { ready <- u })
	}()
	select {
	case err := <-served:
		return err
	case is := <-ready:
		pooler.Base = "http://" + is.addr
		platform.Base, platform.Meddle = pooler.Base, meddler(cfg.Configs, is.cluster)
		metrics.Base, metrics.Meddle = pooler.Base, instanceMeddler(cfg.Instances, is.metrics)
		c := client.New(pooler.Base, "admin", keys.Admin)
		cloud, err := startCloud(ctx, c)
		if err != nil {
			cancel()
			return errors.Join(fmt.Errorf("cloud: %w", err), <-served)
		}
		tour := client.Tour{Client: c, Notified: cloud.sent, Keys: keys, Pooler: pooler, Platform: platform, Metrics: metrics, Out: stdout}
		for _, p := range cfg.Pools.List {
			tour.Pools = append(tour.Pools, p.Name)
		}
		for n := 1; n <= cfg.Sim.Nodes; n++ {
			manage, storage, devices := simulated(n, cfg.Sim)
			tour.Nodes = append(tour.Nodes, client.TourNode{Manage: manage, Storage: storage, Zone: (n-1)%3 + 1, Devices: devices})
		}
		if err := tour.Walk(ctx); err != nil {
			cancel()
			return errors.Join(err, <-served)
		}
		if *once {
			cancel()
		} else {
			fmt.Fprintf(stdout, "\nIt stays up until you press Ctrl-C. Its data is in %s.\n", *dir)
			cloud.live(ctx, logger(cfg.Log, stderr))
		}
	}
	return <-served
}

// askHealth is the container's own health check: the image has no other program.
func askHealth(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	url := flags.String("url", "http://127.0.0.1:8080/healthz", "address of /healthz")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := client.Health(ctx, *url)
	if err == nil {
		fmt.Fprintln(stdout, text)
	}
	return err
}
