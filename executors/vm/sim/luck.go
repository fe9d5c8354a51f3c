package sim

import (
	"context"
	"time"
)

// toil takes the time of a sort of call and throws its dice.
func (s *Sim) toil(ctx context.Context, t Trouble) error {
	if err := wait(ctx, s.delay(t.MaxTime)); err != nil {
		return err
	}
	if s.chance(t.FailPercent) {
		return errBadLuck
	}
	return nil
}

// chance throws the dice: true in so many of a hundred throws.
func (s *Sim) chance(percent int) bool {
	s.luck.Lock()
	defer s.luck.Unlock()
	return percent > 0 && s.luck.IntN(100) < percent
}

// delay is a time between a second and most; most itself if it is no more than a second.
func (s *Sim) delay(most time.Duration) time.Duration {
	if most <= time.Second {
		return most
	}
	s.luck.Lock()
	defer s.luck.Unlock()
	return time.Second + time.Duration(s.luck.Int64N(int64(most-time.Second)+1))
}

// wait is over after d, or with ctx.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
