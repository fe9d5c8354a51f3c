package stackyclient

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reports is "stacky reports FROM TO".
func (c *Client) Reports(ctx context.Context, from, to time.Time) error {
	fmt.Fprintf(c.Out, "Querying for reports created from %s to %s\n", from.Format(dates), to.Format(dates))
	// without a slash and with a query: only a redirect that keeps it leads to an answer
	rows, err := c.table(ctx, fmt.Sprintf("/stacky/reports?created_from=%f&created_to=%f", unix(from), unix(to)), nil)
	if err != nil {
		return err
	}
	for _, row := range rows[min(1, len(rows)):] {
		if len(row) < 4 {
			return &Crash{fmt.Sprintf("a report has %d columns", len(row))}
		}
		for i, layout := range []string{1: "Jan 02 15:04", 2: "Jan 02 15:04", 3: "Mon Jan 02"} {
			if layout == "" {
				continue
			}
			at, err := strconv.ParseFloat(shown(row[i]), 64)
			if err != nil {
				return &Crash{fmt.Sprintf("column %d of a report is no number: %v", i, row[i])}
			}
			row[i] = time.Unix(int64(at), 0).UTC().Format(layout)
		}
	}
	return c.dump(rows)
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// ReportsSearch is the search of reports by their fields.
func (c *Client) ReportsSearch(ctx context.Context, fields Params) error {
	return c.show(ctx, "/stacky/reports/search/", fields)
}

// Report is "stacky report ID". A report is a list, and its first row an object that says how to print the others.
func (c *Client) Report(ctx context.Context, id string) error {
	a, err := c.check(ctx, "/stacky/report/"+id, nil)
	if err != nil {
		return err
	}
	var all []json.RawMessage
	var meta map[string]any
	if err := decode(a.Body, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		return &Crash{"a report without a row"}
	}
	if err := decode(all[0], &meta); err != nil {
		return err
	}
	lines, _ := meta["raw_text"].(bool)
	switch {
	case meta["report_format"] == "json":
		raw, err := json.MarshalIndent(all[1:], "", "    ")
		fmt.Fprintf(c.Out, "%s\n", raw)
		return err
	case lines:
		return c.lines(all[1:])
	}
	facts := [][]any{{"Key", "Value"}}
	for key, v := range meta {
		facts = append(facts, []any{key, v})
	}
	slices.SortFunc(facts[1:], func(a, b []any) int { return strings.Compare(shown(a[0]), shown(b[0])) })
	fmt.Fprintln(c.Out, "Report Metadata")
	if err := c.dump(facts); err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "Report Details")
	rows := make([][]any, len(all)-1)
	for i, raw := range all[1:] {
		if err := decode(raw, &rows[i]); err != nil {
			return err
		}
	}
	return c.dump(rows)
}

func (c *Client) lines(all []json.RawMessage) error {
	for _, raw := range all {
		var v any
		if err := decode(raw, &v); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, shown(v))
	}
	return nil
}
