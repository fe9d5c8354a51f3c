// Package events is the domain of what happened: it takes notifications in and keeps what they say, together with what follows
// from them (timings, requests, use that is billed), checks audits, builds reports, and writes down the yard's own operations as
// events of the service yard.
//
//	AMQP, POST --> Ingest --> parsed, in parallel --+
//	                                                +--> committer --> events.db: event, timings, usage, in one transaction
//	control.db --> operations that began or ended --+         |
//	                                                          +--> the newest, in memory --> Recent, Stream
//
// What a message means is decided in notice and lifecycle, what a report says in report; these are pure. This package refuses to
// lose a message: what it cannot understand it keeps as a dead letter, and a fault in what follows from an event never costs the
// event. It answers no request itself and opens no connection.
package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"yardmaster/jobs/events/notice"
	"yardmaster/store"
	"yardmaster/store/events"
)

// ErrClosed ends what a stopping Service can do no more.
var ErrClosed = errors.New("events: shutting down")

// DefaultDeployment is where messages belong that name none.
const DefaultDeployment = "default"

// Options is what a Service is made of. Zero numbers are the defaults.
type Options struct {
	DB      *events.DB
	Control *store.DB // whose operations become events, and that keeps which reports ran when; nil: neither
	Logger  *slog.Logger
	NoYard  bool // operations do not become events

	Batch       int   // notifications of one transaction at most; 5,000
	InHand      int64 // bytes of messages that are taken in and not yet on disk; 64 MiB
	DeadLetters int   // that are kept, the newest; 10,000
	LetterBytes int64 // of their bodies together; 64 MiB
	Memory      int   // events of a service that are kept in memory, for the last minute; 16,384
	Behind      int64 // events of a service that the receiver of a Stream may fall behind; 100,000

	Retention Retention
	Verifier  Verifier
	Reports   Reports
}

const (
	defaultBatch       = 5000
	defaultInHand      = 64 << 20
	defaultDeadLetters = 10_000
	defaultLetterBytes = 64 << 20
	defaultMemory      = 16_384
	defaultBehind      = 100_000
)

// Service keeps events. Its methods may be called from many goroutines at once, from New until Close.
type Service struct {
	db      *events.DB
	control *store.DB
	log     *slog.Logger
	limits  notice.Limits

	batch       int
	letters     int
	letterBytes int64
	room        *semaphore.Weighted // bytes in hand
	inHand      int64
	parsers     *semaphore.Weighted

	mu     sync.RWMutex // held for reading while a load is being handed over
	closed bool
	loads  chan *load
	over   chan struct{} // closed with the Service
	done   sync.WaitGroup

	memory      *memory
	behind      int64 // that a receiver may fall
	meter       meter
	yard        *yard
	noYard      bool
	republisher *republisher

	retention Retention
	verifier  Verifier
	schedules []schedule
}

// New makes a Service and begins to take messages in.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.DB, control: o.Control, log: o.Logger, batch: orElse(o.Batch, defaultBatch), letters: orElse(o.DeadLetters, defaultDeadLetters),
		letterBytes: orElse(o.LetterBytes, defaultLetterBytes),
		inHand:      orElse(o.InHand, defaultInHand), loads: make(chan *load, loadsWaiting), over: make(chan struct{}),
		parsers: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))), retention: o.Retention, verifier: o.Verifier.complete()}
	s.yard, s.republisher = newYard(s), newRepublisher(o.Verifier.Republish != nil)
	s.noYard = o.NoYard || o.Control == nil
	s.behind = orElse(o.Behind, defaultBehind)
	s.room = semaphore.NewWeighted(s.inHand)
	s.meter.deployments = map[string]*DeploymentStats{}
	var err error
	if s.schedules, err = parseSchedules(o.Reports.Schedules); err != nil {
		return nil, err
	}
	if s.memory, err = remember(ctx, o.DB, orElse(o.Memory, defaultMemory)); err != nil {
		return nil, fmt.Errorf("read the newest events: %w", err)
	}
	s.done.Go(s.commitLoop)
	return s, nil
}

func orElse[N int | int64 | time.Duration](n, unset N) N {
	if n <= 0 {
		return unset
	}
	return n
}

// Close takes nothing new, stores what was taken, and ends every Stream. The DB stays open.
func (s *Service) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.loads)
		close(s.over)
	}
	s.mu.Unlock()
	s.done.Wait()
}

// View reads events.db in one moment.
func (s *Service) View(ctx context.Context, fn func(*events.Tx) error) error {
	return s.db.View(ctx, fn)
}

// Now is the clock of the records.
func (s *Service) Now() time.Time { return s.db.Now() }
