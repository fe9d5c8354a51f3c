package kube

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// annotationRestarted is what kubectl rollout restart leaves: it says when, and taking it away would restart once more.
const annotationRestarted = "kubectl.kubernetes.io/restartedAt"

// tolerated says what others may have on an object that is wholly this yard's. What its life depends on, and the marks that programs
// keep their book with on it, are theirs; what was labelled by hand is not.
func tolerated(s spot, w *writer) bool {
	switch s.key {
	case "status", "metadata.finalizers", "metadata.ownerReferences":
		return true
	case "metadata.labels", "metadata.annotations":
		return !strings.HasPrefix(w.manager, "kubectl")
	}
	return s.name == annotationRestarted
}

// intrusion is what one writer has added to an object that is wholly this yard's.
type intrusion struct {
	at   int // among the managed fields
	node map[string]any
}

// intrusions are what only others than this yard and the cluster hold, what the object is without it, and the rows of it. What has the
// same value in except is none.
func (c *Client) intrusions(u *unstructured.Unstructured, except map[string]any) (found []intrusion, rest map[string]any, rows []Row) {
	ws := writersOf(u)
	held := claimsOf(ws, func(w writer) bool { return c.applies(w) || slices.Contains(inhouse, w.manager) })
	rest = u.Object
	for i := range ws {
		if !c.foreign(ws[i]) || ws[i].subresource != "" {
			continue
		}
		a, again := adding{by: &ws[i], leave: tolerated}, adding{by: &ws[i], leave: tolerated}
		_, node := a.walk(root(u.GetKind()), ws[i].fields, u.Object, except, held)
		if node == nil {
			continue
		}
		found, rows = append(found, intrusion{i, node}), append(rows, a.rows...)
		left, _ := again.walk(root(u.GetKind()), ws[i].fields, rest, except, held) // places in rest are not those of the object any more
		rest, _ = left.(map[string]any)
	}
	return found, rest, inOrder(rows)
}

// wholly is what applying makes of an object whose intrusions go, and the rows of these.
func (c *Client) wholly(ctx context.Context, o object, want, would *unstructured.Unstructured) (map[string]any, []Row) {
	found, rest, rows := c.intrusions(would, nil)
	if len(found) == 0 {
		return would.Object, nil
	}
	if fresh, err := c.alone(ctx, o, want, would); err == nil { // without it, better too much than nothing
		_, rest, rows = c.intrusions(would, fresh)
	}
	return rest, rows
}

// seizure is the patch that makes this yard the holder of all intrusions, so that the next apply takes them away; nil if there are none.
func (c *Client) seizure(live *unstructured.Unstructured) ([]byte, error) {
	found, _, _ := c.intrusions(live, nil)
	if len(found) == 0 {
		return nil, nil
	}
	entries, _ := at(live.DeepCopy().Object, "metadata", "managedFields").([]any)
	ours := slices.IndexFunc(writersOf(live), c.applies)
	if ours < 0 {
		ours = len(entries)
		entries = append(entries, map[string]any{"manager": c.opt.FieldManager, "operation": "Apply", "apiVersion": live.GetAPIVersion(),
			"fieldsType": "FieldsV1", "fieldsV1": map[string]any{}})
	}
	fields := func(entry any) map[string]any { node, _ := at(entry, "fieldsV1").(map[string]any); return node }
	for _, f := range found {
		reclaim(fields(entries[ours]), f.node)
		unclaim(fields(entries[f.at]), f.node)
	}
	entries = slices.DeleteFunc(entries, func(e any) bool { return len(fields(e)) == 0 })
	return json.Marshal([]map[string]any{{"op": "replace", "path": "/metadata/managedFields", "value": entries},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()}}) // 409 for another version
}

// reclaim adds managed fields to others.
func reclaim(to, more map[string]any) {
	for k, v := range more {
		below, ok := to[k].(map[string]any)
		if !ok {
			below = map[string]any{}
			to[k] = below
		}
		if node, ok := v.(map[string]any); ok {
			reclaim(below, node)
		}
	}
}

// unclaim takes managed fields out of others.
func unclaim(from, less map[string]any) {
	for k, v := range less {
		below, _ := from[k].(map[string]any)
		if node, ok := v.(map[string]any); ok {
			unclaim(below, node)
		}
		if len(below) == 0 {
			delete(from, k)
		}
	}
}
