package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"yardmaster/store/events"
)

// ErrBehind ends a Stream whose receiver is too slow. It may come back: who resumes is read from the store, however far back.
var ErrBehind = errors.New("too far behind the newest event")

// Position is a place in the feed: of every service the id of the last event that was seen.
type Position map[events.Service]int64

// String is the form that ParsePosition reads.
func (p Position) String() string {
	parts := make([]string, len(events.Services))
	for i, s := range events.Services {
		parts[i] = strconv.FormatInt(p[s], 10)
	}
	return strings.Join(parts, ".")
}

// ParsePosition reads what String wrote.
func ParsePosition(text string) (Position, error) {
	parts := strings.Split(text, ".")
	if len(parts) != len(events.Services) {
		return nil, fmt.Errorf("position %q: not %d numbers with dots between them", text, len(events.Services))
	}
	p := Position{}
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("position %q: %q is not an id", text, part)
		}
		p[events.Services[i]] = n
	}
	return p, nil
}

// Filter chooses events. What is empty chooses all.
type Filter struct {
	Services   []events.Service
	Deployment int64
	Type       string // with a * at its end: all types that begin so
	Instance   string // instance, or of glance the image
	RequestID  string
	Host       string
	Tenant     string
	Failed     bool // only what came as an error
}

// Matches says whether an event is one of those chosen, whatever its service.
func (f *Filter) Matches(e *events.Event) bool {
	subject := e.Subject()
	prefix, open := strings.CutSuffix(f.Type, "*")
	switch {
	case f.Deployment != 0 && e.Deployment != f.Deployment,
		f.Type != "" && !open && e.Type != f.Type,
		open && !strings.HasPrefix(e.Type, prefix),
		f.Instance != "" && (!subject.OK || subject.S != f.Instance),
		f.RequestID != "" && e.RequestID != f.RequestID,
		f.Host != "" && (!e.Host.OK || e.Host.S != f.Host),
		f.Tenant != "" && (!e.Tenant.OK || e.Tenant.S != f.Tenant),
		f.Failed && !e.Failed():
		return false
	}
	return true
}

func (f *Filter) services() []events.Service {
	if len(f.Services) == 0 {
		return events.Services
	}
	return f.Services
}

// Delivered is an event of the feed and the place behind it.
type Delivered struct {
	events.Event
	At Position
}

const (
	streamPage = 256 // events that are looked at in one go
	heartbeat  = 15 * time.Second
)

// Newest is the place behind the newest event.
func (s *Service) Newest() Position {
	p := Position{}
	for _, service := range events.Services {
		p[service] = s.memory.last(service)
	}
	return p
}

// Stream sends the chosen events behind a place (nil: those that come from now on) as far as they are still kept, those of one service in
// the order of their ids, each once, and with them the place behind all that was looked at. It sends none at first, and after a while without
// any, as a sign of life and of how far it is. It ends with the error of send, with ctx, with ErrBehind, or with ErrClosed.
func (s *Service) Stream(ctx context.Context, from Position, f Filter, send func([]Delivered, Position) error) error {
	r := s.reader(from, &f)
	if err := send(nil, r.at.copy()); err != nil {
		return err
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	atOnce := make(chan struct{})
	close(atOnce)
	for {
		more := s.memory.more()
		found, moved, err := s.next(ctx, r)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := send(found, r.at.copy()); err != nil {
				return err
			}
			beat.Reset(heartbeat)
		}
		if moved {
			more = atOnce
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.over:
			return ErrClosed
		case <-beat.C:
			if err := send(nil, r.at.copy()); err != nil {
				return err
			}
		case <-more:
		}
	}
}

// reader is how far one Stream is.
type reader struct {
	*Filter
	at   Position
	late map[events.Service]bool // it began further back than a receiver may fall, and has not caught up yet
}

func (s *Service) reader(from Position, f *Filter) *reader {
	r := &reader{Filter: f, at: s.Newest(), late: map[events.Service]bool{}}
	for service, newest := range r.at {
		if from != nil {
			r.at[service] = min(from[service], newest)
			r.late[service] = newest-from[service] > s.behind
		}
	}
	return r
}

// next looks at the next events of every service and moves the reader behind them.
func (s *Service) next(ctx context.Context, r *reader) (found []Delivered, moved bool, err error) {
	for _, service := range r.services() {
		behind := s.memory.last(service) - r.at[service]
		if r.late[service] = r.late[service] && behind > s.behind; behind > s.behind && !r.late[service] {
			return nil, false, fmt.Errorf("%w: by %d events of %s", ErrBehind, behind, service)
		}
		page, known := s.memory.from(service, r.at[service]+1, streamPage)
		to := r.at[service] + int64(len(page))
		if !known {
			if page, to, err = s.stored(ctx, service, r.at[service]); err != nil {
				return nil, false, err
			}
		}
		moved = moved || to > r.at[service]
		for i := range page {
			r.at[service] = page[i].ID
			if r.Matches(&page[i]) {
				found = append(found, Delivered{page[i], r.at.copy()})
			}
		}
		r.at[service] = to
	}
	return found, moved, nil
}

func (p Position) copy() Position {
	out := make(Position, len(p))
	for s, id := range p {
		out[s] = id
	}
	return out
}

// stored reads from events.db what lies behind an id; to is the last id that was looked for. Some may be gone by now.
func (s *Service) stored(ctx context.Context, service events.Service, after int64) (page []events.Event, to int64, err error) {
	last := s.memory.last(service)
	err = s.db.View(ctx, func(tx *events.Tx) error {
		page = page[:0]
		first, err := tx.NextID(service, after+1)
		if err != nil {
			return err
		}
		to = min(first+streamPage-1, last)
		for id := first; id <= to; id++ {
			e, err := tx.Event(service, id)
			if isNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			page = append(page, e)
		}
		return nil
	})
	return slices.Clip(page), to, err
}
