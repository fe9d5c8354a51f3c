package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

func hosts(manage, storage string) obj {
	return obj{"manage": list{manage}, "storage": list{storage}}
}

// A node is added once under each of its names, tagged, taken offline and online, and removed when it is empty.
func nodesLive(t *testing.T) {
	y := begin(t, harness.Options{})
	id := y.newCluster(nil, nil)
	add := func(manage, storage string) obj {
		return obj{"zone": 2, "cluster": id, "hostnames": hosts(manage, storage)}
	}
	body := add("m1.example.com", "192.168.10.1")
	body["tags"] = obj{"rack": "r1"}
	place := y.accepted(http.MethodPost, "/nodes", body)
	expectThat(t, "place in the queue is a path", strings.HasPrefix(place, "/queue/") && isID(strings.TrimPrefix(place, "/queue/")), place)
	a, err := y.admin.Follow(y.ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := a.JSON(&n); err != nil {
		t.Fatal(err)
	}
	expect(t, "id", isID(n.ID), true)
	expect(t, "its body", a.Body, `{"zone":2,"hostnames":{"manage":["m1.example.com"],"storage":["192.168.10.1"]},"cluster":"`+id+
		`","tags":{"rack":"r1"},"id":"`+n.ID+`","state":"online","devices":[]}`+"\n")

	y.refuses(http.MethodPost, "/nodes", add("m1.example.com", "192.168.10.2"), 409, "Hostname m1.example.com already used by node with id "+n.ID)
	y.refuses(http.MethodPost, "/nodes", add("m2.example.com", "192.168.10.1"), 409, "Hostname 192.168.10.1 already used by node with id "+n.ID)
	other := add("m3.example.com", "192.168.10.3")
	other["cluster"] = nowhere
	y.refuses(http.MethodPost, "/nodes", other, 404, "Cluster id does not exist")

	var second node
	y.makes("/nodes", add("192.168.10.1", "m1.example.com"), &second) // manage and storage names are two registers
	expectThat(t, "a node without tags says nothing of tags", !strings.Contains(y.once(http.MethodGet, "/nodes/"+second.ID, nil).Body, "tags"), "tags")

	y.tags("/nodes/"+n.ID, `{"rack":"r1"}`)
	y.states("/nodes/"+n.ID, "Node", "node:"+n.ID, "Cannot move a failed/removed node to ")

	d := y.device(second.ID, "/dev/vdb")
	y.refuses(http.MethodDelete, "/nodes/"+second.ID, nil, 409, "Unable to delete node ["+second.ID+"] because it contains devices")
	y.dropDevice(d.ID)
	y.ends(http.MethodDelete, "/nodes/"+second.ID, nil)
	y.gone("/nodes/" + second.ID)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		y.refuses(method, "/nodes/"+nowhere, nil, 404, "Id not found")
	}
	y.refuses(http.MethodPost, "/nodes/"+nowhere+"/state", obj{"state": "online"}, 404, "Id not found")
	y.refuses(http.MethodPost, "/nodes/"+nowhere+"/tags", obj{"change_type": "set", "tags": obj{}}, 404, "Id not found")
}

// device adds a device and finds out its id, which the answer does not tell.
func (y *yard) device(node, name string) device {
	y.Helper()
	y.ends(http.MethodPost, "/devices", obj{"node": node, "name": name})
	for _, d := range y.node(node).Devices {
		if d.Name == name {
			return d
		}
	}
	y.Fatalf("device %s is not on its node", name)
	return device{}
}

func (y *yard) node(id string) node {
	y.Helper()
	var n node
	y.get("/nodes/"+id, &n)
	return n
}

// dropDevice takes an empty device away: offline, failed, deleted.
func (y *yard) dropDevice(id string) {
	y.Helper()
	y.ends(http.MethodPost, "/devices/"+id+"/state", obj{"state": "offline"})
	y.ends(http.MethodPost, "/devices/"+id+"/state", obj{"state": "failed"})
	y.ends(http.MethodDelete, "/devices/"+id, nil)
}

// tags walks through the three ways to change the tags of a node or a device that has those tags.
func (y *yard) tags(path, have string) {
	y.Helper()
	change := func(how string, tags obj, want string) {
		y.Helper()
		a := y.once(http.MethodPost, path+"/tags", obj{"change_type": how, "tags": tags})
		expect(y, how+" tags", a.Status, http.StatusOK)
		expect(y, how+" answers all tags", a.Body, want+"\n")
	}
	change("update", obj{}, have)
	change("set", obj{"tier": "gold", "site": "b.2"}, `{"site":"b.2","tier":"gold"}`)
	change("update", obj{"tier": "", "arbiter": "required"}, `{"arbiter":"required","site":"b.2","tier":""}`)
	change("delete", obj{"tier": "whatever", "absent": ""}, `{"arbiter":"required","site":"b.2"}`)
	change("set", obj{}, `{}`)
	y.refuses(http.MethodPost, path+"/tags", obj{"change_type": "mix", "tags": obj{}}, 400, "validation failed: change_type: must be a valid value.")
	y.refuses(http.MethodPost, path+"/tags", obj{"tags": obj{}}, 400, "validation failed: change_type: cannot be blank.")
}

// states walks through the states of an empty node or device, and ends with it online.
func (y *yard) states(path, noun, self, gone string) {
	y.Helper()
	set := func(state string) { y.Helper(); y.ends(http.MethodPost, path+"/state", obj{"state": state}) }
	is := func(state string) {
		y.Helper()
		var v struct{ State string }
		y.get(path, &v)
		expect(y, "state", v.State, state)
	}
	set("online")
	is("online")
	y.refuses(http.MethodPost, path+"/state", obj{"state": "failed"}, 500, noun+" must be offline before remove operation is performed, "+self)
	is("online")
	set("offline")
	is("offline")
	set("offline")
	y.ends(http.MethodPost, path+"/state", obj{"state": "online", "healcheck": "disable"})
	is("online")
	set("offline")
	set("failed")
	is("failed")
	set("failed")
	y.refuses(http.MethodPost, path+"/state", obj{"state": "online"}, 500, gone+"online state")
	is("failed")
	y.refuses(http.MethodPost, path+"/state", obj{"state": "up"}, 400, "validation failed: state: up is not valid state.")
	y.refuses(http.MethodPost, path+"/state", obj{}, 400, "validation failed: state: cannot be blank.")
	y.refuses(http.MethodPost, path+"/state", obj{"state": "online", "healcheck": "yes"}, 400, "validation failed: healcheck: yes is not valid heal info check.")
}

// A machine or a disk that is not there is refused, and nothing is left of it.
func machinesThatAreNotThere(t *testing.T) {
	y := begin(t, harness.Options{YAML: simulated()})
	id := y.newCluster(nil, nil)
	add := func(manage, storage string) obj {
		return obj{"zone": 1, "cluster": id, "hostnames": hosts(manage, storage)}
	}
	y.refuses(http.MethodPost, "/nodes", add("ghost", "10.0.0.99"), 400, "New Node doesn't have glusterd running")
	var c cluster
	y.get("/clusters/"+id, &c)
	expect(t, "nodes", len(c.Nodes), 0)
	var n node
	y.makes("/nodes", add("node1", "10.0.0.1"), &n)
	a := y.do(http.MethodPost, "/devices", obj{"node": n.ID, "name": "/dev/nosuch"})
	expect(t, "a disk that is not there", a.Status, http.StatusInternalServerError)
	expectThat(t, "in LVM's words", strings.Contains(a.Body, "/dev/nosuch"), a.Body)
	expect(t, "devices", len(y.node(n.ID).Devices), 0)
	expect(t, "the node is free to go", y.do(http.MethodDelete, "/nodes/"+n.ID, nil).Status, http.StatusNoContent)
}
