package config

import (
	"path/filepath"
	"time"
)

// Configs configures the platform on Kubernetes whose configs the Deployment Manager API keeps.
type Configs struct {
	Kubeconfig string // path; "" unless a cluster outside of this process's own is meant
	Context    string // of the kubeconfig; "" is its current one
	InCluster  bool
	Simulate   bool // a cluster in this process's memory

	Namespace      string
	Yard           string // marks what this yard has applied
	FieldManager   string
	RequestTimeout time.Duration
	Parallel       int
	History        int
	Placeholders   map[string]string
	Protect        []string
	SelfHeal       []string
	DriftInterval  time.Duration
	CheckInterval  time.Duration
	IdleInterval   time.Duration
	BusyWait       time.Duration
	Patience       time.Duration
	MaxUpload      int64
	ExportDir      string // filled in when the file leaves it empty
	ExportKeep     time.Duration
	MaxExport      int64

	Token         Secret // of the header Token; whoever has it is an administrator
	TokenFile     string
	AdminPassword Secret // of the administrator that database setup makes; "": one is drawn and written to a file in data_dir
	PasswordFile  string
}

// Enabled tells whether there is a cluster at all.
func (c Configs) Enabled() bool { return c.Kubeconfig != "" || c.InCluster || c.Simulate }

// configsOptions are the rows of the platform and of the Deployment Manager API.
func configsOptions() []Option {
	name := word("name", `[a-z0-9]([-a-z0-9.]*[a-z0-9])?`)
	return []Option{
		option("configs.kubeconfig", "", path(), func(c *Config) *string { return &c.Configs.Kubeconfig },
			"File that says how to reach the cluster of the platform; without one of this, in_cluster and simulate there is no Deployment Manager API.").withFlag("kubeconfig"),
		option("configs.context", "", text(), func(c *Config) *string { return &c.Configs.Context },
			"Context of that file; empty is its current one."),
		option("configs.in_cluster", "false", boolean(), func(c *Config) *bool { return &c.Configs.InCluster },
			"The cluster is the one that this program runs in, with the service account of its pod."),
		option("configs.simulate", "false", boolean(), func(c *Config) *bool { return &c.Configs.Simulate },
			"The cluster is a simulated one, in memory."),
		option("configs.namespace", "default", name, func(c *Config) *string { return &c.Configs.Namespace },
			"Namespace of the platform: of objects that name none, and of ${ib.namespace}."),
		option("configs.yard", "yardmaster", name, func(c *Config) *string { return &c.Configs.Yard },
			"Marks what this yard has applied, as a label; another yard on the same cluster needs another."),
		option("configs.field_manager", "yardmaster", word("name", `[A-Za-z0-9_.-]{1,128}`), func(c *Config) *string { return &c.Configs.FieldManager },
			"What the cluster calls whoever wrote a field."),
		option("configs.request_timeout", "30s", duration(time.Second), func(c *Config) *time.Duration { return &c.Configs.RequestTimeout },
			"How long one request to the cluster may take."),
		option("configs.parallel", "8", number(1, 256), func(c *Config) *int { return &c.Configs.Parallel },
			"Objects that are pushed or compared at a time."),
		option("configs.history", "50", number(1, 10000), func(c *Config) *int { return &c.Configs.History },
			"Materializations that are kept of each object."),
		option("configs.placeholders", "{}", mapping("placeholder: value", text()), func(c *Config) *map[string]string { return &c.Configs.Placeholders },
			"Values of placeholders in base configs, by what stands between their brackets, as {IMAGE: registry/app:1}."),
		option("configs.protect", "[]", texts("list of names", name), func(c *Config) *[]string { return &c.Configs.Protect },
			"Workloads that hibernation leaves running, such as databases."),
		option("configs.self_heal", "[]", texts("list of names", word("name or *", `\*|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?`)), func(c *Config) *[]string { return &c.Configs.SelfHeal },
			"Objects that are applied again when they drift; * is all of them."),
		option("configs.drift_interval", "5m", duration(0), func(c *Config) *time.Duration { return &c.Configs.DriftInterval },
			"How often cluster and configs are compared; 0 leaves it to requests."),
		option("configs.check_interval", "1m", duration(0), func(c *Config) *time.Duration { return &c.Configs.CheckInterval },
			"How often the platform's health is checked; 0 is never."),
		option("configs.idle_interval", "1m", duration(0), func(c *Config) *time.Duration { return &c.Configs.IdleInterval },
			"How often idle windows of workloads are looked at; 0 is never."),
		option("configs.busy_wait", "1m", duration(0), func(c *Config) *time.Duration { return &c.Configs.BusyWait },
			"How long a change waits for the one before it."),
		option("configs.patience", "10m", duration(time.Second), func(c *Config) *time.Duration { return &c.Configs.Patience },
			"How long a request waits for what it has pushed."),
		option("configs.max_upload", "64MiB", size(1<<10, 1<<30), func(c *Config) *int64 { return &c.Configs.MaxUpload },
			"Largest upload of configs, patches or an export."),
		option("configs.export_dir", "", path(), func(c *Config) *string { return &c.Configs.ExportDir },
			"Where exports lie; empty is telescope in data_dir."),
		option("configs.export_keep", "168h", duration(time.Minute), func(c *Config) *time.Duration { return &c.Configs.ExportKeep },
			"How long they are kept."),
		option("configs.max_export", "1GiB", size(1<<20, 1<<40), func(c *Config) *int64 { return &c.Configs.MaxExport },
			"Bytes that an export may hold before it is packed."),
		option("configs.token", "", secret(), func(c *Config) *Secret { return &c.Configs.Token },
			"Token of the Deployment Manager API; who sends it is an administrator there."),
		option("configs.token_file", "", path(), func(c *Config) *string { return &c.Configs.TokenFile },
			"File that holds it."),
		option("configs.admin_password", "", secret(), func(c *Config) *Secret { return &c.Configs.AdminPassword },
			"Password of the administrator that a database setup makes; if it is empty, one is drawn and written to a file in data_dir."),
		option("configs.admin_password_file", "", path(), func(c *Config) *string { return &c.Configs.PasswordFile },
			"File that holds it."),
	}
}

// settleConfigs fills in what follows from other keys.
func (l *loader) settleConfigs() {
	if l.cfg.Configs.ExportDir == "" {
		l.cfg.Configs.ExportDir = filepath.Join(l.cfg.DataDir, "telescope")
	}
}

// checkConfigs refuses more than one cluster.
func (l *loader) checkConfigs() error {
	c, given := l.cfg.Configs, 0
	for _, is := range []bool{c.Kubeconfig != "", c.InCluster, c.Simulate} {
		if is {
			given++
		}
	}
	if given > 1 {
		return l.refuse("configs.kubeconfig", "one of kubeconfig, in_cluster and simulate is allowed")
	}
	if c.Context != "" && c.Kubeconfig == "" {
		return l.refuse("configs.context", "is set, and configs.kubeconfig is not")
	}
	return nil
}
