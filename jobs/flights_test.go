package jobs

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/queue"
	"yardmaster/store"
)

// A worker in the sender's process must get what one elsewhere would.
func TestATaskIsTheSameToWhoeverSentIt(t *testing.T) {
	now := time.Now()
	op := store.Operation{ID: "a", Kind: "k", State: store.Undoing, Attempt: 2, Hosts: []string{"h"}, Input: json.RawMessage(`{"x":1}`),
		Journal: []store.Step{{Name: "s", At: now, Data: json.RawMessage(`2`)}}, Error: &store.OpError{Text: "t"}, Created: now, Started: now}
	r := &Runner{flights: newFlights(0, nil), keyID: "key"}
	payload, err := json.Marshal(r.task(op))
	if err != nil {
		t.Fatal(err)
	}
	job := queue.Job{Op: op.ID, Attempt: op.Attempt, Payload: payload}
	elsewhere, err := r.open(job)
	if err != nil {
		t.Fatal(err)
	}
	if !r.flights.launch(op, "", now) {
		t.Fatal("not launched")
	}
	job.Payload = nil
	here, err := r.open(job)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(elsewhere, here); diff != "" {
		t.Errorf("-elsewhere +here:\n%s", diff)
	}
	here.Op.Hosts[0] = "changed"
	if again, _ := r.open(job); again.Op.Hosts[0] != "h" {
		t.Error("two runs share what they were given")
	}
	job.Attempt++
	if _, err := r.open(job); err == nil {
		t.Error("another attempt was taken for the one that was sent")
	}
}
