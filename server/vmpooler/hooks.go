package vmpooler

import (
	"time"

	"yardmaster/jobs/pools"
)

// The times that are kept of machines, by the names that follow the prefix.
const (
	timeOfClone   = "clone"
	timeOfDestroy = "destroy"
	timeOfMigrate = "migrate"
	timeToReady   = "time_to_ready_state"
)

var (
	cloneBuckets = []float64{10, 20, 30, 40, 50, 60, 120, 180, 240, 300, 600}
	readyBuckets = []float64{30, 60, 120, 180, 240, 300, 500, 800, 1200, 1600}
)

var timed = []struct {
	name, help string
	buckets    []float64
}{
	{timeOfClone, "Seconds that a clone took.", cloneBuckets},
	{timeOfDestroy, "Seconds that a machine took to be destroyed.", cloneBuckets},
	{timeOfMigrate, "Seconds that a machine took to move.", cloneBuckets},
	{timeToReady, "Seconds from the begin of a clone until its machine was ready.", readyBuckets},
}

// Metrics are what the keeper of the pools tells what it sees.
var _ pools.Meter = (*Metrics)(nil)

func (m *Metrics) observe(what, pool string, took time.Duration) {
	if m != nil {
		m.times[what].WithLabelValues(pool).Observe(took.Seconds())
	}
}

// Cloned is told of every machine that was cloned.
func (m *Metrics) Cloned(pool string, took time.Duration) { m.observe(timeOfClone, pool, took) }

// Booted is told of every machine that became ready, and how long after its clone began.
func (m *Metrics) Booted(pool string, took time.Duration) { m.observe(timeToReady, pool, took) }

// Destroyed is told of every machine that was destroyed.
func (m *Metrics) Destroyed(pool string, took time.Duration) { m.observe(timeOfDestroy, pool, took) }

// Migrated is told of every machine that moved from one host to another.
func (m *Metrics) Migrated(pool, from, to string, took time.Duration) {
	m.observe(timeOfMigrate, pool, took)
	m.inc(migratedFrom, from)
	m.inc(migratedTo, to)
}

// Failed is told of every machine that was given up before it was ready. The old server counted those that were cloned.
func (m *Metrics) Failed(pool, reason string) {
	if reason == "boot" {
		m.inc(markedFailed, pool)
	}
}

// DuplicateHostname is told of every new name that a machine has already.
func (m *Metrics) DuplicateHostname(pool string) { m.inc(duplicateHostname, pool) }

// StaleDNS is told of every new name that DNS knows already.
func (m *Metrics) StaleDNS(pool string) { m.inc(staleDNS, pool) }

// Connected is told how every attempt to open a session with a provider ended.
func (m *Metrics) Connected(opened bool) {
	if opened {
		m.inc(connectOpen)
	} else {
		m.inc(connectFail)
	}
}
