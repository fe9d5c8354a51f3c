package hmapi

import (
	"context"
	"net/http"
	"sync"

	"yardmaster/server/rest"
)

// awaited does what ends with its operation, and answers. The wait ends with the request, the server or the dialect's patience; the
// operation does not.
func (a *API) awaited(r *http.Request, do func(ctx context.Context) error) (rest.Response, error) {
	ctx, end := a.untilStop(r)
	defer end()
	err := do(ctx)
	switch {
	case err == nil:
		return success(), nil
	case ctx.Err() != nil:
		a.log.WarnContext(r.Context(), "change outlives its request", "err", err, "request", rest.RequestID(r.Context()))
		return refusal(http.StatusServiceUnavailable, "it has not ended yet; GET /jobs tells whether it goes on"), nil
	}
	return rest.Response{}, err
}

// untilStop bounds how long a request waits. The caller must call end, which waits for the watcher.
func (a *API) untilStop(r *http.Request) (waiting context.Context, end func()) {
	stopping := rest.Stopping(r.Context())
	ctx, cancel := context.WithTimeout(r.Context(), a.patience)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-stopping:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		watcher.Wait()
	}
}
