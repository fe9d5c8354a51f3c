package tests

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// operation is what the native API says of one.
type operation struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	State    string   `json:"state"`
	Progress string   `json:"progress"`
	Dialect  string   `json:"dialect"`
	Targets  []string `json:"targets"`
	Plan     []string `json:"plan"`
	Journal  []struct {
		Name string
		At   time.Time
	} `json:"journal"`
	Result   string     `json:"result"`
	Error    *opError   `json:"error"`
	Owner    string     `json:"owner"`
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished"`
}

type opError struct{ Code, Message string }

type page struct {
	Operations []operation `json:"operations"`
	Next       string      `json:"next"`
	Total      int         `json:"total"`
}

func (y *yard) operations(query string) page {
	y.Helper()
	var p page
	y.get("/operations?"+query, &p)
	return p
}

func (y *yard) operation(path string) operation {
	y.Helper()
	var op operation
	y.get(path, &op)
	return op
}

func opOf(place string) string { return strings.Replace(place, "/queue/", "/operations/", 1) }

// Operations are listed newest first, in pages, and by state, kind and target.
func TestOperationsAreListed(t *testing.T) {
	y := stocked(t, 3, 2, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(3)}, &v)
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	n := y.walk().nodes[0]
	y.refuses(http.MethodPost, "/nodes/"+n.ID+"/state", obj{"state": "failed"}, 500, "Node must be offline before remove operation is performed, node:"+n.ID)

	all := y.operations("limit=1000").Operations
	expect(t, "operations: 3 nodes, 6 devices, 3 more", len(all), 12)
	for i := 1; i < len(all); i++ {
		expect(t, "newest first", all[i-1].Created.Before(all[i].Created), false)
	}
	for query, want := range map[string]int{
		"kind=node.add": 3, "kind=device.add": 6, "kind=volume.create": 1, "state=failed": 1, "state=succeeded": 11, "state=pending": 0,
		"target=volume/" + v.ID: 2, "target=node/" + n.ID: 2, "kind=volume.create&state=failed": 0, "kind=nothing": 0,
	} {
		expect(t, "operations with "+query, len(y.operations(query).Operations), want)
	}
	var seen []string
	for next := "start"; next != ""; {
		query := "limit=5"
		if next != "start" {
			query += "&after=" + next
		}
		p := y.operations(query)
		expectThat(t, "a page has as many as asked for at most", len(p.Operations) <= 5, len(p.Operations))
		for _, op := range p.Operations {
			seen = append(seen, op.ID)
		}
		next = p.Next
	}
	for i, op := range all {
		if i >= len(seen) || seen[i] != op.ID {
			t.Fatalf("pages do not make the list: %v", seen)
		}
	}
	for _, query := range []string{"state=happy", "limit=0", "limit=x", "limit=100000", "after=%21%21"} {
		a := y.once(http.MethodGet, "/operations?"+query, nil)
		expect(t, "operations with "+query, a.Status, http.StatusBadRequest)
	}

	made := y.operations("kind=volume.create").Operations[0]
	one := y.operation("/operations/" + made.ID)
	expect(t, "state", one.State, "succeeded")
	expect(t, "dialect", one.Dialect, "heketi")
	expect(t, "owner", one.Owner, "admin")
	expect(t, "result", one.Result, "volume/"+v.ID)
	expect(t, "steps done: three bricks and the volume", len(one.Journal), 4)
	expect(t, "end is told", one.Finished != nil, true)
	broken := y.operations("state=failed").Operations[0]
	expectThat(t, "error", broken.Error != nil && strings.HasPrefix(broken.Error.Message, "Node must be offline"), broken.Error)
	a := y.once(http.MethodGet, "/operations/"+nowhere, nil)
	expect(t, "an operation that never was", a.Status, http.StatusNotFound)
	expectThat(t, "errors are JSON", json.Valid([]byte(a.Body)), a.Body)
	for _, path := range []string{"/operations?limit=1000", "/operations/" + made.ID} {
		body := y.once(http.MethodGet, path, nil).Body
		expectThat(t, "what is for machines only is not shown", !strings.Contains(body, `"input"`), body)
	}
}

// Whoever waits for an operation hears of its end when it comes, and of its progress until then.
func TestOperationsAreAwaited(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	slow(y)
	path := opOf(y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)}))
	expect(t, "another's operation is as good as none", y.as(y.user, http.MethodGet, path+"/wait?timeout=1m", nil).Status, http.StatusNotFound)
	now := y.operation(path + "/wait?timeout=0")
	expectThat(t, "it goes on", now.State == "pending" || now.State == "running", now.State)
	expectThat(t, "progress", strings.HasPrefix(now.Progress, "brick "), now.Progress)
	done := y.operation(path + "/wait?timeout=30s")
	expect(t, "state", done.State, "succeeded")
	expect(t, "progress in the end", done.Progress, "")
	again := y.operation(path + "/wait?timeout=30")
	expect(t, "what has ended is told at once", again.State, "succeeded")
	for _, bad := range []string{"x", "-1s", "2h"} {
		expect(t, "timeout "+bad, y.once(http.MethodGet, path+"/wait?timeout="+bad, nil).Status, http.StatusBadRequest)
	}
	expect(t, "nothing to wait for", y.once(http.MethodGet, "/operations/"+nowhere+"/wait", nil).Status, http.StatusNotFound)

}

// A canceled create leaves nothing; what has ended cannot be canceled.
func TestOperationsAreCanceled(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	slow(y)
	place := y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)})
	path := opOf(place)
	a := y.once(http.MethodDelete, path, nil)
	expect(t, "cancel", a.Status, http.StatusAccepted)
	done := y.operation(path + "/wait?timeout=60s")
	expect(t, "state", done.State, "canceled")
	expect(t, "in the queue it is a failure", y.once(http.MethodGet, place, nil).Status, http.StatusInternalServerError)
	expect(t, "volumes", y.once(http.MethodGet, "/volumes", nil).Body, `{"volumes":[]}`+"\n")
	expect(t, "space used", y.used(), 0)
	expect(t, "cancel again", y.once(http.MethodDelete, path, nil).Status, http.StatusConflict)
	expect(t, "cancel nothing", y.once(http.MethodDelete, "/operations/"+nowhere, nil).Status, http.StatusNotFound)
	y.server.Stop()
	y.server.Check()
}

// The stream tells of each change of each operation, in order, and ends when the server stops.
func TestOperationsAreStreamed(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	req, err := http.NewRequestWithContext(y.ctx, http.MethodGet, y.server.URL+"/operations/stream?kind=volume.create", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "bearer "+y.admin.Token(http.MethodGet, "/operations/stream"))
	resp, err := y.admin.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	expect(t, "stream", resp.StatusCode, http.StatusOK)
	expect(t, "its type", resp.Header.Get("Content-Type"), "text/event-stream")

	id := strings.TrimPrefix(y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)}), "/queue/")
	lines := bufio.NewScanner(resp.Body)
	var states []string
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var op operation
		if err := json.Unmarshal([]byte(data), &op); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		expect(t, "operation", op.ID, id)
		states = append(states, op.State)
		if op.State == "succeeded" {
			break
		}
	}
	expect(t, "first state", states[0], "pending")
	expect(t, "last state", states[len(states)-1], "succeeded")
	y.server.Stop()
	for lines.Scan() { // until the server's end of it
	}
}
