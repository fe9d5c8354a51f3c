// Package notices brings the notifications of a simulated cloud to a real broker, as Nova and Glance would, and says what a server
// must know of them afterwards: a naive reading of the rules, a list walked from its beginning for every question, to hold a fast
// one against. It knows the server only by what it answers over HTTP, and holds no code of the product.
package notices

import (
	"encoding/json"
	"fmt"
	"strings"

	"yardmaster/executors/sim/openstack"
)

// Notice is one notification and what tests ask of it.
type Notice struct {
	openstack.Message
	ID, Type, Publisher, Request string
	Payload                      Payload // empty where it is a text
}

// Payload is what the rules look at. Times are texts, as they came; "" is none.
type Payload struct {
	Instance   string `json:"instance_id"`
	Launched   string `json:"launched_at"`
	Deleted    string `json:"deleted_at"`
	Terminated string `json:"terminated_at"`
	Image      string `json:"id"`
	Exception  struct{ Kwargs struct{ UUID string } }
	Images     []struct {
		Created string `json:"created_at"`
	}
}

// Take is the next n notifications of a cloud.
func Take(c *openstack.Cloud, n int) []Notice {
	all := make([]Notice, n)
	for i := range all {
		all[i] = read(c.Next())
	}
	return all
}

func read(m openstack.Message) Notice {
	var b struct {
		ID        string `json:"message_id"`
		Type      string `json:"event_type"`
		Publisher string `json:"publisher_id"`
		Request   string `json:"_context_request_id"`
		Payload   json.RawMessage
	}
	n := Notice{Message: m}
	err := json.Unmarshal(m.Body, &b)
	if err == nil && strings.HasPrefix(string(b.Payload), "{") {
		err = json.Unmarshal(b.Payload, &n.Payload)
	}
	if err != nil {
		panic(fmt.Sprintf("the simulated cloud says %s: %v", m.Body, err))
	}
	n.ID, n.Type, n.Publisher, n.Request = b.ID, b.Type, b.Publisher, b.Request
	return n
}

// Subject is the instance or image that it is about, "" for none.
func (n *Notice) Subject() string {
	switch {
	case n.Exchange == "glance":
		return n.Payload.Image
	case n.Payload.Instance != "":
		return n.Payload.Instance
	}
	return n.Payload.Exception.Kwargs.UUID
}

// Queue is where it waits at the broker.
func (n *Notice) Queue() string { return n.Deployment + "." + n.RoutingKey }

// place is the exchange that it is published to: every deployment has its own, since they share a broker here.
func (n *Notice) place() string { return n.Exchange + "." + n.Deployment }
