package config

import "time"

// Instances configures the Metrictank instances that the hosted-metrics API deploys.
type Instances struct {
	Kubeconfig string
	Context    string
	InCluster  bool
	Simulate   bool

	Namespace      string
	Yard           string
	FieldManager   string
	RequestTimeout time.Duration
	Parallel       int
	ReadyTimeout   time.Duration

	ConfigFile string
	ConfigMap  string

	User         string
	Password     Secret
	PasswordFile string

	Kafka     InstanceKafka
	Cassandra InstanceCassandra
}

// InstanceKafka is where topics of instances are made and dropped; without brokers they are left to others.
type InstanceKafka struct {
	Brokers      []string
	TLS          bool
	Mechanism    string // plain, scram-sha-256 or scram-sha-512
	User         string
	Password     Secret
	PasswordFile string
}

// InstanceCassandra is where keyspaces of instances are made and dropped; without hosts they are left to others.
type InstanceCassandra struct {
	Hosts        []string
	Port         int
	TLS          bool
	Datacenter   string
	User         string
	Password     Secret
	PasswordFile string
}

// Enabled tells whether there is a cluster for instances.
func (c Instances) Enabled() bool { return c.Kubeconfig != "" || c.InCluster || c.Simulate }

// instancesOptions are the rows of the instances and of the hosted-metrics API.
func instancesOptions() []Option {
	name := word("name", `[a-z0-9]([-a-z0-9.]*[a-z0-9])?`)
	host := word("host", `[^\s,]+`)
	return []Option{
		option("instances.kubeconfig", "", path(), func(c *Config) *string { return &c.Instances.Kubeconfig },
			"File that says how to reach the cluster of the instances; without one of this, in_cluster and simulate there is no hosted-metrics API."),
		option("instances.context", "", text(), func(c *Config) *string { return &c.Instances.Context }, "Context of that file; empty is its current one."),
		option("instances.in_cluster", "false", boolean(), func(c *Config) *bool { return &c.Instances.InCluster },
			"The cluster is the one that this program runs in, with the service account of its pod."),
		option("instances.simulate", "false", boolean(), func(c *Config) *bool { return &c.Instances.Simulate }, "The cluster is a simulated one, in memory."),
		option("instances.namespace", "metrictank", name, func(c *Config) *string { return &c.Instances.Namespace }, "Namespace of the instances."),
		option("instances.yard", "yardmaster-instances", name, func(c *Config) *string { return &c.Instances.Yard },
			"Marks what this yard has applied for instances, as a label; it must not be that of configs.yard."),
		option("instances.field_manager", "yardmaster", word("name", `[A-Za-z0-9_.-]{1,128}`), func(c *Config) *string { return &c.Instances.FieldManager },
			"What the cluster calls whoever wrote a field."),
		option("instances.request_timeout", "30s", duration(time.Second), func(c *Config) *time.Duration { return &c.Instances.RequestTimeout },
			"How long one request to the cluster may take."),
		option("instances.parallel", "8", number(1, 256), func(c *Config) *int { return &c.Instances.Parallel }, "Requests to the cluster at a time."),
		option("instances.ready_timeout", "30m", duration(time.Second), func(c *Config) *time.Duration { return &c.Instances.ReadyTimeout },
			"How long one Deployment may take to become ready before its job fails."),
		option("instances.config_file", "", path(), func(c *Config) *string { return &c.Instances.ConfigFile },
			"File with plans, images and defaults of instances; empty takes them from a ConfigMap."),
		option("instances.config_map", "hm-api-config", name, func(c *Config) *string { return &c.Instances.ConfigMap },
			"ConfigMap with them, in the namespace of the instances."),
		option("instances.api_user", "", text(), func(c *Config) *string { return &c.Instances.User },
			"User of the hosted-metrics API, who may do everything there, beside the users of the yard."),
		option("instances.api_password", "", secret(), func(c *Config) *Secret { return &c.Instances.Password }, "Its password."),
		option("instances.api_password_file", "", path(), func(c *Config) *string { return &c.Instances.PasswordFile }, "File that holds it."),
		option("instances.kafka.brokers", "[]", texts("list of host:port", host), func(c *Config) *[]string { return &c.Instances.Kafka.Brokers },
			"Brokers where topics of instances are made and dropped; without any they are left alone."),
		option("instances.kafka.tls", "true", boolean(), func(c *Config) *bool { return &c.Instances.Kafka.TLS }, "Speak TLS to them."),
		option("instances.kafka.mechanism", "plain", choice("plain", "scram-sha-256", "scram-sha-512"), func(c *Config) *string { return &c.Instances.Kafka.Mechanism },
			"How to sign in there, if a user is given."),
		option("instances.kafka.user", "", text(), func(c *Config) *string { return &c.Instances.Kafka.User }, "User there."),
		option("instances.kafka.password", "", secret(), func(c *Config) *Secret { return &c.Instances.Kafka.Password }, "Its password."),
		option("instances.kafka.password_file", "", path(), func(c *Config) *string { return &c.Instances.Kafka.PasswordFile }, "File that holds it."),
		option("instances.cassandra.hosts", "[]", texts("list of hosts", host), func(c *Config) *[]string { return &c.Instances.Cassandra.Hosts },
			"Hosts where keyspaces of instances are made and dropped; without any they are left alone."),
		option("instances.cassandra.port", "9042", number(1, 65535), func(c *Config) *int { return &c.Instances.Cassandra.Port }, "Their port."),
		option("instances.cassandra.tls", "true", boolean(), func(c *Config) *bool { return &c.Instances.Cassandra.TLS }, "Speak TLS to them."),
		option("instances.cassandra.datacenter", "", text(), func(c *Config) *string { return &c.Instances.Cassandra.Datacenter }, "Data centre that is asked first."),
		option("instances.cassandra.user", "", text(), func(c *Config) *string { return &c.Instances.Cassandra.User }, "User there."),
		option("instances.cassandra.password", "", secret(), func(c *Config) *Secret { return &c.Instances.Cassandra.Password }, "Its password."),
		option("instances.cassandra.password_file", "", path(), func(c *Config) *string { return &c.Instances.Cassandra.PasswordFile }, "File that holds it."),
	}
}

// checkInstances refuses more than one cluster, and what would mix two domains up.
func (l *loader) checkInstances() error {
	c, given := l.cfg.Instances, 0
	for _, is := range []bool{c.Kubeconfig != "", c.InCluster, c.Simulate} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return l.refuse("instances.kubeconfig", "one of kubeconfig, in_cluster and simulate is allowed")
	case c.Context != "" && c.Kubeconfig == "":
		return l.refuse("instances.context", "is set, and instances.kubeconfig is not")
	case c.Enabled() && c.Yard == l.cfg.Configs.Yard:
		return l.refuse("instances.yard", "is the same as configs.yard")
	case (c.User == "") != (c.Password == ""):
		return l.refuse("instances.api_user", "user and password are needed, or neither")
	}
	return nil
}
