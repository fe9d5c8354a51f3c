package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
	"yardmaster/executors/amqp"
	eventjobs "yardmaster/jobs/events"
	"yardmaster/jobs/events/lifecycle"
	"yardmaster/server/config"
	"yardmaster/store"
	"yardmaster/store/events"

	"github.com/prometheus/client_golang/prometheus"
)

// eventParts are the events of a server: their store, their domain, and where they come from.
type eventParts struct {
	db      *events.DB
	service *eventjobs.Service
	sources []eventjobs.Source
	closers []func() error
}

func eventsPath(cfg config.Config) string { return filepath.Join(cfg.DataDir, "events.db") }

func openEventStore(ctx context.Context, cfg config.Config, command string, log *slog.Logger) (*events.DB, error) {
	return events.Open(ctx, events.Options{Path: eventsPath(cfg), Holder: holder(command), Now: time.Now, Logger: log})
}

// openEvents opens the store and makes the domain; no broker is asked for anything yet.
func openEvents(ctx context.Context, cfg config.Config, control *store.DB, log *slog.Logger) (p *eventParts, err error) {
	p = &eventParts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if p.db, err = openEventStore(ctx, cfg, "serve", log); err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.db.Close)
	options, err := p.options(cfg.Events, log)
	if err != nil {
		return p, err
	}
	options.DB, options.Control, options.NoYard, options.Logger = p.db, control, !cfg.Events.Yard, log
	if p.service, err = eventjobs.New(ctx, options); err != nil {
		return p, err
	}
	p.closers = append(p.closers, func() error { p.service.Close(); return nil })
	for _, d := range cfg.Events.Deployments {
		if !d.Enabled || len(d.Topics) == 0 {
			continue
		}
		broker, err := brokerOf(d)
		if err != nil {
			return p, err
		}
		source, err := amqp.NewConsumer(broker, log)
		if err != nil {
			return p, fmt.Errorf("deployment %s: %w", d.Name, err)
		}
		p.sources = append(p.sources, source)
	}
	return p, nil
}

// Close ends the domain first and the store last.
func (p *eventParts) Close() error {
	var err error
	for i := len(p.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closers[i]())
	}
	return err
}

func (p *eventParts) options(c config.Events, log *slog.Logger) (eventjobs.Options, error) {
	o := eventjobs.Options{Batch: c.Batch,
		Retention: eventjobs.Retention{Age: time.Duration(c.KeepDays) * 24 * time.Hour, Bytes: int64(c.KeepSizeGB) << 30},
		Verifier: eventjobs.Verifier{Off: !c.Verifier.Enabled, Every: c.Verifier.Tick, Settle: c.Verifier.Settle, Batch: c.Verifier.Batch,
			Rules: lifecycle.Rules{Level: lifecycle.Level(c.Verifier.Validation)}}}
	for _, r := range c.Reports {
		o.Reports.Schedules = append(o.Reports.Schedules, eventjobs.Schedule{Name: r.Name, Cron: r.Cron, Report: r.Report, Options: r.Options})
	}
	if !c.Verifier.Enabled || !c.Verifier.Republish.Enabled {
		return o, nil
	}
	to, err := p.publisher(c, log)
	o.Verifier.Republish = to
	return o, err
}

// publisher tells the broker of one deployment of verified records: on the exchanges, with the routing keys of each.
func (p *eventParts) publisher(c config.Events, log *slog.Logger) (*eventjobs.Republish, error) {
	r := c.Verifier.Republish
	for _, d := range c.Deployments {
		if d.Name != r.Deployment {
			continue
		}
		broker, err := brokerOf(d)
		if err != nil {
			return nil, err
		}
		to, err := amqp.NewPublisher(broker, log)
		if err != nil {
			return nil, fmt.Errorf("deployment %s: %w", d.Name, err)
		}
		p.closers = append(p.closers, to.Close)
		return &eventjobs.Republish{To: to,
			Nova:   eventjobs.Destination{Exchange: "nova", RoutingKeys: r.Topics["nova"], EventType: r.NovaEventType},
			Glance: eventjobs.Destination{Exchange: "glance", RoutingKeys: r.Topics["glance"], EventType: r.GlanceEventType}}, nil
	}
	return nil, fmt.Errorf("events.verifier.republish.deployment: no deployment is called %q", r.Deployment)
}

func brokerOf(d config.Deployment) (amqp.Config, error) {
	c := amqp.Config{Name: d.Name, Host: d.Host, Port: d.Port, User: d.User, Password: d.Password.Reveal(), VHost: d.VHost, Durable: d.Durable,
		QueueArguments: d.QueueArguments, Prefetch: d.Prefetch}
	for _, t := range d.Topics {
		topic := amqp.Topic{Exchange: t.Exchange}
		for _, q := range t.Queues {
			topic.Queues = append(topic.Queues, amqp.Binding{Queue: q.Queue, RoutingKey: q.RoutingKey})
		}
		c.Topics = append(c.Topics, topic)
	}
	if !d.TLS.Enabled {
		return c, nil
	}
	c.TLS = &tls.Config{ServerName: d.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: d.TLS.Insecure}
	if d.TLS.CAFile == "" {
		return c, nil
	}
	authorities, err := os.ReadFile(d.TLS.CAFile)
	if err != nil {
		return c, fmt.Errorf("deployment %s: ca_file: %w", d.Name, err)
	}
	c.TLS.RootCAs = x509.NewCertPool()
	if !c.TLS.RootCAs.AppendCertsFromPEM(authorities) {
		return c, fmt.Errorf("deployment %s: ca_file %s holds no certificate", d.Name, d.TLS.CAFile)
	}
	return c, nil
}

// countEvents shows what was taken in, and how far behind the sources are.
func countEvents(registry prometheus.Registerer, s *eventjobs.Service, now func() time.Time) {
	registry.MustRegister(eventMetrics{s, now})
}

// eventMetrics are read from the domain's own counts whenever they are asked for.
type eventMetrics struct {
	service *eventjobs.Service
	now     func() time.Time
}

func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("yardmaster_events_"+name, help, labels, nil)
}

var (
	eventsStored     = metric("stored_total", "Events stored since the start, by service.", "service")
	eventsDuplicates = metric("duplicates_total", "Messages that were known by their id.")
	eventsDead       = metric("dead_letters_total", "Messages that were not understood.")
	eventsFaults     = metric("faults_total", "Events stored without all that follows from them.")
	eventsTrimmed    = metric("trimmed_total", "Events taken away for their age or the size of the file.")
	eventsLag        = metric("lag_seconds", "Age of the newest event of a deployment, by what it says itself.", "deployment")
	eventsConnected  = metric("source_connected", "Whether messages come from a broker.", "deployment")
	eventsDepth      = metric("queue_depth", "Messages that wait in a queue of a broker.", "deployment", "exchange", "queue")
	eventsExists     = metric("exists_total", "Audit records, by the end of their verification.", "result")
)

func (m eventMetrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

func (m eventMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.service.Stats()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, name := range events.Services {
		count(eventsStored, s.Stored[name], string(name))
	}
	count(eventsDuplicates, s.Duplicates)
	count(eventsDead, s.Dead)
	count(eventsFaults, s.Faults)
	count(eventsTrimmed, s.Trimmed)
	count(eventsExists, s.Verifier.Verified, "verified")
	count(eventsExists, s.Verifier.Reconciled, "reconciled")
	count(eventsExists, s.Verifier.Failed, "failed")
	for _, d := range s.Deployments {
		if !d.LastWhen.IsZero() {
			gauge(eventsLag, m.now().Sub(d.LastWhen).Seconds(), d.Name)
		}
	}
	for _, from := range s.Sources {
		up := 0.0
		if from.Ready() {
			up = 1
		}
		gauge(eventsConnected, up, from.Deployment)
		for _, t := range from.Topics {
			for _, q := range t.Queues {
				gauge(eventsDepth, float64(q.Depth), from.Deployment, t.Exchange, q.Queue)
			}
		}
	}
}
