package events_test

import (
	"context"
	"testing"

	domain "yardmaster/jobs/events"
	"yardmaster/store/events"
)

func TestWhatIsNoOperationCanBeNoted(t *testing.T) {
	c := newYard(t, domain.Options{}, &script{})
	ctx := context.Background()
	for range 2 {
		if err := c.s.Note(ctx, "config.drift.found", "deployment-web", map[string]any{"fields": []string{"spec.replicas"}}); err != nil {
			t.Fatal(err)
		}
	}
	name := "yardmaster.config.drift.found"
	var found []events.Event
	err := c.s.View(ctx, func(tx *events.Tx) error {
		var err error
		found, err = tx.Find(events.Query{Service: events.Yard, Type: &name, Limit: 10})
		return err
	})
	if err != nil || len(found) != 2 || found[0].Instance.S != "deployment-web" || found[0].Failed() {
		t.Errorf("got %+v, %v", found, err)
	}
}
