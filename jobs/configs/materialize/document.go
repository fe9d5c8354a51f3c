package materialize

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The bounds of one text. What a text of values takes to be read is a kilobyte for each of them, however short it is written.
const (
	maxBytes     = 16 << 20
	maxDocuments = 2000
	maxValues    = 250_000 // of a document
	maxNormal    = 4 << 20 // bytes of an object in normal form; no cluster takes as much
)

// Documents splits a text at its document separators, puts the placeholders' values in and brings each document into normal form.
// Empty documents are passed over, List kinds are taken apart. Every error is an *Error; all faults of a text are joined, up to 20,
// and then there are no documents.
func Documents(file, text string, o Options) ([]Document, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = maxBytes
	}
	if o.MaxDocuments <= 0 {
		o.MaxDocuments = maxDocuments
	}
	if len(text) > o.MaxBytes {
		return nil, &Error{File: file, Reason: fmt.Sprintf("has %d bytes, %d are allowed", len(text), o.MaxBytes)}
	}
	r := reader{file: file, options: o, lines: map[string]int{}}
	for _, c := range split(fill(file, text, o.Values, &r.faults)) {
		if r.faults.full() {
			break
		}
		r.chunk(c)
	}
	if err := r.faults.err(); err != nil {
		return nil, err
	}
	return r.documents, nil
}

// reader reads the documents of one text.
type reader struct {
	file      string
	options   Options
	documents []Document
	lines     map[string]int // of the objects seen, by id
	faults    faults
}

func (r *reader) chunk(c chunk) {
	skip, some := c.content()
	if !some {
		return
	}
	if values(c.text) > maxValues {
		r.faults.add(tooMany(r.file, c))
		return
	}
	v, err := decode(c.text)
	if err != nil {
		r.faults.add(faultsOf(r.file, c.line, err)...)
		return
	}
	d := node{chunk: c, line: c.line + skip}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		r.object(v, d)
	default:
		r.faults.add(&Error{File: r.file, Line: d.line, Reason: "is " + sortOf(v) + ", no object"})
	}
}

// node is where an object stands: in a chunk, or somewhere in the list that the chunk is.
type node struct {
	chunk
	line int
	path []string
}

func (r *reader) object(tree map[string]any, n node) {
	if items, ok := list(tree); ok {
		if n.path != nil {
			r.faults.add(&Error{File: r.file, Line: n.line, Reason: "is a list within a list"})
			return
		}
		r.items(tree, items, n)
		return
	}
	o, m := identity(tree)
	if m != nil && text(tree, "metadata", "generateName") != "" {
		m = &misfit{path: []string{"metadata", "generateName"},
			reason: "metadata.generateName is not supported: an object needs a metadata.name to be found by"}
	}
	if m == nil {
		m = o.valid(r.options.Reserved)
	}
	if m == nil && r.lines[o.ID()] > 0 {
		m = &misfit{reason: fmt.Sprintf("is given twice, first at line %d", r.lines[o.ID()])}
	}
	if m != nil {
		m.path = append(slices.Clip(n.path), m.path...)
		e := m.in(r.file, n.text, n.chunk.line)
		if o.Name != "" {
			e.Object = o.ID()
		}
		r.faults.add(e)
		return
	}
	if len(r.documents) >= r.options.MaxDocuments {
		r.faults.add(&Error{File: r.file, Line: n.line, Reason: fmt.Sprintf("more than %d objects", r.options.MaxDocuments)})
		return
	}
	normal, err := encode(tree)
	if err == nil && len(normal) > maxNormal {
		err = fmt.Errorf("has %d bytes, %d are allowed", len(normal), maxNormal)
	}
	if err != nil {
		r.faults.add(&Error{File: r.file, Line: n.line, Object: o.ID(), Reason: err.Error()})
		return
	}
	r.lines[o.ID()] = n.line
	r.documents = append(r.documents, Document{Object: o, Text: normal, File: r.file, Line: n.line})
}

// list tells the items of a List kind.
func list(tree map[string]any) ([]any, bool) {
	if !strings.HasSuffix(text(tree, "kind"), "List") || text(tree, "metadata", "name") != "" {
		return nil, false
	}
	items, ok := tree["items"].([]any)
	return items, ok
}

// items takes a list apart. The items of a List of one kind need not repeat it.
func (r *reader) items(tree map[string]any, items []any, n node) {
	if len(items) > r.options.MaxDocuments {
		r.faults.add(&Error{File: r.file, Line: n.line, Reason: fmt.Sprintf("more than %d objects", r.options.MaxDocuments)})
		return
	}
	lines := itemLines(n.text)
	kind := strings.TrimSuffix(text(tree, "kind"), "List")
	for i, item := range items {
		if r.faults.full() {
			return
		}
		place := node{chunk: n.chunk, line: n.line, path: []string{"items", strconv.Itoa(i)}}
		if i < len(lines) {
			place.line = n.chunk.line - 1 + lines[i]
		}
		o, ok := item.(map[string]any)
		if !ok {
			r.faults.add(&Error{File: r.file, Line: place.line, Reason: "an item of the list is " + sortOf(item) + ", no object"})
			continue
		}
		if kind != "" && o["kind"] == nil && o["apiVersion"] == nil {
			o["kind"], o["apiVersion"] = kind, tree["apiVersion"]
		}
		r.object(o, place)
	}
}
