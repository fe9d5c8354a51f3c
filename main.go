// Yardmaster runs the control planes of a yard of machines as one server. This file is the only place where its parts meet:
// it reads the configuration, makes each part with what it needs, and stops them in order.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"yardmaster/auth"
	"yardmaster/client"
	"yardmaster/executors"
	"yardmaster/executors/gluster"
	"yardmaster/executors/sim"
	"yardmaster/executors/ssh"
	"yardmaster/jobs"
	"yardmaster/jobs/queue"
	"yardmaster/jobs/volumes"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/server"
	"yardmaster/server/config"
	"yardmaster/server/heketi"
	"yardmaster/server/native"
	"yardmaster/server/rest"
	"yardmaster/store"
)

const usage = `usage: yardmaster COMMAND [FLAGS]

  serve     run the server (--config FILE, or --heketi-config FILE of a Heketi)
  demo      try everything on simulated machines (--once: walk through and end; --dir DIR; --listen ADDR)
  worker    run operations for a server elsewhere, over a shared Redis
  check     look whether control.db is consistent
  backup    copy control.db of a stopped server: backup FILE (of a running one: GET /backup/db)
  health    ask a running server whether it answers (--url URL)
  routes    print every route that the server can serve
  version   print the version

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stdout, usage+config.Usage())
	case err != nil:
		fmt.Fprintln(os.Stderr, "yardmaster: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return flag.ErrHelp
	}
	command, rest := args[0], args[1:]
	switch command {
	case "serve":
		cfg, warnings, err := config.Load(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		return serve(ctx, cfg, warnings, logger(cfg.Log, stderr), nil)
	case "worker":
		cfg, warnings, err := config.LoadWorker(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		return work(ctx, cfg, warnings, logger(cfg.Log, stderr))
	case "demo":
		return demo(ctx, rest, stdout, stderr)
	case "check", "backup":
		cfg, _, err := config.LoadStore(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		if command == "check" {
			return check(ctx, cfg, stdout)
		}
		return backup(ctx, cfg, stdout)
	case "health":
		return askHealth(ctx, rest, stdout)
	case "routes":
		return routes(stdout)
	case "version", "--version":
		fmt.Fprintln(stdout, "yardmaster", version())
		return nil
	case "help", "-h", "--help":
		return flag.ErrHelp
	}
	return fmt.Errorf("command %q is unknown; yardmaster help lists them", command)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// level is shared by the logger and the logging route that turns it.
var level slog.LevelVar

func logger(cfg config.Log, w io.Writer) *slog.Logger {
	level.Set(cfg.Level)
	options := &slog.HandlerOptions{Level: &level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func holder(command string) string {
	host, _ := os.Hostname()
	return fmt.Sprintf("yardmaster %s, pid %d on %s", command, os.Getpid(), host)
}

func openStore(ctx context.Context, cfg config.Config, command string, log *slog.Logger) (*store.DB, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o750); err != nil {
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	return store.Open(ctx, store.Options{Path: filepath.Join(cfg.DataDir, "control.db"), Holder: holder(command), Now: time.Now, Logger: log})
}

func openQueue(ctx context.Context, cfg config.Config, log *slog.Logger) (*queue.Queue, error) {
	return queue.Open(ctx, queue.Options{URL: cfg.Redis.Dial().Reveal(), Logger: log, Now: time.Now,
		SignOfLife: cfg.Operations.SignOfLife, LifeTTL: cfg.Operations.TakeoverAfter * 4 / 5})
}

// sealer reads the key that keeps record secrets; the server makes one on its first start.
func sealer(path string, make bool) (*auth.Sealer, error) {
	key, err := os.ReadFile(path)
	if make && errors.Is(err, os.ErrNotExist) {
		key = []byte(newID() + newID())
		err = os.WriteFile(path, key, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("secret_key_file: %w", err)
	}
	return auth.NewSealer(key, rand.Reader)
}

// machines reaches the storage nodes, real ones or simulated ones.
func machines(cfg config.Config, log *slog.Logger) (executors.Runner, func() error, error) {
	if cfg.Heketi.Executor == config.ExecutorSim {
		o := sim.Options{AutoNodes: cfg.Sim.OnDemand, DefaultDeviceKiB: uint64(cfg.Sim.DeviceSizeGB) * volumes.GiB,
			File: filepath.Join(cfg.DataDir, "simulated.journal"), Logger: log}
		if cfg.Sim.Latency > 0 {
			o.Latency = func(string) time.Duration { return cfg.Sim.Latency }
		}
		world, err := sim.New(o)
		if err != nil {
			return nil, nil, fmt.Errorf("simulated cluster: %w", err)
		}
		for n := 1; n <= cfg.Sim.Nodes && !cfg.Sim.OnDemand; n++ {
			name, storage, devices := simulated(n, cfg.Sim)
			world.AddNode(name, storage, devices)
		}
		return world, world.Close, nil
	}
	hosts, err := ssh.New(ssh.Config{User: cfg.SSH.User, Port: cfg.SSH.Port, KeyFile: cfg.SSH.KeyFile, Agent: cfg.SSH.Agent, Sudo: cfg.SSH.Sudo,
		KnownHosts: cfg.SSH.KnownHosts, HostKeys: ssh.HostKeys(cfg.SSH.HostKeys), DialTimeout: cfg.SSH.DialTimeout,
		CommandTimeout: cfg.SSH.CommandTimeout, Keepalive: cfg.SSH.Keepalive, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	return hosts, hosts.Close, nil
}

// simulated is the n-th node of the simulated cluster.
func simulated(n int, cfg config.Sim) (manage, storage string, devices map[string]uint64) {
	devices = map[string]uint64{}
	for d := range cfg.DevicesPerNode {
		devices["/dev/sd"+string(rune('b'+d))] = uint64(cfg.DeviceSizeGB) * volumes.GiB
	}
	return fmt.Sprintf("node%d", n), fmt.Sprintf("10.0.0.%d", n), devices
}

func glusterOptions(c config.Gluster) gluster.Options {
	return gluster.Options{Fstab: c.Fstab, MountOpts: c.MountOptions, GlusterTimeout: int(c.CLITimeout.Seconds()), SnapshotLimit: c.SnapshotLimit,
		PVDataAlignment: c.PVDataAlignment, VGExtentSize: c.VGPhysicalExtentSize, LVChunkSize: c.LVChunkSize, XfsSw: c.XFSStripeWidth,
		XfsSu: c.XFSStripeUnit, LVMWrapper: c.LVMWrapper, BackupLVMMetadata: c.BackupLVMMetadata, DebugUmountFailures: c.DebugUmountFailures,
		BlockPrealloc: c.BlockPrealloc, Rebalance: &c.RebalanceOnExpansion}
}

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

const mountRoot = "/var/lib/heketi/mounts"

func volumeConfig(h config.Heketi) volumes.Config {
	return volumes.Config{
		Limits: placement.Limits{BrickMinKiB: uint64(h.BrickMinSizeGB) * volumes.GiB, BrickMaxKiB: uint64(h.BrickMaxSizeGB) * volumes.GiB,
			MaxBricks: h.MaxBricksPerVolume, AverageFileKiB: uint64(h.AverageFileSizeKB)},
		MaxVolumes: h.MaxVolumesPerCluster, StrictZones: h.ZoneChecking == "strict",
		PreOptions: strings.Join(h.PreRequestVolumeOptions, ","), PostOptions: strings.Join(h.PostRequestVolumeOptions, ","),
		AutoBlockHosting: h.Block.AutoCreate, BlockHostingGiB: h.Block.SizeGB, BlockHostingOptions: strings.Join(h.Block.Options, ","),
		CreateRetries: h.RetryLimits.VolumeCreate, MountRoot: mountRoot,
	}
}

// serve runs the server until ctx ends. started, if given, is told the address once requests are answered.
func serve(ctx context.Context, cfg config.Config, warnings []string, log *slog.Logger, started func(addr string)) (err error) {
	for _, w := range warnings {
		log.Warn(w)
	}
	db, err := openStore(ctx, cfg, "serve", log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	q, err := openQueue(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	hosts, closeHosts, err := machines(cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeHosts()) }()
	secrets, err := sealer(cfg.SecretKeyFile, true)
	if err != nil {
		return err
	}

	health := volumes.NewHealth(time.Now)
	domain := volumes.NewDomain(volumeConfig(cfg.Heketi), newID, health, log)
	g := gluster.New(hosts, glusterOptions(cfg.Gluster))
	host, _ := os.Hostname()
	runner, err := jobs.New(jobs.Options{DB: db, Queue: q, Kinds: domain.Kinds(g, secrets), Logger: log, NewID: newID, Epoch: newID(),
		Worker: "server-" + host, Retention: cfg.Operations.Retention, Takeover: cfg.Operations.TakeoverAfter, OnOutcome: health.Heard,
		Limits: jobs.Limits{InFlight: cfg.Operations.MaxInFlight, InFlightPerHost: cfg.Operations.MaxInFlightPerNode}})
	if err != nil {
		return err
	}
	service := volumes.NewService(domain, db, runner, secrets)

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	front, reset, err := dialects(cfg, db, q, runner, service, registry, log)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{Listen: cfg.Listen, Handler: front, Logger: log, Registry: registry, Grace: cfg.ShutdownTimeout / 3,
		TLS:        server.TLS{CertFile: cfg.TLS.CertFile, KeyFile: cfg.TLS.KeyFile, MinVersion: tlsVersions[cfg.TLS.MinVersion]},
		ReadHeader: cfg.HTTP.ReadHeaderTimeout, ReadBody: cfg.HTTP.ReadTimeout, Idle: cfg.HTTP.IdleTimeout})
	if err != nil {
		return err
	}
	if err := runner.Start(ctx); err != nil {
		return errors.Join(err, srv.Close())
	}
	stop := operate(ctx, cfg, runner, service, g, reset, log)
	log.Info("serving", "address", srv.Addr().String(), "version", version(), "data_dir", cfg.DataDir, "embedded_queue", q.Embedded())
	if started != nil {
		started(srv.Addr().String())
	}
	err = srv.Serve(ctx)
	stop()
	log.Info("stopped")
	return err
}

// operate starts what works beside the listener and gives the way to stop it: first what is running may end, then it is cut.
func operate(ctx context.Context, cfg config.Config, runner *jobs.Runner, service *volumes.Service, g *gluster.Gluster, reset func(), log *slog.Logger) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	if cfg.Workers.Concurrency > 0 {
		parts.Go(func() {
			if err := runner.LocalWorker().Work(ctx, cfg.Workers.Concurrency); err != nil && ctx.Err() == nil {
				log.Error("worker ended", "err", err)
			}
		})
	}
	if m := cfg.Heketi.Monitor; m.Enabled && cfg.Workers.Concurrency > 0 {
		parts.Go(func() { volumes.NewMonitor(service, g, m.Start, m.Refresh).Watch(ctx) })
	}
	parts.Go(func() { onSignal(ctx, syscall.SIGUSR2, reset) })
	return func() {
		grace, done := context.WithTimeout(ctx, cfg.ShutdownTimeout/3)
		defer done()
		runner.Drain(grace)
		cancel()
		parts.Wait()
		runner.Close()
	}
}

// dialects puts every API behind one handler.
func dialects(cfg config.Config, db *store.DB, q *queue.Queue, runner *jobs.Runner, service *volumes.Service, registry *prometheus.Registry, log *slog.Logger) (http.Handler, func(), error) {
	all, reset, err := tables(cfg, db, q, runner, service, registry, log)
	if err != nil {
		return nil, nil, err
	}
	mux, err := rest.NewMux(all, rest.Options{Logger: log, Fallback: "heketi", MaxBody: cfg.HTTP.MaxBody})
	return mux, reset, err
}

// tables are the routes of every API, and the way to reset Heketi's admin state.
func tables(cfg config.Config, db *store.DB, q *queue.Queue, runner *jobs.Runner, service *volumes.Service, registry *prometheus.Registry, log *slog.Logger) ([]rest.Dialect, func(), error) {
	signed, own, err := doors(cfg)
	if err != nil {
		return nil, nil, err
	}
	api, err := heketi.New(heketi.Options{Service: service, Runner: runner, DB: db, Auth: signed, Logger: log, LogLevel: &level,
		AdminState: cfg.Heketi.DefaultState, OpenHello: cfg.Heketi.OpenHello, RetryAfter: cfg.Operations.RetryAfter, Registry: registry})
	if err != nil {
		return nil, nil, err
	}
	need := auth.Reader
	if cfg.Metrics.Open {
		need = auth.Public
	}
	routes := server.Health(parts(db, q, service)...)
	if cfg.Metrics.Enabled {
		routes = append(routes, server.MetricsRoute(registry, need))
	}
	if cfg.Profiling {
		routes = append(routes, server.ProfileRoutes()...)
	}
	all := []rest.Dialect{api.Dialect(), native.New(native.Options{DB: db, Runner: runner, Auth: own}), server.Endpoints(own, routes...)}
	return all, api.ResetAdminState, nil
}

// routes prints docs/routes.md: the tables are made as for a server, with nothing behind them, and none of their handlers is called.
func routes(stdout io.Writer) error {
	cfg, _, err := config.Load(nil, []string{"YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_PROFILING=true",
		"YARDMASTER_HEKETI_ADMIN_KEY=" + newID(), "YARDMASTER_HEKETI_USER_KEY=" + newID()}, os.ReadFile)
	if err != nil {
		return err
	}
	all, _, err := tables(cfg, &store.DB{}, nil, &jobs.Runner{}, &volumes.Service{}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, rest.Routes(all))
	return err
}

// doors are the ways to sign in: at the Heketi API, and at ours.
func doors(cfg config.Config) (signed, own auth.Authenticator, err error) {
	if cfg.Heketi.DisableAuth {
		return auth.Open(), auth.Open(), nil
	}
	var users []auth.LocalUser
	for _, u := range cfg.Auth.Users {
		role, err := auth.ParseRole(u.Role)
		if err != nil {
			return nil, nil, err
		}
		users = append(users, auth.LocalUser{Name: u.Name, Hash: u.PasswordHash.Reveal(), Role: role})
	}
	var tokens []auth.Token
	for _, t := range cfg.Auth.Tokens {
		role, err := auth.ParseRole(t.Role)
		if err != nil {
			return nil, nil, err
		}
		tokens = append(tokens, auth.Token{Name: t.Name, SHA256: t.SHA256.Reveal(), Role: role})
	}
	jwt, err := auth.NewHeketiJWT(cfg.Heketi.AdminKey.Reveal(), cfg.Heketi.UserKey.Reveal(), cfg.Heketi.IATLeeway, time.Now)
	if err != nil {
		return nil, nil, err
	}
	ways := []auth.Authenticator{jwt}
	if len(tokens) > 0 {
		opaque, err := auth.NewTokens(tokens)
		if err != nil {
			return nil, nil, err
		}
		ways = append(ways, opaque)
	}
	if len(users) > 0 {
		local, err := auth.NewLocal(users)
		if err != nil {
			return nil, nil, err
		}
		ways = append(ways, local)
	}
	chain := auth.Chain(ways...)
	if signed, err = auth.Anonymous(auth.Mode(cfg.Dialects.Heketi.Anonymous), chain); err != nil {
		return nil, nil, err
	}
	own, err = auth.Anonymous(auth.Mode(cfg.Dialects.Native.Anonymous), chain)
	return signed, own, err
}

// parts are what GET /readyz tells of.
func parts(db *store.DB, q *queue.Queue, service *volumes.Service) []server.Part {
	return []server.Part{
		{Name: "store", Required: true, Check: func(ctx context.Context) (any, error) {
			return nil, db.View(ctx, func(*store.Tx) error { return nil })
		}},
		{Name: "redis", Check: func(ctx context.Context) (any, error) {
			if !q.Up() {
				return nil, errors.New("not reachable; operations wait in the store")
			}
			return map[string]any{"embedded": q.Embedded()}, nil
		}},
		{Name: "workers", Check: func(ctx context.Context) (any, error) {
			workers, err := q.Workers(ctx)
			if err == nil && len(workers) == 0 {
				err = errors.New("nobody runs operations")
			}
			return workers, err
		}},
		{Name: "nodes", Check: func(context.Context) (any, error) {
			hosts := service.Hosts()
			for _, h := range hosts {
				if !h.Up {
					return hosts, fmt.Errorf("%s does not answer", h.Host)
				}
			}
			return hosts, nil
		}},
	}
}

// onSignal calls do at every signal until ctx ends.
func onSignal(ctx context.Context, sig os.Signal, do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, sig)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			do()
		}
	}
}

// work runs the operations of a server elsewhere until ctx ends and what it took is reported.
func work(ctx context.Context, cfg config.Config, warnings []string, log *slog.Logger) (err error) {
	for _, w := range warnings {
		log.Warn(w)
	}
	q, err := openQueue(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	hosts, closeHosts, err := machines(cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeHosts()) }()
	secrets, err := sealer(cfg.SecretKeyFile, false)
	if err != nil {
		return err
	}
	domain := volumes.NewDomain(volumeConfig(cfg.Heketi), newID, volumes.NewHealth(time.Now), log)
	host, _ := os.Hostname()
	name := fmt.Sprintf("worker-%s-%d", host, os.Getpid())
	w := jobs.RemoteWorker(q, domain.Kinds(gluster.New(hosts, glusterOptions(cfg.Gluster)), secrets), name, time.Now, log)
	log.Info("working", "worker", name, "concurrency", cfg.Workers.Concurrency)
	if err := w.Work(ctx, cfg.Workers.Concurrency); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func check(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	db, err := openStore(ctx, cfg, "check", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	problems, err := db.Check(ctx)
	if err == nil {
		var more []string
		more, err = volumes.Audit(ctx, db)
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
	return errors.Join(err, db.Close())
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

// demo runs the whole system on simulated machines and walks through it by its own API.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	once := flags.Bool("once", false, "walk through, then end")
	dir := flags.String("dir", "", "folder for the data (default: a new temporary one)")
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
	cfg, warnings, err := config.Load([]string{"--listen", *listen, "--data-dir", *dir, "--log-level", "warn", "--log-format", "text"}, []string{
		"YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_HEKETI_ADMIN_KEY=" + keys.Admin, "YARDMASTER_HEKETI_USER_KEY=" + keys.User,
		"YARDMASTER_SIM_NODES=6", "YARDMASTER_SIM_DEVICES_PER_NODE=4", "YARDMASTER_SIM_LATENCY=20ms", "YARDMASTER_HEKETI_OPEN_HELLO=true"}, os.ReadFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan string, 1)
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, cfg, warnings, logger(cfg.Log, stderr), func(addr string) { ready <- addr })
	}()
	select {
	case err := <-served:
		return err
	case addr := <-ready:
		tour := client.Tour{Client: client.New("http://"+addr, "admin", keys.Admin), Keys: keys, Out: stdout}
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
