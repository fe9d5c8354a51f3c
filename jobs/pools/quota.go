package pools

import (
	"fmt"
	"slices"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// allowance is how many more machines of a pool a caller may hold, for the pools that bound it.
type allowance map[string]int

// of is how many of n machines of a pool are left to the caller.
func (a allowance) of(pool string, n int) int {
	if most, bounded := a[pool]; bounded {
		return min(n, most)
	}
	return n
}

// quota refuses what would give a user more than one may hold, whatever were ready, and says what is left of each pool otherwise;
// what the user's open requests still wait for counts as held. Those who did not sign in share no quota.
func (d *Domain) quota(tx *store.Tx, by Who, wants []Want) (allowance, error) {
	if by.User == "" || by.Admin || !d.quotas() {
		return nil, nil
	}
	due, err := outstanding(tx, by.User)
	if err != nil {
		return nil, err
	}
	if err := d.quotaInAll(tx, by, wants, due); err != nil {
		return nil, err
	}
	left := allowance{}
	for _, w := range wants {
		for _, pool := range d.backends(w.Name) {
			if most := d.pools[pool].QuotaUser; most > 0 {
				left[pool] = max(0, most-store.CountHeldBy(tx, by.User, pool)-due[pool])
			}
		}
	}
	return left, d.within(by, wants, left)
}

// quotas says whether there are any.
func (d *Domain) quotas() bool {
	return d.cfg.QuotaUser > 0 || slices.ContainsFunc(d.cfg.Pools, func(p Pool) bool { return p.QuotaUser > 0 })
}

func (d *Domain) quotaInAll(tx *store.Tx, by Who, wants []Want, due map[string]int) error {
	if d.cfg.QuotaUser == 0 {
		return nil
	}
	have, more := store.CountHeldBy(tx, by.User, ""), 0
	for _, n := range due {
		have += n
	}
	for _, w := range wants {
		if w.Count > d.cfg.QuotaUser { // before the sum can overflow
			more = w.Count
			break
		}
		more += w.Count
	}
	if more > d.cfg.QuotaUser-have {
		return fmt.Errorf("%w: %s holds %d machines of at most %d", ErrQuota, by.User, have, d.cfg.QuotaUser)
	}
	return nil
}

// within refuses what the quotas of pools leave no way to meet. A name that a pool without one may serve always has a way.
func (d *Domain) within(by Who, wants []Want, left allowance) error {
	var units [][]string
	for _, w := range wants {
		backends := d.backends(w.Name)
		if slices.ContainsFunc(backends, func(pool string) bool { _, bounded := left[pool]; return !bounded }) {
			continue
		}
		most := 0
		for _, pool := range backends {
			most += left[pool]
		}
		if w.Count > most {
			return fmt.Errorf("%w: %s may have at most %d more of %s", ErrQuota, by.User, most, w.Name)
		}
		for range w.Count {
			units = append(units, backends)
		}
	}
	if _, ok := plan.Assign(units, left); !ok {
		return fmt.Errorf("%w: %s may not have as many of these pools together", ErrQuota, by.User)
	}
	return nil
}

// outstanding is what the open requests of a user still wait for, by pool.
func outstanding(tx *store.Tx, user string) (map[string]int, error) {
	open, err := store.PendingRequests(tx)
	if err != nil {
		return nil, err
	}
	due := map[string]int{}
	for i := range open {
		if open[i].User != user {
			continue
		}
		for _, item := range open[i].Items {
			due[item.Pool] += item.Count
		}
		held, err := heldByRequest(tx, open[i].ID)
		if err != nil {
			return nil, err
		}
		for _, v := range held {
			due[v.Pool]--
		}
	}
	return due, nil
}
