package config

// stacktachKey is one row of the translation of a deployment of StackTach's.
type stacktachKey struct {
	path string
	to   string // field of an entry of events.deployments; empty: no effect here
	def  string // what it is there if it is left out, where ours is something else
	note string
}

const noWatchdog = "there are no worker processes to watch; a broker that falls silent is given up and called again"

func stacktachKeys() []stacktachKey {
	return []stacktachKey{
		{path: "name", to: "name"},
		{path: "enabled", to: "enabled"},
		{path: "durable_queue", to: "durable"},
		{path: "rabbit_host", to: "host"},
		{path: "rabbit_port", to: "port"},
		{path: "rabbit_userid", to: "user", def: "rabbit"},
		{path: "rabbit_password", to: "password", def: "rabbit"},
		{path: "rabbit_virtual_host", to: "vhost"},
		{path: "queue_arguments", to: "queue_arguments"},
		{path: "topics", to: "topics", note: "an object there, a list here"},
		{path: "exit_on_exception", note: "a message that cannot be read is kept as a dead letter, and the others go on"},
	}
}

func stacktachNames() []string {
	var names []string
	for _, k := range stacktachKeys() {
		names = append(names, k.path)
	}
	return names
}
