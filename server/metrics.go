package server

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

const metricsPath = "/metrics"

type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "yardmaster_http_requests_total",
			Help: "Requests answered, by route pattern.",
		}, []string{"dialect", "route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "yardmaster_http_request_duration_seconds",
			Help:    "Time from the first header to the end of the answer, by route pattern.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"dialect", "route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "yardmaster_http_requests_in_flight",
			Help: "Requests being answered now, open streams included.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.inFlight} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register http metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) observe(t *rest.Trace, method string, status int, took time.Duration) {
	method = methodLabel(method)
	m.requests.WithLabelValues(t.Dialect, t.Route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(t.Dialect, t.Route, method).Observe(took.Seconds())
}

// methodLabel keeps the label bounded: a client may send any word as method.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// MetricsRoute serves what g gathers in Prometheus' text format.
func MetricsRoute(g prometheus.Gatherer, need auth.Need) rest.Route {
	return rest.Route{
		Method: http.MethodGet, Path: metricsPath, Need: need,
		Handle:  rest.FromHTTP(promhttp.HandlerFor(g, promhttp.HandlerOpts{})),
		Summary: "metrics in Prometheus' text format",
	}
}
