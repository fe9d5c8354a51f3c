package volumes

import (
	"context"
	"errors"
	"slices"
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
			h.Set(host, false, o.Failure.Text)
		}
	}
}

// Hosts is the health of every machine that was asked.
func (s *Service) Hosts() []HostHealth { return s.health.Hosts() }

// Examination is all that one machine says about itself.
type Examination = gluster.Examination

// examineKind reads what the machines hold, for comparison with the records.
type examineKind struct{ m machines }

// examinePlan names the machines to ask, by node id.
type examinePlan struct {
	Nodes map[string]string `json:"nodes"`
}

func (examineKind) Name() string { return "cluster.examine" }

func (examineKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 10 * time.Minute}
}

func (k examineKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[examinePlan](op)
	if err != nil {
		return err
	}
	for id, host := range p.Nodes {
		seen, err := k.m.g.Examine(ctx, host)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := j.Put("silent/"+id, err.Error()); err != nil {
				return err
			}
			continue
		}
		if err := j.Put("node/"+id, seen); err != nil {
			return err
		}
	}
	return nil
}

func (examineKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }
func (examineKind) Finish(*store.Tx, *store.Operation) error                   { return nil }
func (examineKind) Abandon(*store.Tx, *store.Operation) error                  { return nil }

// Examine asks every online node what it holds, and waits for the answers: by node id, without the nodes that did not answer.
// ErrUnavailable if the others do not come while ctx lasts.
func (s *Service) Examine(ctx context.Context, by Caller) (map[string]Examination, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, examineKind{}.Name())
		p := examinePlan{Nodes: map[string]string{}}
		for n, err := range store.Nodes.All(tx) {
			if err != nil {
				return err
			}
			if n.Pending == "" && n.State == store.Online {
				p.Nodes[n.ID] = n.Host()
				op.Plan = append(op.Plan, "node/"+n.ID)
			}
		}
		return jobs.SetInput(op, p)
	})
	if err != nil {
		return nil, err
	}
	op, err = s.runner.Wait(ctx, op.ID)
	switch {
	case err != nil:
		return nil, err
	case op.State.Live():
		return nil, ErrUnavailable
	case op.State != store.Succeeded && op.Error != nil:
		return nil, errors.New(op.Error.Text)
	}
	out := map[string]Examination{}
	p, err := jobs.Input[examinePlan](op)
	for id := range p.Nodes {
		var seen Examination
		if jobs.Learnt(&op, "node/"+id, &seen) {
			out[id] = seen
		}
	}
	return out, err
}

// cleanupKind is a request to look at once after what is stuck; it has no work of its own.
type cleanupKind struct{ recordsOnly }

func (cleanupKind) Name() string                             { return "operations.cleanup" }
func (cleanupKind) Finish(*store.Tx, *store.Operation) error { return nil }

// Cleanup makes what waits for another try due now: the named operations, or all.
func (s *Service) Cleanup(ctx context.Context, by Caller, ids []string) (store.Operation, error) {
	return s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, cleanupKind{}.Name())
		var waiting []store.Operation
		for other, err := range store.LiveOperations(tx) {
			if err != nil {
				return err
			}
			if other.NotBefore.After(tx.Now()) && (len(ids) == 0 || slices.Contains(ids, other.ID)) {
				waiting = append(waiting, other)
			}
		}
		for _, other := range waiting {
			other.NotBefore = time.Time{}
			if err := store.Operations.Put(tx, &other); err != nil {
				return err
			}
		}
		return jobs.SetInput(op, ids)
	})
}

// Explanation says of one cluster whether it could take a volume, and how or why not.
type Explanation struct {
	Cluster string   `json:"cluster"`
	Fits    bool     `json:"fits"`
	Bricks  []string `json:"bricks,omitempty"`  // where they would go
	Reasons []string `json:"reasons,omitempty"` // why they cannot
}

// Explain places a volume without making it, in every cluster that was asked for. Errors: ErrInvalid.
func (s *Service) Explain(ctx context.Context, spec Spec) ([]Explanation, error) {
	var out []Explanation
	err := s.db.View(ctx, func(tx *store.Tx) error {
		v := s.volumeOf(tx, "", s.newID(), "", spec)
		clusters, err := s.clustersFor(tx, spec.Clusters)
		if err != nil {
			return err
		}
		for _, c := range clusters {
			e := Explanation{Cluster: c.ID}
			v.Cluster = c.ID
			if why, err := s.refusal(tx, c, &v); err != nil || why != nil {
				e.Reasons = []string{firstOf(err, why).Error()}
				out = append(out, e)
				continue
			}
			f, layout, _, notes, err := s.tryCluster(tx, &v, spec, nil, s.busyHosts(tx))
			if err != nil {
				e.Reasons = append([]string{err.Error()}, notes...)
			}
			for _, set := range layout.Sets {
				for _, slot := range set {
					e.Fits = true
					e.Bricks = append(e.Bricks, f.nodes[slot.Node].Host()+":"+f.devices[slot.Device].Name)
				}
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}
