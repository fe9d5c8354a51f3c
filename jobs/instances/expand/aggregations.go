package expand

import (
	"slices"
	"strconv"
	"strings"
)

// methods are the ways in which Metrictank rolls points up.
var methods = []string{"avg", "average", "sum", "last", "lst", "max", "min"}

// aggregations checks a storage-aggregation.conf.
func (f *faults) aggregations(field, text string) {
	c := conf{field, f}
	for _, s := range c.sections(text, "pattern", "xFilesFactor", "aggregationMethod") {
		c.pattern(s, true)
		if o, ok := c.need(s, "xFilesFactor", false); ok {
			if x, err := strconv.ParseFloat(o.value, 64); err != nil || !(x >= 0 && x <= 1) {
				c.fault(o.line, "xFilesFactor %s is no number from 0 to 1", quoted(o.value))
			}
		}
		o, ok := c.need(s, "aggregationMethod", false)
		if !ok {
			continue
		}
		for m := range strings.SplitSeq(o.value, ",") {
			if !slices.Contains(methods, m) {
				c.fault(o.line, "aggregationMethod %s is none of %s", quoted(m), strings.Join(methods, ", "))
			}
		}
	}
}

// indexRules checks an index-rules.conf.
func (f *faults) indexRules(field, text string) {
	c := conf{field, f}
	for _, s := range c.sections(text, "pattern", "max-stale") {
		c.pattern(s, true)
		if o, ok := c.need(s, "max-stale", false); ok {
			if _, err := seconds(o.value); err != nil {
				c.fault(o.line, "max-stale %v", err)
			}
		}
	}
}
