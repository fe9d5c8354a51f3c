package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"yardmaster/store"
)

// Line is what is due and waits for a worker.
type Line struct {
	Waiting int
	Longest time.Duration  // of those, the one that has waited for longest
	Full    map[string]int // lanes that have no room, and how many of those wait for some there
}

// Line counts what waits, a thousand at most. Nobody is told why: workers may be too few, or held by what hangs.
func (r *Runner) Line(ctx context.Context) (Line, error) {
	var l Line
	err := r.db.View(ctx, func(tx *store.Tx) error {
		l = Line{}
		for op, err := range store.DueOperations(tx) {
			if err != nil {
				return err
			}
			if op.State != store.Pending {
				continue
			}
			on := r.lane(op)
			if _, closed := r.flights.room(on); closed { // it waits for what is left alone, not for a worker
				continue
			}
			since := op.Created
			if op.NotBefore.After(since) {
				since = op.NotBefore
			}
			if l.Waiting++; l.Waiting == window {
				return nil
			}
			l.Longest = max(l.Longest, tx.Now().Sub(since))
			if r.flights.isFull(on) {
				if l.Full == nil {
					l.Full = map[string]int{}
				}
				l.Full[on]++
			}
		}
		return nil
	})
	return l, err
}

// longest is for how long an operation may wait for a worker before somebody should look.
const longest = 30 * time.Second

// Err tells of operations that find no worker, and whose fault that may be; nil if nobody waits for long.
func (l Line) Err() error {
	if l.Longest < longest {
		return nil
	}
	err := fmt.Errorf("%d operations wait for a worker, one for %v", l.Waiting, l.Longest.Round(time.Second))
	for _, lane := range slices.Sorted(maps.Keys(l.Full)) {
		err = fmt.Errorf("%w; %d of them for %s, which takes long", err, l.Full[lane], lane)
	}
	return err
}
