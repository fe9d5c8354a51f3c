package events_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

// audited appends parts of ten events, one event an hour, each with an audit record of about a KiB and a launch of as much.
func audited(t *testing.T, parts int, launched bool) *opened {
	t.Helper()
	db := open(t, 10, 3)
	fat := strings.Repeat("x", 1<<10)
	for i := range 10 * parts {
		db.ingest(t, func(tx *events.Tx) error {
			e := nova(fmt.Sprint("audit ", i), time.Duration(i)*time.Hour)
			if _, err := tx.Append(&e, []byte("{}")); err != nil || launched {
				return errors.Join(err, events.Launches.Insert(tx, &events.Launch{Instance: fmt.Sprint(i), Launched: e.When, Tenant: fat}))
			}
			return events.ExistsTable.Insert(tx, &events.Exists{Instance: "i", Raw: e.ID, Received: e.When, Tenant: fat})
		})
	}
	return db
}

func (o *opened) used(t *testing.T) (all, tables int64) {
	t.Helper()
	all, tables, err := o.Used(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all, tables
}

// rowsFrom is the hour of the oldest audit record, and how many there are.
func (o *opened) rowsFrom(t *testing.T) (hour, count int) {
	t.Helper()
	o.view(t, func(tx *events.Tx) error {
		for x, err := range events.ExistsTable.By(tx, events.ByReceived, events.Range{}) {
			if err != nil {
				return err
			}
			if count++; count == 1 {
				hour = int(x.Received.Sub(noon).Hours())
			}
		}
		return nil
	})
	return hour, count
}

func TestRowsMakeRoomWithTheirEvents(t *testing.T) {
	db := audited(t, 20, false)
	all, _ := db.used(t)
	done := trim(t, db, time.Time{}, all*3/4)
	left, _ := db.used(t)
	if left > all*3/4 || left < all/2 {
		t.Errorf("%d bytes are left of %d, after %+v", left, all, done)
	}
	if done.Events == 0 || done.Events > 100 || done.Rows != done.Events {
		t.Errorf("trimmed %+v: not a row an event", done)
	}
	if hour, n := db.rowsFrom(t); hour != int(done.Events) || n != 200-hour {
		t.Errorf("%d rows are left from hour %d on, and events from hour %d on", n, hour, done.Events)
	}
}

func TestTablesThatGrewWithoutEndDoNotCostEveryEvent(t *testing.T) {
	db := audited(t, 20, false)
	_, tables := db.used(t)
	done := trim(t, db, time.Time{}, tables*3/4) // the tables alone are more
	left, _ := db.used(t)
	if left > tables*3/4 || done.Events == 0 || done.Events > 150 || done.Rows < done.Events {
		t.Errorf("trimmed %+v, %d bytes are left of %d that may be", done, left, tables*3/4)
	}
	if n := count(t, db, events.Nova); n != 200-done.Events {
		t.Errorf("%d events are left after %+v", n, done)
	}
}

func TestWhatMakesNoRoomStays(t *testing.T) {
	db := audited(t, 5, true) // launches of what is still there
	_, tables := db.used(t)
	for range 2 {
		done, err := db.Trim(t.Context(), time.Time{}, tables/2)
		if !errors.Is(err, events.ErrTables) || done != (events.Trimmed{}) {
			t.Errorf("trimmed %+v, %v", done, err)
		}
	}
	if n := count(t, db, events.Nova); n != 50 {
		t.Errorf("%d events are left", n)
	}
}

func TestTrimByAgeGoesOnWhereNothingMakesRoom(t *testing.T) {
	db := audited(t, 5, true)
	_, tables := db.used(t)
	done, err := db.Trim(t.Context(), noon.Add(10*time.Hour), tables/2)
	if !errors.Is(err, events.ErrTables) || done.Events != 10 {
		t.Errorf("trimmed %+v, %v", done, err)
	}
}
