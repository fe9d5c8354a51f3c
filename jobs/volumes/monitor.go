package volumes

import (
	"context"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

// Monitor asks the machines how they are, so that no brick is placed on one that does not answer, and what waits for one
// goes on as soon as it is back.
type Monitor struct {
	s        *Service
	g        *gluster.Gluster
	start    time.Duration
	interval time.Duration
}

const (
	// downEvery is how often a machine that does not answer is asked again.
	downEvery = 5 * time.Second
	// askTime bounds one question.
	askTime = 20 * time.Second
	// asksAtOnce bounds how many machines are asked at a time.
	asksAtOnce = 16
)

// NewMonitor waits for start before its first round, and for interval between rounds.
func NewMonitor(s *Service, g *gluster.Gluster, start, interval time.Duration) *Monitor {
	return &Monitor{s: s, g: g, start: start, interval: interval}
}

// Watch asks until ctx ends.
func (m *Monitor) Watch(ctx context.Context) {
	all, down := time.NewTimer(m.start), time.NewTicker(downEvery)
	defer all.Stop()
	defer down.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-all.C:
			m.round(ctx, func(string) bool { return true })
			all.Reset(m.interval)
		case <-down.C:
			m.round(ctx, m.s.health.Down)
		}
	}
}

func (m *Monitor) round(ctx context.Context, ask func(host string) bool) {
	var hosts []string
	err := m.s.db.View(ctx, func(tx *store.Tx) error {
		for n, err := range store.Nodes.All(tx) {
			if err != nil {
				return err
			}
			if n.State != store.FailedGone && ask(n.Host()) {
				hosts = append(hosts, n.Host())
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		m.s.log.Error("monitor", "err", err)
	}
	seats := make(chan struct{}, asksAtOnce)
	for _, host := range hosts {
		seats <- struct{}{}
		go func() { m.ask(ctx, host); <-seats }()
	}
	for range asksAtOnce {
		seats <- struct{}{} // all have been answered for
	}
}

func (m *Monitor) ask(ctx context.Context, host string) {
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	err := m.g.CheckGlusterd(asking, host)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		m.s.markDown(host, err.Error())
		return
	}
	m.s.markUp(ctx, host)
}

func (s *Service) markDown(host, reason string) {
	if s.health.Set(host, false, reason) {
		s.log.Warn("node does not answer", "host", host, "err", reason)
	}
}

func (s *Service) markUp(ctx context.Context, host string) {
	wasDown := s.health.Down(host)
	s.health.Set(host, true, "")
	if !wasDown {
		return
	}
	n, err := s.runner.RetryStuck(ctx, "")
	s.log.Info("node is back", "host", host, "operations", n, "err", err)
}

// Heard takes from an operation's outcome which machines did not answer.
func (h *Health) Heard(o jobs.Outcome) {
	if o.Failure == nil {
		return
	}
	for _, host := range o.Failure.Hosts {
		if host != "" {
			h.set(host, HostHealth{Reason: o.Failure.Text}, heardCounts)
		}
	}
}

// Hosts is the health of every machine that was asked.
func (s *Service) Hosts() []HostHealth { return s.health.Hosts() }

// Examination is all that one machine says about itself.
type Examination = gluster.Examination
