package vmpooler

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// checkoutBody is POST /vm with {"pool or alias": count, ..}.
func (e edition) checkoutBody(r *http.Request) (rest.Response, error) {
	body, err := e.body(r)
	if err == nil && e.strict && len(body) == 0 {
		err = errNotThere
	}
	var wants []pools.Want
	if err == nil {
		wants, err = e.wantsOf(body)
	}
	if errors.Is(err, errNull) || errors.Is(err, errNotThere) {
		e.metrics.inc(checkoutInvalid, noPool)
	}
	if err != nil {
		return rest.Response{}, err
	}
	return e.checkout(r, wants)
}

// checkoutPath is POST /vm/pool+pool+other.
func (e edition) checkoutPath(r *http.Request) (rest.Response, error) {
	return e.checkout(r, wantsIn(rest.Var(r, "name")))
}

// checkout takes all that is wanted or nothing. A count of 0 takes nothing.
func (e edition) checkout(r *http.Request, wants []pools.Want) (rest.Response, error) {
	if unknown := e.unknown(wants); unknown != nil {
		for range unknown {
			e.metrics.inc(checkoutInvalid, noPool)
		}
		return rest.Response{}, errNotThere
	}
	wants = slices.DeleteFunc(wants, func(w pools.Want) bool { return w.Count == 0 })
	taken, err := e.take(r, wants)
	if err != nil {
		if errors.Is(err, pools.ErrEmpty) {
			e.countShort(r.Context(), wants)
		}
		return rest.Response{}, err
	}
	for _, t := range taken {
		e.countTaken(t.VMs)
	}
	return reply(http.StatusOK, e.handedOut(taken)), nil
}

func (e edition) take(r *http.Request, wants []pools.Want) ([]pools.Taken, error) {
	wait, err := e.wait(r)
	switch {
	case err != nil:
		return nil, err
	case len(wants) == 0:
		return nil, nil
	case wait == 0:
		return e.service.Checkout(r.Context(), who(r), wants)
	}
	return e.takeWithin(r, wants, wait)
}

// handedOut names one machine as a text and several as a list.
func (e edition) handedOut(taken []pools.Taken) object {
	answer := ok()
	var all []store.VM
	for _, t := range taken {
		names := make([]string, len(t.VMs))
		for i := range t.VMs {
			names[i] = e.hostname(&t.VMs[i])
		}
		var hostname any = names
		if len(names) == 1 {
			hostname = names[0]
		}
		answer.set(t.Name, object{{"hostname", hostname}})
		all = append(all, t.VMs...)
	}
	return e.withDomain(answer, all)
}

func (e edition) countTaken(vms []store.VM) {
	for i := range vms {
		e.metrics.inc(checkoutSuccess, vms[i].Pool)
		if e.usage {
			e.metrics.used("allocate", &vms[i])
		}
	}
}

// countShort says of which names there was not enough.
func (e edition) countShort(ctx context.Context, wants []pools.Want) {
	if e.metrics == nil {
		return
	}
	all, err := e.service.Pools(ctx)
	if err != nil {
		return
	}
	for _, w := range wants {
		ready := 0
		for i := range all {
			if all[i].Pool.Name == w.Name || slices.Contains(all[i].Pool.Aliases, w.Name) {
				ready += all[i].Counts.Ready
			}
		}
		if ready < w.Count {
			e.metrics.inc(checkoutEmpty, w.Name)
		}
	}
}
