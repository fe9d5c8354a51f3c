package heketi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"yardmaster/jobs/volumes"
)

// loaded is a cluster at work with n nodes of two devices each; it returns their ids.
func loaded(t *testing.T, n int, settings ...setting) (y *yard, cluster string, nodes []string) {
	t.Helper()
	y = atWork(t, settings...)
	var c struct{ ID string }
	y.post("/clusters", `{"file":true,"block":true}`).into(&c)
	for i := 1; i <= n; i++ {
		y.sim.AddNode(fmt.Sprintf("node%d", i), fmt.Sprintf("10.0.0.%d", i), map[string]uint64{"/dev/sdb": 500 * volumes.GiB, "/dev/sdc": 500 * volumes.GiB})
		body := fmt.Sprintf(`{"zone":%d,"hostnames":{"manage":["node%d"],"storage":["10.0.0.%d"]},"cluster":%q}`, i, i, i, c.ID)
		a := y.ended(y.post("/nodes", body).operation())
		if a.Code != http.StatusSeeOther {
			t.Fatalf("node %d: %d %q", i, a.Code, a.Body)
		}
		var node struct{ ID string }
		y.get(a.Header().Get("Location")).into(&node)
		nodes = append(nodes, node.ID)
		for _, device := range []string{"/dev/sdb", "/dev/sdc"} {
			y.ended(y.post("/devices", fmt.Sprintf(`{"node":%q,"name":%q}`, node.ID, device)).operation()).is(http.StatusNoContent, "")
		}
	}
	return y, c.ID, nodes
}

type volume struct {
	ID, Name, Cluster string
	Size              int
	Bricks            []struct{ ID, Device, Node, Path string }
	Mount             struct {
		Glusterfs struct {
			Hosts  []string
			Device string
		}
	}
	BlockInfo struct {
		FreeSize, ReservedSize int
		BlockVolume            []string
		Restriction            string
	}
}

// made waits for the volume that a request makes.
func (y *yard) made(a answer) volume {
	y.t.Helper()
	done := y.ended(a.operation())
	if done.Code != http.StatusSeeOther {
		y.t.Fatalf("ended with %d %q", done.Code, done.Body)
	}
	var v volume
	y.get(done.Header().Get("Location")).into(&v)
	return v
}

func TestLifeOfAVolume(t *testing.T) {
	y, cluster, nodes := loaded(t, 3)
	v := y.made(y.as("user", "POST", "/volumes", `{"size":10,"durability":{"type":"replicate","replicate":{"replica":3}}}`))
	if v.Name != "vol_"+v.ID || v.Size != 10 || len(v.Bricks) != 3 || v.Cluster != cluster || len(v.Mount.Glusterfs.Hosts) != 3 {
		t.Fatalf("got %+v", v)
	}
	y.as("user", "GET", "/volumes", "").is(200, `{"volumes":["`+v.ID+`"]}`)
	if a := y.as("user", "GET", "/volumes/"+v.ID, ""); a.Code != 200 {
		t.Errorf("its maker may not read it: %d", a.Code)
	}
	bigger := y.made(y.as("user", "POST", "/volumes/"+v.ID+"/expand", `{"expand_size":5}`))
	if bigger.ID != v.ID || bigger.Size != 15 || len(bigger.Bricks) != 6 {
		t.Errorf("expanded: %+v", bigger)
	}
	clone := y.made(y.as("user", "POST", "/volumes/"+v.ID+"/clone", `{"name":"copy"}`))
	if clone.ID == v.ID || clone.Name != "copy" || clone.Size != 15 || len(clone.Bricks) != 6 {
		t.Errorf("cloned: %+v", clone)
	}
	y.agrees()
	for _, id := range []string{clone.ID, v.ID} {
		path := y.as("user", "DELETE", "/volumes/"+id, "").operation()
		y.ended(path).is(http.StatusNoContent, "")
		y.as("user", "GET", path, "").is(http.StatusNoContent, "")
		y.get("/volumes/"+id).is(404, "Id not found")
	}
	for _, n := range nodes {
		var node struct {
			Devices []struct {
				Storage struct{ Used uint64 }
				Bricks  []any
			}
		}
		y.get("/nodes/" + n).into(&node)
		for _, d := range node.Devices {
			if d.Storage.Used != 0 || len(d.Bricks) != 0 {
				t.Errorf("node %s: left %+v", n, d)
			}
		}
	}
	var check struct{ TotalInconsistencies int }
	a := y.get("/db/check")
	a.into(&check)
	if check.TotalInconsistencies != 0 {
		t.Errorf("db check: %s", a.Body)
	}
}

func TestLifeOfABlockVolume(t *testing.T) {
	y, _, _ := loaded(t, 3)
	done := y.ended(y.post("/blockvolumes", `{"size":10,"hacount":2,"auth":true}`).operation())
	if done.Code != http.StatusSeeOther {
		t.Fatalf("ended with %d %q", done.Code, done.Body)
	}
	var b struct {
		ID, Name           string
		Size               int
		BlockHostingVolume string
		BlockVolume        struct {
			Hosts                   []string
			IQN, Username, Password string
		}
	}
	y.get(done.Header().Get("Location")).into(&b)
	if b.Name != "blockvol_"+b.ID || b.Size != 10 || len(b.BlockVolume.Hosts) != 2 || b.BlockVolume.IQN == "" || b.BlockVolume.Password == "" {
		t.Fatalf("got %+v", b)
	}
	var host volume
	y.get("/volumes/" + b.BlockHostingVolume).into(&host)
	if host.Size != 100 || host.BlockInfo.FreeSize != 88 || host.BlockInfo.ReservedSize != 2 || len(host.BlockInfo.BlockVolume) != 1 {
		t.Errorf("hosting volume: %+v", host)
	}
	if a := y.ended(y.post("/blockvolumes/"+b.ID+"/expand", `{"new_size":20}`).operation()); a.Code != http.StatusSeeOther {
		t.Errorf("expand: %d %q", a.Code, a.Body)
	}
	restricted := y.made(y.post("/volumes/"+host.ID+"/block-restriction", `{"restriction":"locked"}`))
	if restricted.BlockInfo.FreeSize != 78 || restricted.BlockInfo.Restriction != "locked" {
		t.Errorf("hosting volume: %+v", restricted)
	}
	y.agrees()
	y.ended(y.del("/blockvolumes/"+b.ID).operation()).is(http.StatusNoContent, "")
	y.ended(y.del("/volumes/"+host.ID).operation()).is(http.StatusNoContent, "")
}

func TestStatesAndRemoval(t *testing.T) {
	y, _, nodes := loaded(t, 4)
	v := y.made(y.post("/volumes", `{"size":10,"durability":{"type":"replicate","replicate":{"replica":3}}}`))
	device := v.Bricks[0].Device
	state := func(path, to string) answer { return y.ended(y.post(path+"/state", `{"state":"`+to+`"}`).operation()) }
	state("/devices/"+device, "failed").is(500, "Device must be offline before remove operation is performed, device:"+device)
	state("/devices/"+device, "offline").is(204, "")
	state("/devices/"+device, "failed").is(204, "")
	state("/devices/"+device, "online").is(500, "Cannot move a failed/removed device to online state")
	y.del("/devices/" + device).operation()

	moved := volume{}
	y.get("/volumes/" + v.ID).into(&moved)
	for _, b := range moved.Bricks {
		if b.Device == device {
			t.Errorf("brick %s is still on the device", b.ID)
		}
	}
	after := y.made(y.post("/volumes/"+v.ID+"/expand", `{"expand_size":1}`))
	if len(after.Bricks) != 6 {
		t.Errorf("after the evacuation: %+v", after)
	}
	y.ended(y.post("/bricks/to-evict/"+moved.Bricks[0].ID, `{"healcheck":"disable"}`).operation()).is(204, "")
	y.ended(y.get("/devices/"+moved.Bricks[1].Device+"/resync").operation()).is(204, "")
	state("/nodes/"+nodes[0], "online").is(204, "")
	y.agrees()
}

// agrees has the machines examined and wants no difference.
func (y *yard) agrees() {
	y.t.Helper()
	var seen struct {
		Report   []string
		Clusters []struct {
			NodesData []struct{ NodeHeketiID string }
		}
	}
	y.get("/internal/state/examine/gluster").into(&seen)
	want := []string{"Examined while 0 operations were in flight", "heketi volume list matches with volume list of all nodes"}
	if !slices.Equal(seen.Report, want) || len(seen.Clusters) != 1 || len(seen.Clusters[0].NodesData) == 0 {
		y.t.Errorf("examination: %q", seen.Report)
	}
}
