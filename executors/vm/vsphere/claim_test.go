package vsphere

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAClaimIsHeldUntilTheLastWhoSharesItGivesItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := &claims{held: map[string]*claim{}}
		first, err := cs.take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		first.share()
		other, err := cs.take(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other.give()
		got := make(chan *claim, 1)
		go func() {
			c, err := cs.take(t.Context(), "a")
			if err != nil {
				t.Error(err)
			}
			got <- c
		}()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cs.take(impatient, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		first.give()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("it was given away while it was shared")
		}
		first.give()
		(<-got).give()
		if len(cs.held) != 0 {
			t.Errorf("%d claims are remembered", len(cs.held))
		}
	})
}
