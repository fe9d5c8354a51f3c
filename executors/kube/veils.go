package kube

import (
	"reflect"
	"slices"
)

// veils are two sides of an object as people may see them. A secret that is the same on both is masked the same way, and one that
// differs so that this is seen, and no more.
func veils(a, b spot, was, is any) (any, any) {
	switch w := was.(type) {
	case map[string]any:
		if i, ok := is.(map[string]any); ok {
			return veilMaps(a, b, w, i)
		}
	case []any:
		if i, ok := is.([]any); ok {
			return veilLists(a, b, w, i)
		}
	}
	if known(a, b, was, is) {
		return a.veil(was, masked), b.veil(is, masked)
	}
	return a.veil(was, maskedBefore), b.veil(is, maskedAfter)
}

// known says that what is secret in two values does not differ.
func known(a, b spot, was, is any) bool {
	if a.secret && b.secret {
		return reflect.DeepEqual(was, is)
	}
	x, _ := was.(string)
	y, _ := is.(string)
	return a.secret || b.secret || slices.EqualFunc(userinfo.FindAllStringSubmatch(x, -1), userinfo.FindAllStringSubmatch(y, -1),
		func(p, q []string) bool { return p[2] == q[2] })
}

func veilMaps(a, b spot, was, is map[string]any) (any, any) {
	out, now := make(map[string]any, len(was)), make(map[string]any, len(is))
	for k, w := range was {
		if i, both := is[k]; both {
			out[k], now[k] = veils(a.field(k, was), b.field(k, is), w, i)
		} else {
			out[k] = a.field(k, was).veil(w, masked)
		}
	}
	for k, i := range is {
		if _, both := was[k]; !both {
			now[k] = b.field(k, is).veil(i, masked)
		}
	}
	return out, now
}

// veilLists compares items with those of the same key or, if they have none, in the same place.
func veilLists(a, b spot, was, is []any) (any, any) {
	out, now := make([]any, len(was)), make([]any, len(is))
	by := keyOf(was, is)
	for n, i := range is {
		now[n] = b.item(n, i).veil(i, masked)
	}
	for n, w := range was {
		at := n
		if by != nil {
			at = slices.IndexFunc(is, func(i any) bool { return by.same(w, i) })
		}
		if at < 0 || at >= len(is) {
			out[n] = a.item(n, w).veil(w, masked)
			continue
		}
		out[n], now[at] = veils(a.item(n, w), b.item(at, is[at]), w, is[at])
	}
	return out, now
}
