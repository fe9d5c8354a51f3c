package report_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/jobs/events/report"
)

var errStore = errors.New("the store is gone")

// rows are a stream.
func rows[T any](all ...T) report.Stream[T] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// broken is a stream that ends early.
func broken[T any](yield func(T, error) bool) {
	var none T
	yield(none, errStore)
}

// shuffled is a copy in another order.
func shuffled[T any](all []T, seed uint64) []T {
	out := slices.Clone(all)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// at is a time of 20 November 2026 in UTC, or of the day that it names.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	if !strings.Contains(s, " ") {
		s = "2026-11-20 " + s
	}
	v, err := time.Parse("2006-01-02 15:04:05.999999", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func params(t testing.TB, name string, options ...string) report.Params {
	t.Helper()
	given := map[string]string{}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	p, err := report.Parse(name, given)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// day is the period of 20 November: of reports about requests up to 23:59:59, of all others up to midnight.
func day(t testing.TB, p report.Params) report.Period {
	t.Helper()
	return p.Period(at(t, "2026-11-21 00:10:00"))
}

func text(t testing.TB, r report.Report, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden compares a report to its JSON; line breaks and indentation of want do not count.
func golden(t *testing.T, r report.Report, err error, want string) {
	t.Helper()
	var flat strings.Builder
	for line := range strings.Lines(want) {
		flat.WriteString(strings.TrimSpace(line))
	}
	got := strings.ReplaceAll(text(t, r, err), "],[", "],\n[")
	if diff := cmp.Diff(strings.ReplaceAll(flat.String(), "],[", "],\n["), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// printable fails unless the report is what stacky can print: row 0 an object, and below it a table, or row 0 says that there is none.
func printable(t *testing.T, r report.Report) {
	t.Helper()
	all := decoded(t, r)
	head, ok := all[0].(map[string]any)
	if !ok {
		t.Fatalf("row 0 is no object: %v", all[0])
	}
	if head["report_format"] == "json" {
		return
	}
	if len(all) < 2 {
		t.Fatal("no header")
	}
	header := all[1].([]any)
	for i, row := range all[2:] {
		if cells, ok := row.([]any); !ok || len(cells) != len(header) {
			t.Errorf("row %d does not fit its header: %v", i+2, row)
		}
	}
}

func cloud(t testing.TB, events []report.Event, bodies map[int64]string) report.Requests {
	return report.Requests{
		Deployments: []report.Deployment{{ID: 2, Name: "ord-b"}, {ID: 1, Name: "DFW-a"}},
		Window:      rows(events...),
		Request: func(id string) ([]report.Event, error) {
			var found []report.Event
			for _, e := range events {
				if e.RequestID == id {
					found = append(found, e)
				}
			}
			return found, nil
		},
		Body: func(event int64) ([]byte, error) { return []byte(bodies[event]), nil },
	}
}
