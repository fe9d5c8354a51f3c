package kube

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// additions are what others have added to an object: fields that a foreign writer holds and this yard's apply does not. To
// server-side apply they are no drift, and applying leaves them. The object is as it would be after an apply.
//
// Who creates an object in another way than by server-side apply holds the cluster's defaults, too. These are no additions: the
// cluster is asked, in a dry run under another name, what it would make of the manifest alone.
func (c *Client) additions(ctx context.Context, o object, want, would *unstructured.Unstructured) []Row {
	found := c.othersHold(would, nil)
	if len(found) == 0 {
		return nil
	}
	alone := want.DeepCopy()
	o.Name = "dry-" + digest(string(would.GetUID()))
	alone.SetName(o.Name)
	fresh, err := c.apply(ctx, o, alone, true)
	if err != nil {
		return found // better too much than nothing
	}
	return c.othersHold(would, fresh.Object)
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
	slices.SortStableFunc(out, func(a, b Row) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b Row) bool { return a.Key == b.Key })
}

// adding walks one writer's fields.
type adding struct {
	by   *writer
	rows []Row
}

func (a *adding) walk(s spot, node map[string]any, v, except any, ours claims) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if below, ok := node["f:"+k].(map[string]any); ok {
				a.at(s.field(k, v), below, e, at(except, k), ours.field(k), false)
			}
		}
	case []any:
		for i, e := range v {
			for key, below := range node {
				if below, ok := below.(map[string]any); ok && names(key, i, e) {
					a.at(s.item(i, e), below, e, itemOf(except, key), ours.item(i, e), true)
				}
			}
		}
	}
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
func (a *adding) at(s spot, node map[string]any, v, except any, ours claims, item bool) {
	_, whole := node["."]
	switch {
	case slices.ContainsFunc(ours, func(c claim) bool { return c.all }), s.name == annotationLastApplied, reflect.DeepEqual(v, except):
	case len(node) == 0 || item && whole && len(ours) == 0:
		if len(ours) == 0 {
			a.rows = append(a.rows, Row{Key: s.key, Got: shown(s.veil(v, maskedLive)), Manager: a.by.manager, At: a.by.at})
		}
	default:
		a.walk(s, node, v, except, ours)
	}
}
