package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The metrics have the names, labels and values by which Heketi's dashboards know them, and need no token.
func metricsHaveTheirNames(t *testing.T) {
	y := stocked(t, 3, 1, blockHosting(nil))
	var v volume
	var b blockVolume
	y.makes("/volumes", obj{"size": 3, "durability": replica(3)}, &v)
	y.makes("/blockvolumes", obj{"size": 2}, &b)
	a, err := y.admin.Raw(y.ctx, http.MethodGet, "/metrics", nil, http.Header{"Authorization": nil})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "metrics", a.Status, http.StatusOK)
	expectThat(t, "their type", strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain"), a.Header)
	says := func(sample string, value any) {
		t.Helper()
		line := fmt.Sprint(sample, " ", value)
		expect(t, line, strings.Contains("\n"+a.Body, "\n"+line+"\n"), true)
	}
	says("heketi_up", 1)
	says("heketi_cluster_count", 1)
	cluster := fmt.Sprintf("{cluster=%q}", v.Cluster)
	says("heketi_volumes_count"+cluster, 2)
	says("heketi_block_volumes_count"+cluster, 1)
	says("heketi_nodes_count"+cluster, 3)
	for _, name := range []string{"total", "stale", "failed", "new", "inFlight"} {
		says("heketi_operations_"+name+"_count", 0)
	}
	for _, n := range y.walk().nodes {
		d := n.Devices[0]
		says(fmt.Sprintf("heketi_device_count{cluster=%q,hostname=%q,storage_hostname=%q}", n.Cluster, n.Hostnames.Manage[0], n.Hostnames.Storage[0]), 1)
		labels := fmt.Sprintf("{cluster=%q,device=%q,hostname=%q,id=%q,pv_uuid=%q,storage_hostname=%q}", n.Cluster, d.Name, n.Hostnames.Manage[0], d.ID, d.PVUUID, n.Hostnames.Storage[0])
		says("heketi_device_brick_count"+labels, 2)
		for name, kib := range map[string]uint64{"size": d.Storage.Total, "free": d.Storage.Free, "used": d.Storage.Used} {
			says("heketi_device_"+name+labels, gauge(kib))
			says("heketi_device_"+name+"_bytes"+labels, gauge(kib*1024))
		}
	}
	expectThat(t, "the runtime's own are there", strings.Contains(a.Body, "\ngo_goroutines "), "")
}

// gauge is a number as it is written among metrics.
func gauge(n uint64) string { return fmt.Sprint(float64(n)) }
