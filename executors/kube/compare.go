package kube

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// valueMost is how much of a value a row shows.
const valueMost = 2000

// comparison collects the rows in which a live object is not as wanted.
type comparison struct {
	rows []Row
	part bool // wanted is only a part: what it does not name may be there, and values are equal if they mean the same
}

func (c *comparison) values(s spot, want, live any, cs claims) {
	switch w := want.(type) {
	case map[string]any:
		if l, ok := live.(map[string]any); ok {
			c.maps(s, w, l, cs)
			return
		}
	case []any:
		if l, ok := live.([]any); ok {
			c.lists(s, w, l, cs)
			return
		}
	}
	if reflect.DeepEqual(want, live) || c.part && same(want, live) {
		return
	}
	c.rows = append(c.rows, row(s, want, live, cs))
}

func (c *comparison) maps(s spot, want, live map[string]any, cs claims) {
	keys := slices.Collect(maps.Keys(want))
	if !c.part {
		for k := range live {
			if _, both := want[k]; !both {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		in := want
		if _, ok := want[k]; !ok {
			in = live
		}
		c.values(s.field(k, in), want[k], live[k], cs.field(k))
	}
}

func (c *comparison) lists(s spot, want, live []any, cs claims) {
	by := keyOf(want, live)
	seen := make([]bool, len(live))
	for i, w := range want {
		var l any
		at := i
		if by != nil {
			at = slices.IndexFunc(live, func(l any) bool { return by.same(w, l) })
		}
		if at >= 0 && at < len(live) {
			l, seen[at] = live[at], true
		}
		c.values(s.item(i, w), w, l, cs.item(at, l))
	}
	for i, l := range live {
		if !seen[i] && !(c.part && by != nil) {
			c.values(s.item(i, l), nil, l, cs.item(i, l))
		}
	}
}

// listKey is the fields that tell the items of a list apart.
type listKey []string

// listKeys are what lists of the cluster's kinds are keyed by.
var listKeys = []listKey{{"name"}, {"containerPort", "protocol"}, {"port", "protocol"}, {"containerPort"}, {"port"}, {"mountPath"}, {"devicePath"},
	{"key"}, {"type"}, {"uid"}, {"ip"}, {"topologyKey", "whenUnsatisfiable"}}

// keyOf is the first key that all items of both lists have, and no two of one list have alike; nil if the place in the list counts.
func keyOf(lists ...[]any) listKey {
	for _, k := range listKeys {
		if !slices.ContainsFunc(lists, func(l []any) bool { return !k.fits(l) }) {
			return k
		}
	}
	return nil
}

func (k listKey) fits(list []any) bool {
	for i, v := range list {
		for _, field := range k {
			if at(v, field) == nil {
				return false
			}
		}
		if slices.ContainsFunc(list[:i], func(o any) bool { return k.same(v, o) }) {
			return false
		}
	}
	return true
}

func (k listKey) same(a, b any) bool {
	for _, field := range k {
		if !reflect.DeepEqual(at(a, field), at(b, field)) {
			return false
		}
	}
	return true
}

// same tells whether two values mean the same to the cluster: 1000m is 1.
func same(a, b any) bool {
	x, y := plainText(a), plainText(b)
	if x == y {
		return true
	}
	p, err := resource.ParseQuantity(x)
	if err != nil {
		return false
	}
	q, err := resource.ParseQuantity(y)
	return err == nil && p.Cmp(q) == 0
}

func row(s spot, want, live any, cs claims) Row {
	r := Row{Key: s.key}
	if want != nil {
		r.Expected = shown(s.veil(want, maskedExpected))
	}
	if live != nil {
		r.Got = shown(s.veil(live, maskedLive))
		if w := cs.last(); w != nil {
			r.Manager, r.At = w.manager, w.at
		}
	}
	return r
}

// plainText is a value as people write it: texts as they are, all else as JSON.
func plainText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

func shown(v any) string {
	text := plainText(v)
	if text == "" {
		return `""`
	}
	if len(text) > valueMost {
		return text[:valueMost] + "..."
	}
	return text
}
