package events_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/events"
)

func TestNumbersAreGivenOnce(t *testing.T) {
	db := open(t, 0, 0)
	insert := func() (id int64) {
		db.ingest(t, func(tx *events.Tx) error {
			r := events.Report{Created: noon}
			err := events.Reports.Insert(tx, &r)
			id = r.ID
			return err
		})
		return id
	}
	if a, b := insert(), insert(); a != 1 || b != 2 {
		t.Errorf("got %d and %d", a, b)
	}
	db.ingest(t, func(tx *events.Tx) error { return events.Reports.Delete(tx, 2) })
	db.reopen(t, true)
	if c := insert(); c != 3 {
		t.Errorf("got %d", c)
	}
}

func TestRowsAreFoundByTheirIndexes(t *testing.T) {
	db := open(t, 0, 0)
	db.ingest(t, func(tx *events.Tx) error {
		for i := range 6 {
			x := events.Exists{Instance: "i", Status: events.ExistsPending, End: noon.Add(time.Duration(i) * time.Hour), Received: noon}
			if i%2 == 1 {
				x.Status = events.ExistsFailed
			}
			if err := events.ExistsTable.Insert(tx, &x); err != nil {
				return err
			}
		}
		return events.Launches.Insert(tx, &events.Launch{Instance: "i", RequestID: "r", Launched: noon})
	})
	db.view(t, func(tx *events.Tx) error {
		pending := events.TextKey(string(events.ExistsPending))
		var ids []int64
		for x, err := range events.ExistsTable.By(tx, events.ByStatus, events.Between(pending, noon, noon.Add(2*time.Hour))) {
			if err != nil {
				return err
			}
			ids = append(ids, x.ID)
		}
		if diff := cmp.Diff([]int64{1, 3}, ids); diff != "" {
			t.Error(diff)
		}
		ids = nil
		for x, err := range events.ExistsTable.Scan(tx, events.Range{Reverse: true, Before: events.IDKey(4)}) {
			if err != nil {
				return err
			}
			ids = append(ids, x.ID)
		}
		if diff := cmp.Diff([]int64{3, 2, 1}, ids); diff != "" {
			t.Error(diff)
		}
		if n, err := events.ExistsTable.CountBy(tx, events.ByStatus, pending); n != 3 || err != nil {
			t.Errorf("%d pending, %v", n, err)
		}
		l, err := events.Launches.One(tx, events.ByRequest, events.TextKey("i"), events.TextKey("r"))
		if l.ID != 1 || err != nil {
			t.Errorf("got %+v, %v", l, err)
		}
		_, err = events.Launches.First(tx, events.ByInstance, events.TextKey("other"))
		if !errors.Is(err, events.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

func TestADeploymentKeepsItsId(t *testing.T) {
	db := open(t, 0, 0)
	get := func(name string) (id int64) {
		db.ingest(t, func(tx *events.Tx) (err error) { id, err = tx.DeploymentID(name); return err })
		return id
	}
	if get("south") != 1 || get("north") != 2 || get("south") != 1 {
		t.Error("an id changed")
	}
	db.reopen(t, true)
	if get("north") != 2 {
		t.Error("an id changed")
	}
	db.view(t, func(tx *events.Tx) error {
		list, err := tx.Deployments()
		if diff := cmp.Diff([]events.Deployment{{ID: 2, Name: "north"}, {ID: 1, Name: "south"}}, list); diff != "" {
			t.Error(diff)
		}
		return err
	})
}

func TestTheFirstTrackerIsTheOneMadeFirst(t *testing.T) {
	db := open(t, 0, 0)
	db.ingest(t, func(tx *events.Tx) error {
		for i := range 3 {
			r := events.Tracker{RequestID: "req", Start: noon.Add(-time.Duration(i) * time.Hour)}
			if err := events.Trackers.Insert(tx, &r); err != nil {
				return err
			}
		}
		return nil
	})
	db.view(t, func(tx *events.Tx) error {
		first, err := tx.FirstTracker("req")
		if first.ID != 1 {
			t.Errorf("got %+v", first)
		}
		if err != nil {
			return err
		}
		since, err := tx.TrackersSince(noon.Add(-time.Hour))
		if len(since) != 2 || since[0].ID != 2 {
			t.Errorf("got %+v", since)
		}
		return err
	})
}

func TestADeadLetterIsKnownByItsBytes(t *testing.T) {
	db := open(t, 0, 0)
	db.ingest(t, func(tx *events.Tx) error {
		return events.DeadLetters.Insert(tx, &events.DeadLetter{RoutingKey: "k", Body: []byte{0xff, 0}, Received: noon})
	})
	db.view(t, func(tx *events.Tx) error {
		if _, err := events.DeadLetters.One(tx, events.ByDigest, events.DigestKey("k", []byte{0xff, 0})); err != nil {
			t.Error(err)
		}
		if _, err := events.DeadLetters.One(tx, events.ByDigest, events.DigestKey("k\xff", []byte{0})); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}
