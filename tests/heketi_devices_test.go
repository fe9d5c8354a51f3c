package tests

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// A device is added, tagged, measured again, failed and deleted.
func devicesLive(t *testing.T) {
	y := begin(t, harness.Options{})
	id := y.newCluster(nil, nil)
	var n node
	y.makes("/nodes", obj{"zone": 1, "cluster": id, "hostnames": hosts("m1", "s1")}, &n)

	place := y.accepted(http.MethodPost, "/devices", obj{"node": n.ID, "name": "/dev/disk/by-id/x_1-2:3.4", "tags": obj{"ssd": "yes"}})
	a, err := y.admin.Follow(y.ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "a new device is told of by 204", a.Status, http.StatusNoContent)
	expect(t, "without a location", a.Header.Get("Location"), "")
	devices := y.node(n.ID).Devices
	if len(devices) != 1 {
		t.Fatalf("%d devices on the node, want 1", len(devices))
	}
	d := devices[0]
	expect(t, "id", isID(d.ID), true)
	expect(t, "name", d.Name, "/dev/disk/by-id/x_1-2:3.4")
	expect(t, "tag", d.Tags["ssd"], "yes")
	expect(t, "state", d.State, "online")
	expectThat(t, "PV UUID", d.PVUUID != "", d.PVUUID)
	const gib = 1 << 20
	expectThat(t, "the mock's devices have 500 GiB less what LVM takes", d.Storage.Total <= 500*gib && d.Storage.Total > 499*gib, d.Storage.Total)
	expect(t, "all of it is free", d.Storage.Free, d.Storage.Total)
	expect(t, "none is used", d.Storage.Used, 0)
	raw := y.once(http.MethodGet, "/devices/"+d.ID, nil)
	expectThat(t, "sizes are under storage", strings.Contains(raw.Body, `"storage":{"total":`), raw.Body)
	expectThat(t, "no bricks is a list", strings.Contains(raw.Body, `"bricks":[]`), raw.Body)

	y.refuses(http.MethodPost, "/devices", obj{"node": nowhere, "name": "/dev/sdb"}, 404, "Node id does not exist")
	twice := y.do(http.MethodPost, "/devices", obj{"node": n.ID, "name": d.Name})
	expect(t, "a device in use is refused by LVM", twice.Status, http.StatusInternalServerError)
	expectThat(t, "in its words", strings.Contains(twice.Body, d.Name), twice.Body)
	expect(t, "and is not listed twice", len(y.node(n.ID).Devices), 1)

	a = y.once(http.MethodGet, "/devices/"+d.ID+"/resync", nil)
	expect(t, "a resync is a GET that is accepted", a.Status, http.StatusAccepted)
	expect(t, "as a redirect", a.Body, `<a href="`+a.Header.Get("Location")+`">Accepted</a>.`+"\n\n")
	expect(t, "in HTML", a.Header.Get("Content-Type"), "text/html; charset=utf-8")
	measured, err := y.admin.Follow(y.ctx, a.Header.Get("Location"))
	expectThat(t, "and ends with 204", err == nil && measured.Status == http.StatusNoContent, measured)
	var after device
	y.get("/devices/"+d.ID, &after)
	expect(t, "sizes after a resync", after.Storage, d.Storage)

	y.tags("/devices/"+d.ID, `{"ssd":"yes"}`)
	y.refuses(http.MethodDelete, "/devices/"+d.ID, nil, 400, "device: "+d.ID+" is not in failed state")
	y.states("/devices/"+d.ID, "Device", "device:"+d.ID, "Cannot move a failed/removed device to ")
	y.ends(http.MethodPost, "/devices/"+d.ID+"/state", obj{"state": "offline"}) // a failed device may come back as far as that
	y.ends(http.MethodPost, "/devices/"+d.ID+"/state", obj{"state": "failed"})

	expect(t, "a broken body is seen", y.once(http.MethodDelete, "/devices/"+d.ID, "{").Status, http.StatusUnprocessableEntity)
	y.ends(http.MethodDelete, "/devices/"+d.ID, nil)
	y.gone("/devices/" + d.ID)
	forgotten := y.device(n.ID, d.Name)
	y.ends(http.MethodPost, "/devices/"+forgotten.ID+"/state", obj{"state": "offline"})
	y.ends(http.MethodPost, "/devices/"+forgotten.ID+"/state", obj{"state": "failed"})
	y.ends(http.MethodDelete, "/devices/"+forgotten.ID, obj{"forceforget": true})
	wiped := obj{"node": n.ID, "name": d.Name, "destroydata": true}
	y.ends(http.MethodPost, "/devices", wiped)

	for _, r := range []struct{ method, path string }{
		{http.MethodGet, ""}, {http.MethodDelete, ""}, {http.MethodGet, "/resync"},
	} {
		y.refuses(r.method, "/devices/"+nowhere+r.path, nil, 404, "Id not found")
	}
	y.refuses(http.MethodPost, "/devices/"+nowhere+"/state", obj{"state": "online"}, 404, "Id not found")
	y.refuses(http.MethodPost, "/devices/"+nowhere+"/tags", obj{"change_type": "set", "tags": obj{}}, 404, "Id not found")
}
