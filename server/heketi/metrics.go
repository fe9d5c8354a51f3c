package heketi

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// collector reads the heketi_ metrics out of the store whenever they are asked for.
type collector struct{ db *store.DB }

// collectTime bounds one reading.
const collectTime = 10 * time.Second

var (
	nodeLabels   = []string{"cluster", "hostname", "storage_hostname"}
	deviceLabels = append(nodeLabels, "id", "device", "pv_uuid")

	upDesc           = gauge("up", "1 while the records can be read.")
	clusterDesc      = gauge("cluster_count", "Clusters.")
	volumesDesc      = gauge("volumes_count", "Volumes of a cluster.", "cluster")
	blocksDesc       = gauge("block_volumes_count", "Block volumes of a cluster.", "cluster")
	nodesDesc        = gauge("nodes_count", "Nodes of a cluster.", "cluster")
	deviceCountDesc  = gauge("device_count", "Devices of a node.", nodeLabels...)
	deviceSizeDesc   = gauge("device_size", "Size of a device in KiB.", deviceLabels...)
	deviceFreeDesc   = gauge("device_free", "What bricks have left of a device, in KiB.", deviceLabels...)
	deviceUsedDesc   = gauge("device_used", "What bricks take of a device, in KiB.", deviceLabels...)
	deviceSizeBDesc  = gauge("device_size_bytes", "Size of a device in bytes.", deviceLabels...)
	deviceFreeBDesc  = gauge("device_free_bytes", "What bricks have left of a device, in bytes.", deviceLabels...)
	deviceUsedBDesc  = gauge("device_used_bytes", "What bricks take of a device, in bytes.", deviceLabels...)
	deviceBricksDesc = gauge("device_brick_count", "Bricks on a device.", deviceLabels...)

	opsTotalDesc    = gauge("operations_total_count", "Operations that have not ended.")
	opsInFlightDesc = gauge("operations_inFlight_count", "Operations that are being worked on.")
	opsStaleDesc    = gauge("operations_stale_count", "Leftovers that wait for a machine to answer.")
	opsFailedDesc   = gauge("operations_failed_count", "Operations that can neither go on nor be undone.")
	opsNewDesc      = gauge("operations_new_count", "Operations that are neither stale nor failed.")
)

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("heketi_"+name, help, labels, nil)
}

// Describe names every metric, so that a clash is found at the start.
func (collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, clusterDesc, volumesDesc, blocksDesc, nodesDesc, deviceCountDesc, deviceSizeDesc, deviceFreeDesc,
		deviceUsedDesc, deviceSizeBDesc, deviceFreeBDesc, deviceUsedBDesc, deviceBricksDesc,
		opsTotalDesc, opsInFlightDesc, opsStaleDesc, opsFailedDesc, opsNewDesc} {
		out <- d
	}
}

// reading gathers the metrics of one transaction, so that a failure in its middle shows none of them.
type reading []prometheus.Metric

func (r *reading) set(d *prometheus.Desc, v float64, labels ...string) {
	*r = append(*r, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
}

// Collect reads everything in one transaction.
func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	var all reading
	up := 1.0
	if err := c.db.View(ctx, all.read); err != nil {
		all, up = nil, 0
	}
	all.set(upDesc, up)
	for _, m := range all {
		out <- m
	}
}

func (r *reading) read(tx *store.Tx) error {
	counts, _, err := volumes.Pending(tx)
	if err != nil {
		return err
	}
	r.set(opsTotalDesc, float64(counts.Total))
	r.set(opsInFlightDesc, float64(counts.InFlight))
	r.set(opsStaleDesc, float64(counts.Stale))
	r.set(opsFailedDesc, float64(counts.Failed))
	r.set(opsNewDesc, float64(counts.New))
	clusters := 0
	for cluster, err := range store.Clusters.All(tx) {
		if err != nil {
			return err
		}
		clusters++
		info, err := clusterInfoOf(tx, cluster)
		if err != nil {
			return err
		}
		r.set(nodesDesc, float64(len(info.Nodes)), cluster.ID)
		r.set(volumesDesc, float64(len(info.Volumes)), cluster.ID)
		r.set(blocksDesc, float64(len(info.BlockVolumes)), cluster.ID)
		for _, id := range info.Nodes {
			if err := r.node(tx, id); err != nil {
				return err
			}
		}
	}
	r.set(clusterDesc, float64(clusters))
	return nil
}

func (r *reading) node(tx *store.Tx, id string) error {
	n, err := store.Nodes.Get(tx, id)
	if err != nil {
		return err
	}
	labels := []string{n.Cluster, n.Manage[0], n.Storage[0]}
	devices := 0
	for d, err := range store.Devices.By(tx, store.ByNode, n.ID) {
		if err != nil {
			return err
		}
		if coming(d) {
			continue
		}
		devices++
		r.device(d, store.Bricks.CountBy(tx, store.ByDevice, d.ID), append(labels[:3:3], d.ID, d.Name, d.PVUUID))
	}
	r.set(deviceCountDesc, float64(devices), labels...)
	return nil
}

func (r *reading) device(d store.Device, bricks int, labels []string) {
	const kib = 1024
	r.set(deviceSizeDesc, float64(d.TotalKiB), labels...)
	r.set(deviceFreeDesc, float64(d.FreeKiB), labels...)
	r.set(deviceUsedDesc, float64(d.UsedKiB), labels...)
	r.set(deviceSizeBDesc, float64(d.TotalKiB)*kib, labels...)
	r.set(deviceFreeBDesc, float64(d.FreeKiB)*kib, labels...)
	r.set(deviceUsedBDesc, float64(d.UsedKiB)*kib, labels...)
	r.set(deviceBricksDesc, float64(bricks), labels...)
}
