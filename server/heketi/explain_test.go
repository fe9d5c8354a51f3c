package heketi_test

import (
	"net/http"
	"strings"
	"testing"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// roomy is a cluster of three nodes with one empty device of 500 GiB each.
func roomy(y *yard) {
	put(y, store.Clusters, store.Cluster{ID: cluster1, File: true})
	for _, n := range []string{"1", "2", "3"} {
		put(y, store.Nodes, store.Node{ID: hexID(n), Cluster: cluster1, Zone: 1, Manage: []string{"node" + n}, Storage: []string{"10.0.0." + n}, State: store.Online})
		put(y, store.Devices, store.Device{ID: "d" + hexID(n)[1:], Cluster: cluster1, Node: hexID(n), Name: "/dev/sdb", State: store.Online,
			TotalKiB: 500 * volumes.GiB, FreeKiB: 500 * volumes.GiB, ExtentKiB: 4096})
	}
}

type explained struct {
	Size     int
	Fits     bool
	Clusters []volumes.Explanation
}

func TestExplainSaysWhereAVolumeWouldGo(t *testing.T) {
	y := atRest(t)
	roomy(y)
	var e explained
	y.get("/volumes/explain?size=10&durability=replicate&replica=3").into(&e)
	if !e.Fits || e.Size != 10 || len(e.Clusters) != 1 || !e.Clusters[0].Fits || len(e.Clusters[0].Bricks) != 3 {
		t.Errorf("got %+v", e)
	}
	y.get("/volumes").is(200, `{"volumes":[]}`)
}

func TestExplainSaysWhyNot(t *testing.T) {
	y := atRest(t)
	roomy(y)
	var e explained
	y.get("/volumes/explain?size=9000&durability=replicate&replica=3").into(&e)
	if e.Fits || len(e.Clusters) != 1 || len(e.Clusters[0].Reasons) < 2 || !strings.Contains(strings.Join(e.Clusters[0].Reasons, "\n"), "node1 /dev/sdb") {
		t.Errorf("got %+v", e)
	}
	e = explained{}
	y.get("/volumes/explain?size=10&block=true").into(&e)
	if e.Fits || strings.Join(e.Clusters[0].Reasons, "\n") != "Cluster does not support requested volume type" {
		t.Errorf("got %+v", e)
	}
}

func TestExplainJudgesLikeCreate(t *testing.T) {
	y := atRest(t)
	roomy(y)
	for query, want := range map[string]string{
		"":                           "validation failed: size: cannot be blank.",
		"size=ten":                   "validation failed: size: must be a whole number.",
		"size=1&colour=red":          "validation failed: colour: is not a parameter.",
		"size=1&size=2":              "validation failed: size: is given more than once.",
		"size=1&name=a%20b":          "validation failed: name: must be in a valid format.",
		"size=1&durability=disperse": "Invalid dispersion combination: 0+0",
		"size=1&snapshot_factor=101": "Invalid snapshot factor",
		"size=1&snapshot_factor=NaN": "Invalid snapshot factor",
		"size=1&clusters=nowhere":    "Cluster id nowhere not found",
		"size=1&block=perhaps":       "validation failed: block: must be true or false.",
		"size=%zz":                   "query unable to be parsed",
	} {
		y.get("/volumes/explain?"+query).is(http.StatusBadRequest, want)
	}
	if a := y.get("/volumes/explain?size=4&durability=disperse&data=2&redundancy=1&gid=5&snapshot_factor=1.5&clusters=" + cluster1 + "&option=user.heketi.zone-checking+none"); a.Code != 200 {
		t.Errorf("%d %q", a.Code, a.Body)
	}
}
