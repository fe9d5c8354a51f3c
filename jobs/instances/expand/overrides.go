package expand

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	maxReplicas = 100
	maxEnv      = 500
	maxValue    = 32 << 10
)

// envName is what a shell may set; it keeps names out of $(NAME) references too.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)

// ours are variables on which it depends that every partition has one owner, that a pod finds its own cluster, that data is kept where it is
// made and dropped with its instance, or that no key is shown.
var ours = []string{
	"MT_CASSANDRA_KEYSPACE", "MT_CASSANDRA_IDX_KEYSPACE", "MT_KAFKA_MDM_IN_TOPICS", "MT_KAFKA_CLUSTER_TOPIC", "GW_METRICS_TOPIC",
	"MT_INSTANCE", "MT_CLUSTER_NAME", "MT_CLUSTER_PRIMARY_NODE", "MT_KAFKA_MDM_IN_PARTITIONS", "MT_KAFKA_CLUSTER_PARTITIONS", "MT_NUM_PARTITIONS",
	"LABEL_SELECTOR", "POD_IP", "POD_NAMESPACE", "GW_ADMIN_KEY", "GW_AUTH_FILE_PATH", "GRAFANA_NET_API_KEY", "GRAPHITE_CLUSTER_SERVERS",
}

// overrides checks one of the three sets; those of a colour may only name what has one.
func (f *faults) overrides(field string, all Overrides, color string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		at, o := under(field, shown(name)), all[name]
		switch {
		case !slices.Contains(components, name):
			f.add(at, "is none of %s", strings.Join(components, ", "))
			continue
		case color != "" && name != metrictank && name != read && name != graphite:
			f.add(at, "has no colour; only metrictank, metrictank-read and graphite have")
			continue
		}
		if o.Image != "" && !imageName.MatchString(o.Image) {
			f.add(at+".image", "%s is no image", quoted(o.Image))
		}
		f.replicas(at+".replicas", name, o.Replicas)
		if o.CPU != nil {
			f.within(at+".cpu", *o.CPU, 1, maxCPU)
		}
		if o.Mem != nil {
			f.within(at+".mem", *o.Mem, 1, maxMem)
		}
		f.env(at+".env", o.Env)
	}
}

func (f *faults) replicas(field, component string, n *int) {
	switch {
	case n == nil:
	case component == metrictank:
		f.add(field, "is for metrictank-read to say: a writer never has a second replica")
	case component == write && *n != 1:
		f.add(field, "must be 1: two primaries would write the same partitions")
	default:
		f.within(field, *n, 1, maxReplicas)
	}
}

func (f *faults) env(field string, env map[string]string) {
	if len(env) > maxEnv {
		f.add(field, "has more than %d variables", maxEnv)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		switch {
		case !envName.MatchString(name):
			f.add(under(field, shown(name)), "is no name of a variable")
		case slices.Contains(ours, name):
			f.add(under(field, name), "is set by the expansion alone")
		case len(env[name]) > maxValue || strings.ContainsRune(env[name], 0):
			f.add(under(field, name), "has a value that is too long or holds a null byte")
		}
	}
}
