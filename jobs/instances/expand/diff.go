package expand

import (
	"fmt"
	"slices"
	"strings"
)

// Pair is one object as it is and as it should be, in JSON with its secrets masked; nil if it is not there or should not be.
type Pair struct {
	Kind, Name string // Kind as in a manifest: Deployment
	Old, New   []byte
}

// Diff is the text of all differences, empty if there are none: objects that differ come first, then those that are missing, then those
// that are too many, each in the order of the pairs. Equal differences of objects of one kind are told once. Around a difference there is
// one line that is the same; between two of one object that lie apart there is a line of three dots.
//
// No difference are the config-revision, the state and the job in the
// mirror, status, and what a cluster adds to metadata on its own.
func Diff(pairs []Pair) string {
	var all [3][]*group
	for _, p := range pairs {
		was, is := object(p.Old), object(p.New) // nil for one that is not there
		text := hunks(lines(was), lines(is))
		if text == "" {
			continue
		}
		n := 0
		switch {
		case was == nil:
			n = 1
		case is == nil:
			n = 2
		}
		all[n] = put(all[n], p, text)
	}
	var out []string
	for _, g := range slices.Concat(all[:]...) {
		out = append(out, fmt.Sprintf("--- %s: %s ---\n--- Old\n+++ New\n%s", plural(g.kind), strings.Join(g.names, ", "), g.text))
	}
	return strings.Join(out, "\n")
}

// group are objects of one kind with the same difference.
type group struct {
	kind, text string
	names      []string
}

func put(all []*group, p Pair, text string) []*group {
	for _, g := range all {
		if g.kind == p.Kind && g.text == text {
			g.names = append(g.names, p.Name)
			return all
		}
	}
	return append(all, &group{kind: p.Kind, text: text, names: []string{p.Name}})
}

func object(text []byte) m {
	if text == nil {
		return nil
	}
	o, ok := decode(text).(m)
	if !ok {
		return m{"unreadable": masked}
	}
	return strip(o)
}

// added are fields of metadata that a cluster fills in.
var added = []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}

// foreign are annotations that a cluster or kubectl leaves; one of them holds whole objects, secrets and all.
var foreign = []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"}

func strip(o m) m {
	delete(o, "status")
	meta, _ := o["metadata"].(m)
	for _, k := range added {
		delete(meta, k)
	}
	l, _ := meta["labels"].(m)
	delete(l, revisionLabel)
	if a, ok := meta["annotations"].(m); ok {
		for _, k := range foreign {
			delete(a, k)
		}
		if len(a) == 0 {
			delete(meta, "annotations")
		}
	}
	if data, ok := o["data"].(m); ok && l["app"] == mirrorApp {
		for _, k := range []string{"revision", "state", "jobData"} {
			delete(data, k)
		}
	}
	return o
}

// plural is a kind as kubectl lists it.
func plural(kind string) string {
	kind = strings.ToLower(kind)
	switch {
	case strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	default:
		return kind + "s"
	}
}
