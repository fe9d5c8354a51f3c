package heketi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const unparsed = "request unable to be parsed"

func TestBrokenBodiesAreUnprocessable(t *testing.T) {
	y := atRest(t)
	scene(y)
	posts := []string{"/clusters", "/clusters/CCCC/flags", "/nodes", "/nodes/1111/state", "/nodes/1111/tags", "/devices", "/devices/DDDD/state", "/devices/DDDD/tags",
		"/volumes", "/volumes/AAAA/expand", "/volumes/AAAA/clone", "/volumes/AAAA/block-restriction", "/blockvolumes", "/blockvolumes/FFFF/expand",
		"/operations/pending/cleanup"}
	for _, path := range posts {
		for _, body := range []string{"", "{", "[]", `"text"`, "nonsense"} {
			if a := y.post(long(path), body); a.Code != http.StatusUnprocessableEntity || a.Body.String() != unparsed+"\n" {
				t.Errorf("POST %s %q: %d %q", path, body, a.Code, a.Body)
			}
		}
	}
	y.post("/volumes", `{"size":"ten"}`).is(422, unparsed)
	y.as("admin", "DELETE", long("/devices/DDDD"), "{").is(422, unparsed)
	y.post(long("/bricks/to-evict/BBBB"), "{").is(422, unparsed)
	y.post("/admin", "{").is(400, unparsed+": unexpected end of JSON input")
	y.post("/internal/logging", "").is(400, unparsed+": unexpected end of JSON input")
}

func manyTags(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"t%02d":""`, i)
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestFormOfRequests(t *testing.T) {
	y := atRest(t)
	scene(y)
	failed := func(faults string) string { return "validation failed: " + faults + "." }
	node := func(tags string) string {
		return `{"zone":1,"hostnames":{"manage":["n"],"storage":["s"]},"cluster":"CCCC","tags":` + tags + `}`
	}
	ids := make([]string, 33)
	for i := range ids {
		ids[i] = `"` + hexID("0") + `"`
	}
	for _, c := range []struct {
		name, path, body string
		want             string
	}{
		{"node without anything", "/nodes", `{}`, failed("cluster: cannot be blank; hostnames: (manage: cannot be blank; storage: cannot be blank.); zone: cannot be blank")},
		{"node in a zone below one", "/nodes", `{"zone":-1,"hostnames":{"manage":["n"],"storage":["s"]},"cluster":"CCCC"}`, failed("zone: must be no less than 1")},
		{"node of a cluster that is none", "/nodes", `{"zone":1,"hostnames":{"manage":["n"],"storage":["s"]},"cluster":"xyz"}`, failed("cluster: xyz is not a valid UUID")},
		{"node with odd names", "/nodes", `{"zone":1,"hostnames":{"manage":["a b"],"storage":["s","t;"]},"cluster":"CCCC"}`,
			failed("hostnames: (manage: [a b] is not a valid manage hostname; storage: [s t;] is not a valid storage hostname.)")},
		{"too many tags", "/nodes", node(manyTags(33)), failed("tags: too many tags specified (33), up to 32 supported")},
		{"tag without a name", "/nodes", node(`{"":"x"}`), failed("tags: tag names may not be empty")},
		{"tag with an odd name", "/nodes", node(`{"a b":"x"}`), failed("tags: invalid characters in tag name a b")},
		{"tag with a long name", "/nodes", node(`{"` + strings.Repeat("n", 33) + `":"x"}`), failed("tags: tag name " + strings.Repeat("n", 33) + ": the length must be between 1 and 32")},
		{"tag with a long value", "/nodes", node(`{"n":"` + strings.Repeat("ü", 65) + `"}`), failed("tags: value of tag n: the length must be no more than 64")},
		{"state left out", "/nodes/1111/state", `{}`, failed("state: cannot be blank")},
		{"unknown state", "/nodes/1111/state", `{"state":"gone"}`, failed("state: gone is not valid state")},
		{"unknown heal check", "/devices/DDDD/state", `{"state":"failed","healcheck":"maybe"}`, failed("healcheck: maybe is not valid heal info check")},
		{"unknown change of tags", "/nodes/1111/tags", `{"change_type":"turn","tags":{}}`, failed("change_type: must be a valid value")},
		{"device without anything", "/devices", `{}`, failed("name: cannot be blank; node: cannot be blank")},
		{"device with an odd name", "/devices", `{"node":"1111","name":"/dev/sd b"}`, failed("name: must be in a valid format")},
		{"device with a relative name", "/devices", `{"node":"1111","name":"sdb"}`, failed("name: must be in a valid format")},
		{"volume without a size", "/volumes", `{}`, failed("size: cannot be blank")},
		{"volume below nothing", "/volumes", `{"size":-1}`, failed("size: must be no less than 1")},
		{"volume with an odd name", "/volumes", `{"size":1,"name":"a/b"}`, failed("name: must be in a valid format")},
		{"volume with a negative group", "/volumes", `{"size":1,"gid":-1}`, "Bad group id less than zero"},
		{"volume with a huge group", "/volumes", `{"size":1,"gid":2147483647}`, "Bad group id equal or greater than 2**32"},
		{"unknown durability", "/volumes", `{"size":1,"durability":{"type":"raid"}}`, "Unknown durability type"},
		{"snapshots without a factor", "/volumes", `{"size":1,"snapshot":{"enable":true}}`, "Invalid snapshot factor"},
		{"snapshots with a huge factor", "/volumes", `{"size":1,"snapshot":{"enable":true,"factor":101}}`, "Invalid snapshot factor"},
		{"four replicas", "/volumes", `{"size":1,"durability":{"type":"replicate","replicate":{"replica":4}}}`, "Invalid replica value"},
		{"dispersed without numbers", "/volumes", `{"size":1,"durability":{"type":"disperse"}}`, "Invalid dispersion combination: 0+0"},
		{"dispersed oddly", "/volumes", `{"size":1,"durability":{"type":"disperse","disperse":{"data":8,"redundancy":2}}}`, "Invalid dispersion combination: 8+2"},
		{"volume in an unknown cluster", "/volumes", `{"size":1,"clusters":["nowhere"]}`, "Cluster id nowhere not found"},
		{"expansion by nothing", "/volumes/AAAA/expand", `{}`, failed("expand_size: cannot be blank")},
		{"expansion below nothing", "/volumes/AAAA/expand", `{"expand_size":-1}`, failed("expand_size: must be no less than 1")},
		{"clone with an odd name", "/volumes/AAAA/clone", `{"name":"a b"}`, failed("name: must be in a valid format")},
		{"unknown restriction", "/volumes/EEEE/block-restriction", `{"restriction":"some"}`, failed("restriction: must be a valid value")},
		{"block volume without a size", "/blockvolumes", `{"name":"a b"}`, failed("name: must be in a valid format; size: cannot be blank")},
		{"block volume on no host", "/blockvolumes", `{"size":1,"hacount":-1}`, failed("hacount: must be no less than 1")},
		{"block volume in an unknown cluster", "/blockvolumes", `{"size":1,"clusters":["nowhere"]}`, "Cluster id nowhere not found"},
		{"block expansion to nothing", "/blockvolumes/FFFF/expand", `{}`, failed("new_size: cannot be blank")},
		{"cleanup of what is no id", "/operations/pending/cleanup", `{"operations":["x"]}`, failed("operations: x is not a valid UUID")},
		{"cleanup of too many", "/operations/pending/cleanup", `{"operations":[` + strings.Join(ids, ",") + `]}`,
			failed("operations: too many ids specified (33), up to 32 supported")},
		{"unknown admin state", "/admin", `{"state":"shut"}`, failed("state: must be a valid value")},
		{"eviction with an odd heal check", "/bricks/to-evict/BBBB", `{"healcheck":"x"}`, failed("healcheck: x is not valid heal info check")},
	} {
		t.Run(c.name, func(t *testing.T) {
			y.t = t
			y.post(long(c.path), long(c.body)).is(http.StatusBadRequest, long(c.want))
		})
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	y := atRest(t)
	if a := y.post("/clusters", `{"file":true,"colour":"red"}`); a.Code != http.StatusCreated {
		t.Errorf("%d %q", a.Code, a.Body)
	}
}

func TestHostnames(t *testing.T) {
	y := atRest(t)
	for host, good := range map[string]bool{
		"node1": true, "10.0.0.1": true, "fe80::1": true, "a.b.example.com": true, "a_b": true, "example.com.": true,
		"": false, "-a": false, "a..b": false, "a b": false, "a;b": false, "$(x)": false, "a/b": false, strings.Repeat("a", 64): false,
	} {
		body := fmt.Sprintf(`{"zone":1,"hostnames":{"manage":[%q],"storage":["s"]},"cluster":%q}`, host, hexID("0"))
		want := http.StatusBadRequest
		if good {
			want = http.StatusNotFound // the form is right; the cluster is not there
		}
		if a := y.post("/nodes", body); a.Code != want {
			t.Errorf("host %q: %d %q", host, a.Code, a.Body)
		}
	}
}
