package events_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store/events"
)

func nova(message string, at time.Duration) events.Event {
	return events.Event{Service: events.Nova, When: noon.Add(at), Received: noon.Add(at), Type: "compute.instance.update",
		Publisher: "compute.c-1", Source: "compute", Host: events.Some("c-1"), Instance: events.Some("i-1"), MessageID: message}
}

func count(t testing.TB, db *opened, s events.Service) int64 {
	t.Helper()
	var n int64
	db.view(t, func(tx *events.Tx) error {
		stats, err := tx.Stats()
		n = stats.PerService[s].Count
		return err
	})
	return n
}

func TestIdsCountFromOneInEachService(t *testing.T) {
	db := open(t, 3, 2)
	for range 4 {
		a, b := nova("", 0), nova("", 0)
		b.Service = events.Glance
		db.append(t, a, b, a)
	}
	db.view(t, func(tx *events.Tx) error {
		for s, n := range map[events.Service]int64{events.Nova: 8, events.Glance: 4, events.Yard: 0} {
			found, err := tx.Find(events.Query{Service: s, Order: events.ByID, Limit: -1})
			if err != nil {
				return err
			}
			if int64(len(found)) != n || n > 0 && (found[0].ID != 1 || found[n-1].ID != n) {
				t.Errorf("%s has %v", s, found)
			}
		}
		return nil
	})
}

func TestASearchEndsWhenItIsStopped(t *testing.T) {
	db := open(t, 3, 2)
	for range 8 {
		db.append(t, nova("", 0))
	}
	gone, looked := errors.New("gone"), 0
	err := db.View(t.Context(), func(tx *events.Tx) error {
		_, err := tx.Find(events.Query{Service: events.Nova, Limit: -1, WhereBody: func([]byte) bool { looked++; return false }, Stop: func() error {
			if looked == 5 {
				return gone
			}
			return nil
		}})
		return err
	})
	if !errors.Is(err, gone) || looked != 5 {
		t.Errorf("got %v after %d bodies", err, looked)
	}
}

func TestACopyOfAnEventIsTheSameEvent(t *testing.T) {
	const parts = 6
	db := open(t, 10, 4)
	for i := range 10 * parts {
		db.append(t, nova(fmt.Sprintf("message %d", i), time.Duration(i)))
	}
	check := func(t *testing.T) {
		db.ingest(t, func(tx *events.Tx) error {
			for i := range 10 * parts {
				e := nova(fmt.Sprintf("message %d", i), 0)
				if fresh, err := tx.Append(&e, nil); fresh || err != nil || e.ID != int64(i+1) {
					t.Errorf("message %d: fresh %v, id %d, %v", i, fresh, e.ID, err)
				}
			}
			return nil
		})
		if n := count(t, db, events.Nova); n != 10*parts {
			t.Errorf("%d events", n)
		}
	}
	t.Run("at once", check)
	db.reopen(t, true)
	t.Run("after a kill", check)
	t.Run("within a transaction", func(t *testing.T) {
		db.ingest(t, func(tx *events.Tx) error {
			a, b := nova("new", 0), nova("new", 0)
			if fresh, err := tx.Append(&a, nil); !fresh || err != nil {
				t.Errorf("fresh %v, %v", fresh, err)
			}
			if fresh, err := tx.Append(&b, nil); fresh || err != nil || b.ID != a.ID {
				t.Errorf("fresh %v, %v", fresh, err)
			}
			return nil
		})
	})
	t.Run("not in another service", func(t *testing.T) {
		db.ingest(t, func(tx *events.Tx) error {
			e := nova("message 1", 0)
			e.Service = events.Yard
			if fresh, err := tx.Append(&e, nil); !fresh || err != nil {
				t.Errorf("fresh %v, %v", fresh, err)
			}
			return nil
		})
	})
	t.Run("not without an id", func(t *testing.T) {
		before := count(t, db, events.Nova)
		db.append(t, nova("", 0), nova("", 0))
		if n := count(t, db, events.Nova); n != before+2 {
			t.Errorf("%d events after %d", n, before)
		}
	})
	db.sound(t)
}

func TestAFailedIngestLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	for name, fail := range map[string]func(){
		"an error": func() {},
		"a panic":  func() { panic(broken) },
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, 5, 3)
			db.append(t, nova("a", 0), nova("b", 0))
			err := func() (err error) {
				defer func() {
					if r := recover(); r != nil {
						err = r.(error)
					}
				}()
				return db.Ingest(t.Context(), func(tx *events.Tx) error {
					for i := range 20 {
						e := nova(fmt.Sprint("c", i), 0)
						if _, err := tx.Append(&e, []byte("{}")); err != nil {
							return err
						}
						if err := tx.StartTiming(&e, "x"); err != nil {
							return err
						}
					}
					if _, err := tx.DeploymentID("cell"); err != nil {
						return err
					}
					fail()
					return broken
				})
			}()
			if !errors.Is(err, broken) {
				t.Fatal(err)
			}
			db.ingest(t, func(tx *events.Tx) error {
				e := nova("c1", 0)
				fresh, err := tx.Append(&e, []byte("{}"))
				if !fresh || e.ID != 3 {
					t.Errorf("fresh %v, id %d", fresh, e.ID)
				}
				if err != nil {
					return err
				}
				ended, err := tx.EndTiming(&e, "x")
				if ended.StartID != 0 {
					t.Errorf("ends what was never begun: %+v", ended)
				}
				return err
			})
			db.sound(t)
		})
	}
}

func TestOnlyIngestAppends(t *testing.T) {
	db := open(t, 0, 0)
	var kept *events.Tx
	try := func(tx *events.Tx) error {
		e := nova("", 0)
		if _, err := tx.Append(&e, nil); !errors.Is(err, events.ErrReadOnly) {
			t.Errorf("append: %v", err)
		}
		if err := tx.StartTiming(&e, "x"); !errors.Is(err, events.ErrReadOnly) {
			t.Errorf("time: %v", err)
		}
		return nil
	}
	db.view(t, try)
	if err := db.Update(t.Context(), try); err != nil {
		t.Fatal(err)
	}
	db.ingest(t, func(tx *events.Tx) error { kept = tx; return nil })
	_ = try(kept)
}

func TestAnEventIsTimedOnceAndInItsTransaction(t *testing.T) {
	db := open(t, 0, 0)
	e := nova("", 0)
	db.append(t, e)
	db.ingest(t, func(tx *events.Tx) error {
		e.ID = 1
		if err := tx.StartTiming(&e, "x"); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("an event of before: %v", err)
		}
		if _, err := tx.Append(&e, nil); err != nil {
			return err
		}
		if err := tx.StartTiming(&e, "x"); err != nil {
			return err
		}
		if _, err := tx.EndTiming(&e, "x"); !errors.Is(err, events.ErrExists) {
			t.Errorf("a second time: %v", err)
		}
		lone := nova("", 0)
		lone.Instance = events.Text{}
		if _, err := tx.Append(&lone, nil); err != nil {
			return err
		}
		if err := tx.StartTiming(&lone, "x"); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("without an instance: %v", err)
		}
		return nil
	})
}

func TestAnUnknownServiceIsRefused(t *testing.T) {
	db := open(t, 0, 0)
	db.ingest(t, func(tx *events.Tx) error {
		e := nova("", 0)
		e.Service = "neutron"
		if _, err := tx.Append(&e, nil); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("append: %v", err)
		}
		if _, err := tx.Find(events.Query{Service: "neutron", Limit: -1}); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("find: %v", err)
		}
		return nil
	})
}

func TestASearchThatLooksAtTooMuchSaysSo(t *testing.T) {
	db := open(t, 20, 10)
	for i := range 50 {
		db.append(t, nova("", time.Duration(i)*time.Second))
	}
	none := func(*events.Event) bool { return false }
	noBody := func([]byte) bool { return false }
	for name, c := range map[string]struct {
		query events.Query
		spent bool
	}{
		"columns":               {events.Query{Where: none, Budget: 30}, true},
		"columns, enough":       {events.Query{Where: none, Budget: 60}, false},
		"bodies cost more":      {events.Query{WhereBody: noBody, Budget: 60}, true},
		"bodies, enough":        {events.Query{WhereBody: noBody, Budget: 500}, false},
		"what is found is free": {events.Query{Where: func(*events.Event) bool { return true }, Budget: 1}, false},
		"by id":                 {events.Query{Where: none, Budget: 30, Order: events.ByID}, true},
		"the index is free":     {events.Query{Type: ptr("nothing"), Budget: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Service, c.query.Limit = events.Nova, -1
			err := db.View(t.Context(), func(tx *events.Tx) error { _, err := tx.Find(c.query); return err })
			var spent *events.BudgetError
			if errors.Is(err, events.ErrBudget) != c.spent || errors.As(err, &spent) && spent.Looked < 30 {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAViewSeesOneMomentWhileOthersIngest(t *testing.T) {
	db := open(t, 50, 17)
	ctx, cancel := context.WithCancel(t.Context())
	wrote := make(chan error, 2)
	for range 2 {
		go func() {
			var err error
			for i := 0; err == nil && ctx.Err() == nil; i++ {
				err = db.Ingest(context.Background(), func(tx *events.Tx) error {
					for k := range 1 + i%7 {
						e := nova("", time.Duration(i*10+k)*time.Millisecond)
						if _, err := tx.Append(&e, []byte("{}")); err != nil {
							return err
						}
					}
					return nil
				})
			}
			wrote <- err
		}()
	}
	last := int64(0)
	for range 400 {
		db.view(t, func(tx *events.Tx) error {
			stats, err := tx.Stats()
			if err != nil {
				return err
			}
			n := stats.PerService[events.Nova].Count
			found, err := tx.Find(events.Query{Service: events.Nova, Instance: ptr("i-1"), Order: events.ByID, Limit: -1})
			if err != nil {
				return err
			}
			if int64(len(found)) != n || n < last {
				t.Errorf("%d events found, %d counted, %d before", len(found), n, last)
			}
			for i, e := range found {
				if e.ID != int64(i+1) {
					t.Fatalf("event %d is the %d.", e.ID, i+1)
				}
			}
			if n > 0 {
				if _, err := tx.Body(events.Nova, n); err != nil {
					return err
				}
			}
			last = n
			return nil
		})
	}
	cancel()
	for range 2 {
		if err := <-wrote; err != nil {
			t.Error(err)
		}
	}
	db.sound(t)
}

func TestUpdatesSeeEventsAndShareCommits(t *testing.T) {
	db := open(t, 0, 3)
	db.append(t, nova("a", 0), nova("b", 0))
	err := db.Update(t.Context(), func(tx *events.Tx) error {
		e, err := tx.Event(events.Nova, 2)
		if err != nil {
			return err
		}
		return events.Reports.Insert(tx, &events.Report{Name: e.MessageID, Created: noon})
	})
	if err != nil {
		t.Fatal(err)
	}
	db.view(t, func(tx *events.Tx) error {
		r, err := events.Reports.Get(tx, 1)
		if r.Name != "b" {
			t.Errorf("got %+v", r)
		}
		return err
	})
}

func TestABackupHasTheTail(t *testing.T) {
	db := open(t, 5, 4)
	for i := range 13 {
		db.append(t, nova(fmt.Sprint(i), 0))
	}
	var copied bytes.Buffer
	n, err := db.Backup(t.Context(), func(int64) (io.Writer, error) { return &copied, nil })
	if err != nil || n != int64(copied.Len()) {
		t.Fatalf("%d of %d bytes, %v", copied.Len(), n, err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	same := &opened{options: db.options}
	same.options.Path = path
	same.open(t)
	defer same.Close()
	same.sound(t)
	if n := count(t, same, events.Nova); n != 13 {
		t.Errorf("%d events", n)
	}
}

func TestACompactedFileHasAll(t *testing.T) {
	db := open(t, 5, 4)
	for i := range 13 {
		db.append(t, nova(fmt.Sprint(i), 0))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	small := &opened{options: db.options}
	small.options.Path += ".small"
	if err := events.Compact(t.Context(), db.options.Path, small.options.Path); err != nil {
		t.Fatal(err)
	}
	small.open(t)
	defer small.Close()
	small.sound(t)
	if n := count(t, small, events.Nova); n != 13 {
		t.Errorf("%d events", n)
	}
}

func TestBodiesComeBackAsTheyWere(t *testing.T) {
	db := open(t, 40, 8)
	var want []string
	for batch := range 12 {
		db.ingest(t, func(tx *events.Tx) error {
			for i := range 1 + batch*3%14 {
				body := strings.Repeat(fmt.Sprint(`{"n":`, i, `,"event_type":"compute.instance.update"}`), i*batch*batch)
				if i == 2 && batch == 3 {
					body = strings.Repeat("long ", 200_000)
				}
				e := nova("", 0)
				if _, err := tx.Append(&e, []byte(body)); err != nil {
					return err
				}
				want = append(want, body)
			}
			return nil
		})
	}
	db.reopen(t, false)
	db.view(t, func(tx *events.Tx) error {
		for i, body := range want {
			got, err := tx.Body(events.Nova, int64(i+1))
			if err != nil {
				return err
			}
			if diff := cmp.Diff(body, string(got)); diff != "" {
				t.Fatalf("body %d: %s", i+1, diff)
			}
		}
		return nil
	})
	db.sound(t)
}

func TestPartsMayHaveAnotherSizeFromNowOn(t *testing.T) {
	db := open(t, 4, 3)
	for i := range 6 {
		db.append(t, nova(fmt.Sprint(i), 0))
	}
	db.options.PartSize, db.options.Tail = 9, 2
	db.reopen(t, false)
	for i := range 30 {
		db.append(t, nova(fmt.Sprint(i), 0))
	}
	if n := count(t, db, events.Nova); n != 30 {
		t.Errorf("%d events", n)
	}
	db.sound(t)
}
