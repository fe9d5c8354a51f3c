package events

import (
	"context"
	"slices"

	"yardmaster/store/events"
)

// sentElsewhere is the send status of audit records that were sent on without being verified.
const sentElsewhere = 201

// Confirm sets the send status of the audit records with these message ids, and their event id where eventIDs has one, in one
// transaction. Of nova a message id that several records share changes none of them and is listed in several; of glance it changes
// all, since one message makes many. Ids that no record has are listed in unknown.
func (s *Service) Confirm(ctx context.Context, of events.Service, sent map[string]int, eventIDs map[string]string) (unknown, several []string, err error) {
	ids := make([]string, 0, len(sent))
	for id := range sent {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	change := func(id string, r record) bool {
		*r.sendStatus = sent[id]
		if event, ok := eventIDs[id]; ok {
			*r.eventID = event
		}
		return true
	}
	err = s.db.Update(ctx, func(tx *events.Tx) error {
		unknown, several = nil, nil
		for _, id := range ids {
			n, _, err := s.revise(tx, of, id, change)
			switch {
			case err != nil:
				return err
			case n == 0:
				unknown = append(unknown, id)
			case n > 1 && of == events.Nova:
				several = append(several, id)
			}
		}
		return nil
	})
	return unknown, several, err
}

// Repair takes pending audit records for sent on without being verified. absent lists message ids that no record has, or of nova
// several; notPending those whose records are in another state. Both keep the order of the ids.
func (s *Service) Repair(ctx context.Context, of events.Service, messageIDs []string) (absent, notPending []string, err error) {
	change := func(_ string, r record) bool {
		if *r.status != events.ExistsPending {
			return false
		}
		*r.status, *r.sendStatus = events.ExistsSentUnverified, sentElsewhere
		return true
	}
	err = s.db.Update(ctx, func(tx *events.Tx) error {
		absent, notPending = nil, nil
		for _, id := range messageIDs {
			n, changed, err := s.revise(tx, of, id, change)
			switch {
			case err != nil:
				return err
			case n == 0 || n > 1 && of == events.Nova:
				absent = append(absent, id)
			case changed < n:
				notPending = append(notPending, id)
			}
		}
		return nil
	})
	return absent, notPending, err
}

// revise changes the audit records of one message id, of nova only if there is one, and says how many there are and how many it
// changed.
func (s *Service) revise(tx *events.Tx, of events.Service, messageID string, change func(string, record) bool) (n, changed int, err error) {
	switch of {
	case events.Nova:
		return reviseIn(tx, s.novaAudit(), messageID, 1, change)
	case events.Glance:
		return reviseIn(tx, s.glanceAudit(), messageID, -1, change)
	}
	return 0, 0, nil
}

func reviseIn[V any](tx *events.Tx, a *audit[V], messageID string, most int, change func(string, record) bool) (n, changed int, err error) {
	rows, err := a.table.List(tx, events.ByMessage, events.TextKey(messageID))
	if err != nil || most >= 0 && len(rows) > most {
		return len(rows), 0, err
	}
	for i := range rows {
		if !change(messageID, a.row(&rows[i])) {
			continue
		}
		if err := a.table.Put(tx, &rows[i]); err != nil {
			return n, changed, err
		}
		changed++
	}
	return len(rows), changed, nil
}

// PutTenants keeps what is known of tenants, in one transaction.
func (s *Service) PutTenants(ctx context.Context, tenants []events.Tenant) error {
	return s.db.Update(ctx, func(tx *events.Tx) error {
		for _, t := range tenants {
			t.Updated = tx.Now()
			if err := events.Tenants.Put(tx, &t); err != nil {
				return err
			}
		}
		return nil
	})
}
