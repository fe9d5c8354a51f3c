package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// topologyFile is what "heketi-cli topology load" reads.
type topologyFile struct {
	Clusters []struct {
		File, Block *bool
		Nodes       []topologyNode
	}
}

type topologyNode struct {
	Node struct {
		Hostnames hostnames
		Zone      int
		Tags      map[string]string
	}
	Devices []string
}

// uniform is a file of one cluster with equal nodes, each in a zone of its own up to three.
func uniform(nodes, devices int) topologyFile {
	var f topologyFile
	f.Clusters = append(f.Clusters, struct {
		File, Block *bool
		Nodes       []topologyNode
	}{})
	for n := 1; n <= nodes; n++ {
		var t topologyNode
		t.Node.Hostnames = hostnames{[]string{fmt.Sprintf("stor%d.example.com", n)}, []string{fmt.Sprintf("10.9.0.%d", n)}}
		t.Node.Zone = (n-1)%3 + 1
		for d := range devices {
			t.Devices = append(t.Devices, fmt.Sprintf("/dev/sd%c", 'b'+d))
		}
		f.Clusters[0].Nodes = append(f.Clusters[0].Nodes, t)
	}
	return f
}

// loaded says how much of a file was new.
type loaded struct{ clusters, nodes, devices int }

// load does what heketi-cli does with the file: it walks what is there, skips the nodes and devices that it finds by name,
// and makes the rest.
func (y *yard) load(f topologyFile) loaded {
	y.Helper()
	var made loaded
	known := map[string]node{}
	for _, n := range y.walk().nodes {
		known[n.Hostnames.Manage[0]] = n
	}
	for _, c := range f.Clusters {
		var id string
		for _, t := range c.Nodes {
			n, found := known[t.Node.Hostnames.Manage[0]]
			if !found {
				if id == "" {
					id = y.newCluster(c.File, c.Block)
					made.clusters++
				}
				y.makes("/nodes", obj{"zone": t.Node.Zone, "hostnames": t.Node.Hostnames, "cluster": id, "tags": t.Node.Tags}, &n)
				made.nodes++
			}
			made.devices += y.addDevices(n, t.Devices)
		}
	}
	return made
}

func (y *yard) newCluster(file, block *bool) string {
	y.Helper()
	flag := func(b *bool) bool { return b == nil || *b } // what the command line leaves out, it sends as true
	a := y.once(http.MethodPost, "/clusters", obj{"file": flag(file), "block": flag(block)})
	expect(y, "POST /clusters", a.Status, http.StatusCreated)
	var c cluster
	if err := a.JSON(&c); err != nil {
		y.Fatal(err)
	}
	return c.ID
}

func (y *yard) addDevices(n node, names []string) (made int) {
	y.Helper()
	there := map[string]bool{}
	for _, d := range n.Devices {
		there[d.Name] = true
	}
	for _, name := range names {
		if !there[name] {
			y.ends(http.MethodPost, "/devices", obj{"node": n.ID, "name": name})
			made++
		}
	}
	return made
}

// tree is what "heketi-cli topology info" shows.
type tree struct {
	clusters []cluster
	volumes  []volume
	nodes    []node
}

// walk reads clusters, then each cluster, then its volumes and nodes one by one.
func (y *yard) walk() tree {
	y.Helper()
	var t tree
	var ids struct {
		Clusters []string `json:"clusters"`
	}
	y.get("/clusters", &ids)
	for _, id := range ids.Clusters {
		var c cluster
		y.get("/clusters/"+id, &c)
		t.clusters = append(t.clusters, c)
		for _, id := range c.Volumes {
			var v volume
			y.get("/volumes/"+id, &v)
			t.volumes = append(t.volumes, v)
		}
		for _, id := range c.Nodes {
			var n node
			y.get("/nodes/"+id, &n)
			t.nodes = append(t.nodes, n)
		}
	}
	return t
}

// stocked starts a server with so many equal nodes.
func stocked(t testing.TB, nodes, devices int, o harness.Options) *yard {
	t.Helper()
	y := begin(t, o)
	y.load(uniform(nodes, devices))
	return y
}

// A topology file loads, loads again without a change, and is all there in the walk.
func topologyLoads(t *testing.T) {
	y := begin(t, harness.Options{})
	expect(t, "an empty server has no clusters", y.once(http.MethodGet, "/clusters", nil).Body, `{"clusters":[]}`+"\n")
	file := uniform(4, 2)
	expect(t, "first load", y.load(file), loaded{1, 4, 8})
	expect(t, "second load", y.load(file), loaded{})
	grown := uniform(5, 3)
	grown.Clusters[0].Nodes = grown.Clusters[0].Nodes[:4]
	expect(t, "a load with a device more for each node", y.load(grown), loaded{0, 0, 4})

	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": obj{"type": "replicate", "replicate": obj{"replica": 3}}}, &v)
	all := y.walk()
	expect(t, "clusters", len(all.clusters), 1)
	expect(t, "cluster takes files", all.clusters[0].File, true)
	expect(t, "cluster takes block volumes", all.clusters[0].Block, true)
	expect(t, "nodes", len(all.nodes), 4)
	expect(t, "volumes", len(all.volumes), 1)
	expect(t, "volume", all.volumes[0].ID, v.ID)
	expect(t, "nodes are sorted by id", sorted(all.clusters[0].Nodes), true)
	onDevices := 0
	for _, n := range all.nodes {
		expect(t, "state of node "+n.Hostnames.Manage[0], n.State, "online")
		expect(t, "devices of node "+n.Hostnames.Manage[0], len(n.Devices), 3)
		expectThat(t, "zone", n.Zone >= 1 && n.Zone <= 3, n.Zone)
		for _, d := range n.Devices {
			onDevices += len(d.Bricks)
			expect(t, d.Name+": free and used make the total", d.Storage.Free+d.Storage.Used, d.Storage.Total)
		}
	}
	expect(t, "each brick of the volume is on a device", onDevices, 3)
}

// Two clusters of one file are two clusters, with the flags that the file gives them.
func topologyOfTwoClusters(t *testing.T) {
	y := begin(t, harness.Options{})
	file := uniform(2, 1)
	no := false
	second := file.Clusters[0]
	second.Block = &no
	second.Nodes = nil
	for _, n := range file.Clusters[0].Nodes {
		n.Node.Hostnames = hostnames{[]string{"b-" + n.Node.Hostnames.Manage[0]}, []string{"b-" + strings.ReplaceAll(n.Node.Hostnames.Storage[0], ".", "-")}}
		second.Nodes = append(second.Nodes, n)
	}
	file.Clusters = append(file.Clusters, second)
	expect(t, "load", y.load(file), loaded{2, 4, 4})
	var ids struct {
		Clusters []string `json:"clusters"`
	}
	y.get("/clusters", &ids)
	expect(t, "cluster ids are sorted", sorted(ids.Clusters), true)
	flags := map[bool]int{}
	for _, c := range y.walk().clusters {
		flags[c.Block]++
		expect(t, "nodes of a cluster", len(c.Nodes), 2)
	}
	expect(t, "clusters that take block volumes", flags[true], 1)
	for _, c := range y.walk().clusters {
		var v volume
		y.makes("/volumes", obj{"size": 5, "clusters": list{c.ID}}, &v)
		expect(t, "the volume is in the cluster that was named", v.Cluster, c.ID)
	}
}

func sorted(ids []string) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i-1] > ids[i] {
			return false
		}
	}
	return true
}
