package events_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/events"
)

// aged appends one event an hour.
func aged(t *testing.T, db *opened, hours int) {
	t.Helper()
	for i := range hours {
		db.append(t, nova(fmt.Sprint("aged ", i), time.Duration(i)*time.Hour))
	}
}

func trim(t *testing.T, db *opened, olderThan time.Time, maxBytes int64) events.Trimmed {
	t.Helper()
	done, err := db.Trim(t.Context(), olderThan, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	db.sound(t)
	return done
}

func TestTrimTakesWholePartsByAge(t *testing.T) {
	db := open(t, 10, 3)
	aged(t, db, 35)
	if got := trim(t, db, noon.Add(15*time.Hour), 0); got != (events.Trimmed{Parts: 1, Events: 10}) {
		t.Errorf("trimmed %+v", got)
	}
	if n := count(t, db, events.Nova); n != 25 {
		t.Errorf("%d events are left", n)
	}
	db.view(t, func(tx *events.Tx) error {
		if _, err := tx.Event(events.Nova, 10); err == nil {
			t.Error("event 10 is still there")
		}
		_, err := tx.Event(events.Nova, 11)
		return err
	})
}

func TestTrimTakesAQuietServiceToo(t *testing.T) {
	db := open(t, 10, 100)
	aged(t, db, 15)
	if got := trim(t, db, noon.Add(100*time.Hour), 0); got != (events.Trimmed{Parts: 2, Events: 15}) {
		t.Errorf("trimmed %+v", got)
	}
	db.reopen(t, true)
	db.append(t, nova("aged 3", 200*time.Hour))
	db.view(t, func(tx *events.Tx) error {
		e, err := tx.Event(events.Nova, 16) // ids go on, and what was trimmed is forgotten
		if e.MessageID != "aged 3" {
			t.Errorf("event 16 is %+v", e)
		}
		return err
	})
	db.sound(t)
}

func TestTheNextIDSkipsWhatIsGone(t *testing.T) {
	db := open(t, 10, 3)
	aged(t, db, 25)
	next := func(from, want int64) {
		t.Helper()
		db.view(t, func(tx *events.Tx) error {
			got, err := tx.NextID(events.Nova, from)
			if got != want {
				t.Errorf("after %d comes %d, want %d", from, got, want)
			}
			return err
		})
	}
	next(1, 1)
	next(25, 25)
	next(40, 40)
	trim(t, db, noon.Add(15*time.Hour), 0)
	next(1, 11)
	next(12, 12)
	trim(t, db, noon.Add(100*time.Hour), 0)
	next(1, 26)
}

func TestAClockFromTheFutureDoesNotKeepAPart(t *testing.T) {
	db := open(t, 10, 3)
	wrong := nova("", 0)
	wrong.When = noon.AddDate(70, 0, 0)
	db.append(t, wrong)
	if got := trim(t, db, noon.Add(time.Hour), 0); got.Events != 1 {
		t.Errorf("trimmed %+v", got)
	}
}

func TestTrimMakesRoom(t *testing.T) {
	db := open(t, 100, 30)
	for i := range 10 {
		db.ingest(t, func(tx *events.Tx) error {
			for k := range 100 {
				e := nova("", time.Duration(i*100+k)*time.Second)
				if _, err := tx.Append(&e, fmt.Appendf(nil, "%0200d", i*k*7919)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	db.append(t, nova("", time.Hour))
	if got := trim(t, db, time.Time{}, 1<<30); got != (events.Trimmed{}) {
		t.Errorf("trimmed %+v, though there was room", got)
	}
	got := trim(t, db, time.Time{}, 400<<10)
	if got.Parts == 0 || got.Parts == 10 || got.Events != int64(got.Parts)*100 {
		t.Errorf("trimmed %+v", got)
	}
	_, tables, err := db.Used(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got = trim(t, db, time.Time{}, tables)
	if n := count(t, db, events.Nova); n != 1 {
		t.Errorf("trimmed %+v, left %d: not just the part that still gets events", got, n)
	}
}

func TestTrimTakesOldRowsButNotTheUsageOfWhatIsStillThere(t *testing.T) {
	db := open(t, 0, 0)
	old, young := noon, noon.Add(100*time.Hour)
	db.ingest(t, func(tx *events.Tx) error {
		for _, at := range []time.Time{old, young} {
			gone, there := "gone "+at.String(), "there "+at.String()
			for _, insert := range []error{
				events.Launches.Insert(tx, &events.Launch{Instance: gone, Launched: at}),
				events.Launches.Insert(tx, &events.Launch{Instance: there, Launched: at}),
				events.Deletes.Insert(tx, &events.Delete{Instance: gone, Launched: at, Deleted: at.Add(time.Hour)}),
				events.ExistsTable.Insert(tx, &events.Exists{Instance: gone, Received: at}),
				events.ImageUsages.Insert(tx, &events.ImageUsage{UUID: gone, Created: at}),
				events.ImageUsages.Insert(tx, &events.ImageUsage{UUID: there, Created: at}),
				events.ImageDeletes.Insert(tx, &events.ImageDelete{UUID: gone, Deleted: at}),
				events.ImageExistsTable.Insert(tx, &events.ImageExists{UUID: gone, Received: at}),
				events.Trackers.Insert(tx, &events.Tracker{RequestID: gone, Start: at}),
				events.Reports.Insert(tx, &events.Report{Name: gone, Created: at}),
				events.DeadLetters.Insert(tx, &events.DeadLetter{RoutingKey: gone, Received: at}),
			} {
				if insert != nil {
					return insert
				}
			}
		}
		return events.Tenants.Put(tx, &events.Tenant{ID: "t", Updated: old})
	})
	if got := trim(t, db, noon.Add(50*time.Hour), 0); got != (events.Trimmed{Rows: 9}) {
		t.Errorf("trimmed %+v", got)
	}
	counts := map[string]int{}
	db.view(t, func(tx *events.Tx) error {
		var err error
		for name, n := range map[string]func(*events.Tx) (int, error){
			"launches": events.Launches.Count, "deletes": events.Deletes.Count, "exists": events.ExistsTable.Count,
			"image usages": events.ImageUsages.Count, "image deletes": events.ImageDeletes.Count, "image exists": events.ImageExistsTable.Count,
			"trackers": events.Trackers.Count, "reports": events.Reports.Count, "dead letters": events.DeadLetters.Count, "tenants": events.Tenants.Count,
		} {
			if counts[name], err = n(tx); err != nil {
				return err
			}
		}
		return nil
	})
	want := map[string]int{"launches": 3, "deletes": 1, "exists": 1, "image usages": 3, "image deletes": 1, "image exists": 1,
		"trackers": 1, "reports": 1, "dead letters": 1, "tenants": 1}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}
