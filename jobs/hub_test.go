package jobs

import (
	"testing"

	"yardmaster/store"
)

func TestAFollowerOfOneOperationIsNotWokenForOthers(t *testing.T) {
	h := newHub()
	mine, cancel := h.follow("a")
	defer cancel()
	all, cancelAll := h.followAll()
	defer cancelAll()
	for range 2 * lagOfOne {
		h.publish(store.Operation{ID: "b"})
	}
	h.publish(store.Operation{ID: "a"})
	if op, open := <-mine; !open || op.ID != "a" {
		t.Errorf("got %q, open %v", op.ID, open)
	}
	if n := len(all); n != 2*lagOfOne+1 {
		t.Errorf("who follows all got %d changes", n)
	}
}

func TestAFollowerWhoFallsBehindIsLetGo(t *testing.T) {
	h := newHub()
	events, cancel := h.follow("a")
	defer cancel()
	for range lagOfOne + 1 {
		h.publish(store.Operation{ID: "a"})
	}
	n := 0
	for range events {
		n++
	}
	if n != lagOfOne {
		t.Errorf("got %d changes before the end, want %d", n, lagOfOne)
	}
	h.publish(store.Operation{ID: "a"})
}
