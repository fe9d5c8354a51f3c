package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"
	"yardmaster/auth"
	"yardmaster/executors/gluster"
	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/configs"
	"yardmaster/jobs/instances"
	"yardmaster/jobs/pools"
	"yardmaster/jobs/queue"
	"yardmaster/jobs/volumes"
	"yardmaster/server"
	"yardmaster/server/config"
	"yardmaster/server/heketi"
	"yardmaster/server/native"
	"yardmaster/server/rest"
	"yardmaster/server/stacktach"
	"yardmaster/server/vmpooler"
	"yardmaster/store"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// gcPercent lets the heap triple between collections: a server of 40 MiB gains a tenth of its speed for 15 MiB more.
const gcPercent = 200

// up is a server that answers requests.
type up struct {
	addr    string
	cluster kube.Cluster // of the platform; nil: there is none
	metrics kube.Cluster // of the instances; the same
}

// serve runs the server until ctx ends. started, if given, is told once requests are answered.
func serve(ctx context.Context, cfg config.Config, warnings []string, log *slog.Logger, started func(up)) (err error) {
	for _, w := range warnings {
		log.Warn(w)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	fresh := isNew(filepath.Join(cfg.DataDir, "control.db"))
	if fresh && !isNew(cfg.SecretKeyFile) {
		log.Warn("starting with no records at all, though the key of earlier ones is there: if they are missed, stop and restore a backup", "data_dir", cfg.DataDir)
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
	if isNew(cfg.SecretKeyFile) && !fresh {
		if err := nothingSealed(ctx, db); err != nil {
			return fmt.Errorf("secret_key_file %s is missing: %w", cfg.SecretKeyFile, err)
		}
	}
	secrets, err := sealer(cfg.SecretKeyFile, true)
	if err != nil {
		return err
	}
	health := volumes.NewHealth(time.Now)
	yard, err := openOutside(ctx, cfg, secrets, health, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, yard.Close()) }()

	kept := openAccounts(cfg, db, secrets, log)
	defer func() { err = errors.Join(err, kept.Close(context.WithoutCancel(ctx))) }()
	people, err := openPeople(cfg, kept)
	if err != nil {
		return err
	}
	meters, err := poolMetrics(cfg.Pools.Prometheus)
	if err != nil {
		return err
	}
	happened, err := openEvents(ctx, cfg, db, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, happened.Close()) }()
	keeper := pools.NewKeeper(yard.pools.domain, db, yard.pools.providers, meter(meters))

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	host, _ := os.Hostname()
	own := "server-" + host
	heard := func(o jobs.Outcome) {
		keeper.Heard(o)
		if o.Worker == own || cfg.Workers.Concurrency == 0 { // a worker that cannot reach a node says nothing about who can
			health.Heard(o)
		}
	}
	kinds := slices.Concat(yard.Kinds(), happened.service.Kinds())
	runner, err := jobs.New(jobs.Options{DB: db, Queue: q, Kinds: kinds, Logger: log, NewID: newID, Epoch: newID(),
		Worker: own, KeyID: secrets.ID(), Retention: cfg.Operations.Retention, Takeover: cfg.Operations.TakeoverAfter, OnOutcome: outcomes(registry, heard), Room: keeper.Room,
		Stuck: jobs.Stuck{Off: !cfg.Heketi.Cleaner.Enabled, Start: cfg.Heketi.Cleaner.Start, Most: cfg.Heketi.Cleaner.Refresh},
		Limits: jobs.Limits{InFlight: cfg.Operations.MaxInFlight, InFlightPerHost: cfg.Operations.MaxInFlightPerNode,
			InFlightPerLane: cfg.Operations.MaxInFlightPerProvider}})
	if err != nil {
		return err
	}
	in := inside{cfg: cfg, db: db, queue: q, runner: runner, volumes: volumes.NewService(yard.volumes, db, runner, secrets),
		pools: pools.NewService(yard.pools.domain, db, keeper), people: people, meters: meters, events: happened, registry: registry, log: log}
	if in.platform, err = yard.platform.service(in); err != nil {
		return err
	}
	if in.instances, err = yard.instances.service(ctx, in); err != nil {
		return err
	}
	countOperations(registry, db)
	countEvents(registry, happened.service, time.Now)
	if in.platform != nil {
		countPlatform(registry, in.platform)
	}

	front, reset, err := dialects(in)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{Listen: cfg.Listen, Handler: front, Logger: log, Registry: registry, Grace: cfg.ShutdownTimeout / 2,
		TLS:        server.TLS{CertFile: cfg.TLS.CertFile, KeyFile: cfg.TLS.KeyFile, MinVersion: tlsVersions[cfg.TLS.MinVersion]},
		ReadHeader: cfg.HTTP.ReadHeaderTimeout, ReadBody: cfg.HTTP.ReadTimeout, Idle: cfg.HTTP.IdleTimeout})
	if err != nil {
		return err
	}
	if err := happened.service.CatchUp(ctx); err != nil { // before operations that ended long ago are forgotten
		return errors.Join(err, srv.Close())
	}
	if err := runner.Start(ctx); err != nil {
		return errors.Join(err, srv.Close())
	}
	stop := operate(ctx, in, keeper, yard.gluster, reset)
	log.Info("serving", "address", srv.Addr().String(), "version", version(), "data_dir", cfg.DataDir, "embedded_queue", q.Embedded())
	if started != nil {
		started(up{srv.Addr().String(), yard.platform.cluster, yard.instances.cluster})
	}
	err = srv.Serve(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("stopped with requests under way that did not end", "err", err)
		err = nil
	}
	stop()
	log.Info("stopped")
	return err
}

// nothingSealed refuses to make a new key where records hold what another one sealed.
func nothingSealed(ctx context.Context, db *store.DB) error {
	return errors.Join(volumes.NothingSealed(ctx, db), accounts.NothingSealed(ctx, db), configs.NothingSealed(ctx, db))
}

func isNew(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Size() == 0
}

// inside is what the dialects of a server stand on.
type inside struct {
	cfg       config.Config
	db        *store.DB
	queue     *queue.Queue
	runner    *jobs.Runner
	volumes   *volumes.Service
	pools     *pools.Service
	people    people
	events    *eventParts
	platform  *configs.Service   // nil: there is no cluster
	instances *instances.Service // the same
	meters    *vmpooler.Metrics  // nil: nobody wants them
	registry  *prometheus.Registry
	log       *slog.Logger
}

// meter is what the keeper tells of its work.
func meter(m *vmpooler.Metrics) pools.Meter {
	if m == nil {
		return pools.Quiet{}
	}
	return m
}

// operate starts what works beside the listener and gives the way to stop it: first what is running may end, then it is cut.
func operate(ctx context.Context, in inside, keeper *pools.Keeper, g *gluster.Gluster, reset func()) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cfg := in.cfg
	var parts sync.WaitGroup
	if cfg.Workers.Concurrency > 0 {
		parts.Go(func() {
			if err := in.runner.LocalWorker().Work(ctx, cfg.Workers.Concurrency); err != nil && ctx.Err() == nil {
				in.log.Error("worker ended", "err", err)
			}
		})
	}
	if m := cfg.Heketi.Monitor; m.Enabled && cfg.Workers.Concurrency > 0 && !cfg.Heketi.Closed {
		parts.Go(func() { volumes.NewMonitor(in.volumes, g, m.Start, m.Refresh).Watch(ctx) })
	}
	parts.Go(func() { keeper.Keep(ctx, in.runner) })
	parts.Go(func() { in.events.service.Keep(ctx, in.runner) })
	if in.platform != nil {
		parts.Go(func() { in.platform.Run(ctx) })
	}
	parts.Go(func() {
		if err := in.events.service.Feed(ctx, in.events.sources...); err != nil && ctx.Err() == nil {
			in.log.Error("consumers of events ended", "err", err)
		}
	})
	parts.Go(func() { onSignal(ctx, syscall.SIGUSR2, reset) })
	return func() {
		grace, done := context.WithTimeout(ctx, cfg.ShutdownTimeout/3)
		defer done()
		in.runner.Drain(grace)
		cancel()
		parts.Wait()
		in.runner.Close()
	}
}

// dialects puts every API behind one handler.
func dialects(in inside) (http.Handler, func(), error) {
	all, reset, err := tables(in)
	if err != nil {
		return nil, nil, err
	}
	mux, err := rest.NewMux(all, rest.Options{Logger: in.log, Fallback: "heketi", MaxBody: in.cfg.HTTP.MaxBody})
	return mux, reset, err
}

// tables are the routes of every API, and the way to reset Heketi's admin state.
func tables(in inside) ([]rest.Dialect, func(), error) {
	cfg := in.cfg
	doors, err := openDoors(cfg, in.people)
	if err != nil {
		return nil, nil, err
	}
	api, err := heketi.New(heketi.Options{Service: in.volumes, Runner: in.runner, DB: in.db, Auth: doors.heketi, Logger: in.log, LogLevel: &level,
		AdminState: cfg.Heketi.DefaultState, OpenHello: cfg.Heketi.OpenHello, RetryAfter: cfg.Operations.RetryAfter, Registry: in.registry})
	if err != nil {
		return nil, nil, err
	}
	pooler, err := poolerDialect(cfg, in.pools, in.people, doors.pools, in.meters, in.log)
	if err != nil {
		return nil, nil, err
	}
	stack, err := stacktach.New(stacktach.Options{Service: in.events.service, Auth: doors.events, Now: time.Now, Logger: in.log})
	if err != nil {
		return nil, nil, err
	}
	need := auth.Reader
	if cfg.Metrics.Open {
		need = auth.Public
	}
	routes := server.Health(parts(in)...)
	if cfg.Metrics.Enabled {
		routes = append(routes, server.MetricsRoute(in.registry, need))
	}
	if cfg.Profiling {
		routes = append(routes, server.ProfileRoutes()...)
	}
	all := []rest.Dialect{api.Dialect(), pooler.Dialect(), stack.Dialect(),
		native.New(native.Options{DB: in.db, Runner: in.runner, Accounts: in.people.accounts, Events: in.events.service, Auth: doors.native}), server.Endpoints(doors.native, routes...)}
	if in.platform != nil {
		platform, err := platformDialect(in, in.platform, doors.platform)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, platform.Dialect())
	}
	if in.instances != nil {
		instances, err := instanceDialect(in, in.instances, doors.instances)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, instances.Dialect())
	}
	return all, api.ResetAdminState, nil
}

// parts are what GET /readyz tells of.
func parts(in inside) []server.Part {
	db, q := in.db, in.queue
	all := []server.Part{
		{Name: "store", Required: true, Check: func(ctx context.Context) (any, error) {
			return nil, errors.Join(db.View(ctx, func(*store.Tx) error { return nil }), db.Writable(ctx))
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
			line, lineErr := in.runner.Line(ctx)
			return workers, errors.Join(err, lineErr, line.Err())
		}},
		{Name: "nodes", Check: func(context.Context) (any, error) {
			hosts := in.volumes.Hosts()
			for _, h := range hosts {
				if !h.Up {
					return hosts, fmt.Errorf("%s does not answer", h.Host)
				}
			}
			return hosts, nil
		}},
		{Name: "pools", Check: func(ctx context.Context) (any, error) {
			broken, err := in.pools.Broken(ctx)
			for _, b := range broken {
				err = errors.Join(err, fmt.Errorf("provider %s: %s", b.Provider, b.Why))
			}
			return broken, err
		}},
		{Name: "events", Check: func(context.Context) (any, error) { return nil, in.events.service.Ready() }},
	}
	if in.platform != nil {
		all = append(all, server.Part{Name: "cluster", Check: func(ctx context.Context) (any, error) { return in.platform.Ping(ctx) }})
	}
	return all
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
	secrets, err := sealer(cfg.SecretKeyFile, false)
	if err != nil {
		return err
	}
	yard, err := openOutside(ctx, cfg, secrets, volumes.NewHealth(time.Now), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, yard.Close()) }()
	host, _ := os.Hostname()
	name := fmt.Sprintf("worker-%s-%d", host, os.Getpid())
	w := jobs.RemoteWorker(q, yard.Kinds(), name, secrets.ID(), time.Now, log)
	log.Info("working", "worker", name, "concurrency", cfg.Workers.Concurrency)
	if err := w.Work(ctx, cfg.Workers.Concurrency); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// countOperations shows how many operations there are in each state that is not an end.
func countOperations(registry prometheus.Registerer, db *store.DB) {
	for _, state := range store.States() {
		if !state.Live() {
			continue
		}
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "yardmaster_operations", Help: "Operations that have not ended, by state.",
			ConstLabels: prometheus.Labels{"state": string(state)}}, func() float64 {
			n := 0
			_ = db.View(context.Background(), func(tx *store.Tx) error { // a store that cannot be read has no operations to count
				n = store.CountState(tx, state)
				return nil
			})
			return float64(n)
		}))
	}
}

// outcomes counts what came back from workers and passes it on.
func outcomes(registry prometheus.Registerer, next func(jobs.Outcome)) func(jobs.Outcome) {
	runs := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yardmaster_operation_runs_total",
		Help: "Runs and undos of operations that workers ended, by kind and result."}, []string{"kind", "way", "result"})
	registry.MustRegister(runs)
	return func(o jobs.Outcome) {
		way, result := "run", "ok"
		if o.Undo {
			way = "undo"
		}
		if o.Failure != nil {
			result = o.Failure.Code
		}
		runs.WithLabelValues(o.Kind, way, result).Inc()
		next(o)
	}
}
