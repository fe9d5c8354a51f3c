package pools_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

func TestARequestHasItsMachinesMade(t *testing.T) {
	cfg := config(0)
	cfg.Pools[0].Aliases = []string{"deb"}
	y := newYard(t, cfg)
	ctx := context.Background()
	if _, err := y.s.Request(ctx, pools.Who{User: "ann", Token: "hash"}, "r1", []pools.Want{{Name: "deb", Count: 2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := y.s.Request(ctx, nobody, "r1", []pools.Want{{Name: "deb", Count: 1}}); !errors.Is(err, pools.ErrRequestExists) {
		t.Errorf("got %v", err)
	}
	if _, err := y.s.Request(ctx, nobody, "r2", []pools.Want{{Name: "deb", Count: 11}}); !errors.Is(err, pools.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	var r pools.Request
	y.until("the request", func() bool {
		var err error
		if r, err = y.s.GetRequest(ctx, "r1"); err != nil {
			t.Fatal(err)
		}
		return r.State == store.RequestReady
	})
	if len(r.VMs) != 2 || r.VMs[0].Alias != "deb" || r.VMs[0].User != "ann" || r.VMs[0].Lifetime != 48 {
		t.Errorf("got %+v", r)
	}
	if already, err := y.s.DeleteRequest(ctx, nobody, "r1"); already || err != nil {
		t.Errorf("got %v, %v", already, err)
	}
	y.settled()
	if already, err := y.s.DeleteRequest(ctx, nobody, "r1"); !already || err != nil {
		t.Errorf("got %v, %v", already, err)
	}
	y.agree()
}

func TestARequestFailsAtOnceIfNoTryCanMendIt(t *testing.T) {
	cfg := config(0)
	y := newYardOn(t, cfg, sim.Options{Seed: 7, Missing: []string{"img/debian"}})
	ctx := context.Background()
	if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 2}}); err != nil {
		t.Fatal(err)
	}
	y.until("the request fails", func() bool {
		r, err := y.s.GetRequest(ctx, "r")
		return err == nil && r.State == store.RequestFailed && r.Message != ""
	})
	y.settled()
	y.agree()
}

func TestARequestIsTriedAgainAsOftenAsItMay(t *testing.T) {
	y := newYard(t, config(0))
	defer y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.HalfDone, Err: errors.New("no luck")})()
	ctx := context.Background()
	if _, err := y.s.Request(ctx, nobody, "r", []pools.Want{{Name: "debian", Count: 1}}); err != nil {
		t.Fatal(err)
	}
	y.until("the request fails", func() bool {
		r, err := y.s.GetRequest(ctx, "r")
		return err == nil && r.State == store.RequestFailed && r.Retries == 4
	})
	y.settled()
	y.agree()
}

func TestThoseWhoWaitAreServedInOrder(t *testing.T) {
	y := newYard(t, config(1))
	y.ready("debian", 1)
	slow := y.world.Inject(sim.Fault{Call: sim.Create, Effect: sim.Hang})
	y.one("debian")
	type answer struct {
		who string
		vm  string
	}
	answers := make(chan answer, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	wait := func(who string) {
		taken, err := y.s.CheckoutWait(ctx, pools.Who{User: who}, []pools.Want{{Name: "debian", Count: 1}})
		if err != nil {
			answers <- answer{who, err.Error()}
			return
		}
		answers <- answer{who, taken[0].VMs[0].Name}
	}
	go wait("first")
	y.until("the first waits", func() bool { return y.s.Waiting() == 1 })
	go wait("second")
	y.until("the second waits", func() bool { return y.s.Waiting() == 2 })
	if _, err := y.s.Checkout(ctx, nobody, []pools.Want{{Name: "debian", Count: 1}}); !errors.Is(err, pools.ErrEmpty) {
		t.Errorf("somebody came before those who wait: %v", err)
	}
	slow()
	a, b := <-answers, <-answers
	if a.who != "first" || b.who != "second" || a.vm == b.vm {
		t.Errorf("got %v, then %v", a, b)
	}
	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	defer stop()
	if _, err := y.s.CheckoutWait(short, nobody, []pools.Want{{Name: "debian", Count: 2}}); !errors.Is(err, pools.ErrEmpty) {
		t.Errorf("more than there will ever be: %v", err)
	}
}
