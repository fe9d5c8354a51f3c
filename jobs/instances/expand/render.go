package expand

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// order is how the fields of Kubernetes objects follow upon each other where the control plane's own types print them; what is not
// named comes after, sorted.
var order = ranks("kind", "apiVersion", "metadata", "name", "image", "command", "args", "workingDir", "namespace", "labels", "annotations",
	"spec", "data", "stringData", "replicas", "ports", "hostPort", "containerPort", "protocol", "port", "targetPort", "selector", "template",
	"strategy", "type", "rollingUpdate", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds", "volumes", "initContainers",
	"containers", "envFrom", "env", "value", "valueFrom", "resources", "limits", "requests", "volumeMounts", "livenessProbe", "readinessProbe",
	"restartPolicy", "terminationGracePeriodSeconds", "nodeSelector", "serviceAccountName")

func ranks(names ...string) map[string]int {
	all := map[string]int{}
	for n, name := range names {
		all[name] = n + 1
	}
	return all
}

// free are fields whose own fields have names of somebody's choice.
var free = []string{"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData", "limits", "requests"}

// decode reads JSON with its numbers as they are written; nil if it is none.
func decode(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// render is a tree as JSON, indented by one space a level.
func render(v any) string {
	p := printer{}
	p.value("", 0, v)
	return p.out.String()
}

// lines are a tree as lines to compare: JSON as render has it, but texts of several lines are broken up. A nil tree has none.
func lines(tree m) []string {
	if tree == nil {
		return nil
	}
	p := printer{broken: true}
	p.value("", 0, tree)
	return strings.Split(p.out.String(), "\n")
}

type printer struct {
	out    strings.Builder
	broken bool // texts at the ends of their lines
}

func (p *printer) newline(depth int) {
	p.out.WriteByte('\n')
	for range depth {
		p.out.WriteByte(' ')
	}
}

func (p *printer) value(name string, depth int, v any) {
	switch v := v.(type) {
	case m:
		p.object(name, depth, v)
	case []any:
		p.list(depth, v)
	case string:
		p.text(depth, v)
	default:
		p.out.WriteString(plain(v))
	}
}

func (p *printer) object(name string, depth int, o m) {
	if len(o) == 0 {
		p.out.WriteString("{}")
		return
	}
	p.out.WriteByte('{')
	for n, k := range sorted(name, o) {
		if n > 0 {
			p.out.WriteByte(',')
		}
		p.newline(depth + 1)
		p.out.WriteString(plain(k) + ": ")
		p.value(k, depth+1, o[k])
	}
	p.newline(depth)
	p.out.WriteByte('}')
}

func (p *printer) list(depth int, all []any) {
	if len(all) == 0 {
		p.out.WriteString("[]")
		return
	}
	p.out.WriteByte('[')
	for n, v := range all {
		if n > 0 {
			p.out.WriteByte(',')
		}
		p.newline(depth + 1)
		p.value("", depth+1, v)
	}
	p.newline(depth)
	p.out.WriteByte(']')
}

func (p *printer) text(depth int, s string) {
	if !p.broken {
		p.out.WriteString(plain(s))
		return
	}
	p.out.WriteByte('"')
	n := 0
	for l := range strings.Lines(s) {
		if n > 0 {
			p.newline(depth + 1)
		}
		l := plain(l)
		p.out.WriteString(l[1 : len(l)-1])
		n++
	}
	p.out.WriteByte('"')
}

// sorted are the fields of an object in the order in which they are printed.
func sorted(name string, o m) []string {
	keys := slices.Sorted(maps.Keys(o))
	if slices.Contains(free, name) || name == "selector" && o["matchLabels"] == nil {
		return keys
	}
	rank := func(k string) int {
		if n := order[k]; n > 0 {
			return n
		}
		return len(order) + 1
	}
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	return keys
}

// plain is a value that holds no other as JSON.
func plain(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "null" // a decoded scalar always marshals
	}
	return strings.TrimSuffix(b.String(), "\n")
}
