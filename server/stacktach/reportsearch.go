package stacktach

import (
	"cmp"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// reportTime is how the search prints times: without what is less than a second.
const reportTime = "2006-01-02 15:04:05"

// reportFilter is one condition on reports.
type reportFilter func(*events.Report) bool

// searchReports is /stacky/reports/search/.
func (a *API) searchReports(r *http.Request) (rest.Response, error) {
	p := paramsOf(r)
	filters, err := p.reportFilters()
	if err != nil {
		return rest.Response{}, err
	}
	at, err := p.page()
	if err != nil {
		return rest.Response{}, err
	}
	return a.rows(r, func(tx *events.Tx) (list, error) {
		rows := list{reportHeader}
		skip := at.offset
		for report, err := range p.reportsDown(tx) {
			switch {
			case err != nil:
				return nil, err
			case len(rows) > at.limit:
				return rows, nil
			case slices.ContainsFunc(filters, func(f reportFilter) bool { return !f(&report) }):
			case skip > 0:
				skip--
			default:
				rows = append(rows, list{num(report.ID), str(report.Start.UTC().Format(reportTime)), str(report.End.UTC().Format(reportTime)),
					str(report.Created.UTC().Format(reportTime)), str(report.Name), num(report.Version)})
			}
		}
		return rows, nil
	})
}

// reportsDown is the reports that may match, the highest id first.
func (p params) reportsDown(tx *events.Tx) iter.Seq2[events.Report, error] {
	within := events.Range{Reverse: true}
	if s, ok := p.get("id"); ok {
		id, _ := pythonInt(s)
		within.Prefix = events.IDKey(id)
	} else if s, ok := p.get("created"); ok {
		day, _ := parseDay(s)
		return madeOn(tx, day)
	}
	return events.Reports.Scan(tx, within)
}

// madeOn is the reports of a day, the highest id first.
func madeOn(tx *events.Tx, day time.Time) iter.Seq2[events.Report, error] {
	return func(yield func(events.Report, error) bool) {
		var all []events.Report
		for report, err := range events.Reports.By(tx, events.ByCreated, events.Between(nil, day, day.AddDate(0, 0, 1))) {
			if err != nil {
				yield(report, err)
				return
			}
			report.JSON = nil
			all = append(all, report)
		}
		slices.SortFunc(all, func(x, y events.Report) int { return cmp.Compare(y.ID, x.ID) })
		for _, report := range all {
			if !yield(report, nil) {
				return
			}
		}
	}
}

// reportFields are the columns that can be asked for, in the order in which their values are judged.
var reportFields = []string{"id", "name", "created", "period_start", "period_end"}

func (p params) reportFilters() ([]reportFilter, error) {
	var strange []string
	for name := range maps.Keys(p.Values) {
		if !slices.Contains(reportFields, name) && name != "limit" && name != "offset" {
			strange = append(strange, name)
		}
	}
	if strange != nil {
		slices.Sort(strange)
		return nil, bad("The requested fields either do not exist for the corresponding object or are not searchable: %s. "+
			"Note: The field names of database are case-sensitive.", strings.Join(strange, ", "))
	}
	var filters []reportFilter
	for _, name := range reportFields {
		s, given := p.get(name)
		if !given {
			continue
		}
		f, err := newReportFilter(name, s)
		if err != nil {
			return nil, err
		}
		filters = append(filters, f)
	}
	return filters, nil
}

func newReportFilter(name, s string) (reportFilter, error) {
	switch name {
	case "id":
		id, ok := pythonInt(s)
		if !ok {
			return nil, bad("'%s' value has an invalid format. It must be in integer format.", s)
		}
		return func(r *events.Report) bool { return r.ID == id }, nil
	case "name":
		return func(r *events.Report) bool { return sameText(r.Name, s) }, nil
	case "created":
		day, ok := parseDay(s)
		if !ok {
			return nil, bad("'%s' value has an invalid format. It must be in YYYY-MM-DD format.", s)
		}
		return func(r *events.Report) bool { return r.Created.After(day) && r.Created.Before(day.AddDate(0, 0, 1)) }, nil
	}
	t, form, ok := parseDjangoDate(s)
	const want = "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]"
	switch {
	case !form:
		return nil, bad("'%s' value has an invalid format. It must be in %s format.", s, want)
	case !ok:
		return nil, bad("'%s' value has the correct format (%s) but it is an invalid date/time.", s, want)
	case name == "period_start":
		return func(r *events.Report) bool { return sameMoment(r.Start, t) }, nil
	}
	return func(r *events.Report) bool { return sameMoment(r.End, t) }, nil
}

func sameMoment(a, b time.Time) bool { return a.UnixMicro() == b.UnixMicro() }
