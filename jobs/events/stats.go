package events

import (
	"maps"
	"slices"
	"sync"
	"time"

	"yardmaster/executors/amqp"
	"yardmaster/store/events"
)

// Stats is what a Service has done since it began, and how its sources stand.
type Stats struct {
	Stored       map[events.Service]uint64
	Duplicates   uint64
	Dead         uint64 // messages not understood
	Faults       uint64 // events stored without all that follows from them
	Transactions uint64
	Failures     uint64 // transactions that the store refused
	Deployments  []DeploymentStats
	Sources      []amqp.State
	Verifier     VerifierStats
	Yard         YardStats
	Trimmed      uint64 // events taken away because of their age or the size of the file
}

// DeploymentStats tell how far behind the events of a deployment are.
type DeploymentStats struct {
	Name         string
	Stored       uint64
	LastWhen     time.Time // of the newest event, by what it says itself
	LastReceived time.Time // when the last one was stored
}

// VerifierStats count what the verifier has done.
type VerifierStats struct {
	Verified, Reconciled, Failed uint64
	Republished, Unpublished     uint64 // audits that were verified and are told; tries at which the broker did not take one
	Waiting                      int    // that wait to be republished
}

// YardStats count the yard's own events.
type YardStats struct {
	Waiting int    // events not yet written
	Sweeps  uint64 // looks for what was missed
}

// mostDeployments bounds how many are told apart: their names come from outside.
const mostDeployments = 1000

// meter counts. Its zero value but for the map is ready.
type meter struct {
	mu          sync.Mutex
	s           Stats
	deployments map[string]*DeploymentStats
	sources     []Source
}

func (m *meter) stored(r *round, loads []*load) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.s.Stored == nil {
		m.s.Stored = map[events.Service]uint64{}
	}
	m.s.Transactions++
	for _, l := range loads {
		m.s.Duplicates += uint64(l.receipt.Duplicates)
	}
	m.s.Dead += r.died
	m.s.Faults += uint64(len(r.faults))
	for i := range r.fresh {
		e := &r.fresh[i]
		m.s.Stored[e.Service]++
		d := m.deployments[r.where[i]]
		if d == nil && len(m.deployments) >= mostDeployments {
			continue
		}
		if d == nil {
			d = &DeploymentStats{Name: r.where[i]}
			m.deployments[d.Name] = d
		}
		d.Stored++
		d.LastReceived = e.Received
		when := e.When
		if when.After(e.Received) { // a clock that goes ahead must not hide that nothing comes
			when = e.Received
		}
		if when.After(d.LastWhen) {
			d.LastWhen = when
		}
	}
}

// count changes the counters.
func (m *meter) count(change func(*Stats)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.s)
}

// Stats tells what was done since New.
func (s *Service) Stats() Stats {
	m := &s.meter
	m.mu.Lock()
	out := m.s
	out.Stored = maps.Clone(m.s.Stored)
	for _, name := range slices.Sorted(maps.Keys(m.deployments)) {
		out.Deployments = append(out.Deployments, *m.deployments[name])
	}
	sources := slices.Clone(m.sources)
	m.mu.Unlock()
	out.Verifier.Waiting, out.Yard.Waiting = s.republisher.backlog(), s.yard.backlog()
	for _, source := range sources {
		out.Sources = append(out.Sources, source.State())
	}
	return out
}

// Ready is nil, or why messages do not come from every queue that they should come from.
func (s *Service) Ready() error {
	s.meter.mu.Lock()
	sources := slices.Clone(s.meter.sources)
	s.meter.mu.Unlock()
	for _, source := range sources {
		if err := source.State().Problem(); err != nil {
			return err
		}
	}
	return nil
}
