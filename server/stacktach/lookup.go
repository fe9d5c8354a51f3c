package stacktach

import (
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"yardmaster/store/events"
)

const (
	mostValues   = 1000 // of one __in
	longestRegex = 255
)

// lookup is one of Django's ways to compare a field with a value.
type lookup struct {
	op    string
	value string
}

var lookups = []string{"exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith",
	"in", "gt", "gte", "lt", "lte", "range", "isnull", "regex", "iregex"}

// condition is a field with what is asked of it.
type condition struct {
	column *column
	name   bool // of a deployment its name, not its id
	lookup lookup

	isNull bool              // matches null
	text   func(string) bool // tries a text, or a number as it is printed; nil if spans decide
	equal  []string          // of texts: the values of which one must be equal but for case; nil if text alone decides
	spans  []bounds          // of numbers: where they lie
}

// parseCondition reads a field such as event__startswith and the value for it.
func parseCondition(s events.Service, field, value string) (*condition, error) {
	parts := strings.Split(field, "__")
	col, known := columnOf(s, parts[0])
	if !known {
		return nil, unknownField(field)
	}
	c := &condition{column: col, lookup: lookup{op: "exact", value: value}}
	parts = parts[1:]
	if col.kind == deployment && len(parts) > 0 && (parts[0] == "name" || parts[0] == "id" || parts[0] == "pk") {
		c.name = parts[0] == "name"
		parts = parts[1:]
	}
	if len(parts) > 0 {
		c.lookup.op = parts[0]
	}
	if len(parts) > 1 || !slices.Contains(lookups, c.lookup.op) {
		return nil, unknownField(field)
	}
	return c, c.compile(field)
}

func unknownField(field string) error {
	return bad("The requested field '%s' does not exist for the corresponding object.\n"+
		"Note: The field names of database are case-sensitive.", field)
}

// numeric: the field is compared as a number.
func (c *condition) numeric() bool {
	return c.column.kind == whole || c.column.kind == moment || c.column.kind == deployment && !c.name
}

// compile makes of the lookup what rows are tried with.
func (c *condition) compile(field string) (err error) {
	switch c.lookup.op {
	case "isnull":
		yes := truth(c.lookup.value)
		c.isNull = yes
		c.text = func(string) bool { return !yes }
		return nil
	case "regex", "iregex":
		c.text, err = c.lookup.expression(field)
		return err
	case "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith":
		c.text = c.lookup.part()
		return nil
	}
	if c.numeric() {
		c.spans, err = c.lookup.bounds(field, c.column.kind == moment)
		return err
	}
	c.text, err = c.lookup.compare(field)
	if c.lookup.op == "exact" || c.lookup.op == "iexact" || c.lookup.op == "in" {
		c.equal, _ = c.lookup.values(field)
	}
	return err
}

// truth reads yes or no.
func truth(s string) bool {
	return !slices.Contains([]string{"", "0", "false", "no", "none", "off"}, strings.ToLower(strings.TrimSpace(s)))
}

// fold makes texts equal that differ in case alone.
func fold(s string) string { return strings.ToUpper(s) }

// sameText compares as MySQL's usual collation does.
func sameText(a, b string) bool { return fold(a) == fold(b) }

// mostSteps bounds what an expression costs for each byte that it looks at.
const mostSteps = 1000

// steps is the size of an expression's program.
func steps(expression string) int {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

func (l lookup) expression(field string) (func(string) bool, error) {
	if len(l.value) > longestRegex {
		return nil, bad("The expression for '%s' is longer than %d bytes.", field, longestRegex)
	}
	flags := "(?s)"
	if l.op == "iregex" {
		flags = "(?si)"
	}
	re, err := regexp.Compile(flags + l.value)
	if err != nil {
		return nil, bad("The expression for '%s' cannot be read: %v", field, err)
	}
	if steps(flags+l.value) > mostSteps {
		return nil, bad("The expression for '%s' has too many repetitions.", field)
	}
	return re.MatchString, nil
}

// part looks for a piece of a text. As with MySQL, the forms without an i look at the case too.
func (l lookup) part() func(string) bool {
	find := map[string]func(s, part string) bool{"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix}
	if op, folded := strings.CutPrefix(l.op, "i"); folded {
		want := fold(l.value)
		return func(s string) bool { return find[op](fold(s), want) }
	}
	return func(s string) bool { return find[l.op](s, l.value) }
}

// values are what a list in a value holds.
func (l lookup) values(field string) ([]string, error) {
	if l.op != "in" && l.op != "range" {
		return []string{l.value}, nil
	}
	all := strings.Split(l.value, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	switch {
	case l.op == "range" && len(all) != 2:
		return nil, bad("The value for '%s' must be two values with a comma between them.", field)
	case len(all) > mostValues:
		return nil, bad("The value for '%s' lists more than %d values.", field, mostValues)
	}
	return all, nil
}

// compare is for texts; they order as the database orders them, which is without regard to case.
func (l lookup) compare(field string) (func(string) bool, error) {
	all, err := l.values(field)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = fold(all[i])
	}
	first, last := all[0], all[len(all)-1]
	switch l.op {
	case "gt":
		return func(s string) bool { return fold(s) > first }, nil
	case "gte":
		return func(s string) bool { return fold(s) >= first }, nil
	case "lt":
		return func(s string) bool { return fold(s) < first }, nil
	case "lte":
		return func(s string) bool { return fold(s) <= first }, nil
	case "range":
		return func(s string) bool { s = fold(s); return s >= first && s <= last }, nil
	}
	return func(s string) bool { return slices.Contains(all, fold(s)) }, nil
}

// bounds are the least and the greatest of the numbers that match. The value between two numbers has the one above for its least and the
// one below for its greatest, so that nothing equals it.
type bounds struct{ least, greatest int64 }

func (b bounds) holds(n int64) bool { return n >= b.least && n <= b.greatest }

// bounds gives the numbers that match, as ranges.
func (l lookup) bounds(field string, times bool) ([]bounds, error) {
	all, err := l.values(field)
	if err != nil {
		return nil, err
	}
	spans := make([]bounds, len(all))
	for i, s := range all {
		var ok bool
		if spans[i], ok = number(s, times); !ok {
			return nil, bad("The value '%s' for '%s' is no number.", s, field)
		}
	}
	first, last := spans[0], spans[len(spans)-1]
	switch l.op {
	case "gt":
		return []bounds{{after(first.greatest), math.MaxInt64}}, nil
	case "gte":
		return []bounds{{first.least, math.MaxInt64}}, nil
	case "lt":
		return []bounds{{math.MinInt64, before(first.least)}}, nil
	case "lte":
		return []bounds{{math.MinInt64, first.greatest}}, nil
	case "range":
		return []bounds{{first.least, last.greatest}}, nil
	}
	return spans, nil
}

// number reads a whole number, or seconds as microseconds.
func number(s string, times bool) (bounds, bool) {
	if !times {
		n, ok := pythonInt(s)
		return bounds{n, n}, ok
	}
	t, exact, ok := unixTime(strings.TrimSpace(s))
	at := bounds{t.UnixMicro(), t.UnixMicro()}
	if !exact {
		at.least++
	}
	return at, ok
}

func after(n int64) int64 {
	if n == math.MaxInt64 {
		return n
	}
	return n + 1
}

func before(n int64) int64 {
	if n == math.MinInt64 {
		return n
	}
	return n - 1
}

// takes tries a text that may be missing.
func (c *condition) takes(t events.Text) bool {
	if !t.OK {
		return c.isNull
	}
	return c.text(t.S)
}

// takesNumber tries a number, which is never missing.
func (c *condition) takesNumber(n int64) bool {
	if c.spans != nil {
		return slices.ContainsFunc(c.spans, func(b bounds) bool { return b.holds(n) })
	}
	return c.text(c.column.shown(n))
}
