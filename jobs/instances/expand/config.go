package expand

// Config is the hm-api configuration: what instances have in common.
type Config struct {
	Plans      map[string]Size      `json:"plans"`      // by name in lower case
	Components map[string]Component `json:"components"` // by name, as in Overrides
	Defaults   Defaults             `json:"defaults"`

	Domain          string            `json:"domain"`          // instances answer at NAME.DOMAIN; no Ingress if empty
	IngressClass    string            `json:"ingressClass"`    // empty for the cluster's default
	TLSSecret       string            `json:"tlsSecret"`       // of the Ingress; no TLS if empty
	ServiceAccount  string            `json:"serviceAccount"`  // of the Metrictank pods, which list their peers; empty for the default one
	ImagePullSecret string            `json:"imagePullSecret"` // of all pods
	NodeSelector    map[string]string `json:"nodeSelector"`    // of all pods
	Kafka           Kafka             `json:"kafka"`
	Cassandra       Cassandra         `json:"cassandra"`
}

// Size is what a plan stands for, in the units of Plan.
type Size struct {
	Partitions int `json:"partitions"`
	CPU        int `json:"cpu"`
	Mem        int `json:"mem"`
}

// Component is what runs in one sort of pod. What metrictank-write and metrictank-read leave empty is that of metrictank; without an
// image of its own, the importer has that of metrictank.
type Component struct {
	Image    string            `json:"image"` // without a tag
	Version  string            `json:"version"`
	Replicas int               `json:"replicas"`
	CPU      int               `json:"cpu"` // as in Plan, which decides for Metrictank
	Mem      int               `json:"mem"`
	Env      map[string]string `json:"env"`
}

// Defaults are what an instance gets if it says nothing.
type Defaults struct {
	Plan               string `json:"plan"`
	Schemas            string `json:"schemas"`
	Aggregations       string `json:"aggregations"`
	IndexRules         string `json:"indexRules"`
	RolloutConcurrency int    `json:"rolloutConcurrency"`
	RolloutDeadline    int    `json:"rolloutDeadline"` // seconds that a Deployment may take to get on
}

// Kafka is where metrics are queued.
type Kafka struct {
	Brokers         []string `json:"brokers"`     // HOST:PORT
	Replication     int      `json:"replication"` // of an instance's topics
	PartitionScheme string   `json:"partitionScheme"`
}

// Cassandra is where chunks and the index are kept.
type Cassandra struct {
	Hosts       []string          `json:"hosts"`
	Replication map[string]string `json:"replication"` // of an instance's keyspace, as in CQL
}

// The components.
const (
	metrictank = "metrictank" // write and read alike
	write      = "metrictank-write"
	read       = "metrictank-read"
	graphite   = "graphite"
	gateway    = "tsdb-gw"
	relay      = "carbon-relay-ng"
	importer   = "importer"
)

// components are all of them, in the order in which they are told.
var components = []string{metrictank, write, read, graphite, gateway, relay, importer}

// DefaultConfig is the configuration of one that says nothing.
func DefaultConfig() Config {
	return Config{
		Plans: map[string]Size{
			"small":  {Partitions: 8, CPU: 50, Mem: 500},
			"medium": {Partitions: 32, CPU: 100, Mem: 1000},
			"large":  {Partitions: 64, CPU: 200, Mem: 2000},
			"xlarge": {Partitions: 128, CPU: 400, Mem: 4000},
		},
		Components: map[string]Component{
			metrictank: {Image: "us.gcr.io/metrictank-gcr/metrictank", Version: "v0.11.0"},
			write:      {Replicas: 1},
			read:       {Replicas: 2},
			graphite:   {Image: "docker.io/raintank/graphite-mt", Version: "latest", Replicas: 1, CPU: 100, Mem: 256},
			gateway:    {Image: "docker.io/raintank/tsdb-gw", Version: "latest", Replicas: 2, CPU: 100, Mem: 128},
			relay:      {Image: "docker.io/raintank/carbon-relay-ng", Version: "master", Replicas: 1, CPU: 100, Mem: 128},
			importer:   {Replicas: 1, CPU: 100, Mem: 256},
		},
		Defaults: Defaults{
			Plan:               "Small",
			Schemas:            "[default]\npattern = .*\nretentions = 1s:8d:1h:2,1m:60d:6h:2,30m:2y:6h:2\n",
			Aggregations:       "[default]\npattern = .*\nxFilesFactor = 0.1\naggregationMethod = avg,sum\n",
			IndexRules:         "[default]\npattern =\nmax-stale = 10d\n",
			RolloutConcurrency: 1,
			RolloutDeadline:    2400,
		},
		Kafka:     Kafka{Brokers: []string{"kafka:9092"}, Replication: 1, PartitionScheme: "bySeries"},
		Cassandra: Cassandra{Hosts: []string{"cassandra"}, Replication: map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}},
	}
}
