package events_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

func poison(text string) domain.Incoming {
	return domain.Incoming{Deployment: "cell-1", Exchange: "nova", RoutingKey: "monitor.info", Body: []byte(text)}
}

func TestAMessageThatCannotBeUnderstoodIsKeptWithItsReasonAndStopsNothing(t *testing.T) {
	c := newScene(t, domain.Options{})
	ctx := context.Background()
	r := c.ingest(nova("m1", "compute.instance.update", 0), poison("[]"), poison("not json"), nova("m2", "compute.instance.update", 1), poison("[]"))
	if r != (domain.Receipt{Stored: 2, Dead: 3}) {
		t.Fatalf("receipt %+v", r)
	}
	letters, err := c.s.Letters(ctx, 0, 10)
	if err != nil || len(letters) != 2 {
		t.Fatalf("letters %+v, %v; want two, one of which came twice", letters, err)
	}
	if l := letters[1]; l.Size != 2 || l.Times != 2 || l.Reason == "" || l.Exchange != "nova" || l.Deployment != "cell-1" {
		t.Errorf("letter %+v", l)
	}
	if page, err := c.s.Letters(ctx, letters[0].ID, 1); err != nil || len(page) != 1 || page[0].ID != letters[1].ID {
		t.Errorf("second page %+v, %v", page, err)
	}
	if n := c.s.Stats().Dead; n != 3 {
		t.Errorf("%d counted, want 3", n)
	}
	if err := c.s.DeleteLetter(ctx, letters[0].ID); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{"delete": c.s.DeleteLetter(ctx, letters[0].ID), "get": second(c.s.Letter(ctx, 99)), "replay": second(c.s.Replay(ctx, 99))} {
		if !errors.Is(err, domain.ErrNoLetter) {
			t.Errorf("%s of one that is not there: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestADeadLetterThatIsUnderstoodNowBecomesAnEvent(t *testing.T) {
	c := newScene(t, domain.Options{})
	ctx := context.Background()
	good := nova("m1", "compute.instance.create.start", 0)
	c.ingest(poison("not json"))
	err := c.db.Update(ctx, func(tx *events.Tx) error { // as a program that knew less would have left it
		return events.DeadLetters.Insert(tx, &events.DeadLetter{Deployment: "cell-9", Exchange: "nova", RoutingKey: good.RoutingKey, Body: good.Body, Times: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.s.ReplayAll(ctx); err != nil || r != (domain.Receipt{Stored: 1, Dead: 1}) {
		t.Errorf("replay: %+v, %v", r, err)
	}
	letters, err := c.s.Letters(ctx, 0, 10)
	if err != nil || len(letters) != 1 || letters[0].Times != 1 {
		t.Errorf("left: %+v, %v; want the one that is still dead, which came once", letters, err)
	}
	list := c.all(events.Nova)
	if len(list) != 1 || list[0].MessageID != "m1" {
		t.Fatalf("events %+v", list)
	}
	c.view(func(tx *events.Tx) error {
		if d, err := events.DeploymentsTable.Get(tx, list[0].Deployment); err != nil || d.Name != "cell-9" {
			t.Errorf("deployment %+v, %v", d, err)
		}
		return nil
	})
	if r, err := c.s.Replay(ctx, letters[0].ID); err != nil || r.Dead != 1 {
		t.Errorf("replay of one: %+v, %v", r, err)
	}
	if n := c.s.Stats().Dead; n != 1 {
		t.Errorf("%d counted as dead, want the one that came", n)
	}
}

func TestSoManyDeadLettersAreKeptAndTheNewestOfThem(t *testing.T) {
	c := newScene(t, domain.Options{DeadLetters: 10})
	for i := range 5 {
		var in []domain.Incoming
		for j := range 7 {
			in = append(in, poison(fmt.Sprintf("poison %d", i*7+j)))
		}
		c.ingest(in...)
	}
	letters, err := c.s.Letters(context.Background(), 0, 100)
	if err != nil || len(letters) != 10 || c.body(letters[0]) != "poison 34" || c.body(letters[9]) != "poison 25" {
		t.Errorf("%d letters, %v", len(letters), err)
	}
}

func (c *scene) body(l events.LetterHead) string {
	whole, err := c.s.Letter(context.Background(), l.ID)
	if err != nil || len(whole.Body) != int(l.Size) {
		c.t.Errorf("letter %+v has %d bytes, %v", l, len(whole.Body), err)
	}
	return string(whole.Body)
}

func TestDeadLettersTakeSoMuchRoomAndTheOldestGo(t *testing.T) {
	c := newScene(t, domain.Options{LetterBytes: 1000})
	for i, n := range []int{400, 401, 100, 502, 0, 3} {
		c.ingest(poison(strings.Repeat(fmt.Sprint(i), n)))
	}
	letters, err := c.s.Letters(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, l := range letters {
		sizes = append(sizes, len(c.body(l)))
	}
	if diff := cmp.Diff([]int{3, 0, 502, 100}, sizes); diff != "" {
		t.Error(diff)
	}
	c.ingest(poison(strings.Repeat("x", 2000)))
	if letters, err := c.s.Letters(context.Background(), 0, 100); err != nil || len(letters) != 0 {
		t.Errorf("%d letters, %v; one that is larger than all may be is not kept", len(letters), err)
	}
}

func TestLettersThatAreLongAreReplayedAFewAtATime(t *testing.T) {
	c := newScene(t, domain.Options{})
	for i := range 10 {
		c.ingest(poison(strings.Repeat(fmt.Sprint(i), 1<<20)))
	}
	before := c.s.Stats().Transactions
	if r, err := c.s.ReplayAll(context.Background()); err != nil || r != (domain.Receipt{Dead: 10}) {
		t.Errorf("%+v, %v", r, err)
	}
	if n := c.s.Stats().Transactions - before; n != 2 {
		t.Errorf("%d transactions, want two of at most 8 MiB", n)
	}
}

func TestADeadLetterIsBounded(t *testing.T) {
	c := newScene(t, domain.Options{})
	c.ingest(poison(strings.Repeat("x", 3<<20)))
	letters, err := c.s.Letters(context.Background(), 0, 1)
	if err != nil || len(letters) != 1 || letters[0].Size != 1<<20 || !strings.Contains(letters[0].Reason, "3145728") {
		t.Errorf("%d letters, %v", len(letters), err)
	}
}

func TestWhatIsLongerThanItsColumnIsADeadLetter(t *testing.T) {
	c := newScene(t, domain.Options{})
	if r := c.ingest(nova(repeat(1000, "m"), "compute.instance.update", 0), nova("m2", "compute.instance.update", 1)); r != (domain.Receipt{Stored: 1, Dead: 1}) {
		t.Fatalf("receipt %+v", r)
	}
	letters, err := c.s.Letters(context.Background(), 0, 10)
	if err != nil || len(letters) != 1 || letters[0].Reason != "message_id: 1000 bytes, of 512 that are kept" {
		t.Errorf("%+v, %v", letters, err)
	}
}
