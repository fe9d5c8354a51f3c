package heketi_test

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/heketi"
	"yardmaster/store"
)

func TestClusters(t *testing.T) {
	y := atRest(t)
	a := y.post("/clusters", `{}`)
	var c struct {
		ID          string
		File, Block bool
	}
	a.into(&c)
	a.is(http.StatusCreated, `{"id":"`+c.ID+`","nodes":[],"volumes":[],"block":false,"file":false,"blockvolumes":[]}`)
	y.post("/clusters/"+c.ID+"/flags", `{"file":true}`).is(200, "")
	y.get("/clusters/"+c.ID).is(200, `{"id":"`+c.ID+`","nodes":[],"volumes":[],"block":false,"file":true,"blockvolumes":[]}`)
	y.del("/clusters/"+c.ID).is(200, "")
	y.del("/clusters/"+c.ID).is(404, "Id not found")
	y.post("/clusters/"+c.ID+"/flags", `{}`).is(404, "Id not found")
	scene(y)
	y.del("/clusters/"+cluster1).is(409, "Unable to delete cluster ["+cluster1+"] because it contains volumes and/or nodes")
}

func TestTagsAreAnsweredAsTheyAreThen(t *testing.T) {
	y := atRest(t)
	scene(y)
	for _, path := range []string{"/nodes/" + node1 + "/tags", "/devices/" + device1 + "/tags"} {
		y.post(path, `{"change_type":"set","tags":{"a":"1","b":"2"}}`).is(200, `{"a":"1","b":"2"}`)
		y.post(path, `{"change_type":"update","tags":{"b":"3","c":"4"}}`).is(200, `{"a":"1","b":"3","c":"4"}`)
		y.post(path, `{"change_type":"delete","tags":{"a":""}}`).is(200, `{"b":"3","c":"4"}`)
		y.post(path, `{"change_type":"set","tags":{}}`).is(200, `{}`)
		y.post(strings.Replace(path, "/tags", "", 1)[:9]+hexID("0")[1:]+"/tags", `{"change_type":"set","tags":{}}`).is(404, "Id not found")
	}
}

func TestRequestsThatCannotBegin(t *testing.T) {
	y := atRest(t)
	y.post("/volumes", `{"size":1}`).is(400, "No clusters configured")
	scene(y)
	const inUse = "The target exists, contains other items, or is in use."
	const none = "0000"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"a node of no cluster", "POST", "/nodes", `{"zone":1,"hostnames":{"manage":["n"],"storage":["s"]},"cluster":"` + none + `"}`, 404, "Cluster id does not exist"},
		{"a node by a known name", "POST", "/nodes", `{"zone":1,"hostnames":{"manage":["node1"],"storage":["s"]},"cluster":"CCCC"}`, 409,
			"Hostname node1 already used by node with id 1111"},
		{"a node by a known address", "POST", "/nodes", `{"zone":1,"hostnames":{"manage":["n"],"storage":["10.0.0.1"]},"cluster":"CCCC"}`, 409,
			"Hostname 10.0.0.1 already used by node with id 1111"},
		{"a node with devices goes", "DELETE", "/nodes/1111", "", 409, "Unable to delete node [1111] because it contains devices"},
		{"a node that is not there goes", "DELETE", "/nodes/" + none, "", 404, "Id not found"},
		{"a device of no node", "POST", "/devices", `{"node":"` + none + `","name":"/dev/sdc"}`, 404, "Node id does not exist"},
		{"a device that is in use goes", "DELETE", "/devices/DDDD", "", 400, "device: DDDD is not in failed state"},
		{"the same, asked by Python", "DELETE", "/devices/DDDD", "{}", 400, "device: DDDD is not in failed state"},
		{"the state of no node", "POST", "/nodes/" + none + "/state", `{"state":"online"}`, 404, "Id not found"},
		{"the state of no device", "POST", "/devices/" + none + "/state", `{"state":"online"}`, 404, "Id not found"},
		{"a resync of no device", "GET", "/devices/" + none + "/resync", "", 404, "Id not found"},
		{"a volume too small", "POST", "/volumes", `{"size":1,"durability":{"type":"disperse","disperse":{"data":4,"redundancy":2}}}`, 400,
			"Requested volume size (1 GB) is smaller than the minimum supported volume size (4194304)"},
		{"a volume without room", "POST", "/volumes", `{"size":1}`, 500, "Failed to allocate new volume: No space"},
		{"a volume by a known name", "POST", "/volumes", `{"size":1,"name":"vol1"}`, 500, "Failed to allocate new volume: Volume name 'vol1' already in use"},
		{"a volume by odd tags", "POST", "/volumes", `{"size":1,"glustervolumeoptions":["user.heketi.device-tag-match nothing"]}`, 500,
			"Failed to allocate new volume: Invalid tag matching rule: Invalid tag match rule: nothing"},
		{"expansion of no volume", "POST", "/volumes/" + none + "/expand", `{"expand_size":1}`, 404, "Id not found"},
		{"expansion without room", "POST", "/volumes/AAAA/expand", `{"expand_size":1}`, 500, "Failed to allocate volume expansion: Minimum brick size limit reached.  Out of space."},
		{"a clone of no volume", "POST", "/volumes/" + none + "/clone", `{}`, 404, "Id not found"},
		{"a clone of a hosting volume", "POST", "/volumes/EEEE/clone", `{}`, 500, "Failed clone volume EEEE: Cloning of block hosting volumes is not supported"},
		{"a clone by a known name", "POST", "/volumes/AAAA/clone", `{"name":"vol1"}`, 500, "Failed clone volume AAAA: Volume name 'vol1' already in use"},
		{"a hosting volume in use goes", "DELETE", "/volumes/EEEE", "", 409, "Cannot delete a block hosting volume containing block volumes"},
		{"no volume goes", "DELETE", "/volumes/" + none, "", 404, "Id not found"},
		{"a restriction of a plain volume", "POST", "/volumes/AAAA/block-restriction", `{"restriction":"locked"}`, 500,
			"Failed to set block restriction: Block restrictions can only be set on block hosting volumes"},
		{"a block volume that no automatic volume holds", "POST", "/blockvolumes", `{"size":99}`, 500,
			"Failed to allocate new block volume: The size configured for automatic creation of block hosting volumes (100) is too small to host the requested block volume of size 99. " +
				"The available size on this block hosting volume, minus overhead, is 98. Please create a sufficiently large block hosting volume manually."},
		{"a block volume shrinks", "POST", "/blockvolumes/FFFF/expand", `{"new_size":9}`, 500,
			"Failed to allocate block volume expansion: Requested new-size 9 is less than current block volume size 10, shrinking is not allowed."},
		{"a block volume stays", "POST", "/blockvolumes/FFFF/expand", `{"new_size":10}`, 500,
			"Failed to allocate block volume expansion: Requested new-size 10 is same as current block volume size 10, nothing to be done."},
		{"a block volume without room", "POST", "/blockvolumes/FFFF/expand", `{"new_size":1000}`, 500, "Failed to allocate block volume expansion: No space"},
		{"eviction of no brick", "POST", "/bricks/to-evict/" + none, "", 404, "Id not found"},
		{"eviction of a brick to come", "POST", "/bricks/to-evict/3333", "", 500, "Failed to set up brick eviction: Can not evict brick 3333: brick is pending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			y.t = t
			y.as("admin", c.method, long(c.path), long(c.body)).is(c.status, long(c.want))
		})
	}
	y.t = t
	y.del("/volumes/" + volume1).operation()
	y.get("/volumes/"+volume1).is(404, "Id not found")
	y.del("/blockvolumes/" + block1).operation()
	y.post("/volumes/"+hosting+"/expand", `{"expand_size":1}`).is(500, "Failed to allocate volume expansion: Minimum brick size limit reached.  Out of space.")
	y.post("/volumes/"+hosting+"/block-restriction", `{"restriction":"locked"}`).operation()
	y.del("/volumes/"+hosting).is(409, "Cannot delete a block hosting volume containing block volumes")
	y.update(func(tx *store.Tx) error { return store.BlockVolumes.Delete(tx, block1) })
	y.del("/volumes/"+hosting).is(500, "Failed to set up volume delete: "+inUse)
}

func TestThrottledClientIsToldWhenToComeBack(t *testing.T) {
	y := atRest(t, func(_ *heketi.Options, _ *volumes.Config, l *jobs.Limits) { l.InFlight = 1 })
	scene(y) // one operation is under way
	a := y.del("/volumes/" + volume1)
	a.is(http.StatusTooManyRequests, "Server busy. Retry operation later.")
	if got := a.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want the next whole second", got)
	}
}

func TestOperationIsAnsweredForAgain(t *testing.T) {
	y := atRest(t)
	scene(y)
	path := y.del("/volumes/" + volume1).operation()
	a := y.get(path)
	a.is(200, "")
	if a.Header().Get("X-Pending") != "true" {
		t.Error("a pending operation without X-Pending")
	}
	y.update(func(tx *store.Tx) error {
		op, err := store.Operations.Get(tx, strings.TrimPrefix(path, "/queue/"))
		if err != nil {
			return err
		}
		if op.Owner != "admin" || op.Dialect != heketi.Name {
			t.Errorf("operation of %q by %q", op.Dialect, op.Owner)
		}
		op.State = store.Succeeded
		return store.Operations.Put(tx, &op)
	})
	for range 3 {
		y.get(path).is(204, "")
	}
}

func TestUserOwnsWhatItMakes(t *testing.T) {
	y := atRest(t)
	scene(y)
	path := y.as("user", "DELETE", "/volumes/"+volume1, "").operation()
	y.as("user", "GET", path, "").is(200, "")
	y.as("alice", "GET", path, "").is(200, "")
	y.update(func(tx *store.Tx) error {
		op, err := store.Operations.Get(tx, strings.TrimPrefix(path, "/queue/"))
		if err == nil && op.Owner != "user" {
			t.Errorf("owner %q", op.Owner)
		}
		return err
	})
}

func TestResyncIsAGetThatIsAccepted(t *testing.T) {
	y := atRest(t)
	scene(y)
	a := y.get("/devices/" + device1 + "/resync")
	path := a.operation()
	if want := "<a href=\"" + path + "\">Accepted</a>.\n\n"; a.Body.String() != want || a.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("body %q, want %q", a.Body, want)
	}
	y.get("/devices/"+device1+"/resync").is(409, "The target exists, contains other items, or is in use.")
}
