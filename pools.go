package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"
	"yardmaster/auth"
	"yardmaster/executors"
	"yardmaster/executors/local"
	"yardmaster/executors/ssh"
	"yardmaster/executors/vm"
	"yardmaster/executors/vm/libvirt"
	vmsim "yardmaster/executors/vm/sim"
	"yardmaster/executors/vm/vsphere"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/pools"
	"yardmaster/server/config"
	"yardmaster/server/vmpooler"
	"yardmaster/store"

	"github.com/prometheus/client_golang/prometheus"
)

// poolParts are what the pools need of the world: their domain, and the way to their machines.
type poolParts struct {
	domain    *pools.Domain
	providers map[string]vm.Provider
	closers   []func() error
}

// openPools makes the providers; none of them is asked for anything yet.
func openPools(cfg config.Config, log *slog.Logger) (*poolParts, error) {
	p := &poolParts{providers: make(map[string]vm.Provider, len(cfg.Pools.Providers))}
	for _, c := range cfg.Pools.Providers {
		provider, err := p.provider(cfg, c, log.With("provider", c.Name))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("provider %s: %w", c.Name, err), p.Close())
		}
		p.providers[c.Name] = provider
		p.closers = append(p.closers, provider.Close)
	}
	c := poolConfig(cfg.Pools)
	err := p.check(c)
	if err == nil {
		p.domain, err = pools.NewDomain(c, newSnapshotID, log)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// check has providers say what is wrong with their pools, as far as they can tell without asking anybody.
func (p *poolParts) check(c pools.Config) error {
	for _, pool := range c.Pools {
		judge, ok := p.providers[pool.Provider].(interface{ Check(vm.Pool) error })
		if !ok {
			continue
		}
		if err := judge.Check(pool.Pool); err != nil {
			return fmt.Errorf("pool %s: %w", pool.Name, err)
		}
	}
	return nil
}

// Close ends the providers first and what they work over last.
func (p *poolParts) Close() error {
	var err error
	for _, end := range slices.Backward(p.closers) {
		err = errors.Join(err, end())
	}
	return err
}

func (p *poolParts) provider(cfg config.Config, c config.Provider, log *slog.Logger) (vm.Provider, error) {
	switch c.Kind {
	case config.ProviderSim:
		return vmsim.New(simOptions(c.Sim, log))
	case config.ProviderLibvirt:
		run, err := p.hypervisors(cfg, c.Libvirt, log)
		if err != nil {
			return nil, err
		}
		l := c.Libvirt
		return libvirt.New(run, libvirt.Options{Hosts: l.Hosts, Clusters: l.Clusters, URI: l.URI, MigrateURI: l.MigrateURI, Shared: l.SharedStorage,
			DomainType: l.DomainType, MachineType: l.MachineType, CPU: l.CPU, MemoryMiB: l.MemoryMiB, VCPUs: l.VCPUs, StoragePool: l.StoragePool,
			Network: l.Network, Sources: l.AddressSources, Timeout: l.CallTimeout, CopyTimeout: l.CopyTimeout, Logger: log})
	case config.ProviderVSphere:
		v := c.VSphere
		return vsphere.New(vsphere.Config{Server: v.Server, Username: v.Username, Password: v.Password.Reveal(), Insecure: v.Insecure,
			Datacenter: v.Datacenter, Requests: v.Requests, DialTimeout: v.DialTimeout, CallTimeout: v.CallTimeout, TaskTimeout: v.TaskTimeout,
			ManageHosts: v.ManageHosts, CreateFolders: v.CreateFolders, DeltaDisks: v.DeltaDisks, UsageLimit: v.UsageLimit,
			HostsMaxAge: v.HostsMaxAge, Logger: log})
	}
	return nil, fmt.Errorf("kind %q is unknown", c.Kind)
}

func simOptions(s config.SimProvider, log *slog.Logger) vmsim.Options {
	return vmsim.Options{File: s.File, Hosts: s.Hosts, Logger: log,
		CreateVM:        vmsim.Trouble{MaxTime: s.CreateMost, FailPercent: s.CreateFail},
		CreateDisk:      vmsim.Trouble{MaxTime: s.DiskMost, FailPercent: s.DiskFail},
		CreateSnapshot:  vmsim.Trouble{MaxTime: s.SnapshotMost, FailPercent: s.SnapshotFail},
		RevertSnapshot:  vmsim.Trouble{MaxTime: s.RevertMost, FailPercent: s.RevertFail},
		MigrateVM:       vmsim.Trouble{MaxTime: s.MigrateMost, FailPercent: s.MigrateFail},
		DestroyVM:       vmsim.Trouble{MaxTime: s.DestroyMost, FailPercent: s.DestroyFail},
		DestroyShutdown: s.ShutdownMost, FirstReady: s.FirstReady, MigrateCouldMove: s.CouldMove, GetPowerOff: s.PowerOff,
		GetRename: s.Rename, ReadyFail: s.ReadyFail}
}

// hypervisors reaches the hosts of libvirt: over SSH, but for the one that this program runs on.
func (p *poolParts) hypervisors(cfg config.Config, l config.LibvirtProvider, log *slog.Logger) (executors.Runner, error) {
	hosts := l.Hosts
	cfg.SSH.CommandTimeout = max(cfg.SSH.CommandTimeout, l.CopyTimeout+time.Minute) // a script that copies an image ends by itself
	here := local.New(local.Config{CommandTimeout: cfg.SSH.CommandTimeout, Logger: log})
	if !slices.ContainsFunc(hosts, func(h string) bool { return h != config.LocalHost }) {
		return here, nil
	}
	there, err := overSSH(cfg, log)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, there.Close)
	return split{here, there}, nil
}

// split sends scripts for this machine to here, and all others there.
type split struct{ here, there executors.Runner }

func (s split) Run(ctx context.Context, host, script string) (executors.Result, error) {
	if host == config.LocalHost {
		return s.here.Run(ctx, host, script)
	}
	return s.there.Run(ctx, host, script)
}

func overSSH(cfg config.Config, log *slog.Logger) (*ssh.SSH, error) {
	return ssh.New(ssh.Config{User: cfg.SSH.User, Port: cfg.SSH.Port, KeyFile: cfg.SSH.KeyFile, Agent: cfg.SSH.Agent, Sudo: cfg.SSH.Sudo,
		KnownHosts: cfg.SSH.KnownHosts, HostKeys: ssh.HostKeys(cfg.SSH.HostKeys), DialTimeout: cfg.SSH.DialTimeout,
		CommandTimeout: cfg.SSH.CommandTimeout, Keepalive: cfg.SSH.Keepalive, Logger: log})
}

func poolConfig(c config.Pools) pools.Config {
	out := pools.Config{SiteName: c.SiteName, Prefix: c.Prefix, TaskLimit: c.TaskLimit, OnDemandLimit: c.OnDemandCloneLimit,
		MaxOnDemand: c.MaxOnDemandInstances, RequestTTL: c.OnDemandRequestTTL, CheckInterval: c.CheckInterval, DataTTL: c.DataTTL,
		Lifetime: c.VMLifetime, LifetimeAuth: c.VMLifetimeAuth, LifetimeMost: c.MaxLifetimeUpperLimit, MaxTries: c.MaxTries,
		MaxRetries: c.MaxVMRetries, MigrationLimit: c.MigrationLimit, AllowedTags: c.AllowedTags, TagFilter: c.TagFilter,
		BackendWeight: c.BackendWeight, TagLifetimes: c.TagLifetimes, Experimental: c.ExperimentalFeatures, Ownership: c.Ownership, QuotaUser: c.QuotaPerUser,
		WaitMost: c.WaitMost, Providers: make(map[string]pools.Provider, len(c.Providers))}
	for _, p := range c.Providers {
		out.Providers[p.Name] = pools.Provider{Purge: p.Purge, Allow: p.Allow}
	}
	for _, p := range c.List {
		out.Pools = append(out.Pools, pools.Pool{
			Pool: vm.Pool{Name: p.Name, Template: p.Template, CloneTarget: p.CloneTarget, Folder: p.Folder, Datastore: p.Datastore,
				Datacenter: p.Datacenter, Network: p.Network, Full: p.FullClone, Domain: p.Domain,
				Ready: vm.Readiness{Check: p.Ready.Check, Port: p.Ready.Port, Timeout: p.Ready.Timeout}, Options: p.Options},
			Aliases: p.Aliases, Size: p.Size, Provider: p.Provider, Timeout: p.Timeout, NotifyAfter: p.TimeoutNotification,
			ReadyTTL: p.ReadyTTL, Lifetime: p.VMLifetime, LifetimeAuth: p.VMLifetimeAuth, QuotaUser: p.QuotaPerUser,
			CheckHostname: p.CheckHostname, SkipDNS: p.SkipDNSCheck})
	}
	return out
}

// newSnapshotID is 32 of a-z0-9, the first a letter, as vmpooler's clients know ids.
func newSnapshotID() string {
	const letters, all = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789"
	var b [32]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = all[int(b[i])%len(all)]
	}
	if b[0] < 'a' {
		b[0] = letters[int(b[1])%len(letters)]
	}
	return string(b[:])
}

// inDNS says whether a name resolves. No answer is an error, not a no.
func inDNS(ctx context.Context, host string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, host)
	var miss *net.DNSError
	if errors.As(err, &miss) && miss.IsNotFound {
		return false, nil
	}
	return err == nil, err
}

// people are the users of the yard, and how they prove who they are.
type people struct {
	accounts *accounts.Service
	pools    auth.Authenticator // with a password, at the vmpooler API; nil: there are no users
	tokens   auth.TokenLookup   // whom a token lets in that a user made
	own      auth.Authenticator // with a password, elsewhere
	users    auth.Users
	attempts *auth.Attempts
}

func openAccounts(cfg config.Config, db *store.DB, secrets accounts.Sealer, log *slog.Logger) *accounts.Service {
	return accounts.New(accounts.Options{DB: db, Users: accounts.NewUsers(db, auth.HashPassword, reservedNames(cfg)...), Sealer: secrets,
		Random: rand.Reader, Logger: log})
}

func openPeople(cfg config.Config, kept *accounts.Service) (people, error) {
	users, err := userBackends(cfg, kept.Users)
	if err != nil {
		return people{}, err
	}
	attempts := auth.NewAttempts(auth.AttemptLimits{}, time.Now)
	p := people{accounts: kept, own: auth.Basic("yardmaster", users, attempts), users: users, attempts: attempts}
	if cfg.Pools.Auth.Provider != config.AuthNone {
		p.pools = auth.Basic("Authentication required", users, attempts)
	}
	owner := func(ctx context.Context, text string) (string, error) {
		t, err := p.accounts.Use(ctx, text)
		if errors.Is(err, accounts.ErrNoToken) {
			return "", auth.ErrNoToken
		}
		return t.User, err
	}
	p.tokens = auth.UserTokens(owner, users)
	return p, nil
}

// userBackends are the configured users, those in the store, and then a directory.
func userBackends(cfg config.Config, kept *accounts.Users) (auth.Users, error) {
	var configured []auth.LocalUser
	for _, u := range cfg.Auth.Users {
		role, err := auth.ParseRole(u.Role)
		if err != nil {
			return nil, err
		}
		configured = append(configured, auth.LocalUser{Name: u.Name, Hash: u.PasswordHash.Reveal(), Role: role})
	}
	users, err := auth.NewLocal(configured, func(ctx context.Context, name string) (auth.LocalUser, error) {
		u, err := kept.User(ctx, name)
		if errors.Is(err, accounts.ErrNoUser) {
			return auth.LocalUser{}, auth.ErrNoUser
		}
		if err != nil {
			return auth.LocalUser{}, err
		}
		role, err := auth.ParseRole(u.Role)
		return auth.LocalUser{Name: u.Name, Hash: u.Hash, Role: role}, err
	})
	if err != nil {
		return nil, err
	}
	c := cfg.Pools.Auth
	role, err := auth.ParseRole(cmp.Or(c.Role, "user"))
	if err != nil {
		return nil, err
	}
	switch c.Provider {
	case config.AuthLDAP:
		directory, err := auth.NewLDAP(auth.LDAPOptions{Host: c.LDAP.Host, Port: c.LDAP.Port, Bases: c.LDAP.Base, UserObjects: c.LDAP.UserObject,
			Encryption: c.LDAP.Encryption, ServiceDN: c.LDAP.ServiceAccount.UserDN, ServicePassword: c.LDAP.ServiceAccount.Password.Reveal(),
			CAFile: c.LDAP.CAFile, SkipVerify: c.LDAP.Insecure, Role: role})
		if err != nil {
			return nil, err
		}
		return auth.FirstOf(users, directory), nil
	case config.AuthDummy:
		return auth.FirstOf(users, auth.Dummy(role)), nil
	}
	return users, nil
}

// poolerDialect is the vmpooler API.
func poolerDialect(cfg config.Config, service *pools.Service, who people, door auth.Authenticator, metrics *vmpooler.Metrics, log *slog.Logger) (*vmpooler.API, error) {
	p := cfg.Pools
	return vmpooler.New(vmpooler.Options{Service: service, Auth: door, Passwords: who.pools, Accounts: who.accounts, TokenTTL: p.TokenTTL, Domain: p.Domain,
		Metrics: metrics, MetricsPath: p.Prometheus.Endpoint, MetricsOpen: cfg.Metrics.Open, UsageStats: p.UsageStats, RateLimit: p.RateLimiting,
		LogRequests: p.RequestLogger, Logger: log})
}

// poolMetrics are those that vmpooler had, where its operators want them.
func poolMetrics(c config.Prometheus) (*vmpooler.Metrics, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	return vmpooler.NewMetrics(prometheus.NewRegistry(), c.Prefix, c.Instance)
}
