package expand

import (
	"cmp"
	"fmt"
	"strings"
)

// storageDir is where pods find the instance's storage configuration; the image's own is beside it.
const storageDir = "/etc/metrictank-instance"

// flush is how long a writer may take to save what it holds when it is stopped.
const flush = 120

func (e *expansion) writers() {
	for n := range e.shards() {
		w := e.metrictank(n, write, "")
		w.name, w.component = e.named(fmt.Sprintf("mt-write%02d", n)), WriteObjects
		w.recreate, w.grace = true, flush
		e.deploy(w)
	}
}

func (e *expansion) readers(color string) {
	for n := range e.shards() {
		w := e.metrictank(n, read, color)
		w.name, w.component = e.colored(fmt.Sprintf("mt-read%02d", n), color), ReadObjects
		w.spread = true
		e.deploy(w)
	}
}

// metrictank is the writer or a reader of the partitions with a number. Writers form one cluster, the readers of each colour another.
func (e *expansion) metrictank(shard int, component, color string) workload {
	peers := e.selecting(metrictank, component, color)
	cluster := e.colored("mt", color)
	if component == write {
		cluster = e.named("mt-write")
	}
	return workload{
		color:     color,
		labels:    peers.with("shard", fmt.Sprintf("%02d", shard)),
		container: metrictank,
		settings:  e.settings(e.Instance, component, color),
		env:       e.metrictankEnv(shard, component == write, cluster, peers),
		ports:     []port{{"http", 6060}, {"gossip", 7946}},
		ready:     httpGet("/", "http"),
		files:     []files{{volume: "storage", dir: storageDir, configMap: e.colored("mt-config", color)}},
		checksum:  checksum(e.storageFiles()),
		account:   cmp.Or(e.ServiceAccount, defaultAccount),
	}
}

func (e *expansion) metrictankEnv(shard int, primary bool, cluster string, peers labels) []any {
	partitions := partitionList(e.Instance, shard)
	brokers := strings.Join(e.Kafka.Brokers, ",")
	all := []any{
		envField("MT_INSTANCE", "metadata.name"),
		envField("POD_IP", "status.podIP"),
		envField("POD_NAMESPACE", "metadata.namespace"),
		env("LABEL_SELECTOR", peers.selector()),
		env("MT_CLUSTER_NAME", cluster),
		env("MT_CLUSTER_MODE", "shard"),
		env("MT_CLUSTER_PRIMARY_NODE", primary),
		env("MT_KAFKA_MDM_IN_ENABLED", true),
		env("MT_KAFKA_MDM_IN_BROKERS", brokers),
		env("MT_KAFKA_MDM_IN_TOPICS", Topic(e.Instance)),
		env("MT_KAFKA_MDM_IN_PARTITIONS", partitions),
		env("MT_KAFKA_CLUSTER_ENABLED", true),
		env("MT_KAFKA_CLUSTER_BROKERS", brokers),
		env("MT_KAFKA_CLUSTER_TOPIC", PersistTopic(e.Instance)),
		env("MT_KAFKA_CLUSTER_PARTITIONS", partitions),
		env("MT_KAFKA_CLUSTER_PARTITION_SCHEME", e.Kafka.PartitionScheme),
	}
	// Two that create one keyspace at once can leave its schema in disagreement: the first writer alone does.
	all = append(all, e.cassandraEnv(primary && shard == 0)...)
	return append(all, env("MT_CASSANDRA_IDX_UPDATE_CASSANDRA_INDEX", primary))
}

// cassandraEnv is what every program of Metrictank needs to reach its store, and the files that it reads.
func (e *expansion) cassandraEnv(create bool) []any {
	hosts := strings.Join(e.Cassandra.Hosts, ",")
	keyspace := Keyspace(e.Instance)
	return []any{
		env("MT_CASSANDRA_ENABLED", true),
		env("MT_CASSANDRA_ADDRS", hosts),
		env("MT_CASSANDRA_KEYSPACE", keyspace),
		env("MT_CASSANDRA_CREATE_KEYSPACE", create),
		env("MT_CASSANDRA_IDX_ENABLED", true),
		env("MT_CASSANDRA_IDX_HOSTS", hosts),
		env("MT_CASSANDRA_IDX_KEYSPACE", keyspace),
		env("MT_CASSANDRA_IDX_CREATE_KEYSPACE", create),
		env("MT_RETENTION_SCHEMAS_FILE", storageDir+"/storage-schemas.conf"),
		env("MT_RETENTION_AGGREGATIONS_FILE", storageDir+"/storage-aggregation.conf"),
		env("MT_MEMORY_IDX_RULES_FILE", storageDir+"/index-rules.conf"),
	}
}
