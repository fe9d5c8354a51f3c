package heketi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"yardmaster/server/rest"
)

// examineTime is how long an examination waits for its machines.
const examineTime = 5 * time.Minute

// patience is the context of a handler that waits for machines: it ends with the request, with the server, or after limit.
// The caller must call end.
func patience(r *http.Request, limit time.Duration) (ctx context.Context, end func()) {
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-rest.Stopping(r.Context()):
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		watch.Wait()
	}
}
