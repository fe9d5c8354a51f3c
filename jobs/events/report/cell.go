package report

import (
	"fmt"
	"strconv"
	"time"
)

// clock is a duration as it is shown in a cell, cut to whole seconds: 5s, 1:05s, and from one hour on 01:02:03.
func clock(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
	}
}

// when is a time as it is shown: in UTC, with its microseconds unless there are none.
func when(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05.000000")
}

// median is the one in the middle, of an even number the later of the two. No average is taken.
func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

// percentile is the one that so many percent are before. It multiplies first: dividing first loses an index to rounding.
func percentile(sorted []time.Duration, p float64) time.Duration {
	return sorted[min(int(float64(len(sorted))*p/100), len(sorted)-1)]
}

// percentName heads the column of a percentile.
func percentName(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + "%" }

// share is part of whole, 0 to 1; of nothing it is 0.
func share(part, whole float64) Float {
	if whole == 0 {
		return 0
	}
	return Float(part / whole)
}

// percent is part of whole, 0 to 100; of nothing it is 0.
func percent(part, whole float64) Float {
	if whole == 0 {
		return 0
	}
	return Float(100 * part / whole)
}
