package rest

import (
	"context"
	"sync"
	"time"
)

// UntilStop ends with ctx, with the server, or after d, whichever is first. The caller must call end, which waits for the watcher.
func UntilStop(ctx context.Context, d time.Duration) (waiting context.Context, end func()) {
	ctx, cancel := context.WithTimeout(ctx, d)
	return ctx, untilStop(ctx, cancel)
}

// untilStop cancels when the server stops. What it gives back cancels too, and waits for the watcher.
func untilStop(ctx context.Context, cancel context.CancelFunc) func() {
	stopping := Stopping(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-stopping:
			cancel()
		case <-ctx.Done():
		}
	})
	return func() {
		cancel()
		watcher.Wait()
	}
}
