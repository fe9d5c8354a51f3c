package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"yardmaster/tests/harness"
)

// yardIsTold: what the yard does itself can be asked about as an instance can.
func (s *stack) yardIsTold(y *yard) {
	y.load(uniform(3, 2))
	var v volume
	y.makes("/volumes", obj{"size": 1, "durability": replica(3)}, &v)
	y.ends(http.MethodDelete, "/volumes/"+v.ID, nil)
	timings := func() (rows [][]string) {
		s.ok("timings of a volume", s.asks("/stacky/timings/uuid/", q{"uuid", v.ID}).JSON(&rows))
		return rows
	}
	harness.Eventually(s, within, "the volume's end is told", func() bool { return len(timings()) == 3 && timings()[2][0] == "." })
	rows := timings()
	expect(s, "its steps", rows[1][1]+" "+rows[2][1], "yardmaster.volume.create yardmaster.volume.delete")
	var all [][]any
	s.ok("events of a volume", s.asks("/stacky/uuid/", q{"uuid", v.ID, "service", "yard"}).JSON(&all))
	expect(s, "events of a volume, and their header", len(all), 5)
	s.ok("summary", s.asks("/stacky/summary/", q{"service", "yard"}).JSON(&all))
	expectThat(s, "summary of the yard", slices.ContainsFunc(all, func(r []any) bool { return r[0] == "yardmaster.volume.create" }), all)
	s.ok("hosts", s.asks("/stacky/hosts/", q{"service", "yard"}).JSON(&all))
	expectThat(s, "hosts of the yard", len(all) > 1, all)
	s.ok("events", s.asks("/stacky/events/", nil).JSON(&all))
	own := slices.ContainsFunc(all, func(r []any) bool { return strings.HasPrefix(fmt.Sprint(r[0]), "yardmaster.") })
	expect(s, "the yard's own are told only if asked for", own, false)
}
