package materialize

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const masked = "***"

// lastApplied holds a whole object, secrets and all, as JSON.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Mask hides secrets in an object or a patch: values of a Secret, and of whatever has a name that looks secret, become "***". It never
// fails: what cannot be read is hidden whole. A text without secrets comes back as it is, one in normal form stays in it.
func Mask(text string) string {
	d := yaml.NewDecoder(strings.NewReader(text))
	var out bytes.Buffer
	e := yaml.NewEncoderWithOptions(&out, &yaml.EncoderOptions{SeqIndent: yaml.CompactSequenceStyle})
	hidden := false
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return masked
		}
		m := masker{}
		m.document(&n)
		hidden = hidden || m.hidden
		if err := e.Encode(&n); err != nil {
			return masked
		}
	}
	if !hidden {
		return text
	}
	if e.Close() != nil {
		return masked
	}
	return likeNormal(text, out.String())
}

// likeNormal brings a masked text into normal form if it was in it before: a diff of two is then one of what differs.
func likeNormal(was, is string) string {
	if normal, err := normal(was); err != nil || normal != was {
		return is
	}
	if again, err := normal(is); err == nil {
		return again
	}
	return is
}

func normal(text string) (string, error) {
	v, err := decode(text)
	if err != nil {
		return "", err
	}
	return encode(v)
}

// masker hides the secrets of one document.
type masker struct {
	hidden bool
	found  []string // what was hidden
	secret bool     // the document is a Secret, or a patch of whatever kind
	depth  int
}

const maxDepth = 1000

func (m *masker) document(n *yaml.Node) {
	m.comments(n)
	for _, root := range n.Content {
		if root.Kind != yaml.MappingNode {
			m.value(root)
			continue
		}
		_, kind := child(root, "kind")
		m.secret = kind == nil || kind.Value == "Secret"
		if _, ops := child(root, "patch"); ops != nil && ops.Kind == yaml.SequenceNode {
			m.operations(ops)
		}
		m.value(root)
	}
}

// value hides what its own words or its place give away.
func (m *masker) value(n *yaml.Node) {
	m.depth++
	defer func() { m.depth-- }()
	if m.depth > maxDepth {
		m.hide(n)
		return
	}
	m.comments(n)
	switch n.Kind {
	case yaml.MappingNode:
		m.mapping(n)
	case yaml.SequenceNode:
		m.sequence(n)
	case yaml.ScalarNode:
		if text := maskText(n.Value, m.note); text != n.Value {
			m.put(n, text)
		}
	}
}

func (m *masker) mapping(n *yaml.Node) {
	_, name := child(n, "name")
	_, kind := child(n, "kind")
	secret := m.secret || kind != nil && kind.Value == "Secret"
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		m.comments(key)
		switch {
		case key.Value == "stringData", key.Value == "data" && secret, key.Value == lastApplied:
			m.hideAll(v)
		case key.Value == "value" && name != nil && looksSecret(name.Value):
			m.hideAll(v)
		case v.Kind != yaml.MappingNode && v.Tag != "!!bool" && fieldSecret(key.Value):
			m.hideScalars(v)
		default:
			m.value(v)
		}
	}
}

// fieldSecret judges names of fields.
func fieldSecret(name string) bool { return looksSecret(name) && !slices.Contains(structural, name) }

// structural are fields of Kubernetes whose names look secret and whose values are none.
var structural = []string{
	"automountServiceAccountToken", "imagePullSecrets", "secrets", "topologyKey", "matchLabelKeys", "mismatchLabelKeys", "tokenRequests",
}

func (m *masker) sequence(n *yaml.Node) {
	for i, e := range n.Content {
		if i > 0 && e.Kind == yaml.ScalarNode && n.Content[i-1].Kind == yaml.ScalarNode && flagSecret(n.Content[i-1].Value) {
			m.hide(e)
			continue
		}
		m.value(e)
	}
}

// flagSecret says whether an argument of a command asks for a secret as the next one.
func flagSecret(arg string) bool {
	return strings.HasPrefix(arg, "-") && !strings.Contains(arg, "=") && looksSecret(arg)
}

// operations hides the values of a JSON patch by where they go.
func (m *masker) operations(ops *yaml.Node) {
	for _, op := range ops.Content {
		_, path := child(op, "path")
		_, v := child(op, "value")
		if path == nil || v == nil {
			continue
		}
		steps := strings.Split(path.Value, "/")
		last := steps[len(steps)-1]
		whole := len(steps) > 1 && (steps[1] == "stringData" || m.secret && steps[1] == "data")
		// The name of a variable that is chosen by its index is not known here.
		variable := last == "value" && len(steps) > 3 && steps[len(steps)-3] == "env"
		switch {
		case whole, variable, strings.HasSuffix(path.Value, strings.ReplaceAll(lastApplied, "/", "~1")):
			m.hideAll(v)
		case v.Kind != yaml.MappingNode && v.Tag != "!!bool" && fieldSecret(last):
			m.hideScalars(v)
		}
	}
}

// hideScalars hides a value or the values of a list, not the maps in it: those are looked at on their own.
func (m *masker) hideScalars(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		m.hide(n)
		return
	}
	for _, e := range n.Content {
		if e.Kind == yaml.ScalarNode || e.Kind == yaml.AliasNode {
			m.hide(e)
		} else {
			m.value(e)
		}
	}
}

// hideAll hides every scalar below, and keeps the names.
func (m *masker) hideAll(n *yaml.Node) {
	m.depth++
	defer func() { m.depth-- }()
	m.comments(n)
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode || m.depth > maxDepth {
		m.hide(n)
		return
	}
	for i, e := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			m.comments(e)
			continue
		}
		m.hideAll(e)
	}
}

func (m *masker) hide(n *yaml.Node) {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		m.note(n.Alias.Value)
		m.put(n.Alias, masked)
	}
	if n.Tag != "!!null" {
		m.note(n.Value)
		m.put(n, masked)
	}
}

func (m *masker) note(secret string) { m.found = append(m.found, secret) }

func (m *masker) put(n *yaml.Node, text string) {
	style := n.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle)
	*n = yaml.Node{
		Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: text, Style: style, Anchor: n.Anchor,
		HeadComment: n.HeadComment, LineComment: n.LineComment, FootComment: n.FootComment,
	}
	m.hidden = true
}

// comments hides what is commented out.
func (m *masker) comments(n *yaml.Node) {
	for _, c := range []*string{&n.HeadComment, &n.LineComment, &n.FootComment} {
		if text := maskText(*c, m.note); text != *c {
			*c = text
			m.hidden = true
		}
	}
}
