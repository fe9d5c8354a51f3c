package materialize

import (
	"encoding/json"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// Compiled is the normal form of a patch. It does not change.
type Compiled struct {
	kind, apiVersion, name string
	comment, target        string

	tree       map[string]any // of a YAML patch
	operations jsonpatch.Patch
	raw        []any // the operations of a JSON patch as they were read
	wild       bool  // CONTAINER_NAME is to be filled in
}

// Compile brings a patch into normal form, or says with an *Error why it is none.
func Compile(p Patch) (*Compiled, error) {
	v, err := decode(p.Body)
	if err != nil {
		e := faultsOf(p.File, max(p.Line, 1), err)[0]
		e.Patch = p.Version
		return nil, e
	}
	c, m := compile(v)
	if m == nil && p.Format != "" && p.Format != c.format() {
		m = &misfit{reason: "is no " + p.Format + " patch"}
	}
	if m != nil {
		e := m.in(p.File, p.Body, p.Line)
		e.Patch = p.Version
		return nil, e
	}
	return c, nil
}

func (c *Compiled) format() string {
	if c.tree == nil {
		return JSON
	}
	return YAML
}

func compile(v any) (*Compiled, *misfit) {
	tree, ok := v.(map[string]any)
	if !ok {
		return nil, &misfit{reason: "is " + sortOf(v) + ", no patch"}
	}
	c := &Compiled{wild: wild(v)}
	for _, f := range []struct {
		to   *string
		path []string
	}{{&c.kind, []string{"kind"}}, {&c.apiVersion, []string{"apiVersion"}}, {&c.name, []string{"metadata", "name"}}} {
		if m := textField(tree, f.to, f.path); m != nil {
			return nil, m
		}
	}
	if tree["patch"] != nil && tree["apiVersion"] == nil {
		return c, c.readOperations(tree)
	}
	c.tree = tree
	return c, directives(tree)
}

// textField reads a field that may be left out, and nothing else.
func textField(tree map[string]any, to *string, path []string) *misfit {
	var parent any = tree
	if len(path) > 1 {
		parent = at(tree, path[:len(path)-1]...)
	}
	m, _ := parent.(map[string]any)
	v, there := m[path[len(path)-1]]
	s, ok := v.(string)
	if there && (!ok || s == "") {
		return &misfit{path: path, reason: strings.Join(path, ".") + " is " + sortOf(v) + ", no name"}
	}
	*to = s
	return nil
}

// readOperations reads a JSON patch in its frame.
func (c *Compiled) readOperations(tree map[string]any) *misfit {
	for _, key := range sortedKeys(tree) {
		if !slices.Contains([]string{"comment", "kind", "target", "patch", "metadata"}, key) {
			return &misfit{path: []string{key}, reason: "a JSON patch has comment, kind, target and patch, no " + shorten(key)}
		}
	}
	for key, to := range map[string]*string{"comment": &c.comment, "target": &c.target} {
		s, ok := tree[key].(string)
		if tree[key] != nil && !ok {
			return &misfit{path: []string{key}, reason: key + " is " + sortOf(tree[key]) + ", not text"}
		}
		*to = s
	}
	var ok bool
	if c.raw, ok = tree["patch"].([]any); !ok {
		return &misfit{path: []string{"patch"}, reason: "patch is " + sortOf(tree["patch"]) + ", no list of operations"}
	}
	for i, op := range c.raw {
		if m := operation(op); m != nil {
			m.path = append([]string{"patch", index(i)}, m.path...)
			return m
		}
	}
	var m *misfit
	c.operations, m = decodeOperations(c.raw)
	return m
}

func decodeOperations(raw []any) (jsonpatch.Patch, *misfit) {
	j, err := json.Marshal(raw)
	if err != nil {
		return nil, &misfit{path: []string{"patch"}, reason: err.Error()}
	}
	ops, err := jsonpatch.DecodePatch(j)
	if err != nil {
		return nil, &misfit{path: []string{"patch"}, reason: err.Error()}
	}
	return ops, nil
}

// operation says what is wrong with one operation of a JSON patch.
func operation(v any) *misfit {
	op, ok := v.(map[string]any)
	if !ok {
		return &misfit{reason: "is " + sortOf(v) + ", no operation"}
	}
	needs := []string{"path"}
	switch name := op["op"]; name {
	case "add", "replace", "test":
		needs = append(needs, "value")
	case "copy", "move":
		needs = append(needs, "from")
	case "remove":
	default:
		return &misfit{path: []string{"op"}, reason: "op must be add, copy, move, remove, replace or test"}
	}
	for _, key := range needs {
		v, there := op[key]
		if !there {
			return &misfit{reason: text(op, "op") + " has no " + key}
		}
		if key != "value" && !pointer(v) {
			return &misfit{path: []string{key}, reason: key + " must be a path that begins with /"}
		}
	}
	return nil
}

func pointer(v any) bool {
	s, ok := v.(string)
	return ok && (s == "" || s[0] == '/')
}
