package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"yardmaster/auth"
	"yardmaster/executors"
	"yardmaster/executors/gluster"
	"yardmaster/executors/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/queue"
	"yardmaster/jobs/volumes"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/server/config"
	"yardmaster/store"
)

func openStore(ctx context.Context, cfg config.Config, command string, log *slog.Logger) (*store.DB, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o750); err != nil {
		return nil, fmt.Errorf("data_dir: %w", err)
	}
	return store.Open(ctx, store.Options{Path: filepath.Join(cfg.DataDir, "control.db"), Holder: holder(command), Now: time.Now, Logger: log})
}

func openQueue(ctx context.Context, cfg config.Config, log *slog.Logger) (*queue.Queue, error) {
	return queue.Open(ctx, queue.Options{URL: cfg.Redis.Dial().Reveal(), Namespace: cfg.Redis.Namespace, Logger: log, Now: time.Now,
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

// reach is how this build reaches the storage nodes.
var reach = machines

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
	if cfg.Heketi.Closed {
		return nowhere{}, func() error { return nil }, nil
	}
	hosts, err := overSSH(cfg, log)
	if err != nil {
		return nil, nil, err
	}
	return hosts, hosts.Close, nil
}

// nowhere is the way to the storage nodes of a yard that has none.
type nowhere struct{}

func (nowhere) Run(_ context.Context, host, _ string) (executors.Result, error) {
	return executors.Result{}, fmt.Errorf("%s: %w: no way to storage nodes is configured", host, executors.ErrUnreachable)
}

// simulated is the n-th node of the simulated cluster.
func simulated(n int, cfg config.Sim) (manage, storage string, devices map[string]uint64) {
	devices = map[string]uint64{}
	for d := range cfg.DevicesPerNode {
		devices["/dev/sd"+string(rune('b'+d))] = uint64(cfg.DeviceSizeGB) * volumes.GiB
	}
	return fmt.Sprintf("node%d", n), fmt.Sprintf("10.0.0.%d", n), devices
}

// outside is what operations work on: the same for a server and for a worker of its own.
type outside struct {
	gluster   *gluster.Gluster
	volumes   *volumes.Domain
	pools     *poolParts
	platform  *platformParts
	instances *instanceParts
	secrets   *auth.Sealer
	closers   []func() error
}

func openOutside(ctx context.Context, cfg config.Config, secrets *auth.Sealer, health *volumes.Health, log *slog.Logger) (o *outside, err error) {
	o = &outside{secrets: secrets, volumes: volumes.NewDomain(volumeConfig(cfg.Heketi), newID, health, log)}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	hosts, closeHosts, err := reach(cfg, log)
	if err != nil {
		return o, err
	}
	o.closers = append(o.closers, closeHosts)
	o.gluster = gluster.New(hosts, glusterOptions(cfg.Gluster))
	if o.pools, err = openPools(cfg, log); err != nil {
		return o, err
	}
	o.closers = append(o.closers, o.pools.Close)
	if o.platform, err = openPlatform(ctx, cfg, secrets, log); err != nil {
		return o, err
	}
	o.closers = append(o.closers, o.platform.Close)
	if o.instances, err = openInstances(ctx, cfg, secrets, log); err != nil {
		return o, err
	}
	o.closers = append(o.closers, o.instances.Close)
	return o, nil
}

// Close gives up the ways to it, the last one first.
func (o *outside) Close() error {
	var errs []error
	for _, shut := range slices.Backward(o.closers) {
		errs = append(errs, shut())
	}
	o.closers = nil
	return errors.Join(errs...)
}

// Kinds are those of every operation that works on it.
func (o *outside) Kinds() []jobs.Kind {
	return slices.Concat(o.volumes.Kinds(o.gluster, o.secrets), o.pools.domain.Kinds(o.pools.providers, inDNS), o.platform.Kinds(), o.instances.Kinds())
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

// doors are the ways to sign in at each API.
type doors struct{ heketi, native, pools, events, platform, instances auth.Authenticator }

func openDoors(cfg config.Config, who people) (doors, error) {
	var tokens []auth.Token
	for _, t := range cfg.Auth.Tokens {
		role, err := auth.ParseRole(t.Role)
		if err != nil {
			return doors{}, err
		}
		tokens = append(tokens, auth.Token{Name: t.Name, SHA256: t.SHA256.Reveal(), Role: role})
	}
	configured, err := auth.NewTokens(tokens)
	if err != nil {
		return doors{}, err
	}
	tokenDoor := auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-AUTH-TOKEN"}, Bearer: true, Challenge: `Basic realm="Authentication required"`,
		Lookups: []auth.TokenLookup{configured.Find, who.tokens}})
	ways := []auth.Authenticator{tokenDoor, who.own}
	platform, err := platformDoor(cfg, configured.Find, who)
	if err != nil {
		return doors{}, err
	}
	instances, err := instanceDoor(cfg, configured.Find, who)
	if err != nil {
		return doors{}, err
	}
	pooler, err := auth.Anonymous(auth.Mode(cfg.Dialects.VMPooler.Anonymous), auth.Chain(ways...))
	if err != nil {
		return doors{}, err
	}
	if cfg.Heketi.DisableAuth {
		events, err := auth.Anonymous(auth.Mode(cfg.Dialects.StackTach.Anonymous), auth.Chain(ways...))
		if err != nil {
			return doors{}, err
		}
		return doors{auth.Open(), auth.Open(), pooler, events, platform, instances}, nil
	}
	native := ways
	if len(cfg.Auth.Users) == 0 && len(cfg.Pools.List) == 0 {
		ways = ways[:1] // as Heketi does, which knows no passwords and answers them otherwise
	}
	if !cfg.Heketi.Closed {
		signed, err := auth.NewHeketiJWT(cfg.Heketi.AdminKey.Reveal(), cfg.Heketi.UserKey.Reveal(), cfg.Heketi.IATLeeway, time.Now)
		if err != nil {
			return doors{}, err
		}
		ways = append([]auth.Authenticator{signed}, ways...)
		native = append([]auth.Authenticator{signed}, native...)
	}
	signed, err := auth.Anonymous(auth.Mode(cfg.Dialects.Heketi.Anonymous), auth.Chain(ways...))
	if err != nil {
		return doors{}, err
	}
	own, err := auth.Anonymous(auth.Mode(cfg.Dialects.Native.Anonymous), auth.Chain(native...))
	if err != nil {
		return doors{}, err
	}
	events, err := auth.Anonymous(auth.Mode(cfg.Dialects.StackTach.Anonymous), auth.Chain(native...))
	return doors{signed, own, pooler, events, platform, instances}, err
}
