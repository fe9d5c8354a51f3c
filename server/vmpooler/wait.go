package vmpooler

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// wait reads ?wait=60s, or a number of seconds: how long the caller would rather wait than be refused. It is never more than the
// operator allows.
func (a *API) wait(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		n, nerr := strconv.ParseInt(text, 10, 32)
		if nerr != nil {
			return 0, badRequest("wait: is neither a duration like 60s nor a number of seconds")
		}
		d = time.Duration(n) * time.Second
	}
	if d < 0 {
		return 0, badRequest("wait: is less than 0")
	}
	return min(d, a.cfg.WaitMost), nil
}

// takeWithin checks out in line with others. The wait ends with the server too. A client that left while it was served will never
// learn what it got, so that goes back; that it left is only seen once its body was read.
func (a *API) takeWithin(r *http.Request, wants []pools.Want, wait time.Duration) ([]pools.Taken, error) {
	if _, err := rest.ReadBody(r); err != nil {
		return nil, err
	}
	ctx, end := rest.UntilStop(r.Context(), wait)
	defer end()
	taken, err := a.service.CheckoutWait(ctx, who(r), wants)
	if gone := r.Context().Err(); err == nil && gone != nil {
		a.giveBack(context.WithoutCancel(r.Context()), who(r), taken)
		return nil, gone
	}
	return taken, err
}

func (a *API) giveBack(ctx context.Context, by pools.Who, taken []pools.Taken) {
	for _, t := range taken {
		for i := range t.VMs {
			if err := a.service.Delete(ctx, by, t.VMs[i].Name); err != nil {
				a.log.WarnContext(ctx, "machine kept for a client that left", "vm", t.VMs[i].Name, "err", err)
			}
		}
	}
}
