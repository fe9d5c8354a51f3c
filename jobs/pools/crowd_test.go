package pools_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/vm/sim"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

// crowd is clients who take machines of overlapping pools and give them back, over restarts of the server.
type crowd struct {
	y       *yard
	clients int
	rounds  int // that each is served

	mu      sync.Mutex
	holders map[string]int
	unsure  int // checkouts whose answer went down with the server
	refused int
	served  int
}

func (c *crowd) service() *pools.Service {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.y.s
}

func (c *crowd) run(t *testing.T) {
	var all sync.WaitGroup
	for i := range c.clients {
		all.Go(func() { c.client(t, i) })
	}
	all.Wait()
}

var wanted = [][]pools.Want{
	{{Name: "debian", Count: 1}},
	{{Name: "debian", Count: 2}, {Name: "centos", Count: 1}},
	{{Name: "linux", Count: 2}},
	{{Name: "linux", Count: 1}, {Name: "debian", Count: 1}},
	{{Name: "centos", Count: 1}, {Name: "linux", Count: 2}},
}

func (c *crowd) client(t *testing.T, i int) {
	lot := rand.New(rand.NewPCG(uint64(i), 1))
	ctx := context.Background()
	for left := c.rounds; left > 0; {
		want := wanted[lot.IntN(len(wanted))]
		got, err := c.service().Checkout(ctx, nobody, want)
		switch {
		case errors.Is(err, pools.ErrEmpty):
			c.mu.Lock()
			c.refused++
			c.mu.Unlock()
			time.Sleep(time.Duration(lot.IntN(10)) * time.Millisecond)
			continue
		case err != nil: // the server went down
			c.mu.Lock()
			c.unsure++
			c.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			continue
		}
		left--
		c.hold(t, i, want, got)
		for _, g := range got {
			for _, v := range g.VMs {
				c.giveBack(t, v.Name)
			}
		}
	}
}

func (c *crowd) hold(t *testing.T, i int, want []pools.Want, got []pools.Taken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served++
	for n, w := range want {
		if got[n].Name != w.Name || len(got[n].VMs) != w.Count {
			t.Errorf("wanted %+v, got %+v", w, got[n])
		}
		for _, v := range got[n].VMs {
			if other, held := c.holders[v.Name]; held {
				t.Errorf("%s was given to %d and to %d", v.Name, other, i)
			}
			c.holders[v.Name] = i
		}
	}
}

// giveBack keeps the name among the holders: no machine is ever given again.
func (c *crowd) giveBack(t *testing.T, name string) {
	for tries := 0; ; tries++ {
		err := c.service().Delete(context.Background(), nobody, name)
		if err == nil || tries > 0 && errors.Is(err, pools.ErrNotFound) {
			return
		}
		if tries > 1000 || errors.Is(err, pools.ErrNotFound) {
			t.Errorf("%s was not given back: %v", name, err)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func overlapping(size int) pools.Config {
	cfg := config(size)
	cfg.Pools = append(cfg.Pools, pool("centos", size))
	cfg.Pools[0].Aliases, cfg.Pools[1].Aliases = []string{"linux"}, []string{"linux"}
	return cfg
}

// check holds what must be true once the crowd has gone: what is running is what nobody heard of, and the counts add up.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	y := c.y
	y.settled()
	y.ready("debian", 10)
	y.ready("centos", 10)
	y.agree()
	running := y.counts("debian").Running + y.counts("centos").Running
	if running > 3*c.unsure {
		t.Errorf("%d machines are running, and %d answers got lost", running, c.unsure)
	}
	if c.served == 0 {
		t.Error("nobody was served")
	}
	made := 0
	y.view(func(tx *store.Tx) error {
		for d, err := range store.PoolDays(tx, "2000-01-01", "2100-01-01") {
			if err != nil {
				return err
			}
			if d.Task == store.TaskBoot {
				made += d.Count
			}
		}
		return nil
	})
	if least := len(c.holders) + 20; made < least {
		t.Errorf("%d machines became ready, and at least %d must have", made, least)
	}
	t.Logf("served %d, refused %d, unsure %d, %d machines", c.served, c.refused, c.unsure, len(c.holders))
}

func TestNoMachineIsGivenTwice(t *testing.T) {
	c := &crowd{y: newYard(t, overlapping(10)), clients: 64, rounds: 10, holders: map[string]int{}}
	c.run(t)
	c.check(t)
}

func TestNoMachineIsGivenTwiceThoughTheServerIsKilledAndTheProviderFails(t *testing.T) {
	o := sim.Options{Seed: 3, LeaveHalfMade: 50}
	for _, trouble := range []*sim.Trouble{&o.CreateVM, &o.DestroyVM} {
		trouble.FailPercent = 20
	}
	c := &crowd{y: newYardOn(t, overlapping(10), o), clients: 64, rounds: 10, holders: map[string]int{}}
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for range 20 {
			select {
			case <-stop:
				return
			case <-time.After(150 * time.Millisecond):
			}
			c.y.kill()
			c.mu.Lock()
			c.y.open()
			c.mu.Unlock()
		}
	})
	c.run(t)
	close(stop)
	killer.Wait()
	c.check(t)
}
