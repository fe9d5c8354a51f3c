package tests

import (
	"net/http"
	"slices"
	"testing"

	"yardmaster/tests/harness"
)

const noReplacement = "No Replacement was found for resource requested to be removed"

// A device that is removed gives its bricks to others first, and the volumes stay whole.
func devicesAreEvacuated(t *testing.T) {
	y := stocked(t, 4, 2, harness.Options{})
	var made []volume
	for range 4 {
		var v volume
		y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &v)
		made = append(made, v)
	}
	leaving := made[0].Bricks[0].Device
	y.refuses(http.MethodPost, "/devices/"+leaving+"/state", obj{"state": "failed"}, 500,
		"Device must be offline before remove operation is performed, device:"+leaving)
	y.ends(http.MethodPost, "/devices/"+leaving+"/state", obj{"state": "offline"})
	var elsewhere volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &elsewhere)
	expect(t, "nothing new comes to an offline device", onDevice(elsewhere, leaving), false)
	y.refuses(http.MethodDelete, "/devices/"+leaving, nil, 400, "device: "+leaving+" is not in failed state")

	y.ends(http.MethodPost, "/devices/"+leaving+"/state", obj{"state": "failed"})
	var d device
	y.get("/devices/"+leaving, &d)
	expect(t, "state", d.State, "failed")
	expect(t, "bricks left", len(d.Bricks), 0)
	expect(t, "space left in use", d.Storage.Used, 0)
	for _, was := range made {
		is := y.volume(was.ID)
		expect(t, "bricks of a volume", len(is.Bricks), 3)
		expect(t, "on nodes apart", apart(is), true)
		expect(t, "none on the device that left", onDevice(is, leaving), false)
		y.bricksAreWhereTheySay("evacuated", is)
	}
	y.ends(http.MethodDelete, "/devices/"+leaving, nil)
	for _, n := range y.walk().nodes {
		expect(t, "the node does not list it any more", slices.ContainsFunc(n.Devices, func(d device) bool { return d.ID == leaving }), false)
	}
	for _, v := range append(made, elsewhere) {
		y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	}
	expect(t, "space used in the end", y.used(), 0)
}

func onDevice(v volume, device string) bool {
	return slices.ContainsFunc(v.Bricks, func(b brick) bool { return b.Device == device })
}

// A node that is removed gives away the bricks of all its devices, and can then be taken apart.
func nodesAreEvacuated(t *testing.T) {
	y := stocked(t, 4, 2, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &v)
	leaving := y.node(v.Bricks[0].Node)
	path := "/nodes/" + leaving.ID
	y.refuses(http.MethodPost, path+"/state", obj{"state": "failed"}, 500, "Node must be offline before remove operation is performed, node:"+leaving.ID)
	y.ends(http.MethodPost, path+"/state", obj{"state": "offline"})
	y.ends(http.MethodPost, path+"/state", obj{"state": "failed"})
	expect(t, "state", y.node(leaving.ID).State, "failed")
	y.refuses(http.MethodPost, path+"/state", obj{"state": "offline"}, 500, "Cannot move a failed/removed node to offline state")
	is := y.volume(v.ID)
	expect(t, "bricks", len(is.Bricks), 3)
	expect(t, "on nodes apart", apart(is), true)
	expect(t, "none on the node", slices.ContainsFunc(is.Bricks, func(b brick) bool { return b.Node == leaving.ID }), false)
	for _, d := range y.node(leaving.ID).Devices {
		expect(t, "bricks of its devices", len(d.Bricks), 0)
		if d.State != "failed" {
			y.ends(http.MethodPost, "/devices/"+d.ID+"/state", obj{"state": "offline"})
			y.ends(http.MethodPost, "/devices/"+d.ID+"/state", obj{"state": "failed"})
		}
		y.ends(http.MethodDelete, "/devices/"+d.ID, nil)
	}
	y.ends(http.MethodDelete, path, nil)
	y.gone(path)
	mount := y.volume(v.ID).Mount.GlusterFS
	expect(t, "what clients mount forgets the node", slices.Contains(mount.Hosts, leaving.Hostnames.Storage[0]), false)
	expect(t, "and names the rest", len(mount.Hosts), 3)
}

// Where no other place is, a removal is refused in words that name the device, and nothing changes.
func removalNeedsAPlace(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &v)
	d, n := v.Bricks[0].Device, v.Bricks[0].Node
	y.ends(http.MethodPost, "/devices/"+d+"/state", obj{"state": "offline"})
	y.refuses(http.MethodPost, "/devices/"+d+"/state", obj{"state": "failed"}, 500,
		"Unable to delete device ["+d+"] as no device was found to replace it: "+noReplacement)
	y.ends(http.MethodPost, "/devices/"+d+"/state", obj{"state": "online"})
	y.ends(http.MethodPost, "/nodes/"+n+"/state", obj{"state": "offline"})
	y.refuses(http.MethodPost, "/nodes/"+n+"/state", obj{"state": "failed"}, 500,
		"Unable to remove node ["+n+"] as no device was found to replace device ["+d+"]")
	expect(t, "the node is as it was", y.node(n).State, "offline")
	y.ends(http.MethodPost, "/nodes/"+n+"/state", obj{"state": "online"})
	is := y.volume(v.ID)
	expectThat(t, "the bricks are where they were", slices.Equal(is.Bricks, v.Bricks), is.Bricks)
	y.refuses(http.MethodPost, "/bricks/to-evict/"+v.Bricks[0].ID, obj{}, 500, noReplacement)
}

// A brick is moved off its device by itself.
func bricksAreEvicted(t *testing.T) {
	y := stocked(t, 4, 1, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &v)
	for _, body := range []any{nil, obj{}, obj{"healcheck": "disable"}, obj{"healcheck": "enable"}} {
		out := y.volume(v.ID).Bricks[0]
		y.ends(http.MethodPost, "/bricks/to-evict/"+out.ID, body)
		is := y.volume(v.ID)
		expect(t, "bricks", len(is.Bricks), 3)
		expect(t, "on nodes apart", apart(is), true)
		expect(t, "the brick is gone", slices.ContainsFunc(is.Bricks, func(b brick) bool { return b.ID == out.ID }), false)
		y.bricksAreWhereTheySay("evicted", is)
		y.refuses(http.MethodPost, "/bricks/to-evict/"+out.ID, body, 404, "Id not found")
		expect(t, "size", is.Size, 10)
	}
	y.refuses(http.MethodPost, "/bricks/to-evict/"+v.Bricks[0].ID, obj{"healcheck": "no"}, 400, "validation failed: healcheck: no is not valid heal info check.")
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	expect(t, "space used in the end", y.used(), 0)
}
