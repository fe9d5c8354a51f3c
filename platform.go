package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/auth"
	"yardmaster/executors/kube"
	kubesim "yardmaster/executors/kube/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/configs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/server/config"
	"yardmaster/server/deploymanager"
	"yardmaster/store"
)

// platformParts are the configs of a server: their domain and the way to their cluster. All of it is nil where there is no cluster.
type platformParts struct {
	cluster kube.Cluster
	domain  *configs.Domain
}

// openPlatform makes the way to the cluster; it is not asked for anything yet, and may be away.
func openPlatform(ctx context.Context, cfg config.Config, secrets *auth.Sealer, log *slog.Logger) (*platformParts, error) {
	c := cfg.Configs
	if !c.Enabled() {
		return &platformParts{}, nil
	}
	p := &platformParts{}
	var err error
	if p.cluster, err = openCluster(ctx, c, log); err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	p.domain, err = configs.NewDomain(configs.Platform{Namespace: c.Namespace, Values: c.Placeholders, History: c.History, Protect: c.Protect,
		SelfHeal: c.SelfHeal, DriftEvery: c.DriftInterval, CheckEvery: c.CheckInterval, ScaleEvery: c.IdleInterval, BusyWait: c.BusyWait,
		ExportDir: c.ExportDir, ExportKeep: c.ExportKeep, ExportMost: c.MaxExport, Parallel: c.Parallel}, p.cluster, secrets, time.Now, log)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func openCluster(ctx context.Context, c config.Configs, log *slog.Logger) (kube.Cluster, error) {
	if c.Simulate {
		return kubesim.New(kubesim.Options{Namespace: c.Namespace, Yard: c.Yard, Logger: log})
	}
	return kube.New(ctx, kube.Options{Kubeconfig: c.Kubeconfig, Context: c.Context, InCluster: c.InCluster, Namespace: c.Namespace,
		FieldManager: c.FieldManager, Yard: c.Yard, Timeout: c.RequestTimeout, Concurrency: c.Parallel, Logger: log})
}

// Kinds are the operations on the cluster.
func (p *platformParts) Kinds() []jobs.Kind {
	if p.domain == nil {
		return nil
	}
	return p.domain.Kinds()
}

// Close ends the connections to the cluster.
func (p *platformParts) Close() error {
	if p.cluster == nil {
		return nil
	}
	return p.cluster.Close()
}

// service is what answers for the configs; nil where there is no cluster.
func (p *platformParts) service(in inside) (*configs.Service, error) {
	if p.domain == nil {
		return nil, nil
	}
	return configs.NewService(configs.Options{Domain: p.domain, DB: in.db, Runner: in.runner, Note: in.events.service.Note, Probes: probes(in)})
}

// leastFree is the share of a disk below which it counts as full.
const leastFree = 0.05

// probes are the checks of the yard itself in the platform's status.
func probes(in inside) []configs.Probe {
	return []configs.Probe{
		{Component: "database", ID: "Database Connection", Critical: true, Run: func(ctx context.Context) (string, error) {
			return "", errors.Join(in.db.View(ctx, func(*store.Tx) error { return nil }), in.db.Writable(ctx))
		}},
		{Component: "queue", ID: "Redis", Run: func(context.Context) (string, error) {
			if !in.queue.Up() {
				return "", errors.New("not reachable; operations wait in the store")
			}
			return "", nil
		}},
		{Component: "filesystem", ID: "Disk Space", Critical: true, Run: func(context.Context) (string, error) { return diskSpace(in.cfg.DataDir) }},
	}
}

func diskSpace(dir string) (string, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return "", err
	}
	free := float64(fs.Bavail) / float64(max(fs.Blocks, 1))
	told := fmt.Sprintf("%.1f %% of the disk of data_dir is free", 100*free)
	if free < leastFree {
		return "", errors.New(told)
	}
	return told, nil
}

// platformDialect is the Deployment Manager API.
func platformDialect(in inside, service *configs.Service, door auth.Authenticator) (*deploymanager.API, error) {
	c := in.cfg.Configs
	return deploymanager.New(deploymanager.Options{Service: service, Auth: door, Mask: materialize.Mask,
		CreateAdmin: firstAdmin(in), Patience: c.Patience, MaxUpload: c.MaxUpload, Logger: in.log})
}

// firstAdmin makes an administrator of the yard for those who set the platform up, with the password that is configured or one that
// is drawn and left in a file which only this program's user can read.
func firstAdmin(in inside) func(ctx context.Context, username, email string) error {
	return func(ctx context.Context, username, _ string) error {
		password, drawn := in.cfg.Configs.AdminPassword.Reveal(), false
		if password == "" {
			password, drawn = newID(), true
		}
		add := func() error {
			_, err := in.people.accounts.AddUser(ctx, username, password, accounts.RoleAdmin)
			if errors.Is(err, accounts.ErrUserExists) {
				return fmt.Errorf("%w: Tables have already been set up", configs.ErrConflict)
			}
			if err != nil {
				return fmt.Errorf("%w: admin_username: %w", configs.ErrInvalid, err)
			}
			return nil
		}
		if !drawn {
			return add()
		}
		file := filepath.Join(in.cfg.DataDir, "admin-password")
		if err := leaveIn(file, password, add); err != nil {
			return err
		}
		in.log.Warn("administrator made; the password lies in a file, change it and remove the file", "user", username, "file", file)
		return nil
	}
}

// leaveIn leaves a secret in a file that only this program's user can read, if do succeeds with it: it is written down before, so that
// nothing is done with a secret that nobody knows then.
func leaveIn(file, secret string, do func() error) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*.new")
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = do()
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), file)
}

// ownToken knows the token of the Deployment Manager API alone.
func ownToken(c config.Configs) (auth.TokenLookup, error) {
	text := c.Token.Reveal()
	if text == "" {
		return func(context.Context, string) (auth.Principal, error) { return auth.Principal{}, auth.ErrNoToken }, nil
	}
	sum := sha256.Sum256([]byte(text))
	own, err := auth.NewTokens([]auth.Token{{Name: "deployment manager", SHA256: hex.EncodeToString(sum[:]), Role: auth.RoleAdmin}})
	if err != nil {
		return nil, err
	}
	return own.Find, nil
}

// platformDoor lets in whoever has the API's own token, in the header Token or as a bearer, and whom the yard knows by a token or a
// password.
func platformDoor(cfg config.Config, configured auth.TokenLookup, who people) (auth.Authenticator, error) {
	own, err := ownToken(cfg.Configs)
	if err != nil {
		return nil, err
	}
	tokens := auth.Opaque(auth.OpaqueOptions{Headers: []string{"Token", "X-AUTH-TOKEN"}, Bearer: true,
		Lookups: []auth.TokenLookup{own, configured, who.tokens}})
	return auth.Anonymous(auth.Mode(cfg.Dialects.DeploymentManager.Anonymous), auth.Chain(tokens, who.own))
}

// countPlatform shows how much of the platform there is, and how much of it is not as it should be.
func countPlatform(registry prometheus.Registerer, s *configs.Service) {
	for _, g := range []struct {
		name, help string
		of         func(configs.Counts) int
	}{
		{"yardmaster_platform_objects", "Objects that the platform is made of.", func(c configs.Counts) int { return c.Objects }},
		{"yardmaster_platform_pending_objects", "Objects whose newest config the cluster was not given.", func(c configs.Counts) int { return c.Pending }},
		{"yardmaster_platform_drifted_objects", "Objects that differed from their config at the last look.", func(c configs.Counts) int { return c.Drifted }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, func() float64 {
			counts, _ := s.Counts(context.Background()) // a store that cannot be read has none to count
			return float64(g.of(counts))
		}))
	}
}
