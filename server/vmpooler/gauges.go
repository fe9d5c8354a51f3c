package vmpooler

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// gauges reads how many machines are ready and running whenever somebody asks.
type gauges struct {
	service        *pools.Service
	ready, running *prometheus.Desc
}

// gatherTime bounds one reading.
const gatherTime = 10 * time.Second

// watch adds the gauges of a service to what is gathered.
func (m *Metrics) watch(s *pools.Service) error {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(m.full(name), help, []string{poolName}, m.instance)
	}
	return m.registry.Register(gauges{s, desc("ready", "Machines that are ready."), desc("running", "Machines that are checked out.")})
}

// Describe names the gauges, so that a clash is found at the start.
func (g gauges) Describe(out chan<- *prometheus.Desc) {
	out <- g.ready
	out <- g.running
}

// Collect reads all pools in one transaction.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), gatherTime)
	defer cancel()
	all, err := g.service.Pools(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(g.ready, errors.New("the pools cannot be read"))
		return
	}
	for i := range all {
		name, n := all[i].Pool.Name, &all[i].Counts
		out <- prometheus.MustNewConstMetric(g.ready, prometheus.GaugeValue, float64(n.Ready), name)
		out <- prometheus.MustNewConstMetric(g.running, prometheus.GaugeValue, float64(n.Running), name)
	}
}

// scrape is GET /prometheus. What can be gathered is shown, whatever cannot.
func (m *Metrics) scrape() rest.Handler {
	return rest.FromHTTP(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
}

func healthCheck(*http.Request) (rest.Response, error) { return reply(http.StatusOK, ok()), nil }
