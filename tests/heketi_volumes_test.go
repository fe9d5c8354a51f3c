package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

const gib = 1 << 20 // in the KiB of bricks and devices

func replica(n int) obj { return obj{"type": "replicate", "replicate": obj{"replica": n}} }

func dispersed(data, redundancy int) obj {
	return obj{"type": "disperse", "disperse": obj{"data": data, "redundancy": redundancy}}
}

// sizes are the bricks' sizes, smallest first.
func sizes(v volume) []uint64 {
	var all []uint64
	for _, b := range v.Bricks {
		all = append(all, b.Size)
	}
	slices.Sort(all)
	return all
}

// apart says whether the bricks lie on as many nodes as there are bricks.
func apart(v volume) bool {
	nodes := map[string]bool{}
	for _, b := range v.Bricks {
		nodes[b.Node] = true
	}
	return len(nodes) == len(v.Bricks)
}

func times(n int, size uint64) []uint64 { return slices.Repeat([]uint64{size}, n) }

// Every durability makes the bricks that it says, on nodes apart, and they are where the devices say they are.
func volumesOfEachKind(t *testing.T) {
	y := stocked(t, 12, 1, harness.Options{})
	plain := obj{"size": 100}
	with := func(o obj, more ...any) obj {
		out := obj{"size": 100, "durability": o}
		for i := 0; i+1 < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	arbiter := list{"user.heketi.arbiter true"}
	for _, c := range []struct {
		name  string
		body  obj
		sizes []uint64
		says  string // its durability, as asked
	}{
		{"nothing said", plain, times(1, 100*gib), `"durability":{"type":"none","replicate":{},"disperse":{}}`},
		{"none", with(obj{"type": "none"}), times(1, 100*gib), `"durability":{"type":"none","replicate":{},"disperse":{}}`},
		{"replica by default", with(obj{"type": "replicate"}), times(2, 100*gib), `"durability":{"type":"replicate","replicate":{},"disperse":{}}`},
		{"replica 1", with(replica(1)), times(1, 100*gib), `"durability":{"type":"replicate","replicate":{"replica":1},"disperse":{}}`},
		{"replica 2", with(replica(2)), times(2, 100*gib), `"durability":{"type":"replicate","replicate":{"replica":2},"disperse":{}}`},
		{"replica 3", with(replica(3)), times(3, 100*gib), `"durability":{"type":"replicate","replicate":{"replica":3},"disperse":{}}`},
		{"disperse 2+1", with(dispersed(2, 1)), times(3, 50*gib), `"durability":{"type":"disperse","replicate":{},"disperse":{"data":2,"redundancy":1}}`},
		{"disperse 4+2", with(dispersed(4, 2)), times(6, 25*gib), `"durability":{"type":"disperse","replicate":{},"disperse":{"data":4,"redundancy":2}}`},
		{"disperse 8+3", with(dispersed(8, 3)), times(11, 25*gib/2), `"durability":{"type":"disperse","replicate":{},"disperse":{"data":8,"redundancy":3}}`},
		{"disperse 8+4", with(dispersed(8, 4)), times(12, 25*gib/2), `"durability":{"type":"disperse","replicate":{},"disperse":{"data":8,"redundancy":4}}`},
		{"arbiter", with(replica(3), "glustervolumeoptions", arbiter), append(times(1, 100*gib/64), times(2, 100*gib)...), `"replicate":{"replica":3}`},
		{"arbiter for large files", with(replica(3), "glustervolumeoptions", append(arbiter, "user.heketi.average-file-size 1024")), append(times(1, 100*gib/1024), times(2, 100*gib)...), `"replicate":{"replica":3}`},
		{"arbiter for huge files", with(replica(3), "glustervolumeoptions", append(arbiter, "user.heketi.average-file-size 100000")), append(times(1, 16<<10), times(2, 100*gib)...), `"replicate":{"replica":3}`},
	} {
		var v volume
		y.makes("/volumes", c.body, &v)
		expectThat(t, c.name+": bricks", slices.Equal(sizes(v), c.sizes), sizes(v))
		expect(t, c.name+": nodes apart", apart(v), true)
		expect(t, c.name+": size", v.Size, 100)
		body := y.once(http.MethodGet, "/volumes/"+v.ID, nil).Body
		expectThat(t, c.name+": says", strings.Contains(body, c.says), body)
		y.bricksAreWhereTheySay(c.name, v)
		y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
		y.gone("/volumes/" + v.ID)
	}
	for _, n := range y.walk().nodes {
		expect(t, "space used at the end on "+n.Hostnames.Manage[0], n.Devices[0].Storage.Used, 0)
		expect(t, "bricks at the end on "+n.Hostnames.Manage[0], len(n.Devices[0].Bricks), 0)
	}
}

func (y *yard) bricksAreWhereTheySay(name string, v volume) {
	y.Helper()
	for _, b := range v.Bricks {
		expect(y, name+": brick names its volume", b.Volume, v.ID)
		expect(y, name+": brick path", b.Path, "/var/lib/heketi/mounts/vg_"+b.Device+"/brick_"+b.ID+"/brick")
		var d device
		y.get("/devices/"+b.Device, &d)
		expect(y, name+": device lists it", slices.Contains(d.Bricks, b), true)
	}
}

// A volume has the name, group, options, mount and room for snapshots that were asked for, or those that it gets by itself.
func volumesInDetail(t *testing.T) {
	y := stocked(t, 4, 1, harness.Options{})
	c := y.walk().clusters[0]
	var v volume
	y.makes("/volumes", obj{"size": 100, "durability": replica(3)}, &v)
	expect(t, "id", isID(v.ID), true)
	expect(t, "name", v.Name, "vol_"+v.ID)
	expect(t, "cluster", v.Cluster, c.ID)
	expect(t, "snapshots", v.Snapshot.Enable, false)
	expect(t, "snapshot factor when off", v.Snapshot.Factor, 1)
	expectThat(t, "options always have the two empty ones", slices.Equal(v.Options, []string{"", ""}), v.Options)
	y.mountNamesEveryNode(v, c)
	expectThat(t, "no group is not told", !strings.Contains(y.once(http.MethodGet, "/volumes/"+v.ID, nil).Body, `"gid"`), "gid")
	var used uint64
	for _, b := range v.Bricks {
		var d device
		y.get("/devices/"+b.Device, &d)
		used = d.Storage.Used
	}
	expect(t, "a brick of 100 GiB takes its pool and half a percent for metadata", used, 100*gib+100*gib/200)

	var odd volume
	y.makes("/volumes", obj{"size": 10, "name": "My_vol-1", "gid": 590, "durability": replica(3),
		"glustervolumeoptions": list{"performance.rda-cache-limit 10MB"}, "snapshot": obj{"enable": true, "factor": 1.5}}, &odd)
	expect(t, "name", odd.Name, "My_vol-1")
	expect(t, "group", odd.GID, 590)
	expectThat(t, "options", slices.Equal(odd.Options, []string{"", "performance.rda-cache-limit 10MB", ""}), odd.Options)
	expect(t, "snapshots", odd.Snapshot.Enable, true)
	expect(t, "snapshot factor", odd.Snapshot.Factor, 1.5)
	expectThat(t, "bricks have the size without snapshots", slices.Equal(sizes(odd), times(3, 10*gib)), sizes(odd))
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	for _, b := range odd.Bricks {
		var d device
		y.get("/devices/"+b.Device, &d)
		expect(t, "with room for snapshots a brick takes more", d.Storage.Used, uint64(15*gib+80<<10))
	}
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1, "name": "My_vol-1"}, 500, "Failed to allocate new volume: Volume name 'My_vol-1' already in use")

	var keep volume
	y.makes("/volumes", obj{"size": 2, "name": "heketidbstorage", "durability": replica(3)}, &keep)
	y.refuses(http.MethodDelete, "/volumes/"+keep.ID, nil, 409, "Cannot delete volume containing the Heketi database")
	y.refuses(http.MethodDelete, "/volumes/"+nowhere, nil, 404, "Id not found")
	var ids struct{ Volumes []string }
	y.get("/volumes", &ids)
	expect(t, "volumes", len(ids.Volumes), 2)
	expect(t, "their ids are sorted", sorted(ids.Volumes), true)
}

func (y *yard) mountNamesEveryNode(v volume, c cluster) {
	y.Helper()
	var storage []string
	for _, id := range c.Nodes {
		storage = append(storage, y.node(id).Hostnames.Storage[0])
	}
	m := v.Mount.GlusterFS
	expectThat(y, "mount names the storage host of every node", slices.Equal(m.Hosts, storage), m.Hosts)
	expect(y, "mount device", m.Device, storage[0]+":"+v.Name)
	expect(y, "the other hosts stand by", m.Options["backup-volfile-servers"], strings.Join(storage[1:], ","))
}
