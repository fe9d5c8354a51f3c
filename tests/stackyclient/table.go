package stackyclient

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// dump prints a table, of which the first row is the header. Of an answer without any row it prints nothing.
func (c *Client) dump(rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if len(rows) == 1 {
		fmt.Fprintln(c.Out, "No results")
		return nil
	}
	cells, err := texts(rows)
	if err != nil {
		return err
	}
	widths := make([]int, len(cells[0]))
	for _, row := range cells {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := "+"
	for _, w := range widths {
		rule += strings.Repeat("-", w+2) + "+"
	}
	fmt.Fprintln(c.Out, rule)
	for i, row := range cells {
		for j := range row {
			row[j] = center(row[j], widths[j])
		}
		fmt.Fprintln(c.Out, "| "+strings.Join(row, " | ")+" |")
		if i == 0 {
			fmt.Fprintln(c.Out, rule)
		}
	}
	fmt.Fprintln(c.Out, rule)
	return nil
}

// texts are the cells as they are printed. The original takes no row that is longer or shorter than its header, and no header that has
// a name twice.
func texts(rows [][]any) ([][]string, error) {
	all := make([][]string, len(rows))
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return nil, &Crash{fmt.Sprintf("row %d has %d columns, the header has %d: %v", i, len(row), len(rows[0]), row)}
		}
		for _, cell := range row {
			all[i] = append(all[i], shown(cell))
		}
	}
	names := slices.Sorted(slices.Values(all[0]))
	if len(slices.Compact(names)) != len(all[0]) {
		return nil, &Crash{fmt.Sprintf("a header has a name twice: %v", all[0])}
	}
	return all, nil
}

// shown is a value as Python prints it.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strings.ToUpper(fmt.Sprint(v)[:1]) + fmt.Sprint(v)[1:]
	}
	raw, _ := json.Marshal(v) // it came as JSON
	return string(raw)
}

func center(s string, width int) string {
	left := (width - utf8.RuneCountInString(s)) / 2
	if left < 0 {
		return s
	}
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", width-utf8.RuneCountInString(s)-left)
}
