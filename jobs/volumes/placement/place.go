package placement

import (
	"fmt"
	"math"
)

// Place finds devices for all bricks of want. ErrMinimumBrickSize and
// ErrMaxBricks (both are ErrNoSpace too) say which limit ended the search;
// other errors are ErrWant, ErrDevices and *AverageFileError.
func Place(devices []Device, want Want, seed uint64) (Layout, Report, error) {
	want, err := want.checked()
	if err != nil {
		return Layout{}, Report{}, err
	}
	f, err := newField(devices, want, seed)
	if err != nil {
		return Layout{}, Report{}, err
	}
	s := search{field: f, want: want}
	steps, stop := want.doublings()
	for _, step := range steps {
		layout, found, err := s.try(step)
		if err != nil {
			stop = err
			break
		}
		if found {
			return layout, s.report, nil
		}
	}
	for _, step := range want.between() {
		if layout, found, err := s.try(step); err == nil && found {
			return layout, s.report, nil
		}
	}
	s.report.Stop = stop.Error()
	return Layout{}, s.report, stop
}

// search is one call of Place.
type search struct {
	field  *field
	want   Want
	report Report
}

func (s *search) try(step step) (Layout, bool, error) {
	t, err := newTrial(s.field, s.want, step)
	if err != nil {
		return Layout{}, false, err
	}
	why, found := t.count()
	if !found {
		s.report.add(t.refused(why))
		return Layout{}, false, nil
	}
	s.report.add(t.placed())
	layout := Layout{BrickKiB: step.brickKiB}
	for _, set := range t.compose() {
		slots := make([]Slot, len(set))
		for k, i := range set {
			r := data
			if t.perSet[arbiter] > 0 && k == arbiterIndex {
				r = arbiter
			}
			slots[k] = t.slot(i, r)
		}
		layout.Sets = append(layout.Sets, slots)
	}
	return layout, true, nil
}

func newTrial(f *field, want Want, s step) (*trial, error) {
	t := &trial{field: f, sets: s.sets, factor: want.SnapshotFactor}
	t.size[data], t.perSet[data] = s.brickKiB, want.SetSize()
	if !want.Arbiter {
		return t, nil
	}
	size, err := arbiterSize(s.brickKiB, want.ArbiterAverageKiB)
	if err != nil {
		return nil, err
	}
	t.size[arbiter] = size
	t.perSet[arbiter], t.perSet[data] = 1, want.SetSize()-1
	return t, nil
}

func (t *trial) slot(i int, r role) Slot {
	d := t.all[i].dev
	pool, meta, total := Size(t.size[r], t.factor, d.ExtentKiB)
	return Slot{
		Device: d.ID, Node: d.Node, Zone: d.Zone, Arbiter: r == arbiter,
		SizeKiB: t.size[r], PoolKiB: pool, MetaKiB: meta, TotalKiB: total,
	}
}

// checked is the request with its defaults filled in.
func (w Want) checked() (Want, error) {
	if err := w.Durability.check(); err != nil {
		return w, err
	}
	if w.SnapshotFactor == 0 {
		w.SnapshotFactor = 1
	}
	if math.IsNaN(w.SnapshotFactor) || w.SnapshotFactor < 1 || w.SnapshotFactor > 100 {
		return w, fmt.Errorf("%w: snapshot factor %v", ErrWant, w.SnapshotFactor)
	}
	if w.ExistingBricks < 0 {
		return w, fmt.Errorf("%w: %d existing bricks", ErrWant, w.ExistingBricks)
	}
	w.Limits = w.Limits.withDefaults()
	if w.ArbiterAverageKiB == 0 {
		w.ArbiterAverageKiB = w.Limits.AverageFileKiB
	}
	return w, nil
}
