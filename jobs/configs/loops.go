package configs

import (
	"context"
	"errors"
	"sync"
	"time"

	"yardmaster/jobs"
)

// Run looks after the platform until ctx ends: drift, health, idle windows, and what is too old to keep.
func (s *Service) Run(ctx context.Context) {
	var done sync.WaitGroup
	for _, l := range []struct {
		every time.Duration
		look  func(context.Context) error
		what  string
	}{
		{s.cfg.DriftEvery, s.sweep, "look for drift"},
		{s.cfg.CheckEvery, s.look, "health checks"},
		{s.cfg.ScaleEvery, s.keepWindows, "idle windows"},
		{time.Hour, s.sweepExports, "old exports"},
		{time.Hour, s.forgetPatches, "deleted patches"},
	} {
		if l.every > 0 {
			done.Go(func() { s.loop(ctx, l.every, l.look, l.what) })
		}
	}
	done.Wait()
}

// loop looks at once and then regularly. What fails is tried again the next time.
func (s *Service) loop(ctx context.Context, every time.Duration, look func(context.Context) error, what string) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := look(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, jobs.ErrClosed) {
			s.log.Warn("platform not looked after, will be tried again", "what", what, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
