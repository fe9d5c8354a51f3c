package pools_test

import (
	"context"
	"errors"
	"testing"

	"yardmaster/jobs/pools"
)

// sharing is two pools with an alias in common, of each of which a user may hold so many.
func sharing(size, first, second int) pools.Config {
	cfg := config(size)
	cfg.Pools = append(cfg.Pools, pool("debian-b", size))
	for i, quota := range []int{first, second} {
		cfg.Pools[i].Aliases, cfg.Pools[i].QuotaUser = []string{"deb"}, quota
	}
	return cfg
}

func TestAQuotaOfOnePoolLeavesTheOthersOfItsAlias(t *testing.T) {
	y := newYard(t, sharing(2, 1, 0))
	ann, ctx := pools.Who{User: "ann", Token: "a"}, context.Background()
	for range 3 {
		y.ready("debian", 2)
		y.ready("debian-b", 2)
		y.take(ann, pools.Want{Name: "deb", Count: 2})
	}
	if _, err := y.s.Checkout(ctx, ann, []pools.Want{{Name: "debian", Count: 2}}); !errors.Is(err, pools.ErrQuota) {
		t.Errorf("two of the pool that gives one: %v", err)
	}
	held, err := y.s.Held(ctx, "ann")
	of := map[string]int{}
	for _, v := range held {
		of[v.Pool]++
	}
	if err != nil || len(held) != 6 || of["debian"] > 1 {
		t.Errorf("held: %v, %v", of, err)
	}
	r, err := y.s.Request(ctx, ann, "r", []pools.Want{{Name: "deb", Count: 8}})
	of = map[string]int{}
	for _, item := range r.Items {
		of[item.Pool] += item.Count
	}
	if err != nil || r.Count() != 8 || of["debian"] > 1 {
		t.Errorf("requested: %v, %v", of, err)
	}
}

// What no number of machines could mend is a quota; what more machines would mend is not.
func TestAQuotaIsExceededOnlyWhereNothingElseIsLeft(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second int
		wants         []pools.Want
		want          error
	}{
		{"one pool, within", 2, 0, []pools.Want{{Name: "debian", Count: 2}}, pools.ErrEmpty},
		{"one pool, beyond", 2, 0, []pools.Want{{Name: "debian", Count: 3}}, pools.ErrQuota},
		{"the other gives any number", 2, 0, []pools.Want{{Name: "deb", Count: 1 << 40}}, pools.ErrEmpty},
		{"both bounded, within", 1, 2, []pools.Want{{Name: "deb", Count: 3}}, pools.ErrEmpty},
		{"both bounded, beyond", 1, 2, []pools.Want{{Name: "deb", Count: 4}}, pools.ErrQuota},
		{"together within", 1, 2, []pools.Want{{Name: "deb", Count: 2}, {Name: "debian", Count: 1}}, pools.ErrEmpty},
		{"together beyond", 1, 2, []pools.Want{{Name: "deb", Count: 3}, {Name: "debian", Count: 1}}, pools.ErrQuota},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := newYard(t, sharing(0, c.first, c.second))
			if _, err := y.s.Checkout(context.Background(), pools.Who{User: "ann"}, c.wants); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := y.s.Checkout(context.Background(), pools.Who{User: "ann", Admin: true}, c.wants); !errors.Is(err, pools.ErrEmpty) {
				t.Errorf("an admin: %v", err)
			}
		})
	}
}

func TestAQuotaInAllCannotOverflow(t *testing.T) {
	cfg := config(0)
	cfg.QuotaUser = 5
	y := newYard(t, cfg)
	const huge = int(^uint(0) >> 1)
	wants := []pools.Want{{Name: "debian", Count: huge}, {Name: "debian", Count: huge}}
	if _, err := y.s.Checkout(context.Background(), pools.Who{User: "ann"}, wants); !errors.Is(err, pools.ErrQuota) {
		t.Errorf("got %v", err)
	}
}
