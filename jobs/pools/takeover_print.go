package pools

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"yardmaster/store"
)

// printable is a foreign text as it may be shown on a terminal.
func printable(s string) string {
	const most = 120
	cut := ""
	if len(s) > most {
		s, cut = s[:most], ".."
	}
	plain := utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !strconv.IsPrint(c) })
	if !plain {
		s = strconv.QuoteToASCII(s)
	}
	return s + cut
}

// Write prints the report for an operator.
func (r *TakeoverReport) Write(w io.Writer) error {
	var b strings.Builder
	r.writeCounts(&b)
	r.writeUnknown(&b)
	r.writeLeft(&b)
	r.writeProblems(&b)
	if !r.Applied {
		b.WriteString("\nNothing was written. Add --apply to bring this over.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *TakeoverReport) writeCounts(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight|tabwriter.DiscardEmptyColumns)
	first := "to bring"
	if r.Applied {
		first = "brought"
	}
	fmt.Fprintf(t, "%s\talready there\tleft out\t\n", first)
	line := func(name string, c TakeoverCount) { fmt.Fprintf(t, "%d\t%d\t%d\t  %s\n", c.New, c.There, c.Out, name) }
	line("tokens", r.Tokens)
	byPool := func(name string, of func(*TakeoverMachines) TakeoverCount) {
		var all TakeoverCount
		for _, m := range r.Machines {
			all.add(of(m))
		}
		line(name, all)
		for _, pool := range slices.Sorted(maps.Keys(r.Machines)) {
			if c := of(r.Machines[pool]); c != (TakeoverCount{}) {
				line("  "+pool, c)
			}
		}
	}
	byPool("running machines", func(m *TakeoverMachines) TakeoverCount { return m.Running })
	byPool("ready machines", func(m *TakeoverMachines) TakeoverCount { return m.Ready })
	line("on-demand requests", r.Requests)
	line("overrides of pools", r.Overrides)
	line("days of clones", *r.Days[store.TaskClone])
	line("days of boots", *r.Days[store.TaskBoot])
	line("days of tags", *r.Days[tagTask])
	_ = t.Flush() // a Builder takes everything
	if r.Older > 0 {
		fmt.Fprintf(b, "\n%d counts of earlier days were not asked for.\n", r.Older)
	}
}

func (r *TakeoverReport) writeUnknown(b *strings.Builder) {
	if len(r.Unknown) == 0 {
		return
	}
	b.WriteString("\nPools that are not configured here, and what they have; none of it is brought over:\n")
	for _, pool := range slices.Sorted(maps.Keys(r.Unknown)) {
		u := r.Unknown[pool]
		fmt.Fprintf(b, "  %s: %d running, %d ready, %d overrides\n", pool, u.Running, u.Ready, u.Overrides)
	}
}

// maxNames is how many names a line of the report has.
const maxNames = 20

func (r *TakeoverReport) writeLeft(b *strings.Builder) {
	if len(r.Left) == 0 && r.EndedRequests == 0 {
		return
	}
	b.WriteString("\nLeft behind:\n")
	for _, l := range r.Left {
		of, more := "", ""
		if l.Pool != "" {
			of = " machines of " + printable(l.Pool)
		}
		names := l.Names
		if n := len(names) - maxNames; n > 0 {
			names, more = names[:maxNames], fmt.Sprintf(" and %d more", n)
		}
		fmt.Fprintf(b, "  %d %s%s: %s%s\n", len(l.Names), l.What, of, strings.Join(names, ", "), more)
	}
	if r.EndedRequests > 0 {
		fmt.Fprintf(b, "  %d ended requests\n", r.EndedRequests)
	}
}

func (r *TakeoverReport) writeProblems(b *strings.Builder) {
	if len(r.Problems) == 0 {
		return
	}
	b.WriteString("\nNot as it should be:\n")
	for _, p := range r.Problems {
		fmt.Fprintf(b, "  %s", p.Key)
		if p.Field != "" {
			fmt.Fprintf(b, " %s", p.Field)
		}
		fmt.Fprintf(b, ": %s\n", p.Reason)
	}
	if r.MoreProblems > 0 {
		fmt.Fprintf(b, "  and %d more\n", r.MoreProblems)
	}
}
