package materialize

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Field is one place in which an object on a cluster is not as its text has it. Values are texts as they are, or JSON; "" is none.
type Field struct {
	Path           string // "spec.containers[0].args[1]", "data[app.conf]"
	Expected, Live string
}

// MaskFields hides secrets in fields of an object as Mask does in its text. What a value is for is seen from its neighbours, so all fields
// of the object are wanted at once; where it cannot be told, the value is hidden. Two hidden values that differ remain different.
func MaskFields(text string, fields []Field) []Field {
	f := fieldMasker{live: make(map[string]string, len(fields))}
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) == nil && len(doc.Content) == 1 {
		f.root = doc.Content[0]
		if _, kind := child(f.root, "kind"); kind != nil {
			f.kind = kind.Value
		}
	}
	for _, one := range fields {
		f.live[one.Path] = one.Live
	}
	out := make([]Field, len(fields))
	for i, one := range fields {
		out[i] = Field{one.Path, f.mask(one, one.Expected, false), f.mask(one, one.Live, true)}
		if one.Expected != one.Live && out[i].Expected == out[i].Live {
			out[i].Expected += hiddenExpected
			out[i].Live += hiddenLive
		}
	}
	return out
}

// Conceal takes an object's secrets out of words about it, such as a refusal that quotes a value.
func Conceal(text, words string) string {
	secrets := Secrets(text)
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var n yaml.Node
		if d.Decode(&n) != nil {
			break
		}
		m := masker{}
		m.document(&n)
		secrets = append(secrets, m.found...)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may hold another
	for _, s := range secrets {
		if len(s) < shortestTold {
			continue
		}
		words = strings.ReplaceAll(words, s, masked)
		words = strings.ReplaceAll(words, strings.Trim(strconv.Quote(s), `"`), masked)
	}
	return words
}

// shortestTold is the length below which a secret is looked for in no words: it would be found everywhere.
const shortestTold = 3

// What tells two hidden values of a field apart.
const (
	hiddenExpected = " (expected)"
	hiddenLive     = " (live)"
)

// fieldMasker hides secrets in fields of one object.
type fieldMasker struct {
	root *yaml.Node // the object's text; nil if it cannot be read
	kind string
	live map[string]string // by path
}

func (f *fieldMasker) mask(one Field, value string, live bool) string {
	steps, ok := stepsOf(one.Path)
	switch {
	case value == "", value == masked+hiddenExpected, value == masked+hiddenLive:
		return value
	case !ok, f.root == nil, f.within(steps), f.named(one, steps, live):
		return masked
	}
	secret := fieldSecret(nameOf(steps))
	if value[0] == '{' || value[0] == '[' {
		return f.structure(steps, value, secret)
	}
	if f.flagged(one, steps, live) || secret && value != "true" && value != "false" {
		return masked
	}
	return maskText(value, func(string) {})
}

// within says that all at a place is secret.
func (f *fieldMasker) within(steps []string) bool {
	return slices.Contains(steps, "stringData") || slices.Contains(steps, lastApplied) || f.kind == "Secret" && steps[0] == "data"
}

// named says that a value is one with a name beside it, and that the name is a secret's or is not known.
func (f *fieldMasker) named(one Field, steps []string, live bool) bool {
	above := len(steps) - 1
	if steps[above] != "value" || above == 0 {
		return false
	}
	parent := f.at(steps[:above])
	if parent == nil {
		return true
	}
	_, v := child(parent, "value")
	if strings.HasPrefix(steps[above-1], "[") && (v == nil || v.Value != one.Expected) {
		return true // the cluster's list has another order
	}
	if name := f.live[strings.TrimSuffix(one.Path, "value")+"name"]; live && looksSecret(name) {
		return true
	}
	_, name := child(parent, "name")
	return name != nil && looksSecret(name.Value)
}

// flagged says that a value is the argument behind one that asks for a secret, or that this is not known.
func (f *fieldMasker) flagged(one Field, steps []string, live bool) bool {
	last := len(steps) - 1
	i, err := strconv.Atoi(strings.Trim(steps[last], "[]"))
	if err != nil || i == 0 || last == 0 || steps[last][0] != '[' {
		return false
	}
	if before := f.live[strings.TrimSuffix(one.Path, steps[last])+"["+index(i-1)+"]"]; live && before != "" {
		return flagSecret(before) || strings.HasPrefix(before, masked)
	}
	list := f.at(steps[:last])
	if list == nil || list.Kind != yaml.SequenceNode || i > len(list.Content) {
		return true
	}
	if one.Expected == "" && i < len(list.Content) || one.Expected != "" && (i == len(list.Content) || list.Content[i].Value != one.Expected) {
		return true
	}
	return flagSecret(list.Content[i-1].Value)
}

// structure hides what is secret in a map or list.
func (f *fieldMasker) structure(steps []string, value string, secret bool) string {
	var n yaml.Node
	if !json.Valid([]byte(value)) || yaml.Unmarshal([]byte(value), &n) != nil || len(n.Content) != 1 {
		if f.kind == "ConfigMap" && steps[0] == "data" && !secret {
			return maskText(value, func(string) {}) // a text that only begins so
		}
		return masked
	}
	m := masker{}
	if secret && n.Content[0].Kind == yaml.SequenceNode {
		m.hideScalars(n.Content[0])
	} else {
		m.value(n.Content[0])
	}
	if !m.hidden {
		return value
	}
	var v any
	if n.Decode(&v) != nil {
		return masked
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return masked
	}
	return string(raw)
}

// at is the node at a place; nil if there is none.
func (f *fieldMasker) at(steps []string) *yaml.Node {
	n := f.root
	for _, step := range steps {
		if _, n = child(n, strings.Trim(step, "[]")); n == nil {
			return nil
		}
	}
	return n
}

// stepsOf takes a path apart; indexes keep their brackets. A name with brackets of its own is not understood.
func stepsOf(path string) (steps []string, ok bool) {
	for path != "" {
		end := strings.IndexByte(path, ']') + 1
		if path[0] != '[' {
			end = strings.IndexAny(path+".", ".[")
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path[:end], "["), "]")
		if name == "" || strings.ContainsAny(name, "[]") {
			return nil, false
		}
		if _, err := strconv.Atoi(name); err == nil && path[0] == '[' {
			name = path[:end]
		}
		steps = append(steps, name)
		path = strings.TrimPrefix(path[end:], ".")
	}
	return steps, len(steps) > 0
}

// nameOf is the last name in a path.
func nameOf(steps []string) string {
	for _, step := range slices.Backward(steps) {
		if step[0] != '[' {
			return step
		}
	}
	return ""
}
