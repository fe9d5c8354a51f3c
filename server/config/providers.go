package config

import "time"

// Provider is what makes and holds the machines of pools. Of the parts that are named for kinds only that of its own counts.
type Provider struct {
	Name    string
	Kind    ProviderKind
	Purge   bool     // destroy machines in its pools that nobody here made
	Allow   []string // names or patterns, as path.Match has them, that a purge spares
	Sim     SimProvider
	Libvirt LibvirtProvider
	VSphere VSphereProvider
}

// ProviderKind is what a provider talks to.
type ProviderKind string

// The kinds of providers.
const (
	ProviderSim     ProviderKind = "sim"
	ProviderLibvirt ProviderKind = "libvirt"
	ProviderVSphere ProviderKind = "vsphere"
)

// SimProvider is simulated machines: how long they take at most, and how often, in percent, they fail.
type SimProvider struct {
	File  string // keeps them; "": they are gone when the server stops
	Hosts int    // hypervisors

	CreateMost, DiskMost, SnapshotMost, RevertMost time.Duration
	MigrateMost, ShutdownMost, DestroyMost         time.Duration
	FirstReady                                     time.Duration // of the first readiness check of each machine

	CreateFail, DiskFail, SnapshotFail, RevertFail int
	MigrateFail, DestroyFail, ReadyFail            int
	PowerOff, Rename                               int // of each look at a machine
	CouldMove                                      int // of each migration
}

// LocalHost among the hosts of a libvirt provider is the machine that the server itself runs on, reached without SSH.
const LocalHost = "localhost"

// LibvirtProvider is hypervisors that libvirt runs. They are reached as SSH says.
type LibvirtProvider struct {
	Hosts          []string
	Clusters       map[string][]string // names for several of them
	URI            string              // {host} is the hypervisor
	MigrateURI     string              // "": machines stay where they are
	SharedStorage  bool
	DomainType     string
	MachineType    string
	CPU            string
	MemoryMiB      int
	VCPUs          int
	StoragePool    string
	Network        string
	AddressSources []string

	CallTimeout, CopyTimeout time.Duration
}

// VSphereProvider is a vCenter.
type VSphereProvider struct {
	Server       string
	Username     string
	Password     Secret
	PasswordFile string
	Insecure     bool // take any certificate
	Datacenter   string

	Requests                              int // requests at a time
	DialTimeout, CallTimeout, TaskTimeout time.Duration

	CreateFolders bool
	DeltaDisks    bool
	ManageHosts   bool
	HostsMaxAge   time.Duration
	UsageLimit    int // percent of CPU or memory
}
