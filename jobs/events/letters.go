package events

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/jobs/events/notice"
	"yardmaster/store/events"
)

// ErrNoLetter means that no dead letter has that id.
var ErrNoLetter = errors.New("dead letter not found")

// maxReason bounds what is kept of a reason.
const maxReason = 500

// bury keeps a message that was not understood. One that comes again is the same one.
func (r *round) bury(tx *events.Tx, it *item) error {
	r.buried = true
	body, reason := notice.Conceal(it.in.Body), it.dead
	if len(body) > notice.MaxBody {
		reason = fmt.Sprintf("%s (of %d bytes the first %d are kept)", reason, len(body), notice.MaxBody)
		body = body[:notice.MaxBody]
	}
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "?")
	was, err := events.DeadLetters.One(tx, events.ByDigest, events.DigestKey(it.in.RoutingKey, body))
	switch {
	case err == nil && was.ID == it.letter: // replayed, and no better for it
		was.Reason = reason
		return events.DeadLetters.Put(tx, &was)
	case err == nil:
		was.Times++
		was.Reason, was.Received = reason, tx.Now()
		return events.DeadLetters.Put(tx, &was)
	case !isNotFound(err):
		return err
	}
	return events.DeadLetters.Insert(tx, &events.DeadLetter{Deployment: it.in.Deployment, Exchange: it.in.Exchange, RoutingKey: it.in.RoutingKey,
		Body: body, Reason: reason, Received: tx.Now(), Times: 1})
}

// prune forgets the oldest letters where there are more than are kept.
func (r *round) prune(tx *events.Tx) error {
	if !r.buried {
		return nil
	}
	return tx.PruneLetters(r.s.letters, r.s.letterBytes)
}

// Letters is one page of dead letters, newest first by id, of those with an id below before (0: from the newest).
func (s *Service) Letters(ctx context.Context, before int64, limit int) ([]events.LetterHead, error) {
	var page []events.LetterHead
	err := s.db.View(ctx, func(tx *events.Tx) error {
		page = nil
		r := events.Range{Reverse: true}
		if before > 0 {
			r.Before = events.IDKey(before)
		}
		for l, err := range tx.LetterHeads(r) {
			if err != nil {
				return err
			}
			if len(page) == limit {
				break
			}
			page = append(page, l)
		}
		return nil
	})
	return page, err
}

// Letter is one dead letter, or ErrNoLetter.
func (s *Service) Letter(ctx context.Context, id int64) (events.DeadLetter, error) {
	var l events.DeadLetter
	err := s.db.View(ctx, func(tx *events.Tx) error {
		var err error
		l, err = events.DeadLetters.Get(tx, id)
		return err
	})
	return l, noLetter(err, id)
}

// DeleteLetter forgets a dead letter, or tells ErrNoLetter.
func (s *Service) DeleteLetter(ctx context.Context, id int64) error {
	err := s.db.Update(ctx, func(tx *events.Tx) error {
		if _, err := events.DeadLetters.Get(tx, id); err != nil {
			return err
		}
		return events.DeadLetters.Delete(tx, id)
	})
	return noLetter(err, id)
}

func noLetter(err error, id int64) error {
	if isNotFound(err) {
		return fmt.Errorf("%w: %d", ErrNoLetter, id)
	}
	return err
}

// Replay reads a dead letter anew: if it is understood now it becomes an event, else it stays, with the reason of now.
func (s *Service) Replay(ctx context.Context, id int64) (Receipt, error) {
	l, err := s.Letter(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	return s.replay(ctx, []events.DeadLetter{l})
}

// What is replayed in one transaction: so many letters, or fewer if they are long.
const (
	replayPage  = 200
	replayBytes = 8 << 20
)

// ReplayAll is Replay for every dead letter, oldest first.
func (s *Service) ReplayAll(ctx context.Context) (Receipt, error) {
	var sum Receipt
	for after := int64(0); ; {
		page, err := s.lettersAfter(ctx, after)
		if err != nil || len(page) == 0 {
			return sum, err
		}
		after = page[len(page)-1].ID
		r, err := s.replay(ctx, page)
		sum.add(r)
		if err != nil {
			return sum, err
		}
	}
}

func (s *Service) lettersAfter(ctx context.Context, id int64) ([]events.DeadLetter, error) {
	var page []events.DeadLetter
	err := s.db.View(ctx, func(tx *events.Tx) error {
		page = nil
		bytes := 0
		for l, err := range events.DeadLetters.Scan(tx, events.Range{From: events.IDKey(id + 1)}) {
			if err != nil {
				return err
			}
			page, bytes = append(page, l), bytes+len(l.Body)
			if len(page) == replayPage || bytes >= replayBytes {
				break
			}
		}
		return nil
	})
	return page, err
}

func (s *Service) replay(ctx context.Context, letters []events.DeadLetter) (Receipt, error) {
	items := make([]item, len(letters))
	for i, l := range letters {
		items[i] = s.read(Incoming{Deployment: l.Deployment, Exchange: l.Exchange, RoutingKey: l.RoutingKey, Body: l.Body})
		items[i].letter = l.ID
	}
	return s.put(ctx, items)
}
