package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// kinds are all reports, and what stacky prints of one.
var kinds = []struct{ name, stored, prints string }{
	{"summary", "summary for region: all", "Report Details"}, {"error-details", "Error detail report", "["},
	{"nova-usage-audit", "nova usage audit", ""}, {"glance-usage-audit", "glance usage audit", ""}, {"image-events-audit", "image events audit", ""},
	{"public-outbound-bandwidth", "public outbound bandwidth", ""}, {"instance-hours", "instance hours", ""},
	{"yard-operations", "yard operations", "Report Details"},
}

// reportsArePrinted builds every report on demand; stacky lists, finds and prints each.
func (s *stack) reportsArePrinted() {
	begin := time.Now().Add(-time.Second)
	ids := map[string]string{}
	for _, k := range kinds {
		status, header, body := s.call(http.MethodPost, "/reports", ci, note{"name": k.name, "hours": 3}.bytes(), nil)
		expect(s, "POST /reports "+k.name, status, http.StatusAccepted)
		if status != http.StatusAccepted {
			s.Fatalf("%s", body)
		}
		var op operation
		s.gets(header.Get("Location")+"/wait?timeout=60s", ci, &op)
		expect(s, k.name+" ends", op.State, "succeeded")
		ids[k.name] = strings.TrimPrefix(op.Result, "report/")
		s.out.Reset()
		s.prints("report of "+k.name, s.stacky.Report(s.ctx, ids[k.name]), k.prints)
	}
	s.ok("reports", s.stacky.Reports(s.ctx, begin, time.Now().Add(time.Second)))
	listed := s.printed()
	for _, k := range kinds {
		expectThat(s, "stacky reports lists "+k.stored, strings.Contains(listed, " "+k.stored+" "), listed)
		s.prints("reports search", s.stacky.ReportsSearch(s.ctx, q{"name", k.stored}), k.stored, begin.UTC().Format("2006-01-02"))
		s.prints("reports search", s.stacky.ReportsSearch(s.ctx, q{"id", ids[k.name], "created", begin.UTC().Format("2006-01-02")}), k.stored)
	}
	s.prints("reports search for nothing", s.stacky.ReportsSearch(s.ctx, q{"name", "no such report"}), "No results")
	s.reportsAreListed(ids)
	for _, bad := range []note{{}, {"name": "weather"}, {"name": "summary", "colour": "red"}, {"name": "summary", "hours": 0}} {
		status, _, _ := s.call(http.MethodPost, "/reports", ci, bad.bytes(), nil)
		expect(s, fmt.Sprint("POST /reports ", bad), status, http.StatusBadRequest)
	}
}

// reportsAreListed looks at the lists themselves: what is in them, in which order.
func (s *stack) reportsAreListed(ids map[string]string) {
	s.Helper()
	var up, down [][]any
	s.ok("reports", s.asks("/stacky/reports/", nil).JSON(&up))
	s.ok("reports search", s.asks("/stacky/reports/search/", nil).JSON(&down))
	expect(s, "reports", fmt.Sprint(len(up), len(down)), "9 9")
	for i := 1; i < len(up); i++ {
		expect(s, "the one list rises, the other falls", fmt.Sprint(up[i][0]), fmt.Sprint(down[len(down)-i][0]))
		_, isNumber := up[i][3].(float64)
		created, isText := down[i][3].(string)
		_, err := time.Parse("2006-01-02 15:04:05", created)
		expectThat(s, "times of reports", isNumber && isText && err == nil, fmt.Sprint(up[i], down[i]))
	}
	s.ok("a page of reports", s.asks("/stacky/reports/", q{"limit", "2", "offset", "1"}).JSON(&down))
	expect(s, "a page of reports", fmt.Sprint(down), fmt.Sprint([][]any{up[0], up[2], up[3]}))
	var native struct {
		Reports []struct{ ID int64 }
	}
	s.gets("/reports?limit=3", eye, &native)
	expect(s, "the yard's own list", len(native.Reports), 3)
	var one struct{ Report json.RawMessage }
	s.gets("/reports/"+ids["summary"], eye, &one)
	s.equal("the same report by both ways", s.asks("/stacky/report/"+ids["summary"]+"/", nil).Body, one.Report)
}
