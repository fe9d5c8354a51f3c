package stackyclient

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Watch is where "stacky watch" has got to. The original asks every two seconds; here every Poll is one of its questions.
type Watch struct {
	Deployment int // 0: all
	Service    string
	Event      string // "": all
	Since      string // what the last answer said

	row int // lines until the next heading
}

// Poll asks once, prints what is new, and gives how many events that were.
func (c *Client) Poll(ctx context.Context, w *Watch) (int, error) {
	var p Params
	for _, pair := range [][2]string{{"service", w.Service}, {"event_name", w.Event}, {"since", w.Since}} {
		if pair[1] != "" {
			p = append(p, pair[0], pair[1])
		}
	}
	a, err := c.check(ctx, fmt.Sprintf("/stacky/watch/%d/", w.Deployment), p)
	if err != nil {
		return 0, err
	}
	var parts []json.RawMessage
	if err := decode(a.Body, &parts); err != nil {
		return 0, err
	}
	if len(parts) != 3 {
		return 0, &Crash{fmt.Sprintf("watch has %d parts", len(parts))}
	}
	var widths []int
	var rows [][]any
	for i, out := range []any{&widths, &rows, &w.Since} {
		if err := decode(parts[i], out); err != nil {
			return 0, err
		}
	}
	if len(widths) != 6 {
		return 0, &Crash{fmt.Sprintf("watch has %d widths", len(widths))}
	}
	for _, r := range rows {
		if err := c.line(w, widths, r); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// line prints one event, and every twenty of them a heading with the day.
func (c *Client) line(w *Watch, widths []int, r []any) error {
	if len(r) != 7 {
		return &Crash{fmt.Sprintf("a row of watch has %d columns: %v", len(r), r)}
	}
	cells := make([]string, 7)
	for i, v := range r {
		s, isText := v.(string)
		if i == 0 {
			s, isText = shown(v), true
		}
		if !isText {
			return &Crash{fmt.Sprintf("column %d of watch is %T", i, v)}
		}
		cells[i] = s
	}
	if w.row < 1 {
		rule := "+"
		for _, n := range widths {
			rule += strings.Repeat("-", n) + "+"
		}
		c.columns(rule, widths, "#", "?", cells[2], "Deployment", "Event", "UUID")
		fmt.Fprintln(c.Out, rule)
		w.row = 20
	}
	w.row--
	c.columns("", widths, cells[0], cells[1], cells[3], cells[4], cells[5], cells[6])
	return nil
}

func (c *Client) columns(above string, widths []int, cells ...string) {
	if above != "" {
		fmt.Fprintln(c.Out, above)
	}
	for i := range cells {
		if i != 1 {
			cells[i] = center(cells[i], widths[i])
		}
	}
	fmt.Fprintln(c.Out, "|"+strings.Join(cells, "|")+"|")
}
