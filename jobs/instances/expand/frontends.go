package expand

import (
	"fmt"
	"maps"
	"strings"
)

const authDir = "/etc/tsdb-auth"

func (e *expansion) graphite(color string) {
	e.deploy(workload{
		name:      e.colored(graphite, color),
		component: GraphiteObjects,
		color:     color,
		labels:    e.selecting(graphite, graphite, color),
		container: graphite,
		settings:  e.settings(e.Instance, graphite, color),
		env:       []any{env("GRAPHITE_CLUSTER_SERVERS", e.named("mt-read")+":6060")},
		ports:     []port{{"http", 80}},
		ready:     tcp("http"),
	})
}

func (e *expansion) gateway() {
	secret := e.named("tsdb-auth")
	all := []any{
		env("GW_API_AUTH_PLUGIN", "file"),
		env("GW_AUTH_FILE_PATH", authDir+"/"+authFile),
		envSecret("GW_ADMIN_KEY", secret, adminKey),
		env("GW_KAFKA_TCP_ADDR", strings.Join(e.Kafka.Brokers, ",")),
		env("GW_METRICS_PUBLISH", true),
		env("GW_METRICS_TOPIC", Topic(e.Instance)),
		env("GW_METRICS_PARTITION_SCHEME", e.Kafka.PartitionScheme),
		env("GW_SCHEMAS_FILE", storageDir+"/storage-schemas.conf"),
		env("GW_GRAPHITE_URL", "http://"+e.named(graphite)),
		env("GW_METRICTANK_URL", "http://"+e.named("mt-read")+":6060"),
	}
	if e.Importer != nil {
		all = append(all, env("GW_IMPORTER_URL", "http://"+e.named("mt-importer")+":8080"))
	}
	contents := e.storageFiles()
	maps.Copy(contents, e.secrets())
	e.deploy(workload{
		name:      e.named(gateway),
		component: GatewayObjects,
		labels:    e.selecting(gateway, gateway, ""),
		container: gateway,
		settings:  e.settings(e.Instance, gateway, ""),
		env:       all,
		ports:     []port{{"http", 80}},
		ready:     tcp("http"),
		files: []files{{volume: "auth", dir: authDir, secret: secret, only: authFile},
			{volume: "storage", dir: storageDir, configMap: e.named("mt-config")}},
		checksum: checksum(contents),
	})
}

// relayFiles are carbon-relay-ng's: plaintext and pickle in, the gateway out. It puts its variables into the text itself.
func (e *expansion) relayFiles() map[string]string {
	ini := fmt.Sprintf(`instance = "${HOST}"
pid_file = "/tmp/carbon-relay-ng.pid"
spool_dir = "/tmp/carbon-relay-ng"
log_level = "info"
admin_addr = "127.0.0.1:2004"
http_addr = "127.0.0.1:8081"
listen_addr = "0.0.0.0:2003"
pickle_addr = "0.0.0.0:2013"
validation_level_legacy = "medium"
validation_level_m20 = "medium"

[instrumentation]
graphite_addr = "localhost:2003"
graphite_interval = 10000

[[route]]
key = %q
type = "grafanaNet"
addr = "${GRAFANA_NET_ADDR}"
apikey = "${GRAFANA_NET_USER_ID}:${GRAFANA_NET_API_KEY}"
schemasFile = "/conf/storage-schemas.conf"
`, e.Name)
	return map[string]string{"carbon-relay-ng.ini": ini, "storage-schemas.conf": e.Storage.Schemas}
}

func (e *expansion) relay() {
	contents := e.relayFiles()
	contents[relayKey] = e.relayKey()
	contents[adminKey] = e.AdminKey
	e.deploy(workload{
		name:      e.named(relay),
		component: RelayObjects,
		labels:    e.selecting(relay, relay, ""),
		container: relay,
		settings:  e.settings(e.Instance, relay, ""),
		env: []any{
			env("GRAFANA_NET_ADDR", "http://"+e.named(gateway)+"/metrics"),
			env("GRAFANA_NET_USER_ID", "api_key"),
			envSecret("GRAFANA_NET_API_KEY", e.named("tsdb-auth"), relayKey),
		},
		ports:    []port{{"carbon", 2003}, {"pickle", 2013}},
		ready:    tcp("carbon"),
		files:    []files{{volume: "config", dir: "/conf", configMap: e.named(relay)}},
		checksum: checksum(contents),
	})
}

// importer is the program that takes whisper files in while an import is on.
func (e *expansion) importer() {
	if e.Importer == nil {
		return
	}
	level := e.Importer.LogLevel
	if level == "" {
		level = "info"
	}
	l := e.selecting("mt-importer", importer, "")
	e.deploy(workload{
		name:      e.named("mt-importer"),
		component: ImporterObjects,
		labels:    l,
		container: "mt-whisper-importer-writer",
		command:   []string{"/usr/bin/mt-whisper-importer-writer"},
		settings:  e.settings(e.Instance, importer, ""),
		env: append([]any{
			env("MT_HTTP_ENDPOINT", "0.0.0.0:8080"),
			env("MT_URI_PATH", "/metrics/import"),
			env("MT_NUM_PARTITIONS", e.Plan.Partitions),
			env("MT_PARTITION_SCHEME", e.Importer.PartitionScheme),
			env("MT_LOG_LEVEL", level),
		}, e.cassandraEnv(false)...),
		ports:    []port{{"http", 8080}},
		ready:    httpGet("/healthz", "http"),
		files:    []files{{volume: "storage", dir: storageDir, configMap: e.named("mt-config")}},
		checksum: checksum(e.storageFiles()),
	})
	e.service("mt-importer", ImporterObjects, l, l, port{"http", 8080})
}
