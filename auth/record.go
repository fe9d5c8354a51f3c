package auth

import (
	"slices"
	"time"
)

// record is what is remembered of one name or address.
type record struct {
	failures []time.Time   // the latest, at most as many as bring a refusal
	until    time.Time     // refused before
	wait     time.Duration // how long the last refusal was; 0 if there was none
	pending  int
	turn     chan struct{} // closed when an attempt ends
}

// onProbation: it was refused not long ago, and the next failure is one too many.
func (r *record) onProbation(now time.Time, l AttemptLimits) bool {
	return r.wait > 0 && now.Before(r.until.Add(l.Window))
}

// room is how many attempts may be under way at once.
func (r *record) room(now time.Time, l AttemptLimits) int {
	if r.onProbation(now, l) {
		return 1
	}
	r.age(now, l)
	return max(1, l.Failures-len(r.failures))
}

// age drops the failures that no longer count.
func (r *record) age(now time.Time, l AttemptLimits) {
	r.failures = slices.DeleteFunc(r.failures, func(t time.Time) bool { return !t.After(now.Add(-l.Window)) })
}

func (r *record) fail(now time.Time, l AttemptLimits) {
	if r.onProbation(now, l) {
		r.refuse(now, min(2*r.wait, l.Most))
		return
	}
	r.age(now, l)
	if r.failures = append(r.failures, now); len(r.failures) >= l.Failures {
		r.refuse(now, min(l.First, l.Most))
	}
}

func (r *record) refuse(now time.Time, wait time.Duration) {
	r.failures, r.wait, r.until = nil, wait, now.Add(wait)
}

// end is when there is nothing left to remember; now if there is nothing.
func (r *record) end(now time.Time, l AttemptLimits) time.Time {
	end := now
	if n := len(r.failures); n > 0 {
		end = r.failures[n-1].Add(l.Window)
	}
	if probation := r.until.Add(l.Window); r.wait > 0 && probation.After(end) {
		end = probation
	}
	return end
}
