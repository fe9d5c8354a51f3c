package kube

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// writer is one entry of an object's managed fields.
type writer struct {
	manager     string
	subresource string
	applied     bool // by server-side apply
	at          time.Time
	fields      map[string]any
}

// inhouse are the cluster's own managers, whose work on an object is no drift.
var inhouse = []string{"kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet", "cloud-controller-manager"}

func writersOf(u *unstructured.Unstructured) []writer {
	entries, _ := at(u.Object, "metadata", "managedFields").([]any)
	var out []writer
	for _, e := range entries {
		w := writer{manager: textAt(e, "manager"), subresource: textAt(e, "subresource"), applied: textAt(e, "operation") == "Apply"}
		w.at, _ = time.Parse(time.RFC3339, textAt(e, "time"))
		w.fields, _ = at(e, "fieldsV1").(map[string]any)
		out = append(out, w)
	}
	return out
}

// claim is what a writer holds at one place of the object.
type claim struct {
	*writer
	node map[string]any
	all  bool // of everything below, too
}

type claims []claim

// claimsOf are the claims on the whole object, of the writers that pick.
func claimsOf(ws []writer, pick func(writer) bool) claims {
	var out claims
	for i := range ws {
		if pick(ws[i]) {
			out = append(out, claim{writer: &ws[i], node: ws[i].fields})
		}
	}
	return out
}

func everyones(u *unstructured.Unstructured) claims {
	return claimsOf(writersOf(u), func(writer) bool { return true })
}

// field are the claims on one field of a map.
func (cs claims) field(name string) claims {
	return cs.below(func(key string) bool { return key == "f:"+name })
}

// item are the claims on one item of a list.
func (cs claims) item(i int, v any) claims {
	return cs.below(func(key string) bool { return names(key, i, v) })
}

func (cs claims) below(is func(key string) bool) claims {
	var out claims
	for _, c := range cs {
		if c.all {
			out = append(out, c)
			continue
		}
		for key, v := range c.node {
			if is(key) {
				node, _ := v.(map[string]any)
				out = append(out, claim{writer: c.writer, node: node, all: len(node) == 0})
			}
		}
	}
	return out
}

// names tells whether a key of managed fields is of that item: k:{"name":"web"}, v:"text" or i:3.
func names(key string, i int, v any) bool {
	form, text, _ := strings.Cut(key, ":")
	var want any
	if form != "k" && form != "v" && form != "i" || json.Unmarshal([]byte(text), &want) != nil {
		return false
	}
	switch form {
	case "i":
		return want == float64(i)
	case "v":
		return reflect.DeepEqual(want, plain(v))
	}
	keys, _ := want.(map[string]any)
	for k, w := range keys {
		if !reflect.DeepEqual(w, plain(at(v, k))) {
			return false
		}
	}
	return len(keys) > 0
}

// plain has numbers as encoding/json has them.
func plain(v any) any {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v
}

// last is who wrote last what stands there; nil if nobody says so.
func (cs claims) last() *writer {
	var out *writer
	for _, c := range cs {
		if c.all && (out == nil || c.at.After(out.at)) {
			out = c.writer
		}
	}
	return out
}

// foreign tells whether a writer is neither this yard nor the cluster itself.
func (c *Client) foreign(w writer) bool {
	return w.manager != c.opt.FieldManager && !slices.Contains(inhouse, w.manager) && (w.subresource == "" || w.subresource == "scale")
}

// applies tells whether a writer is this yard's apply.
func (c *Client) applies(w writer) bool {
	return w.manager == c.opt.FieldManager && w.applied && w.subresource == ""
}
