package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// Every fault in a request's form has its text, and texts stand in the order of their fields.
func formsAreJudged(t *testing.T) {
	y := begin(t, harness.Options{})
	id := y.newCluster(nil, nil)
	var n node
	y.makes("/nodes", obj{"zone": 1, "cluster": id, "hostnames": hosts("m1", "s1")}, &n)
	d := y.device(n.ID, "/dev/sdb")

	long := strings.Repeat("x", 33)
	many := obj{}
	for i := range 33 {
		many[fmt.Sprint("t", i)] = ""
	}
	tagged := func(tags obj) obj {
		return obj{"node": n.ID, "name": "/dev/sdc", "tags": tags}
	}
	repl := func(n int) obj {
		return obj{"size": 1, "durability": obj{"type": "replicate", "replicate": obj{"replica": n}}}
	}
	disp := func(data, redundancy int) obj {
		return obj{"size": 1, "durability": obj{"type": "disperse", "disperse": obj{"data": data, "redundancy": redundancy}}}
	}
	for _, c := range []struct {
		path string
		body any
		text string
	}{
		{"/nodes", obj{}, "validation failed: cluster: cannot be blank; hostnames: (manage: cannot be blank; storage: cannot be blank.); zone: cannot be blank."},
		{"/nodes", obj{"zone": -1, "cluster": id, "hostnames": hosts("a", "b")}, "validation failed: zone: must be no less than 1."},
		{"/nodes", obj{"zone": 1, "cluster": "xyz", "hostnames": hosts("a", "b")}, "validation failed: cluster: xyz is not a valid UUID."},
		{"/nodes", obj{"zone": 1, "cluster": id, "hostnames": obj{"manage": list{"a b", "c"}, "storage": list{"b"}}}, "validation failed: hostnames: (manage: [a b c] is not a valid manage hostname.)."},
		{"/nodes", obj{"zone": 1, "cluster": id, "hostnames": hosts("a", "b_ c")}, "validation failed: hostnames: (storage: [b_ c] is not a valid storage hostname.)."},

		{"/devices", obj{}, "validation failed: name: cannot be blank; node: cannot be blank."},
		{"/devices", obj{"node": "xyz", "name": "/dev/sdb"}, "validation failed: node: xyz is not a valid UUID."},
		{"/devices", obj{"node": n.ID, "name": "sdb"}, "validation failed: name: must be in a valid format."},
		{"/devices", obj{"node": n.ID, "name": "/dev/sd b"}, "validation failed: name: must be in a valid format."},
		{"/devices", tagged(many), "validation failed: tags: too many tags specified (33), up to 32 supported."},
		{"/devices", tagged(obj{"a b": ""}), "validation failed: tags: invalid characters in tag name a b."},
		{"/devices", tagged(obj{"": "x"}), "validation failed: tags: tag names may not be empty."},
		{"/devices", tagged(obj{long: ""}), "validation failed: tags: tag name " + long + ": the length must be between 1 and 32."},
		{"/devices", tagged(obj{"a": strings.Repeat("x", 65)}), "validation failed: tags: value of tag a: the length must be no more than 64."},
		{"/devices/" + d.ID + "/tags", obj{"change_type": "set", "tags": obj{"a/b": ""}}, "validation failed: tags: invalid characters in tag name a/b."},

		{"/volumes", obj{}, "validation failed: size: cannot be blank."},
		{"/volumes", obj{"size": -1}, "validation failed: size: must be no less than 1."},
		{"/volumes", obj{"size": 1, "name": "no good"}, "validation failed: name: must be in a valid format."},
		{"/volumes", obj{"size": 0, "name": "a.b"}, "validation failed: name: must be in a valid format; size: cannot be blank."},
		{"/volumes", obj{"size": 1, "gid": -1}, "Bad group id less than zero"},
		{"/volumes", obj{"size": 1, "gid": 2147483647}, "Bad group id equal or greater than 2**32"},
		{"/volumes", obj{"size": 1, "gid": -1, "durability": obj{"type": "raid"}}, "Bad group id less than zero"},
		{"/volumes", obj{"size": 1, "durability": obj{"type": "raid"}}, "Unknown durability type"},
		{"/volumes", obj{"size": 1, "snapshot": obj{"enable": true}}, "Invalid snapshot factor"},
		{"/volumes", obj{"size": 1, "snapshot": obj{"enable": true, "factor": 0.5}}, "Invalid snapshot factor"},
		{"/volumes", obj{"size": 1, "snapshot": obj{"enable": true, "factor": 101}}, "Invalid snapshot factor"},
		{"/volumes", repl(4), "Invalid replica value"},
		{"/volumes", repl(-1), "Invalid replica value"},
		{"/volumes", obj{"size": 1, "durability": obj{"type": "disperse"}}, "Invalid dispersion combination: 0+0"},
		{"/volumes", disp(8, 2), "Invalid dispersion combination: 8+2"},
		{"/volumes", disp(3, 1), "Invalid dispersion combination: 3+1"},
		{"/volumes", obj{"size": 1, "clusters": list{nowhere}}, "Cluster id " + nowhere + " not found"},
		{"/volumes", obj{"size": 1, "clusters": list{"what"}}, "Cluster id what not found"},
		{"/volumes", disp(2, 1), "Requested volume size (1 GB) is smaller than the minimum supported volume size (2097152)"},
		{"/volumes", disp(4, 2), "Requested volume size (1 GB) is smaller than the minimum supported volume size (4194304)"},
		{"/volumes", disp(8, 3), "Requested volume size (1 GB) is smaller than the minimum supported volume size (8388608)"},

		{"/blockvolumes", obj{}, "validation failed: size: cannot be blank."},
		{"/blockvolumes", obj{"size": -5}, "validation failed: size: must be no less than 1."},
		{"/blockvolumes", obj{"size": 1, "name": "a/b"}, "validation failed: name: must be in a valid format."},
		{"/blockvolumes", obj{"size": 1, "hacount": -1}, "validation failed: hacount: must be no less than 1."},
		{"/blockvolumes", obj{"size": 1, "clusters": list{nowhere}}, "Cluster id " + nowhere + " not found"},

		{"/operations/pending/cleanup", obj{"operations": list{"x"}}, "validation failed: operations: x is not a valid UUID."},
	} {
		y.refuses(http.MethodPost, c.path, c.body, 400, c.text)
	}
}

// What is no JSON, or not of the right types, is 422 wherever a body is posted; two routes tell what is wrong with it.
func brokenBodies(t *testing.T) {
	y := stocked(t, 1, 1, harness.Options{})
	n := y.walk().nodes[0]
	var v volume
	y.makes("/volumes", obj{"size": 1}, &v)
	for _, path := range []string{
		"/clusters", "/clusters/" + n.Cluster + "/flags", "/nodes", "/nodes/" + n.ID + "/state", "/nodes/" + n.ID + "/tags", "/devices",
		"/devices/" + n.Devices[0].ID + "/state", "/devices/" + n.Devices[0].ID + "/tags", "/volumes", "/volumes/" + v.ID + "/expand",
		"/volumes/" + v.ID + "/clone", "/volumes/" + v.ID + "/block-restriction", "/blockvolumes", "/operations/pending/cleanup",
	} {
		y.refuses(http.MethodPost, path, "{", 422, "request unable to be parsed")
		y.refuses(http.MethodPost, path, "", 422, "request unable to be parsed")
	}
	y.refuses(http.MethodPost, "/volumes", obj{"size": "ten"}, 422, "request unable to be parsed")
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1.5}, 422, "request unable to be parsed")
	y.refuses(http.MethodPost, "/bricks/to-evict/"+v.Bricks[0].ID, "{", 422, "request unable to be parsed")
	y.refuses(http.MethodPost, "/admin", "{", 400, "request unable to be parsed: unexpected end of JSON input")
	y.refuses(http.MethodPost, "/internal/logging", "{", 400, "request unable to be parsed: unexpected end of JSON input")

	var odd volume
	y.makes("/volumes", obj{"size": 1, "colour": "blue"}, &odd) // what nobody knows is no fault
	expect(t, "size", odd.Size, 1)
}
