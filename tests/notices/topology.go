package notices

import (
	"encoding/json"
	"slices"
)

// Topology is the exchanges, queues and routing keys that some notifications need.
type Topology struct{ bindings []binding }

type binding struct{ deployment, exchange, queue, key string }

// TopologyOf is what these are published to.
func TopologyOf(all []Notice) Topology {
	var t Topology
	for i := range all {
		n := &all[i]
		b := binding{n.Deployment, n.place(), n.Queue(), n.RoutingKey}
		if !slices.Contains(t.bindings, b) {
			t.bindings = append(t.bindings, b)
		}
	}
	return t
}

// Queues are the names of all queues.
func (t Topology) Queues() []string {
	var names []string
	for _, b := range t.bindings {
		names = append(names, b.queue)
	}
	return names
}

// StackTach is the file of deployments with which a StackTach worker would consume all of it from a broker.
func (t Topology) StackTach(host string, port int, user, password string) []byte {
	type queue struct {
		Queue string `json:"queue"`
		Key   string `json:"routing_key"`
	}
	type deployment struct {
		Name     string             `json:"name"`
		Durable  bool               `json:"durable_queue"`
		Host     string             `json:"rabbit_host"`
		Port     int                `json:"rabbit_port"`
		User     string             `json:"rabbit_userid"`
		Password string             `json:"rabbit_password"`
		VHost    string             `json:"rabbit_virtual_host"`
		Topics   map[string][]queue `json:"topics"`
	}
	var all []*deployment
	for _, b := range t.bindings {
		i := slices.IndexFunc(all, func(d *deployment) bool { return d.Name == b.deployment })
		if i < 0 {
			i = len(all)
			all = append(all, &deployment{Name: b.deployment, Durable: true, Host: host, Port: port, User: user, Password: password, VHost: "/",
				Topics: map[string][]queue{}})
		}
		all[i].Topics[b.exchange] = append(all[i].Topics[b.exchange], queue{b.queue, b.key})
	}
	raw, err := json.MarshalIndent(map[string]any{"deployments": all}, "", "  ")
	if err != nil {
		panic(err) // of texts and numbers: there is none
	}
	return raw
}
