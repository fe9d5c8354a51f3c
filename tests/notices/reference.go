package notices

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Timing is a row of an instance's timings: "." with a duration, or "S" or "E" where one of the two ends is missing.
type Timing struct{ Mark, Name, Took string }

// timing is one under way.
type timing struct {
	name       string
	start, end time.Time
}

// Timings are those of every instance that notifications bring about, in the order in which they were begun: an end belongs to the
// oldest start of its name that has none.
func Timings(all []Notice) map[string][]Timing {
	open := map[string][]*timing{}
	for i := range all {
		if n := &all[i]; n.Exchange == "nova" && n.Subject() != "" {
			advance(open, n)
		}
	}
	rows := map[string][]Timing{}
	for instance, list := range open {
		for _, t := range list {
			rows[instance] = append(rows[instance], t.row())
		}
	}
	return rows
}

// advance gives the timing that a notification ended, or nil.
func advance(of map[string][]*timing, n *Notice) *timing {
	instance := n.Subject()
	if name, ok := strings.CutSuffix(n.Type, ".start"); ok {
		of[instance] = append(of[instance], &timing{name: name, start: n.When})
	}
	name, ok := strings.CutSuffix(n.Type, ".end")
	if !ok {
		return nil
	}
	for _, t := range of[instance] {
		if t.name == name && !t.start.IsZero() && t.end.IsZero() {
			t.end = n.When
			return t
		}
	}
	of[instance] = append(of[instance], &timing{name: name, end: n.When})
	return nil
}

func (t *timing) row() Timing {
	switch {
	case t.end.IsZero():
		return Timing{"S", t.name, "n/a"}
	case t.start.IsZero():
		return Timing{"E", t.name, "n/a"}
	}
	return Timing{".", t.name, took(t.end.Sub(t.start))}
}

// took prints hundredths, cut.
func took(d time.Duration) string {
	s := int(d / time.Second)
	return fmt.Sprintf("%dd %02d:%02d:%02d.%02d", s/86400, s/3600%24, s/60%60, s%60, int(d%time.Second/(10*time.Millisecond)))
}

// KPI are the rows of requests that customers made and that have ended, as one text each, sorted.
func KPI(all []Notice) []string {
	type tracker struct {
		start time.Time
		row   string
	}
	of := map[string][]*tracker{} // by request
	open := map[string][]*timing{}
	for i := range all {
		n := &all[i]
		if n.Exchange != "nova" || n.Subject() == "" {
			continue
		}
		if n.Type == "compute.instance.update" && strings.Contains(strings.Split(n.Publisher, ".")[0], "api") {
			of[n.Request] = append(of[n.Request], &tracker{start: n.When})
		}
		if t := advance(open, n); t != nil && len(of[n.Request]) > 0 {
			first := of[n.Request][0]
			first.row = strings.Join([]string{t.name, took(n.When.Sub(first.start)), n.Subject(), n.Deployment}, " | ")
		}
	}
	var rows []string
	for _, list := range of {
		for _, t := range list {
			if t.row != "" {
				rows = append(rows, t.row)
			}
		}
	}
	slices.Sort(rows)
	return rows
}
