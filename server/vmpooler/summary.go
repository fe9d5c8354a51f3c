package vmpooler

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// report is some days in a row, those on which nothing happened included.
type report []pools.Day

// summary is GET /summary?from=&to=.
func (e edition) summary(r *http.Request) (rest.Response, error) {
	days, err := e.report(r)
	if err != nil {
		return rest.Response{}, err
	}
	answer := object{{"boot", overall(days.boots(), "")}, {"clone", overall(days.clones(), "")}, {"tag", overallTags(days, "")}}
	daily := make(array, len(days))
	for i, d := range days {
		daily[i] = object{{"date", d.Date}, {"boot", task(d.Boot).day(true, "")}, {"clone", task(d.Clone).day(true, "")}, {"tag", dayTags(d, "")}}
	}
	answer.set("daily", daily)
	return reply(http.StatusOK, answer), nil
}

// summaryPart is GET /summary/{part} and /summary/{part}/{key}.
func (e edition) summaryPart(r *http.Request) (rest.Response, error) {
	days, err := e.report(r)
	if err != nil {
		return rest.Response{}, err
	}
	part, only := rest.Var(r, "part"), rest.Var(r, "key")
	var total object
	var of func(pools.Day) object
	switch part {
	case "boot":
		total, of = overall(days.boots(), only), func(d pools.Day) object { return task(d.Boot).day(true, only) }
	case "clone":
		total, of = overall(days.clones(), only), func(d pools.Day) object { return task(d.Clone).day(true, only) }
	case "tag":
		total, of = overallTags(days, only), func(d pools.Day) object { return dayTags(d, only) }
	default:
		return rest.Response{}, errNotThere
	}
	daily := make(array, len(days))
	for i, d := range days {
		daily[i] = object{{"date", d.Date}, {part, of(d)}}
	}
	return reply(http.StatusOK, object{{part, total}, {"daily", daily}}), nil
}

func (days report) boots() []task {
	out := make([]task, len(days))
	for i, d := range days {
		out[i] = d.Boot
	}
	return out
}

func (days report) clones() []task {
	out := make([]task, len(days))
	for i, d := range days {
		out[i] = d.Clone
	}
	return out
}

// dayTags are the tags of one day with their values and how often each came.
func dayTags(d pools.Day, only string) object { return tagCounts(d.Tags, only) }

func overallTags(days report, only string) object {
	all := map[string]map[string]int{}
	for _, d := range days {
		for tag, values := range d.Tags {
			if all[tag] == nil {
				all[tag] = map[string]int{}
			}
			for value, n := range values {
				all[tag][value] += n
			}
		}
	}
	return tagCounts(all, only)
}

func tagCounts(tags map[string]map[string]int, only string) object {
	o := object{}
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if only != "" && tag != only {
			continue
		}
		values, total := object{}, 0
		for _, value := range slices.SortedFunc(maps.Keys(tags[tag]), byLetters) {
			n := tags[tag][value]
			values = append(values, member{value, n})
			total += n
		}
		values.set("total", total)
		o = append(o, member{tag, values})
	}
	return o
}

// byLetters puts "IT" behind "help desk".
func byLetters(x, y string) int {
	return cmp.Or(strings.Compare(strings.ToLower(x), strings.ToLower(y)), strings.Compare(x, y))
}

// report reads the days that a request asks for.
func (a *API) report(r *http.Request) (report, error) {
	from, to, err := a.span(r)
	if err != nil {
		return nil, err
	}
	have, err := a.service.Days(r.Context(), dateOf(from), dateOf(to))
	if err != nil {
		return nil, err
	}
	var days report
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		d := pools.Day{Date: dateOf(day)}
		if had := have[d.Date]; had != nil {
			d = *had
		}
		days = append(days, d)
	}
	return days, nil
}

func dateOf(t time.Time) string { return t.Format(time.DateOnly) }

// mostDays bounds a report.
const mostDays = 3660

var dateForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// span reads ?from= and ?to=, both included; each is today if it is not given. Days are those of the records, in UTC.
func (a *API) span(r *http.Request) (from, to time.Time, err error) {
	today := store.Date(a.service.Now())
	if from, err = date(r, "from", today); err != nil {
		return from, to, err
	}
	if to, err = date(r, "to", today); err != nil {
		return from, to, err
	}
	switch {
	case to.Before(from):
		err = &sentence{"Date range is invalid, 'to' cannot come before 'from'."}
	case dateOf(from) > today:
		err = &sentence{"Date range is invalid, 'from' must be in the past."}
	case to.Sub(from) >= mostDays*24*time.Hour:
		err = &sentence{"Date range is invalid, it has more than " + strconv.Itoa(mostDays) + " days."}
	}
	return from, to, err
}

func date(r *http.Request, name, today string) (time.Time, error) {
	text := today
	if query := r.URL.Query(); query.Has(name) {
		text = query.Get(name)
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || !dateForm.MatchString(text) {
		return day, &sentence{"Invalid date format '" + text + "', must match YYYY-MM-DD."}
	}
	return day, nil
}
