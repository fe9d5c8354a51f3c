package expand

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	perDeployment = 8  // partitions of one Metrictank
	mostName      = 63 // of an object
	maxPartitions = 1024
)

var colors = []string{"a", "b"}

// other is the colour that a colour is not.
func other(color string) string {
	if color == "a" {
		return "b"
	}
	return "a"
}

// shards is the number of write Deployments, and of read Deployments of one colour.
func (i Instance) shards() int { return (i.Plan.Partitions + perDeployment - 1) / perDeployment }

func (i Instance) plan() string { return strings.ToLower(i.Plan.Name) }

// named is the name of an object of the instance as it is under its plan.
func (i Instance) named(prefix string) string {
	return fmt.Sprintf("%s-%d-%s-%s", prefix, i.Org, i.plan(), i.Name)
}

func (i Instance) colored(prefix, color string) string {
	if color == "" {
		return i.named(prefix)
	}
	return i.named(prefix) + "-" + color
}

// longest are the longest names that an instance's objects have.
func (i Instance) longest() []string {
	last := max(i.shards()-1, 0)
	return []string{i.colored(fmt.Sprintf("mt-read%02d", last), "a"), i.named(relay)}
}

// MirrorName is the name of the ConfigMap that shows an instance's configuration.
func MirrorName(i Instance) string { return fmt.Sprintf("instance-%d-%s", i.Org, i.Name) }

// Topic is the name of an instance's Kafka topic for metrics. Plans come and go without it.
func Topic(i Instance) string { return fmt.Sprintf("mdm-%d-%s", i.Org, i.Name) }

// PersistTopic is the name of the Kafka topic in which writers tell readers what they have saved; it has as many partitions as Topic.
func PersistTopic(i Instance) string { return fmt.Sprintf("metricpersist-%d-%s", i.Org, i.Name) }

// Keyspace is the name of an instance's Cassandra keyspace. It is never longer than the 48 characters that Cassandra takes, because the
// longest name of an object has more that is not the instance's own.
func Keyspace(i Instance) string {
	return "mt_" + strconv.Itoa(i.Org) + "_" + strings.ReplaceAll(i.Name, "-", "_")
}

// Partitions are the partitions of the Metrictank with a number: the writer's, and those of the readers of each colour.
func Partitions(i Instance, shard int) (first, last int) {
	first = shard * perDeployment
	return first, min(first+perDeployment, i.Plan.Partitions) - 1
}

func partitionList(i Instance, shard int) string {
	first, last := Partitions(i, shard)
	var all []string
	for p := first; p <= last; p++ {
		all = append(all, strconv.Itoa(p))
	}
	return strings.Join(all, ",")
}
