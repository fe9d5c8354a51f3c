package heketi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/heketi"
	"yardmaster/store"
)

func TestBackupIsAStoreThatOpens(t *testing.T) {
	y := atRest(t)
	scene(y)
	a := y.get("/backup/db")
	if a.Code != 200 || a.Header().Get("Content-Type") != "application/octet-stream" ||
		a.Header().Get("Content-Disposition") != `attachment; filename="heketi.db"` || a.Header().Get("Content-Length") != strconv.Itoa(a.Body.Len()) {
		t.Fatalf("%d %v, %d bytes", a.Code, a.Header(), a.Body.Len())
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, a.Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if problems, err := db.Check(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("the copy is broken: %v %v", problems, err)
	}
	err = db.View(t.Context(), func(tx *store.Tx) error { _, err := store.Volumes.Get(tx, volume1); return err })
	if err != nil {
		t.Errorf("the copy has not the volume: %v", err)
	}
	if a := y.as("admin", "HEAD", "/backup/db", ""); a.Code != 200 || a.Body.Len() > 0 {
		t.Errorf("HEAD: %d with %d bytes", a.Code, a.Body.Len())
	}
}

// goldenDump is the scene as Heketi's own dump would have it.
const goldenDump = `{"clusterentries":{"CCCC":{"Info":{"id":"CCCC","nodes":["1111"],"volumes":["2222","AAAA","EEEE"],"block":true,"file":true,"blockvolumes":["FFFF"]}}},` +
	`"volumeentries":{` +
	`"2222":{"Info":{"size":1,"name":"vol2","durability":{"replicate":{},"disperse":{}},"snapshot":{"enable":false,"factor":1},"id":"2222","cluster":"CCCC",` +
	`"mount":{"glusterfs":{"hosts":[],"device":"","options":{"backup-volfile-servers":""}}},"blockinfo":{}},"Bricks":["3333"],"GlusterVolumeOptions":null,"Pending":{"Id":"9999"}},` +
	`"AAAA":{"Info":{"size":10,"name":"vol1","durability":{"type":"replicate","replicate":{"replica":3},"disperse":{}},"gid":2000,"glustervolumeoptions":["","user.x y",""],` +
	`"snapshot":{"enable":true,"factor":1.5},"id":"AAAA","cluster":"CCCC","mount":{"glusterfs":{"hosts":["10.0.0.1","10.0.0.2","10.0.0.3"],"device":"10.0.0.1:vol1",` +
	`"options":{"backup-volfile-servers":"10.0.0.2,10.0.0.3"}}},"blockinfo":{}},"Bricks":["BBBB"],"GlusterVolumeOptions":["","user.x y",""],"Pending":{"Id":""}},` +
	`"EEEE":{"Info":{"size":100,"name":"host","durability":{"type":"none","replicate":{},"disperse":{}},"glustervolumeoptions":["group gluster-block"],"block":true,` +
	`"snapshot":{"enable":false,"factor":1},"id":"EEEE","cluster":"CCCC","mount":{"glusterfs":{"hosts":["10.0.0.1"],"device":"10.0.0.1:host",` +
	`"options":{"backup-volfile-servers":""}}},"blockinfo":{"freesize":88,"reservedsize":2,"blockvolume":["FFFF"]}},"Bricks":["4444"],"GlusterVolumeOptions":["group gluster-block"],"Pending":{"Id":""}}},` +
	`"brickentries":{` +
	`"3333":{"Info":{"id":"3333","path":"/m/b2/brick","device":"DDDD","node":"1111","volume":"2222","size":10},"TpSize":10,"PoolMetadataSize":4,"Pending":{"Id":"9999"},"LvmThinPool":"tp_y","LvmLv":"brick_3333","SubType":1},` +
	`"4444":{"Info":{"id":"4444","path":"/m/b4/brick","device":"DDDD","node":"1111","volume":"EEEE","size":10},"TpSize":10,"PoolMetadataSize":4,"Pending":{"Id":""},"LvmThinPool":"tp_4","LvmLv":"brick_4","SubType":2},` +
	`"BBBB":{"Info":{"id":"BBBB","path":"/m/b1/brick","device":"DDDD","node":"1111","volume":"AAAA","size":100},"TpSize":150,"PoolMetadataSize":8,"Pending":{"Id":""},"LvmThinPool":"tp_x","LvmLv":"brick_BBBB","SubType":1}},` +
	`"nodeentries":{"1111":{"State":"online","Info":{"zone":1,"hostnames":{"manage":["node1"],"storage":["10.0.0.1"]},"cluster":"CCCC","tags":{"rack":"7"},"id":"1111"},"Devices":["DDDD"]}},` +
	`"deviceentries":{"DDDD":{"State":"online","Info":{"name":"/dev/sdb","storage":{"total":1000,"free":800,"used":200},"id":"DDDD","paths":["/dev/sdb","/dev/disk/by-id/x"],"pv_uuid":"pv-1"},` +
	`"Bricks":["3333","4444","BBBB"],"NodeId":"1111","ExtentSize":4096}},` +
	`"blockvolumeentries":{"FFFF":{"Info":{"size":10,"name":"blk","hacount":1,"auth":true,"id":"FFFF","blockvolume":{"hosts":["10.0.0.1"],"iqn":"iqn.x","lun":0,"username":"u","password":"secret"},` +
	`"cluster":"CCCC","blockhostingvolume":"EEEE","usablesize":10},"Pending":{"Id":""}}},` +
	`"dbattributeentries":{"DB_BRICK_HAS_SUBTYPE_FIELD":{"Key":"DB_BRICK_HAS_SUBTYPE_FIELD","Value":"yes"},"DB_CLUSTER_HAS_FILE_BLOCK_FLAG":{"Key":"DB_CLUSTER_HAS_FILE_BLOCK_FLAG","Value":"yes"},` +
	`"DB_DEVICE_HAS_ID_META":{"Key":"DB_DEVICE_HAS_ID_META","Value":"yes"},"DB_HAS_PENDING_OPS_BUCKET":{"Key":"DB_HAS_PENDING_OPS_BUCKET","Value":"yes"}},` +
	`"pendingoperations":{"9999":{"Id":"9999","Timestamp":1772366400,"Type":1,"Actions":[{"Change":2,"Id":"2222","Delta":null},{"Change":1,"Id":"3333","Delta":null}],"Status":""}}}`

func TestDumpIsWhatHeketiImports(t *testing.T) {
	y := atRest(t)
	scene(y)
	a := y.get("/db/dump")
	if got, want := compact(t, a.Body.Bytes()), long(goldenDump); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !bytes.HasPrefix(a.Body.Bytes(), []byte("{\n    \"clusterentries\": {\n")) {
		t.Errorf("not indented: %.60q", a.Body)
	}
}

type tableCheck struct {
	Total, Pending, OK, NotOK int
	Inconsistencies           []string
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	y := atRest(t)
	scene(y)
	type check map[string]json.RawMessage
	look := func() (total int, bricks, all tableCheck) {
		var c check
		y.get("/db/check").into(&c)
		if err := json.Unmarshal(c["totalinconsistencies"], &total); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"clusters", "volumes", "bricks", "nodes", "devices", "blockvolumes", "dbattributes", "pendingoperations"} {
			var one tableCheck
			if err := json.Unmarshal(c[table], &one); err != nil {
				t.Fatalf("table %s: %v", table, err)
			}
			if table == "bricks" {
				bricks = one
			}
			all.Total, all.Pending, all.OK, all.NotOK = all.Total+one.Total, all.Pending+one.Pending, all.OK+one.OK, all.NotOK+one.NotOK
			all.Inconsistencies = append(all.Inconsistencies, one.Inconsistencies...)
		}
		return total, bricks, all
	}
	total, bricks, all := look()
	if total != 0 || bricks.Total != 3 || bricks.Pending != 1 || bricks.OK != 3 || all.NotOK != 0 {
		t.Errorf("a sound store: total %d, bricks %+v, all %+v", total, bricks, all)
	}
	put(y, store.Bricks, store.Brick{ID: hexID("5"), Volume: hexID("0"), Node: node1, Device: device1, Pending: hexID("6")})
	total, bricks, _ = look()
	want := []string{
		"brick " + hexID("5") + `: volume "` + hexID("0") + `" is not there`,
		"brick " + hexID("5") + `: is held by operation "` + hexID("6") + `", which has ended`,
	}
	if total != 2 || bricks.NotOK != 1 || !slices.Equal(bricks.Inconsistencies, want) {
		t.Errorf("total %d, bricks %+v", total, bricks)
	}
}

func TestMetricsHaveHeketisNames(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	y := atRest(t, func(o *heketi.Options, _ *volumes.Config, _ *jobs.Limits) { o.Registry = registry })
	scene(y)
	put(y, store.Operations, store.Operation{ID: hexID("5"), Kind: "volume.delete", State: store.Stuck},
		store.Operation{ID: hexID("6"), Kind: "brick.clean", State: store.Pending},
		store.Operation{ID: hexID("7"), Kind: "node.add", State: store.Running})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got = append(got, f.GetName()+"{"+strings.Join(labels, ",")+"} "+strconv.FormatFloat(m.GetGauge().GetValue(), 'f', -1, 64))
		}
	}
	const device = "{cluster=CCCC,device=/dev/sdb,hostname=node1,id=DDDD,pv_uuid=pv-1,storage_hostname=10.0.0.1}"
	want := long(`heketi_block_volumes_count{cluster=CCCC} 1
heketi_cluster_count{} 1
heketi_device_brick_count` + device + ` 3
heketi_device_count{cluster=CCCC,hostname=node1,storage_hostname=10.0.0.1} 1
heketi_device_free` + device + ` 800
heketi_device_free_bytes` + device + ` 819200
heketi_device_size` + device + ` 1000
heketi_device_size_bytes` + device + ` 1024000
heketi_device_used` + device + ` 200
heketi_device_used_bytes` + device + ` 204800
heketi_nodes_count{cluster=CCCC} 1
heketi_operations_failed_count{} 1
heketi_operations_inFlight_count{} 1
heketi_operations_new_count{} 1
heketi_operations_stale_count{} 1
heketi_operations_total_count{} 3
heketi_up{} 1
heketi_volumes_count{cluster=CCCC} 2`)
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if err := y.db.Close(); err != nil {
		t.Fatal(err)
	}
	families, err = registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "heketi_up" || families[0].GetMetric()[0].GetGauge().GetValue() != 0 {
		t.Errorf("without a store: %v %v", families, err)
	}
}

func TestPendingOperationsAreToldApart(t *testing.T) {
	y := atRest(t)
	put(y, store.Operations, store.Operation{ID: hexID("1"), Kind: "volume.delete", State: store.Stuck},
		store.Operation{ID: hexID("2"), Kind: "brick.clean", State: store.Pending}, store.Operation{ID: hexID("3"), Kind: "brick.clean", State: store.Running},
		store.Operation{ID: hexID("4"), Kind: "device.evacuate", State: store.Undoing, Targets: []store.Ref{{Kind: "device", ID: device1}, {Kind: "volume", ID: volume1}}},
		store.Operation{ID: hexID("9"), Kind: "node.add", State: store.Running}, store.Operation{ID: hexID("0"), Kind: "volume.create", State: store.Failed})
	put(y, store.Bricks, store.Brick{ID: brick1, Volume: volume1, Pending: hexID("4")}, store.Brick{ID: brick2, Pending: hexID("4")})
	y.get("/operations/pending").is(200, long(`{"pendingoperations":[`+
		`{"id":"1111","type_name":"delete-volume","status":"failed","sub_status":""},`+
		`{"id":"2222","type_name":"delete-volume","status":"stale","sub_status":""},`+
		`{"id":"3333","type_name":"delete-volume","status":"stale","sub_status":"in-flight"},`+
		`{"id":"4444","type_name":"remove-device","status":"","sub_status":"in-flight"}]}`))
	y.get("/operations/pending/"+hexID("4")).is(200, long(`{"id":"4444","type_name":"remove-device","status":"","sub_status":"in-flight","changes":[`+
		`{"id":"DDDD","description":"Remove device"},{"id":"3333","description":"Add brick"},{"id":"BBBB","description":"Evict brick"}]}`))
	y.get("/operations/pending/"+hexID("0")).is(404, long("Id not found: 0000"))
	y.post("/operations/pending/cleanup", `{}`).operation()
	y.post("/operations/pending/cleanup", `{"operations":["`+hexID("1")+`"]}`).operation()
}
