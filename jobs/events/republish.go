package events

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"yardmaster/store/events"
)

// Republish says where verified audit records are told of.
type Republish struct {
	To     Publisher
	Nova   Destination
	Glance Destination
}

// Publisher is an *amqp.Publisher: nil means that the broker has the message.
type Publisher interface {
	Publish(ctx context.Context, exchange, routingKey string, body []byte) error
}

// Destination is where notifications of one service go. Without routing keys none go.
type Destination struct {
	Exchange    string
	RoutingKeys []string
	EventType   string // compute.instance.exists.verified, image.exists.verified
}

func (r *Republish) destination(s events.Service) Destination {
	d, usual := r.Nova, "compute.instance.exists.verified"
	if s == events.Glance {
		d, usual = r.Glance, "image.exists.verified"
	}
	if d.EventType == "" {
		d.EventType = usual
	}
	return d
}

// republication is one notification whose records were verified.
type republication struct {
	service events.Service
	raw     int64 // its event
	message string
}

// republisher tells of verified records, each notification at least once: it is marked when the broker has confirmed it, and what
// a process did not come to the next one finds by that mark.
type republisher struct {
	mu      sync.Mutex
	on      bool
	waiting []republication
	known   map[republication]bool // in waiting
	wake    chan struct{}
}

func newRepublisher(on bool) *republisher {
	return &republisher{on: on, known: map[republication]bool{}, wake: make(chan struct{}, 1)}
}

func (p *republisher) add(r republication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on || p.known[r] {
		return
	}
	p.known[r], p.waiting = true, append(p.waiting, r)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *republisher) first() (republication, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return republication{}, false
	}
	return p.waiting[0], true
}

func (p *republisher) pop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, p.waiting[0])
	p.waiting = p.waiting[1:]
}

func (p *republisher) backlog() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

const (
	// republishDays is how far back records are told of that an earlier process did not tell of.
	republishDays = 7
	brokerFirst   = time.Second
	brokerMost    = time.Minute
)

// keepRepublishing tells of what was verified until ctx ends, again and again while the broker does not take it.
func (s *Service) keepRepublishing(ctx context.Context) {
	if s.verifier.Republish == nil || s.verifier.Off {
		return
	}
	if err := s.unpublished(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("verified records of before not looked for", "err", err)
	}
	for pause := brokerFirst; ; {
		next, there := s.republisher.first()
		if !there {
			select {
			case <-ctx.Done():
				return
			case <-s.republisher.wake:
			}
			continue
		}
		err := s.republish(ctx, next)
		if err == nil {
			s.republisher.pop()
			pause = brokerFirst
			continue
		}
		if ctx.Err() != nil {
			return
		}
		s.meter.count(func(m *Stats) { m.Verifier.Unpublished++ })
		s.log.Warn("verified record not republished, will be tried again", "service", next.service, "event", next.raw, "err", err)
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, brokerMost)
	}
}

// unpublished finds what an earlier process verified and did not tell of.
func (s *Service) unpublished(ctx context.Context) error {
	return errors.Join(remaining(ctx, s, s.novaAudit()), remaining(ctx, s, s.glanceAudit()))
}

func remaining[V any](ctx context.Context, s *Service, a *audit[V]) error {
	return s.db.View(ctx, func(tx *events.Tx) error {
		since := tx.Now().AddDate(0, 0, -republishDays)
		for _, status := range []events.ExistsStatus{events.ExistsVerified, events.ExistsReconciled} {
			for v, err := range a.table.By(tx, events.ByStatus, events.Between(events.TextKey(string(status)), since, time.Time{})) {
				if err != nil {
					return err
				}
				if r := a.row(&v); r.untold() {
					s.republisher.add(republication{a.of, r.raw, r.message})
				}
			}
		}
		return nil
	})
}

// untold says that a verified record was neither republished nor sent on by other means.
func (r record) untold() bool { return r.republished.IsZero() && *r.sendStatus == 0 }

// republish tells of one notification, unless some of its records are not verified, and marks them.
func (s *Service) republish(ctx context.Context, p republication) error {
	if p.service == events.Glance {
		return tellOf(ctx, s, s.glanceAudit(), p)
	}
	return tellOf(ctx, s, s.novaAudit(), p)
}

func tellOf[V any](ctx context.Context, s *Service, a *audit[V], p republication) error {
	var ids []int64
	var body []byte
	err := s.db.View(ctx, func(tx *events.Tx) error {
		rows, err := a.ofEvent(tx, p)
		if err != nil {
			return err
		}
		for i := range rows {
			r := a.row(&rows[i])
			if st := *r.status; !r.untold() || st != events.ExistsVerified && st != events.ExistsReconciled {
				ids = nil
				return nil
			}
			ids = append(ids, r.id)
		}
		body, err = tx.Body(p.service, p.raw)
		return err
	})
	if isNotFound(err) {
		s.log.Warn("verified record not republished: its event is gone", "service", p.service, "event", p.raw)
		return nil
	}
	if err != nil || len(ids) == 0 {
		return err
	}
	to := s.verifier.Republish.destination(p.service)
	text, err := verifiedNotification(body, to.EventType, p.message)
	if err != nil {
		s.log.Error("verified record not republished: its event cannot be read", "service", p.service, "event", p.raw, "err", err)
		return nil
	}
	for _, key := range to.RoutingKeys {
		if err := s.verifier.Republish.To.Publish(ctx, to.Exchange, key, text); err != nil {
			return err
		}
	}
	if err := a.mark(ctx, s, ids); err != nil {
		return err
	}
	s.meter.count(func(m *Stats) { m.Verifier.Republished++ })
	return nil
}

// ofEvent are the records that one event has made.
func (a *audit[V]) ofEvent(tx *events.Tx, p republication) ([]V, error) {
	rows, err := a.table.List(tx, events.ByMessage, events.TextKey(p.message))
	var out []V
	for i := range rows {
		if a.row(&rows[i]).raw == p.raw {
			out = append(out, rows[i])
		}
	}
	return out, err
}

func (a *audit[V]) mark(ctx context.Context, s *Service, ids []int64) error {
	return s.db.Update(ctx, func(tx *events.Tx) error {
		for _, id := range ids {
			v, err := a.table.Get(tx, id)
			if isNotFound(err) {
				continue
			}
			if err != nil {
				return err
			}
			*a.row(&v).republished = tx.Now()
			if err := a.table.Put(tx, &v); err != nil {
				return err
			}
		}
		return nil
	})
}

// verifiedNotification is a stored notification as the one that says that it is verified. Its message id follows from the old
// one: whoever gets it twice can tell.
func verifiedNotification(stored []byte, eventType, messageID string) ([]byte, error) {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(stored, &pair); err != nil {
		return nil, err
	}
	var n map[string]json.RawMessage
	if err := json.Unmarshal(pair[1], &n); err != nil {
		return nil, err
	}
	for key, text := range map[string]string{"event_type": eventType, "original_message_id": messageID, "message_id": verifiedID(messageID, eventType)} {
		raw, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		n[key] = raw
	}
	return json.Marshal(n)
}

// verifiedID has the form of a uuid of version 8, which is one's own making.
func verifiedID(messageID, eventType string) string {
	h := sha256.Sum256([]byte(eventType + " " + messageID))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
