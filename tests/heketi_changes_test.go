package tests

import (
	"net/http"
	"slices"
	"testing"

	"yardmaster/tests/harness"
)

// A volume grows by whole brick sets, and says why when it cannot.
func volumesExpand(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{Env: []string{"HEKETI_MOCK_DEVICE_SIZE_GB=60"}})
	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3), "gid": 1000}, &v)
	place := y.accepted(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": 20})
	done, err := y.admin.Follow(y.ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "expand", done.Status, http.StatusOK)
	var grown volume
	if err := done.JSON(&grown); err != nil {
		t.Fatal(err)
	}
	expect(t, "it is the same volume", grown.ID, v.ID)
	expect(t, "size", grown.Size, 30)
	expectThat(t, "bricks", slices.Equal(sizes(grown), append(times(3, 10*gib), times(3, 20*gib)...)), sizes(grown))
	y.bricksAreWhereTheySay("expanded", grown)

	const prefix = "Failed to allocate volume expansion: "
	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": 100}, 500, prefix+"Maximum number of bricks reached.")
	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": 0}, 400, "validation failed: expand_size: cannot be blank.")
	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": -1}, 400, "validation failed: expand_size: must be no less than 1.")
	y.refuses(http.MethodPost, "/volumes/"+nowhere+"/expand", obj{"expand_size": 1}, 404, "Id not found")
	var filler volume
	y.makes("/volumes", obj{"size": 29, "durability": replica(3)}, &filler)
	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/expand", obj{"expand_size": 2}, 500, prefix+"Minimum brick size limit reached.  Out of space.")
	var same volume
	y.get("/volumes/"+v.ID, &same)
	expect(t, "size after refusals", same.Size, 30)
	expect(t, "bricks after refusals", len(same.Bricks), 6)
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	y.ends(http.MethodDelete, "/volumes/"+filler.ID, nil)
	for _, n := range y.walk().nodes {
		expect(t, "space used in the end", n.Devices[0].Storage.Used, 0)
	}
}

// A clone is a volume of its own that shares its origin's space; either may go first.
func volumesClone(t *testing.T) {
	y := stocked(t, 4, 2, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 10, "durability": replica(3)}, &v)
	before := y.used()
	var c volume
	y.makes("/volumes/"+v.ID+"/clone", obj{"name": "copy"}, &c)
	expect(t, "it is another volume", c.ID != v.ID, true)
	expect(t, "name", c.Name, "copy")
	expect(t, "size", c.Size, 10)
	expect(t, "cluster", c.Cluster, v.Cluster)
	expect(t, "durability", c.Durability, v.Durability)
	expect(t, "bricks", len(c.Bricks), 3)
	expect(t, "a clone takes no space of its own", y.used(), before)
	for _, b := range c.Bricks {
		at := slices.IndexFunc(v.Bricks, func(o brick) bool { return o.Device == b.Device })
		expect(t, "each brick lies beside one of the origin's", at >= 0, true)
	}
	var unnamed volume
	y.makes("/volumes/"+v.ID+"/clone", obj{}, &unnamed)
	expect(t, "name by itself", unnamed.Name, "vol_"+unnamed.ID)

	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/clone", obj{"name": "a b"}, 400, "validation failed: name: must be in a valid format.")
	y.refuses(http.MethodPost, "/volumes/"+nowhere+"/clone", obj{}, 404, "Id not found")
	y.refuses(http.MethodPost, "/volumes/"+v.ID+"/clone", obj{"name": "copy"}, 500, "Failed clone volume "+v.ID+": Volume name 'copy' already in use")

	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	expect(t, "the clones still hold the space", y.used(), before)
	y.ends(http.MethodDelete, "/volumes/"+c.ID, nil)
	var third volume
	y.makes("/volumes/"+unnamed.ID+"/clone", obj{}, &third) // a clone of a clone whose origin is gone
	y.ends(http.MethodDelete, "/volumes/"+unnamed.ID, nil)
	y.ends(http.MethodDelete, "/volumes/"+third.ID, nil)
	expect(t, "space used in the end", y.used(), 0)
}

// used is the space that bricks take on all devices, in KiB.
func (y *yard) used() (kib uint64) {
	y.Helper()
	for _, n := range y.walk().nodes {
		for _, d := range n.Devices {
			kib += d.Storage.Used
		}
	}
	return kib
}
