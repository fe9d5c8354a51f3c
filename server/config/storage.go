package config

import "time"

// The executors that Heketi.Executor may name.
const (
	ExecutorSSH = "ssh"
	ExecutorSim = "sim"
)

// Heketi configures the Heketi dialect and the volumes behind it.
type Heketi struct {
	Closed                    bool // filled in: something else is configured and nothing of Heketi, so nobody may use its API and no node is reached
	AdminKey, UserKey         Secret
	AdminKeyFile, UserKeyFile string
	DisableAuth               bool
	OpenHello                 bool // /hello without a token
	IATLeeway                 time.Duration
	DefaultState              string // "normal", "read-only" or "local-client"
	Executor                  string

	BrickMinSizeGB, BrickMaxSizeGB int
	MaxBricksPerVolume             int
	AverageFileSizeKB              int
	MaxVolumesPerCluster           int    // -1: no limit
	ZoneChecking                   string // "none" or "strict"
	PreRequestVolumeOptions        []string
	PostRequestVolumeOptions       []string

	Block       Block
	Monitor     Cadence
	Cleaner     Cadence
	RetryLimits RetryLimits
}

// Block configures the volumes that host block volumes.
type Block struct {
	AutoCreate bool
	SizeGB     int
	Options    []string
}

// Cadence is background work: first after Start, then every Refresh.
type Cadence struct {
	Enabled        bool
	Start, Refresh time.Duration
}

// RetryLimits says how often a failed operation is tried again.
type RetryLimits struct {
	VolumeCreate int
}

// SSH is how storage nodes are reached.
type SSH struct {
	KeyFile        string
	Agent          bool
	User           string
	Port           int
	Sudo           bool
	KnownHosts     string // filled in when the file leaves it empty
	HostKeys       HostKeys
	DialTimeout    time.Duration
	CommandTimeout time.Duration
	Keepalive      time.Duration
}

// HostKeys is how a node's host key is judged.
type HostKeys string

// The policies of HostKeys.
const (
	HostKeysStrict    HostKeys = "strict"
	HostKeysAcceptNew HostKeys = "accept-new"
	HostKeysInsecure  HostKeys = "insecure"
)

// Gluster shapes the commands that run on storage nodes.
type Gluster struct {
	Fstab                string
	MountOptions         string
	SnapshotLimit        int // 0: left alone
	RebalanceOnExpansion bool
	BackupLVMMetadata    bool
	CLITimeout           time.Duration
	PVDataAlignment      string
	VGPhysicalExtentSize string
	LVChunkSize          string
	XFSStripeWidth       int // sw, in stripe units; 0: left to mkfs
	XFSStripeUnit        int // su, in bytes; 0: left to mkfs
	DebugUmountFailures  bool
	BlockPrealloc        string // "full" or "no"
	LVMWrapper           string
}

// Sim is the simulated storage cluster.
type Sim struct {
	Nodes          int
	DevicesPerNode int
	DeviceSizeGB   int
	Latency        time.Duration
	OnDemand       bool // nodes and devices appear when they are first asked for
}
