package pools

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"yardmaster/jobs/pools/plan"
	"yardmaster/store"
)

// Request asks for machines that are made for it; the keeper makes them. An id of "" is made up. The configured bound is for each
// name that is asked for. Errors: *UnknownPoolsError, ErrTooMany, ErrRequestExists, ErrQuota.
func (s *Service) Request(ctx context.Context, by Who, id string, wants []Want) (store.VMRequest, error) {
	if err := s.unknown(wants); err != nil {
		return store.VMRequest{}, err
	}
	for _, w := range wants {
		if s.cfg.MaxOnDemand > 0 && w.Count > s.cfg.MaxOnDemand {
			return store.VMRequest{}, fmt.Errorf("%w: %d of %s, at most %d", ErrTooMany, w.Count, w.Name, s.cfg.MaxOnDemand)
		}
	}
	if id == "" {
		id = s.newID()
	}
	r := store.VMRequest{ID: id, State: store.RequestPending, Token: by.Token, User: by.User}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := store.VMRequests.Get(tx, id)
		switch {
		case err == nil:
			return fmt.Errorf("%w: %s", ErrRequestExists, id)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		left, err := s.quota(tx, by, wants)
		if err != nil {
			return err
		}
		if r.Items, err = s.spread(wants, left); err != nil {
			return err
		}
		r.Requested = tx.Now()
		return store.VMRequests.Put(tx, &r)
	})
	if err == nil {
		s.keeper.Kick(s.served(wants)...)
	}
	return r, err
}

// spread decides for every machine of a request which pool makes it, in the way in which a checkout would choose.
func (d *Domain) spread(wants []Want, left allowance) ([]store.VMRequestItem, error) {
	lot := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	var units [][]string
	for _, w := range wants {
		backends := d.backends(w.Name)
		for range w.Count {
			units = append(units, d.drawn(backends, lot))
		}
	}
	supply := map[string]int{}
	for _, pool := range d.served(wants) {
		supply[pool] = left.of(pool, len(units))
	}
	from, ok := plan.Assign(units, supply)
	if !ok {
		return nil, ErrQuota
	}
	var items []store.VMRequestItem
	for _, w := range wants {
		per := map[string]int{}
		for _, pool := range from[:w.Count] {
			per[pool]++
		}
		from = from[w.Count:]
		for _, pool := range d.backends(w.Name) {
			if per[pool] > 0 {
				items = append(items, store.VMRequestItem{Alias: w.Name, Pool: pool, Count: per[pool]})
			}
		}
	}
	return items, nil
}

// GetRequest is a request with the machines that it has. ErrNoRequest.
func (s *Service) GetRequest(ctx context.Context, id string) (Request, error) {
	var r Request
	err := s.db.View(ctx, func(tx *store.Tx) error {
		var err error
		if r.VMRequest, err = request(tx, id); err != nil {
			return err
		}
		r.VMs, err = heldByRequest(tx, id)
		return err
	})
	return r, err
}

func request(tx *store.Tx, id string) (store.VMRequest, error) {
	r, err := store.VMRequests.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, fmt.Errorf("%w: %s", ErrNoRequest, id)
	}
	return r, err
}

func heldByRequest(tx *store.Tx, id string) ([]store.VM, error) {
	vms, err := store.VMsOfRequest(tx, id)
	if err != nil {
		return nil, err
	}
	var held []store.VM
	for _, v := range vms {
		if v.Held() {
			held = append(held, v)
		}
	}
	return held, nil
}

// DeleteRequest calls a request off and gives its machines up; already says that this was done before. Errors: ErrNoRequest,
// ErrNotYours.
func (s *Service) DeleteRequest(ctx context.Context, by Who, id string) (already bool, err error) {
	var pools []string
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := request(tx, id)
		if err != nil {
			return err
		}
		if s.cfg.Ownership && !by.Admin && r.User != "" && r.User != by.User {
			return ErrNotYours
		}
		if already = r.State == store.RequestDeleted; already {
			return nil
		}
		pools, err = endRequest(tx, &r, store.RequestDeleted, "")
		return err
	})
	s.keeper.Kick(pools...)
	return already, err
}

// endRequest ends a request that is not wanted or cannot be met, with all of its machines; it says which pools they are of.
func endRequest(tx *store.Tx, r *store.VMRequest, state store.RequestState, message string) ([]string, error) {
	vms, err := store.VMsOfRequest(tx, r.ID)
	if err != nil {
		return nil, err
	}
	var pools []string
	for i := range vms {
		v := &vms[i]
		pools = append(pools, v.Pool)
		if v.State == store.VMCompleted || v.State == store.VMDestroyed {
			continue
		}
		if err := complete(tx, v, "its request was "+string(state)); err != nil {
			return nil, err
		}
	}
	r.State, r.Message, r.Ended = state, message, tx.Now()
	return pools, store.VMRequests.Put(tx, r)
}
