package tests

import (
	"net/http"
	"testing"

	"yardmaster/tests/harness"
)

// A cluster is made with the flags that are sent, changes them, and goes when it is empty.
func clustersLive(t *testing.T) {
	y := begin(t, harness.Options{})
	a := y.once(http.MethodPost, "/clusters", obj{})
	expect(t, "a cluster of {}", a.Status, http.StatusCreated)
	expect(t, "its content type", a.Header.Get("Content-Type"), "application/json; charset=UTF-8")
	var bare cluster
	if err := a.JSON(&bare); err != nil {
		t.Fatal(err)
	}
	expect(t, "id", isID(bare.ID), true)
	expect(t, "a flag that is not sent is false", bare.File || bare.Block, false)
	expect(t, "its body", a.Body, `{"id":"`+bare.ID+`","nodes":[],"volumes":[],"block":false,"file":false,"blockvolumes":[]}`+"\n")
	expect(t, "read back", y.once(http.MethodGet, "/clusters/"+bare.ID, nil).Body, a.Body)

	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: Cluster has disabled all volume types")
	a = y.once(http.MethodPost, "/clusters/"+bare.ID+"/flags", obj{"block": true})
	expect(t, "flags", a.Status, http.StatusOK)
	expect(t, "flags answer nothing", a.Body, "")
	var c cluster
	y.get("/clusters/"+bare.ID, &c)
	expect(t, "block is set", c.Block, true)
	expect(t, "file is not", c.File, false)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: Cluster does not support requested volume type")
	expect(t, "flags again", y.once(http.MethodPost, "/clusters/"+bare.ID+"/flags", obj{"file": true}).Status, http.StatusOK)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: No nodes in cluster")

	y.refuses(http.MethodPost, "/clusters/"+nowhere+"/flags", obj{}, 404, "Id not found")
	y.refuses(http.MethodGet, "/clusters/"+nowhere, nil, 404, "Id not found")
	y.refuses(http.MethodDelete, "/clusters/"+nowhere, nil, 404, "Id not found")

	var n node
	y.makes("/nodes", obj{"zone": 1, "cluster": c.ID, "hostnames": obj{"manage": list{"m1"}, "storage": list{"s1"}}}, &n)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: No online storage devices in cluster")
	y.refuses(http.MethodDelete, "/clusters/"+c.ID, nil, 409, "Unable to delete cluster ["+c.ID+"] because it contains volumes and/or nodes")
	y.ends(http.MethodDelete, "/nodes/"+n.ID, nil)
	a = y.once(http.MethodDelete, "/clusters/"+c.ID, nil)
	expect(t, "an empty cluster goes", a.Status, http.StatusOK)
	expect(t, "and answers nothing", a.Body, "")
	y.gone("/clusters/" + c.ID)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 400, "No clusters configured")
	y.refuses(http.MethodPost, "/blockvolumes", obj{"size": 1}, 400, "No clusters configured")
}
