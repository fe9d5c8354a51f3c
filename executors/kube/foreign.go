package kube

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// additions are what others have added to an object: fields that a foreign writer holds and this yard's apply does not. To
// server-side apply they are no drift, and applying leaves them.
//
// Who creates an object in another way than by server-side apply holds the cluster's defaults, too. These are no additions: the
// cluster is asked, in a dry run under another name, what it would make of the manifest alone.
func (c *Client) additions(ctx context.Context, o object, want, would *unstructured.Unstructured) []Row {
	found := c.othersHold(would, nil)
	if len(found) == 0 {
		return nil
	}
	fresh, err := c.alone(ctx, o, want, would)
	if err != nil {
		return found // better too much than nothing
	}
	return c.othersHold(would, fresh)
}

// alone is what the cluster would make of a manifest if there were no such object.
func (c *Client) alone(ctx context.Context, o object, want, would *unstructured.Unstructured) (map[string]any, error) {
	other := want.DeepCopy()
	o.Name = "dry-" + digest(string(would.GetUID()))
	other.SetName(o.Name)
	fresh, err := c.apply(ctx, o, other, true)
	if err != nil {
		return nil, err
	}
	return fresh.Object, nil
}

// othersHold are the fields of an object that foreign writers hold, except those that have the same value in another object.
func (c *Client) othersHold(u *unstructured.Unstructured, except map[string]any) []Row {
	ws := writersOf(u)
	ours := claimsOf(ws, c.applies)
	var out []Row
	for i := range ws {
		if c.foreign(ws[i]) {
			a := adding{by: &ws[i]}
			a.walk(root(u.GetKind()), ws[i].fields, u.Object, except, ours)
			out = append(out, a.rows...)
		}
	}
	return inOrder(out)
}

// inOrder are rows by their keys, each key once.
func inOrder(rows []Row) []Row {
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(rows, func(a, b Row) bool { return a.Key == b.Key })
}

// adding walks one writer's fields.
type adding struct {
	by    *writer
	leave func(s spot, w *writer) bool // what is none; nil: there is no more to it
	rows  []Row
}

// walk gives what v is without the writer's additions, as it is in except or gone, and these as managed fields; nil if there are none.
func (a *adding) walk(s spot, node map[string]any, v, except any, ours claims) (rest any, taken map[string]any) {
	taken = map[string]any{}
	left := 0
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for k, e := range v {
			if below, ok := node["f:"+k].(map[string]any); ok {
				if now, of := a.at(s.field(k, v), below, e, at(except, k), ours.field(k), false); of != nil {
					taken["f:"+k], out[k] = of, now
					if now == nil {
						delete(out, k)
					}
				}
			}
		}
		rest, left = out, len(out)
	case []any:
		out := make([]any, 0, len(v))
		for i, e := range v {
			now := e
			for key, below := range node {
				if below, ok := below.(map[string]any); ok && names(key, i, e) {
					var of map[string]any
					if now, of = a.at(s.item(i, e), below, e, itemOf(except, key), ours.item(i, e), true); of != nil {
						taken[key] = of
					}
				}
			}
			if now != nil {
				out = append(out, now)
			}
		}
		rest, left = out, len(out)
	}
	switch {
	case len(taken) == 0:
		return v, nil
	case left == 0 && len(ours) == 0: // all that was in it was theirs, and so was it
		if whole, ok := node["."]; ok {
			taken["."] = whole
		}
		return except, taken
	}
	return rest, taken
}

// itemOf is the item of a list that a key of managed fields is of.
func itemOf(list any, key string) any {
	all, _ := list.([]any)
	for i, v := range all {
		if names(key, i, v) {
			return v
		}
	}
	return nil
}

// at is one field or item that the writer holds something of. A whole item of a list is one row.
func (a *adding) at(s spot, node map[string]any, v, except any, ours claims, item bool) (rest any, taken map[string]any) {
	_, whole := node["."]
	switch {
	case slices.ContainsFunc(ours, func(c claim) bool { return c.all }), s.name == annotationLastApplied, reflect.DeepEqual(v, except),
		a.leave != nil && a.leave(s, a.by):
		return v, nil
	case len(node) == 0 || item && whole && len(ours) == 0:
		if len(ours) > 0 {
			return v, nil
		}
		a.rows = append(a.rows, Row{Key: s.key, Got: shown(s.veil(v, maskedLive)), Manager: a.by.manager, At: a.by.at})
		return except, node
	}
	return a.walk(s, node, v, except, ours)
}
