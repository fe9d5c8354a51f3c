package rest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Routes prints the route tables of all dialects as one Markdown page.
func Routes(dialects []Dialect) string {
	var b strings.Builder
	b.WriteString("# Routes\n\nPrinted from the route tables; a test compares it.\n")
	for _, d := range dialects {
		fmt.Fprintf(&b, "\n## %s\n\n| method | path | needs | what it does |\n| --- | --- | --- | --- |\n", d.Name)
		routes := slices.Clone(d.Routes)
		slices.SortStableFunc(routes, func(x, y Route) int {
			return cmp.Or(strings.Compare(x.Path, y.Path), strings.Compare(x.Method, y.Method))
		})
		for _, r := range routes {
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.Method, template(r.Path), r.Need, r.Summary)
		}
	}
	return b.String()
}
