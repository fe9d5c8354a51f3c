package sim

import "fmt"

func (g *glusterCall) peer() int {
	switch g.word(1) {
	case "probe":
		return g.probe(g.word(2))
	case "detach":
		return g.detach(g.word(2))
	case "status":
		return g.peerStatus()
	}
	return g.unknown()
}

func (g *glusterCall) probe(name string) int {
	if name == "" {
		return g.fail(1, "Usage:\npeer probe { <HOSTNAME> | <IP-address> }")
	}
	other := g.w.findNode(name)
	if other == nil && g.auto {
		other = g.unnamed()
		if other == nil {
			other = g.w.addNode(name, name)
		}
		g.w.rename(other, name)
	}
	switch {
	case other == nil || other.Down || other.NoGlusterd:
		return g.refuse("peer probe", "Probe returned with Transport endpoint is not connected")
	case other == g.n:
		return g.done("peer probe: Probe on localhost not needed", "<output/>")
	case other.Pool == g.n.Pool:
		return g.done(fmt.Sprintf("peer probe: Host %s port 24007 already in peer list", name), "<output/>")
	case len(g.w.members(other.Pool)) > 1 || g.w.volumes.size(other.Pool) > 0:
		return g.refuse("peer probe", "%s is either already part of another cluster or having volumes configured", name)
	}
	other.Pool = g.n.Pool
	g.w.nodes.put("", other.Host, other)
	return g.done("peer probe: success", "<output/>")
}

// unnamed is the youngest made-up node that is alone and whose storage name nobody has said yet: the one that was looked at just
// before its peers probe it.
func (g *glusterCall) unnamed() *node {
	var found *node
	for _, n := range g.w.nodes.all("") {
		alone := n != g.n && n.Storage == n.Host && n.Pool != g.n.Pool && len(g.w.members(n.Pool)) == 1 && g.w.volumes.size(n.Pool) == 0
		if alone && (found == nil || n.Born > found.Born) {
			found = n
		}
	}
	return found
}

// rename gives a node the name that its peers know it by.
func (w *world) rename(n *node, storage string) {
	n.Storage = storage
	w.storage[storage] = n.Host
	w.nodes.put("", n.Host, n)
}

func (g *glusterCall) detach(name string) int {
	other := g.w.findNode(name)
	switch {
	case other == nil || other.Pool != g.n.Pool:
		return g.refuse("peer detach", "%s is not part of cluster", name)
	case other == g.n:
		return g.refuse("peer detach", "%s is localhost", name)
	case g.hasBricks(other):
		exit := g.refuse("peer detach", "Peer %s hosts one or more bricks. If the peer is in not recoverable state then use either replace-brick or remove-brick command with force to remove all bricks from the peer and attempt the peer detach again.", name)
		if exit != 0 {
			return 255
		}
		return exit
	case !other.glusterd() && !g.force:
		return g.refuse("peer detach", "One of the peers is probably down. Check with 'peer status'")
	}
	other.Pool = g.w.uuid()
	g.w.nodes.put("", other.Host, other)
	return g.done("peer detach: success", "<output/>")
}

func (g *glusterCall) hasBricks(n *node) bool {
	for _, v := range g.w.volumes.groups[g.n.Pool] {
		for _, b := range v.Bricks {
			if b.Host == n.Host {
				return true
			}
		}
	}
	return false
}

func connected(n *node) (word string, bit int) {
	if n.glusterd() {
		return "Connected", 1
	}
	return "Disconnected", 0
}

func (g *glusterCall) peerStatus() int {
	peers, body := g.w.members(g.n.Pool), ""
	words := fmt.Sprintf("Number of Peers: %d", len(peers)-1)
	for _, n := range peers {
		if n == g.n {
			continue
		}
		state, bit := connected(n)
		words += fmt.Sprintf("\n\nHostname: %s\nUuid: %s\nState: Peer in Cluster (%s)", n.Storage, n.UUID, state)
		body += peerXML(n, n.Storage, bit)
	}
	return g.done(words, "<peerStatus>"+body+"</peerStatus>")
}

func peerXML(n *node, name string, bit int) string {
	return "<peer>" + elements("uuid", n.UUID, "hostname", name) + "<hostnames>" + element("hostname", name) + "</hostnames>" +
		elements("connected", bit, "state", 3, "stateStr", "Peer in Cluster") + "</peer>"
}

func (g *glusterCall) poolList() int {
	words, body := "UUID\t\t\t\t\tHostname \tState", ""
	for _, n := range g.w.members(g.n.Pool) {
		if n == g.n {
			continue
		}
		state, bit := connected(n)
		words += fmt.Sprintf("\n%s\t%s\t%s ", n.UUID, n.Storage, state)
		body += peerXML(n, n.Storage, bit)
	}
	words += fmt.Sprintf("\n%s\tlocalhost\tConnected ", g.n.UUID)
	return g.done(words, "<peerStatus>"+body+peerXML(g.n, "localhost", 1)+"</peerStatus>")
}
