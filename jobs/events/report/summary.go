package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The failures that the summary counts, beside its name for requests that took too long.
const (
	fail4xx = "4xx"
	fail5xx = "5xx"
)

// Summary tells by operation, image and operating system how long requests took and how many failed. It is a table: row 0 has
// percentile, pct, hours, start, end, region, cells, total, count and percentage of each failure, failure_grand_total and
// failure_grand_rate.
//
// Requests are those that touch an instance of which an update came in the period; one that touches two counts twice. A failure that
// came as an error without a code is counted nowhere, as in StackTach, and events that name no request belong to none. Nothing at
// all gives zeros. The columns headed % are fractions, 0 to 1.
func Summary(p Params, w Period, in Requests) (Report, error) {
	cells, chosen, err := choose(in.Deployments, p.Region)
	if err != nil {
		return Report{}, err
	}
	found, err := in.survey(w, chosen)
	if err != nil {
		return Report{}, err
	}
	s := summary{params: p, rows: map[summaryKey]*summaryRow{}}
	for _, id := range found.requests() {
		if err := s.add(in, id, len(found[id])); err != nil {
			return Report{}, fmt.Errorf("request %s: %w", id, err)
		}
	}
	head := metadata{"percentile": p.Percentile, "pct": Float((100 - p.Percentile) / 2 / 100), "hours": w.Hours,
		"start": unix(w.Start), "end": unix(w.End), "region": nil, "cells": cells}
	title := kinds[KindSummary].name + "all"
	if p.Region != "" {
		head["region"] = strings.ToUpper(p.Region)
		title = kinds[KindSummary].name + p.Region
	}
	return newReport(KindSummary, title, w, s.table(head)), nil
}

type summary struct {
	params Params
	rows   map[summaryKey]*summaryRow
}

type summaryKey struct{ operation, image, system string }

func (k summaryKey) compare(o summaryKey) int {
	return cmp.Or(cmp.Compare(k.operation, o.operation), cmp.Compare(k.image, o.image), cmp.Compare(k.system, o.system))
}

type summaryRow struct {
	took     []time.Duration
	failures map[string]int
}

// add counts one request once for each of the instances that it touched.
func (s *summary) add(in Requests, id string, times int) error {
	events, err := in.Request(id)
	if err != nil {
		return err
	}
	a, ok := walk(events, time.Duration(s.params.TooLong)*time.Second)
	if !ok {
		return nil
	}
	failure, err := s.failure(in, a)
	if err != nil {
		return err
	}
	key := summaryKey{cmp.Or(a.operation, "aux"), sortOfImage(a.image), system(a.image)}
	row := s.rows[key]
	if row == nil {
		row = &summaryRow{failures: map[string]int{}}
		s.rows[key] = row
	}
	for range times {
		row.took = append(row.took, a.took)
		row.failures[failure]++
	}
	return nil
}

// failure sorts a failure by the code of the last error.
func (s *summary) failure(in Requests, a attempt) (string, error) {
	if a.failure == "" {
		return "", nil
	}
	x, err := in.exception(a.failed)
	if err != nil {
		return "", err
	}
	switch code, _ := x.code(); code / 100 {
	case 4:
		return fail4xx, nil
	case 5:
		return fail5xx, nil
	}
	if a.failure == failLong {
		return s.long(), nil
	}
	return a.failure, nil
}

// long is the column of requests that took too long, named after the minutes.
func (s *summary) long() string { return fmt.Sprintf("> %d", s.params.TooLong/60) }

func (s *summary) table(head metadata) []any {
	sorts := []string{fail4xx, fail5xx, s.long(), failState}
	header := []any{"Operation", "Image", "OS Type", "Min", "Max", "Med", percentName(s.params.Percentile), "Requests"}
	for _, f := range sorts {
		header = append(header, f, "% "+f)
	}
	rows := []any{head, header}
	total, failures := 0, map[string]int{}
	for _, key := range slices.SortedFunc(maps.Keys(s.rows), summaryKey.compare) {
		row := s.rows[key]
		slices.Sort(row.took)
		n := len(row.took)
		cells := []any{key.operation, key.image, key.system, clock(row.took[0]), clock(row.took[n-1]), clock(median(row.took)),
			clock(percentile(row.took, s.params.Percentile)), n}
		for _, f := range sorts {
			cells = append(cells, row.failures[f], share(float64(row.failures[f]), float64(n)))
			failures[f] += row.failures[f]
		}
		rows, total = append(rows, cells), total+n
	}
	grand := 0
	for _, f := range sorts {
		head[f+" failure count"] = failures[f]
		head[f+" failure percentage"] = percent(float64(failures[f]), float64(total))
		grand += failures[f]
	}
	head["total"], head["failure_grand_total"], head["failure_grand_rate"] = total, grand, percent(float64(grand), float64(total))
	return rows
}
