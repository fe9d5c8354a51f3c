package tests

import (
	"net/http"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// The real clients, at their real pace, get through a volume's life: heketi-cli and the Go client look every 400 ms with
// tokens of a minute, the Python client every second with tokens of one and a body "{}" on everything.
func clientsAtTheirPace(t *testing.T) {
	y := stocked(t, 4, 1, harness.Options{})
	for _, style := range []heketiclient.Style{heketiclient.Go, heketiclient.Python} {
		c := y.client("admin", harness.AdminKey, style)
		do := func(method, path string, body any, status int) heketiclient.Answer {
			t.Helper()
			a, err := c.Do(y.ctx, method, path, body)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, style.String()+": "+method+" "+path, a.Status, status)
			return a
		}
		a := do(http.MethodPost, "/volumes", obj{"size": 5, "name": "by-" + style.String(), "durability": replica(3)}, 200)
		var v volume
		if err := a.JSON(&v); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/clusters", "/clusters/" + v.Cluster, "/nodes/" + v.Bricks[0].Node, "/devices/" + v.Bricks[0].Device, "/volumes", "/volumes/" + v.ID} {
			do(http.MethodGet, path, nil, 200)
		}
		do(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": 5}, 200)
		var copied volume
		if err := do(http.MethodPost, "/volumes/"+v.ID+"/clone", obj{}, 200).JSON(&copied); err != nil {
			t.Fatal(err)
		}
		device := v.Bricks[0].Device
		do(http.MethodPost, "/devices/"+device+"/state", obj{"state": "offline"}, 204)
		do(http.MethodPost, "/devices/"+device+"/state", obj{"state": "online"}, 204)
		do(http.MethodGet, "/devices/"+device+"/resync", nil, 204)
		do(http.MethodDelete, "/volumes/"+copied.ID, nil, 204)
		do(http.MethodDelete, "/volumes/"+v.ID, nil, 204)
		do(http.MethodGet, "/volumes/"+v.ID, nil, 404)
		do(http.MethodDelete, "/devices/"+device, nil, 400)
	}
}

// The lists and the tree that Heketi never had are there beside its own routes.
func additionsAnswer(t *testing.T) {
	y := stocked(t, 3, 2, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(3)}, &v)
	var ids struct{ Nodes, Devices []string }
	y.get("/nodes", &ids)
	y.get("/devices", &ids)
	expect(t, "nodes", len(ids.Nodes), 3)
	expect(t, "devices", len(ids.Devices), 6)
	expect(t, "sorted", sorted(ids.Nodes) && sorted(ids.Devices), true)
	var whole struct {
		Clusters []struct {
			ID      string
			Nodes   []node
			Volumes []volume
		}
	}
	y.get("/topology", &whole)
	expect(t, "clusters of the tree", len(whole.Clusters), 1)
	expect(t, "nodes of the tree", len(whole.Clusters[0].Nodes), 3)
	expect(t, "devices of a node", len(whole.Clusters[0].Nodes[0].Devices), 2)
	expect(t, "volumes of the tree", len(whole.Clusters[0].Volumes), 1)
	expect(t, "bricks of a volume", len(whole.Clusters[0].Volumes[0].Bricks), 3)
	a := y.once(http.MethodGet, "/healthz", nil)
	expect(t, "health", a.Body, "OK")
	expect(t, "ready", y.once(http.MethodGet, "/readyz", nil).Status, http.StatusOK)
}
