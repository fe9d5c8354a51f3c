package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// What became of an operation is told as often as it is asked for, also after the server was started again.
func resultsAreKept(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	followed := func(method, path string, body any) string {
		place := y.accepted(method, path, body)
		if _, err := y.admin.Follow(y.ctx, place); err != nil {
			t.Fatal(err)
		}
		return place
	}
	made := followed(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)})
	a := y.once(http.MethodGet, made, nil)
	at := a.Header.Get("Location")
	deleted := followed(http.MethodDelete, at, nil)
	n := y.walk().nodes[0]
	failed := followed(http.MethodPost, "/nodes/"+n.ID+"/state", obj{"state": "failed"})
	told := "Node must be offline before remove operation is performed, node:" + n.ID

	check := func(when string) {
		t.Helper()
		a := y.once(http.MethodGet, made, nil)
		expect(t, when+": a result is a redirect", a.Status, http.StatusSeeOther)
		expect(t, when+": to a path", a.Header.Get("Location"), at)
		expectThat(t, when+": with a body in HTML", strings.HasPrefix(a.Body, `<a href="`+at+`">`), a.Body)
		a = y.once(http.MethodGet, deleted, nil)
		expect(t, when+": nothing to look at is 204", a.Status, http.StatusNoContent)
		expect(t, when+": without a body", a.Body, "")
		y.refused(when+": a failure", y.once(http.MethodGet, failed, nil), 500, told)
		y.refused(when+": an id that was never given", y.once(http.MethodGet, "/queue/"+nowhere, nil), 404, "Id not found")
	}
	check("at once")
	check("again")
	y.server.Restart()
	check("after a restart")
	y.server.KillAndStart()
	check("after a power cut")
}

const inUse = "The target exists, contains other items, or is in use."

// While an operation goes on it is pending for those who poll it, hidden from lists, and named among the operations.
func pendingIsShown(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	expect(t, "operations of a quiet server", y.counters(), counters{})
	expect(t, "pending operations of a quiet server", y.once(http.MethodGet, "/operations/pending", nil).Body, `{"pendingoperations":[]}`+"\n")
	y.refuses(http.MethodGet, "/operations/pending/"+nowhere, nil, 404, "Id not found: "+nowhere)

	slow(y)
	place := y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)})
	a := y.once(http.MethodGet, place, nil)
	expect(t, "pending", a.Status, http.StatusOK)
	expect(t, "it says so", a.Header.Get("X-Pending"), "true")
	expect(t, "and nothing else", a.Body, "")
	expect(t, "a volume that is being made is not listed", y.once(http.MethodGet, "/volumes", nil).Body, `{"volumes":[]}`+"\n")
	expect(t, "operations", y.counters(), counters{Total: 1, InFlight: 1, New: 1})
	var all struct {
		Pending []pending `json:"pendingoperations"`
	}
	y.get("/operations/pending", &all)
	id := strings.TrimPrefix(place, "/queue/")
	if len(all.Pending) != 1 {
		t.Fatalf("pending operations: %v", all.Pending)
	}
	expect(t, "pending operation", all.Pending[0], pending{id, "create-volume", "", "in-flight"})
	y.changesAreNamed(id)
	n := y.walk().nodes[0]
	y.refuses(http.MethodGet, "/devices/"+n.Devices[0].ID+"/resync", nil, 500, inUse)
	done, err := y.admin.Follow(y.ctx, place)
	expectThat(t, "it ends well", err == nil && done.Status == http.StatusOK, done.Body)
	expect(t, "operations in the end", y.counters(), counters{})
	y.refuses(http.MethodGet, "/operations/pending/"+id, nil, 404, "Id not found: "+id)

	y.ends(http.MethodPost, "/operations/pending/cleanup", obj{})
	y.ends(http.MethodPost, "/operations/pending/cleanup", obj{"operations": list{nowhere}})
	var v volume
	if err := done.JSON(&v); err != nil {
		t.Fatal(err)
	}
	y.busyIsRefused(v)
}

// slow starts the server again with machines that take their time.
func slow(y *yard) {
	y.Helper()
	y.server.Stop()
	y.server.SetEnv("YARDMASTER_SIM_LATENCY=60ms")
	y.server.Start()
}

type pending struct {
	ID   string `json:"id"`
	Type string `json:"type_name"`
	Is   string `json:"status"`
	Sub  string `json:"sub_status"`
}

type counters struct {
	Total    int `json:"total"`
	InFlight int `json:"in_flight"`
	Stale    int `json:"stale"`
	Failed   int `json:"failed"`
	New      int `json:"new"`
}

func (y *yard) counters() counters {
	y.Helper()
	var c counters
	y.get("/operations", &c)
	return c
}

func (y *yard) changesAreNamed(id string) {
	y.Helper()
	var op struct {
		pending
		Changes []struct{ ID, Description string }
	}
	y.get("/operations/pending/"+id, &op)
	expect(y, "id", op.ID, id)
	words := map[string]int{}
	for _, c := range op.Changes {
		words[c.Description]++
		expect(y, "id of a change", isID(c.ID), true)
	}
	expect(y, "volumes to be added", words["Add volume"], 1)
	expect(y, "bricks to be added", words["Add brick"], 3)
}

// busyIsRefused asks what a volume says while it is being deleted or expanded.
func (y *yard) busyIsRefused(v volume) {
	y.Helper()
	path := "/volumes/" + v.ID
	place := y.accepted(http.MethodPost, path+"/expand", obj{"expand_size": 1})
	y.refused("delete while it grows", y.once(http.MethodDelete, path, nil), 500, "Failed to set up volume delete: "+inUse)
	y.refused("evict while it grows", y.once(http.MethodPost, "/bricks/to-evict/"+v.Bricks[0].ID, obj{}), 500,
		"Failed to set up brick eviction: Can not evict brick "+v.Bricks[0].ID+" from volume "+v.ID+": volume has pending bricks")
	expect(y, "a volume that grows is still there", y.once(http.MethodGet, path, nil).Status, http.StatusOK)
	if a, err := y.admin.Follow(y.ctx, place); err != nil || a.Status != http.StatusOK {
		y.Fatalf("expand: %v %v", a, err)
	}
	place = y.accepted(http.MethodDelete, path, nil)
	y.gone(path)
	expect(y, "nor is it listed while it goes", y.once(http.MethodGet, "/volumes", nil).Body, `{"volumes":[]}`+"\n")
	if a, err := y.admin.Follow(y.ctx, place); err != nil || a.Status != http.StatusNoContent {
		y.Fatalf("delete: %v %v", a, err)
	}
}

// When as much is under way as may be, more is turned away with a time to come back, and a client that comes back is served.
func busyServersSaySo(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{Heketi: obj{"max_inflight_operations": 1}, Env: []string{"YARDMASTER_OPERATIONS_RETRY_AFTER=1s"}})
	var v volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(3)}, &v)
	slow(y)
	place := y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)})
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/volumes", obj{"size": 1}}, {"DELETE", "/volumes/" + v.ID, nil}, {"POST", "/volumes/" + v.ID + "/expand", obj{"expand_size": 1}},
		{"POST", "/volumes/" + v.ID + "/clone", obj{}}, {"POST", "/bricks/to-evict/" + v.Bricks[0].ID, obj{}},
	} {
		a := y.once(r.method, r.path, r.body)
		y.refused(r.method+" "+r.path, a, 429, "Server busy. Retry operation later.")
		expect(t, r.path+": when to come back", a.Header.Get("Retry-After"), "1")
	}
	expect(t, "reading goes on", y.once(http.MethodGet, "/volumes/"+v.ID, nil).Status, http.StatusOK)
	n := y.node(v.Bricks[0].Node)
	y.ends(http.MethodPost, "/nodes/"+n.ID+"/state", obj{"state": "online"}) // is not counted
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)                         // comes back until it is let in
	if a, err := y.admin.Follow(y.ctx, place); err != nil || a.Status != http.StatusOK {
		t.Fatalf("the one under way: %v %v", a, err)
	}
}
