package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// When no room is found the client is told Heketi's two words, and whoever asks why is told of each device.
func noSpaceIsExplained(t *testing.T) {
	const noSpace = "Failed to allocate new volume: No space"
	y := stocked(t, 3, 1, harness.Options{Env: []string{"HEKETI_MOCK_DEVICE_SIZE_GB=20"}})
	y.refuses(http.MethodPost, "/volumes", obj{"size": 100, "durability": replica(3)}, 500, noSpace)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 8, "durability": dispersed(4, 2)}, 500, noSpace)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(2), "glustervolumeoptions": list{"user.heketi.device-tag-match tier=gold"}}, 500, noSpace)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1, "glustervolumeoptions": list{"user.heketi.device-tag-match tier"}}, 500,
		"Failed to allocate new volume: Invalid tag matching rule: Invalid tag match rule: tier")

	y.explains("size=1&durability=replicate&replica=3", true)
	why := y.explains("size=100&durability=replicate&replica=3", false)
	expectThat(t, "each node's device is in the reasons", strings.Contains(why, "stor1") && strings.Contains(why, "stor2") && strings.Contains(why, "stor3"), why)
	y.explains("size=8&durability=disperse&data=4&redundancy=2", false)
	n := y.walk().nodes[0]
	y.ends(http.MethodPost, "/nodes/"+n.ID+"/state", obj{"state": "offline"})
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3)}, 500, noSpace)
	why = y.explains("size=1&durability=replicate&replica=3", false)
	expectThat(t, "a node that is offline is a reason", strings.Contains(why, "offline"), why)
	y.ends(http.MethodPost, "/nodes/"+n.ID+"/state", obj{"state": "online"})

	for query, text := range map[string]string{
		"":                        "validation failed: size: cannot be blank.",
		"?size=x":                 "validation failed: size: must be a whole number.",
		"?size=1&colour=blue":     "validation failed: colour: is not a parameter.",
		"?size=1&durability=raid": "Unknown durability type",
	} {
		y.refused("explain "+query, y.once(http.MethodGet, "/volumes/explain"+query, nil), 400, text)
	}
	expect(t, "explaining makes nothing", y.once(http.MethodGet, "/volumes", nil).Body, `{"volumes":[]}`+"\n")
}

// explains asks whether a volume would fit, and gives the whole answer.
func (y *yard) explains(query string, fits bool) string {
	y.Helper()
	a := y.once(http.MethodGet, "/volumes/explain?"+query, nil)
	expect(y, "explain "+query, a.Status, http.StatusOK)
	var e struct {
		Fits     bool
		Clusters []struct {
			Cluster string
			Fits    bool
			Reasons []string
		}
	}
	if err := a.JSON(&e); err != nil {
		y.Fatal(err)
	}
	expect(y, "explain "+query+": fits", e.Fits, fits)
	expect(y, "explain "+query+": clusters", len(e.Clusters), 1)
	expect(y, "explain "+query+": reasons", len(e.Clusters[0].Reasons) > 0, !fits)
	return a.Body
}

// Placement heeds tags, zones and limits as the options of a volume say.
func placementHeedsOptions(t *testing.T) {
	y := begin(t, harness.Options{Heketi: obj{"max_bricks_per_volume": 6, "max_volumes_per_cluster": 3}})
	file := uniform(4, 1)
	for i := range file.Clusters[0].Nodes {
		file.Clusters[0].Nodes[i].Node.Tags = map[string]string{"tier": []string{"gold", "gold", "iron", "iron"}[i]}
		file.Clusters[0].Nodes[i].Node.Zone = 1 + i%2
	}
	y.load(file)
	tier := map[string]string{}
	for _, n := range y.walk().nodes {
		tier[n.ID] = n.Tags["tier"]
	}
	var gold, iron volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(2), "glustervolumeoptions": list{"user.heketi.device-tag-match tier=gold"}}, &gold)
	for _, b := range gold.Bricks {
		expect(t, "tier of a brick", tier[b.Node], "gold")
	}
	y.makes("/volumes", obj{"size": 1, "durability": replica(2), "glustervolumeoptions": list{"user.heketi.device-tag-match tier!=gold"}}, &iron)
	for _, b := range iron.Bricks {
		expect(t, "tier of a brick", tier[b.Node], "iron")
	}
	strict := list{"user.heketi.zone-checking strict"}
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1, "durability": replica(3), "glustervolumeoptions": strict}, 500, "Failed to allocate new volume: No space")
	var two volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(2), "glustervolumeoptions": strict}, &two)
	expect(t, "zones apart", y.node(two.Bricks[0].Node).Zone != y.node(two.Bricks[1].Node).Zone, true)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: Cluster has 3 volumes and limit is 3")
	y.ends(http.MethodDelete, "/volumes/"+two.ID, nil)

	var wide volume // 1600 GiB in bricks that fit 500 GiB need four, and so does a half of it
	y.makes("/volumes", obj{"size": 1600}, &wide)
	expect(t, "bricks", len(wide.Bricks), 4)
	expect(t, "size of each", wide.Bricks[0].Size, 400*gib)
	y.refuses(http.MethodPost, "/volumes/"+wide.ID+"/expand", obj{"expand_size": 800}, 500, "Failed to allocate volume expansion: Maximum number of bricks reached.")
}

// Where several clusters refuse, each says why.
func clustersSayWhy(t *testing.T) {
	y := begin(t, harness.Options{})
	no := false
	var ids []string
	for range 2 {
		ids = append(ids, y.newCluster(&no, &no))
	}
	slices.Sort(ids)
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: No eligible cluster for volume"+
		"\nCluster "+ids[0]+": Cluster has disabled all volume types\nCluster "+ids[1]+": Cluster has disabled all volume types")
	for _, id := range ids {
		expect(t, "flags", y.once(http.MethodPost, "/clusters/"+id+"/flags", obj{"file": true}).Status, http.StatusOK)
	}
	y.refuses(http.MethodPost, "/volumes", obj{"size": 1}, 500, "Failed to allocate new volume: Unable to create volume on any cluster:"+
		"\nCluster "+ids[0]+": No nodes in cluster\nCluster "+ids[1]+": No nodes in cluster")
}
