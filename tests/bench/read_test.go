package bench

import (
	"net/http"
	"testing"
)

// BenchmarkRead reads from a yard of 1,000 volumes.
func BenchmarkRead(b *testing.B) {
	y := start(b, settings{})
	y.fill(1000)
	b.Run("healthz", func(b *testing.B) { reads(b, y, "/healthz") }) // what HTTP alone costs this server
	b.Run("volume", func(b *testing.B) { reads(b, y, "/volumes/"+y.volumes()[0]) })
	b.Run("topology", func(b *testing.B) {
		c := y.client()
		for b.Loop() {
			b.SetBytes(int64(len(c.once(http.MethodGet, "/topology", nil).Body)))
		}
		b.ReportMetric(y.resident(), "RSS-MiB")
	})
	b.Run("topology-walk", func(b *testing.B) {
		c := y.client()
		requests := 0
		for b.Loop() {
			requests = c.walk()
		}
		b.ReportMetric(float64(requests), "requests")
	})
}

// reads reads one path over 8 connections.
func reads(b *testing.B, y *yard, path string) {
	y.measure(b, "read", func() {
		y.each(8, b.N, func(c *caller) { c.once(http.MethodGet, path, nil) })
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

// walk gathers the topology as "heketi-cli topology info" does, one request for each thing, and says how many it took.
func (c *caller) walk() int {
	requests := 1
	var all struct {
		Clusters []string `json:"clusters"`
	}
	c.read("/clusters", &all)
	for _, id := range all.Clusters {
		var cluster struct {
			Nodes   []string `json:"nodes"`
			Volumes []string `json:"volumes"`
		}
		c.read("/clusters/"+id, &cluster)
		for _, node := range cluster.Nodes {
			c.read("/nodes/"+node, &struct{}{})
		}
		for _, volume := range cluster.Volumes {
			c.read("/volumes/"+volume, &struct{}{})
		}
		requests += 1 + len(cluster.Nodes) + len(cluster.Volumes)
	}
	return requests
}

func (c *caller) read(path string, out any) {
	if err := c.once(http.MethodGet, path, nil).JSON(out); err != nil {
		c.b.Error(err)
	}
}
