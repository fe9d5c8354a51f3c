package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// The dump has all records in Heketi's own words, the check finds nothing wrong, and a backup is a server's whole memory.
func databaseIsTold(t *testing.T) {
	y := stocked(t, 3, 2, blockHosting(nil))
	var v volume
	var b blockVolume
	y.makes("/volumes", obj{"size": 3, "name": "kept", "durability": replica(3)}, &v)
	y.makes("/blockvolumes", obj{"size": 2, "auth": true}, &b)
	y.dumpHoldsAll(v, b)
	y.checkFindsNothing()
	y.examineNamesTheCluster(v.Cluster)

	a := y.once(http.MethodGet, "/backup/db", nil)
	expect(t, "backup", a.Status, http.StatusOK)
	expect(t, "its type", a.Header.Get("Content-Type"), "application/octet-stream")
	expect(t, "its name", a.Header.Get("Content-Disposition"), `attachment; filename="heketi.db"`)
	expect(t, "its length", a.Header.Get("Content-Length"), strconv.Itoa(len(a.Body)))
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil) // after the backup

	other := harness.New(t, harness.Options{})
	if err := os.MkdirAll(other.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"control.db": a.Body, "secret.key": y.file("secret.key"), "simulated.journal": y.file("simulated.journal")} {
		if err := os.WriteFile(filepath.Join(other.Data, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other.Check()
	other.Start()
	copied := meet(t, other)
	expect(t, "the copy knows the volume", copied.volume(v.ID).Name, "kept")
	var same blockVolume
	copied.get("/blockvolumes/"+b.ID, &same)
	expect(t, "and the password", same.Target.Password, b.Target.Password)
	y.gone("/volumes/" + v.ID)
	y.server.Stop()
	y.server.Check()
}

func (y *yard) file(name string) string {
	y.Helper()
	raw, err := os.ReadFile(filepath.Join(y.server.Data, name))
	if err != nil {
		y.Fatal(err)
	}
	return string(raw)
}

// dumpHoldsAll expects three nodes with two devices each, a volume, and a block volume on a hosting volume.
func (y *yard) dumpHoldsAll(v volume, b blockVolume) {
	y.Helper()
	a := y.once(http.MethodGet, "/db/dump", nil)
	expect(y, "dump", a.Status, http.StatusOK)
	expectThat(y, "it is indented by four", strings.HasPrefix(a.Body, "{\n    \""), a.Body[:20])
	var all map[string]map[string]json.RawMessage
	if err := a.JSON(&all); err != nil {
		y.Fatal(err)
	}
	expect(y, "maps of the dump", len(all), 8)
	for name, size := range map[string]int{"clusterentries": 1, "nodeentries": 3, "deviceentries": 6, "volumeentries": 2, "brickentries": 6,
		"blockvolumeentries": 1, "pendingoperations": 0} {
		expect(y, name, len(all[name]), size)
	}
	expectThat(y, "attributes of the dump", all["dbattributeentries"] != nil, all["dbattributeentries"])
	y.entryHas(all["volumeentries"][v.ID], "Info", "Bricks", "GlusterVolumeOptions", "Pending")
	y.entryHas(all["brickentries"][v.Bricks[0].ID], "Info", "TpSize", "PoolMetadataSize", "Pending", "LvmThinPool", "LvmLv", "SubType")
	y.entryHas(all["nodeentries"][v.Bricks[0].Node], "State", "Info", "Devices")
	y.entryHas(all["deviceentries"][v.Bricks[0].Device], "State", "Info", "Bricks", "NodeId", "ExtentSize")
	y.entryHas(all["blockvolumeentries"][b.ID], "Info", "Pending")
	y.entryHas(all["clusterentries"][v.Cluster], "Info")
	var entry struct {
		NodeId     string //nolint:revive // as Heketi spells it
		ExtentSize uint64
		State      string
		Bricks     []string
	}
	if err := json.Unmarshal(all["deviceentries"][v.Bricks[0].Device], &entry); err != nil {
		y.Fatal(err)
	}
	expect(y, "node of a device", entry.NodeId, v.Bricks[0].Node)
	expect(y, "extent size of a device", entry.ExtentSize, 4096)
	expect(y, "state of a device", entry.State, "online")
}

func (y *yard) entryHas(entry json.RawMessage, names ...string) {
	y.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(entry, &fields); err != nil {
		y.Errorf("entry %s: %v", entry, err)
	}
	for _, name := range names {
		_, ok := fields[name]
		expect(y, "dump entry has "+name, ok, true)
	}
}

func (y *yard) checkFindsNothing() {
	y.Helper()
	a := y.once(http.MethodGet, "/db/check", nil)
	expect(y, "check", a.Status, http.StatusOK)
	expectThat(y, "it is indented by four", strings.HasPrefix(a.Body, "{\n    \""), a.Body[:20])
	var all map[string]json.RawMessage
	if err := a.JSON(&all); err != nil {
		y.Fatal(err)
	}
	expect(y, "inconsistencies", string(all["totalinconsistencies"]), "0")
	for name, total := range map[string]int{"clusters": 1, "nodes": 3, "devices": 6, "volumes": 2, "bricks": 6, "blockvolumes": 1, "pendingoperations": 0} {
		var c struct{ Total, Pending, OK, NotOK int }
		if err := json.Unmarshal(all[name], &c); err != nil {
			y.Errorf("check of %s: %s: %v", name, all[name], err)
		}
		expect(y, "check of "+name+": records", c.Total, total)
		expect(y, "check of "+name+": in order", c.OK, total)
		expect(y, "check of "+name+": not in order", c.NotOK, 0)
	}
}

func (y *yard) examineNamesTheCluster(id string) {
	y.Helper()
	a := y.once(http.MethodGet, "/internal/state/examine/gluster", nil)
	expect(y, "examine", a.Status, http.StatusOK)
	expectThat(y, "it is indented by four", strings.HasPrefix(a.Body, "{\n    \""), a.Body[:min(20, len(a.Body))])
	var all struct {
		DB       json.RawMessage `json:"heketidb"`
		Report   *[]string       `json:"report"`
		Clusters []struct {
			ClusterHeketiID string
			NodesData       []json.RawMessage
		} `json:"clusters"`
	}
	if err := a.JSON(&all); err != nil {
		y.Fatal(err)
	}
	expectThat(y, "the records", len(all.DB) > 2, string(all.DB))
	if all.Report == nil {
		y.Fatal("examine: no report")
	}
	expectThat(y, "all volumes are on all nodes", strings.Contains(strings.Join(*all.Report, "\n"), "volume list matches"), *all.Report)
	if len(all.Clusters) != 1 {
		y.Fatalf("examine: %d clusters", len(all.Clusters))
	}
	expect(y, "its cluster", all.Clusters[0].ClusterHeketiID, id)
	expect(y, "its nodes", len(all.Clusters[0].NodesData), 3)
}
