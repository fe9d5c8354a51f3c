package report

import "time"

// Period is the time that a report is about.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Hours int       `json:"hours"` // as asked for
}

// Period is what the options mean at this time. Take it once: a report that is run again is to be about the same time.
func (p Params) Period(now time.Time) Period {
	if !p.At.IsZero() {
		now = p.At
	}
	now = now.UTC()
	switch {
	case p.Length == hourLength:
		end := now.Truncate(time.Hour)
		return Period{end.Add(-time.Hour), end, 1}
	case p.Length == dayLength:
		end := midnight(now)
		return Period{end.AddDate(0, 0, -1), end, 24}
	case !p.Date.IsZero():
		return p.from(midnight(p.Date.UTC()).Add(time.Duration(p.StartHour) * time.Hour))
	case p.DaysBack > 0:
		return p.from(midnight(now).AddDate(0, 0, -p.DaysBack).Add(time.Duration(p.StartHour) * time.Hour))
	case p.HoursBack > 0:
		return p.from(now.Truncate(time.Hour).Add(-time.Duration(p.HoursBack) * time.Hour))
	default:
		return Period{now.Add(-time.Duration(p.Hours) * time.Hour), now, p.Hours}
	}
}

// from is the period that begins here; its last second is its end.
func (p Params) from(start time.Time) Period {
	return Period{start, start.Add(time.Duration(p.Hours)*time.Hour - time.Second), p.Hours}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// after says that t is later than the start and not later than the end: how requests are sorted into periods.
func (w Period) after(t time.Time) bool { return t.After(w.Start) && !t.After(w.End) }

// holds says that t is not before the start, and before the end: how records are. A record at the border of two periods is in one.
func (w Period) holds(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }
