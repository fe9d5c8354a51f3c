package vmpooler

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/server/rest"
)

// Metrics are the counters and times that vmpooler's users chart, under vmpooler's names. All methods of a nil *Metrics count
// nothing.
type Metrics struct {
	registry *prometheus.Registry
	prefix   string
	instance prometheus.Labels

	counters  map[string]*prometheus.CounterVec
	times     map[string]*prometheus.HistogramVec
	durations *prometheus.HistogramVec // of requests
	made      census                   // the labels that clients made up
}

// The counters, by the names that follow the prefix.
const (
	checkoutSuccess   = "checkout_success"
	checkoutEmpty     = "checkout_empty"
	checkoutInvalid   = "checkout_invalid"
	deleteSuccess     = "delete_success"
	deleteFailed      = "delete_failed"
	requestMade       = "ondemandrequest_generate_success"
	requestTwice      = "ondemandrequest_generate_duplicaterequests"
	requestInvalid    = "ondemandrequest_fail_invalid"
	requestTooMany    = "ondemandrequest_fail_toomanyrequests"
	configInvalid     = "config_invalid"
	resetInvalid      = "poolreset_invalid"
	calls             = "http_requests_vm_total"
	usedByUser        = "user"
	usedByLitmus      = "usage_litmus"
	usedByJenkins     = "usage_jenkins_instance"
	usedByBranch      = "usage_branch_project"
	usedByJob         = "usage_job_component"
	markedFailed      = "errors_markedasfailed"
	duplicateHostname = "errors_duplicatehostname"
	staleDNS          = "errors_staledns"
	migratedFrom      = "migrate_from"
	migratedTo        = "migrate_to"
	connectOpen       = "connect_open"
	connectFail       = "connect_fail"
	requests          = "http_requests_total"
	exceptions        = "http_exceptions_total"
)

// noPool stands for every name that is none: what clients make up must not become series without end.
const noPool = "unknown"

const poolName = "poolname"

// counted says what every counter counts, by which labels.
var counted = []struct {
	name, help string
	labels     []string
}{
	{checkoutSuccess, "Machines checked out.", []string{poolName}},
	{checkoutEmpty, "Checkouts that found too few machines ready.", []string{poolName}},
	{checkoutInvalid, "Checkouts of pools that are not there.", []string{poolName}},
	{deleteSuccess, "Machines given up.", nil},
	{deleteFailed, "Deletes of machines that are not checked out.", nil},
	{requestMade, "On-demand requests accepted.", nil},
	{requestTwice, "On-demand requests whose id was there already.", nil},
	{requestInvalid, "On-demand requests for pools that are not there.", []string{poolName}},
	{requestTooMany, "On-demand requests for too many machines.", []string{poolName}},
	{configInvalid, "Changes of pools that were refused.", []string{poolName}},
	{resetInvalid, "Resets of pools that are not there.", []string{poolName}},
	{calls, "Calls about machines.", []string{"method", "subpath", "operation"}},
	{usedByUser, "Machines by user.", []string{"user", "operation", poolName}},
	{usedByLitmus, "Machines of Litmus jobs.", []string{"user", "operation", poolName}},
	{usedByJenkins, "Machines by Jenkins instance.", []string{"jenkins_instance", "value_stream", "operation", poolName}},
	{usedByBranch, "Machines by branch and project.", []string{"branch", "project", "operation", poolName}},
	{usedByJob, "Machines by job and component.", []string{"job_name", "component_to_test", "operation", poolName}},
	{markedFailed, "Machines that did not become ready in time.", []string{"template_name"}},
	{duplicateHostname, "New names that a machine has already.", []string{"template_name"}},
	{staleDNS, "New names that DNS knows already.", []string{"template_name"}},
	{migratedFrom, "Machines moved away from a host.", []string{"host_name"}},
	{migratedTo, "Machines moved to a host.", []string{"host_name"}},
	{connectOpen, "Sessions opened with a provider.", nil},
	{connectFail, "Sessions with a provider that could not be opened.", nil},
	{requests, "Requests answered.", []string{"code", "method", "path"}},
	{exceptions, "Requests that ended in an error that nobody foresaw.", []string{"exception"}},
}

// NewMetrics registers them. prefix begins every name, instance is the value of the label vmpooler_instance; "" is "vmpooler" for
// both.
func NewMetrics(registry *prometheus.Registry, prefix, instance string) (*Metrics, error) {
	m := &Metrics{registry: registry, prefix: cmp.Or(prefix, "vmpooler"), counters: map[string]*prometheus.CounterVec{},
		times: map[string]*prometheus.HistogramVec{}, instance: prometheus.Labels{"vmpooler_instance": cmp.Or(instance, "vmpooler")}}
	var faults []error
	for _, c := range counted {
		m.counters[c.name] = prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.full(c.name), Help: c.help, ConstLabels: m.labels(c.name)}, c.labels)
		faults = append(faults, registry.Register(m.counters[c.name]))
	}
	for _, t := range timed {
		m.times[t.name] = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.full(t.name), Help: t.help, Buckets: t.buckets,
			ConstLabels: m.instance}, []string{poolName})
		faults = append(faults, registry.Register(m.times[t.name]))
	}
	m.durations = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.full("http_request_duration_seconds"),
		Help: "Time to answer a request.", Buckets: prometheus.DefBuckets}, []string{"method", "path"})
	return m, errors.Join(append(faults, registry.Register(m.durations))...)
}

func (m *Metrics) full(name string) string { return m.prefix + "_" + name }

// labels are what all series of a counter have in common; those about requests never had an instance.
func (m *Metrics) labels(counter string) prometheus.Labels {
	if counter == requests || counter == exceptions {
		return nil
	}
	return m.instance
}

func (m *Metrics) inc(counter string, labels ...string) {
	if m != nil {
		m.counters[counter].WithLabelValues(labels...).Inc()
	}
}

// served counts an answer under its noun.
func (m *Metrics) served(r *http.Request, resp rest.Response) {
	if m == nil {
		return
	}
	status := cmp.Or(resp.Status, http.StatusOK)
	m.inc(requests, strconv.Itoa(status), methodLabel(r.Method), area(r.URL.Path))
	if status == http.StatusInternalServerError {
		m.inc(exceptions, "internal")
	}
}

// handled notes how long a handler took.
func (m *Metrics) handled(r *http.Request, took time.Duration) {
	if m != nil {
		m.durations.WithLabelValues(methodLabel(r.Method), area(r.URL.Path)).Observe(took.Seconds())
	}
}

// methodLabel keeps the label bounded: what never reached a route may have any method.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete:
		return strings.ToLower(method)
	}
	return "other"
}
