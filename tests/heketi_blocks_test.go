package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

func blockHosting(more obj) harness.Options {
	o := harness.Options{Heketi: obj{"auto_create_block_hosting_volume": true, "block_hosting_volume_size": 200}}
	for k, v := range more {
		o.Heketi[k] = v
	}
	return o
}

// A block volume lives its whole life on a hosting volume that is made for it, and others join it there.
func blockVolumesLive(t *testing.T) {
	y := stocked(t, 4, 2, blockHosting(nil))
	var b blockVolume
	y.makes("/blockvolumes", obj{"size": 10}, &b)
	expect(t, "id", isID(b.ID), true)
	expect(t, "name", b.Name, "blockvol_"+b.ID)
	expect(t, "size", b.Size, 10)
	expect(t, "usable size", b.Usable, 10)
	expect(t, "no count of hosts is all of them", len(b.Target.Hosts), 4)
	expect(t, "no password without auth", b.Target.Password+b.Target.Username, "")
	expectThat(t, "IQN", strings.HasPrefix(b.Target.IQN, "iqn."), b.Target.IQN)

	host := y.volume(b.Hosting)
	expect(t, "hosting volume takes blocks", host.Block, true)
	expect(t, "its cluster", host.Cluster, b.Cluster)
	expect(t, "its size", host.Size, 200)
	expect(t, "its replicas", host.Durability.Replicate.Replica, 3)
	expect(t, "98 percent is for block volumes", host.BlockInfo.Free, 196-10)
	expect(t, "the rest is kept", host.BlockInfo.Reserved, 4)
	expectThat(t, "it lists its block volumes", slices.Equal(host.BlockInfo.BlockVolumes, []string{b.ID}), host.BlockInfo.BlockVolumes)
	expectThat(t, "its options", slices.Equal(host.Options, []string{"", "group gluster-block", ""}), host.Options)

	var second blockVolume
	y.makes("/blockvolumes", obj{"size": 20, "name": "data-1", "hacount": 2, "auth": true}, &second)
	expect(t, "name", second.Name, "data-1")
	expect(t, "hosts", len(second.Target.Hosts), 2)
	expect(t, "count of hosts", second.HA, 2)
	expect(t, "it joins the first", second.Hosting, host.ID)
	expectThat(t, "with auth it has a user and a password", second.Target.Username != "" && second.Target.Password != "", second.Target.Username)
	expect(t, "room left", y.volume(host.ID).BlockInfo.Free, 196-30)
	var many blockVolume
	y.makes("/blockvolumes", obj{"size": 1, "hacount": 99}, &many)
	expect(t, "more hosts than there are is all of them", len(many.Target.Hosts), 4)
	y.ends(http.MethodDelete, "/blockvolumes/"+many.ID, nil)

	var same blockVolume
	y.makes("/blockvolumes", obj{"size": 1, "name": "data-1"}, &same)
	expect(t, "a name that is taken on one hosting volume makes another", same.Hosting != host.ID, true)
	y.ends(http.MethodDelete, "/blockvolumes/"+same.ID, nil)
	y.ends(http.MethodDelete, "/volumes/"+same.Hosting, nil)

	y.refuses(http.MethodDelete, "/volumes/"+host.ID, nil, 409, "Cannot delete a block hosting volume containing block volumes")
	y.refuses(http.MethodPost, "/volumes/"+host.ID+"/clone", obj{}, 500, "Failed clone volume "+host.ID+": Cloning of block hosting volumes is not supported")
	y.blockGrows(b, host)
	y.blockIsRestricted(host)

	var ids struct{ BlockVolumes []string }
	y.get("/blockvolumes", &ids)
	expect(t, "block volumes", len(ids.BlockVolumes), 2)
	expect(t, "their ids are sorted", sorted(ids.BlockVolumes), true)
	for _, id := range ids.BlockVolumes {
		y.ends(http.MethodDelete, "/blockvolumes/"+id, nil)
		y.gone("/blockvolumes/" + id)
	}
	y.refuses(http.MethodDelete, "/blockvolumes/"+nowhere, nil, 404, "Id not found")
	expect(t, "room in the end", y.volume(host.ID).BlockInfo.Free, 196)
	y.ends(http.MethodDelete, "/volumes/"+host.ID, nil)
}

func (y *yard) volume(id string) volume {
	y.Helper()
	var v volume
	y.get("/volumes/"+id, &v)
	return v
}

func (y *yard) blockGrows(b blockVolume, host volume) {
	y.Helper()
	path := "/blockvolumes/" + b.ID + "/expand"
	const prefix = "Failed to allocate block volume expansion: "
	var grown blockVolume
	y.makes(path, obj{"new_size": 25}, &grown)
	expect(y, "it is the same block volume", grown.ID, b.ID)
	expect(y, "size", grown.Size, 25)
	expect(y, "usable size", grown.Usable, 25)
	expect(y, "room left", y.volume(host.ID).BlockInfo.Free, 196-20-25)
	y.refuses(http.MethodPost, path, obj{"new_size": 5}, 500, prefix+"Requested new-size 5 is less than current block volume size 25, shrinking is not allowed.")
	y.refuses(http.MethodPost, path, obj{"new_size": 25}, 500, prefix+"Requested new-size 25 is same as current block volume size 25, nothing to be done.")
	y.refuses(http.MethodPost, path, obj{"new_size": 1000}, 500, prefix+"No space")
	y.refuses(http.MethodPost, path, obj{}, 400, "validation failed: new_size: cannot be blank.")
	y.refuses(http.MethodPost, path, obj{"new_size": -1}, 400, "validation failed: new_size: must be no less than 1.")
	y.refuses(http.MethodPost, "/blockvolumes/"+nowhere+"/expand", obj{"new_size": 1}, 404, "Id not found")
}

func (y *yard) blockIsRestricted(host volume) {
	y.Helper()
	path := "/volumes/" + host.ID + "/block-restriction"
	var locked, elsewhere blockVolume
	var v, open, file volume
	y.makes(path, obj{"restriction": "locked"}, &v)
	expect(y, "restriction", v.BlockInfo.Restriction, "locked")
	y.makes("/blockvolumes", obj{"size": 1}, &elsewhere)
	expect(y, "nothing new comes to a locked hosting volume", elsewhere.Hosting != host.ID, true)
	y.makes(path, obj{"restriction": ""}, &open)
	expect(y, "restriction", open.BlockInfo.Restriction, "")
	y.ends(http.MethodDelete, "/blockvolumes/"+elsewhere.ID, nil)
	y.ends(http.MethodDelete, "/volumes/"+elsewhere.Hosting, nil)
	y.makes("/blockvolumes", obj{"size": 1}, &locked)
	expect(y, "an unlocked one is used again", locked.Hosting, host.ID)
	y.ends(http.MethodDelete, "/blockvolumes/"+locked.ID, nil)

	y.refuses(http.MethodPost, path, obj{"restriction": "shut"}, 400, "validation failed: restriction: must be a valid value.")
	y.refuses(http.MethodPost, "/volumes/"+nowhere+"/block-restriction", obj{"restriction": "locked"}, 404, "Id not found")
	y.makes("/volumes", obj{"size": 1}, &file)
	y.refuses(http.MethodPost, "/volumes/"+file.ID+"/block-restriction", obj{"restriction": "locked"}, 500,
		"Failed to set block restriction: Block restrictions can only be set on block hosting volumes")
	y.ends(http.MethodDelete, "/volumes/"+file.ID, nil)
}

// Where no hosting volume has room and none may be made, the reason is told.
func blockVolumesNeedAHost(t *testing.T) {
	const prefix = "Failed to allocate new block volume: "
	y := stocked(t, 3, 1, harness.Options{})
	y.refuses(http.MethodPost, "/blockvolumes", obj{"size": 1}, 500, prefix+"Block Hosting Volume Creation is disabled. Create a Block hosting volume and try again.")
	var host volume
	y.makes("/volumes", obj{"size": 50, "block": true, "durability": replica(3)}, &host)
	expect(t, "hosting volume made by hand", host.BlockInfo.Free, 49)
	var b blockVolume
	y.makes("/blockvolumes", obj{"size": 49}, &b)
	expect(t, "it is used", b.Hosting, host.ID)
	expect(t, "to its end", y.volume(host.ID).BlockInfo.Free, 0)

	y = stocked(t, 3, 1, blockHosting(nil))
	y.refuses(http.MethodPost, "/blockvolumes", obj{"size": 197}, 500, prefix+"The size configured for automatic creation of block hosting volumes (200) "+
		"is too small to host the requested block volume of size 197. The available size on this block hosting volume, minus overhead, is 196. "+
		"Please create a sufficiently large block hosting volume manually.")
}
