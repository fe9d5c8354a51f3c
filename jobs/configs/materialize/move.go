package materialize

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Move is where objects go.
type Move struct {
	From string // namespace of the objects that name none
	To   string
	// ClusterScoped is asked about kinds that are not built in; nil takes them for namespaced.
	ClusterScoped func(apiVersion, kind string) bool
}

// NamespacePatch is the body of a patch (with its target) that moves an object; false if there is nothing to move. The subjects of a
// RoleBinding or ClusterRoleBinding that were in the old namespace follow: they are a list without keys, so that patch is a JSON patch,
// and it tests that they are still the ones that it means. Names of namespaces elsewhere in an object stay.
func NamespacePatch(text string, m Move) (body string, ok bool, err error) {
	tree, err := object(text)
	if err != nil {
		return "", false, err
	}
	o, fault := identity(tree)
	if fault != nil {
		return "", false, fault.in("", text, 1)
	}
	if len(m.To) > 63 || !label.MatchString(m.To) {
		return "", false, &Error{Object: o.ID(), Reason: "namespace " + shorten(m.To) + " is no name of a namespace"}
	}
	old := m.From
	if o.Namespace != "" {
		old = o.Namespace
	}
	moves := !m.clusterScoped(o) && o.Namespace != m.To
	if follow := subjects(tree, old); len(follow) > 0 && old != m.To {
		body, err = moveSubjects(o, moves, follow, m.To)
		return body, err == nil, err
	}
	if !moves {
		return "", false, nil
	}
	body, err = patchBody(o, map[string]any{"metadata": map[string]any{"namespace": m.To}})
	return body, err == nil, err
}

// NamespaceOf is where a patch that NamespacePatch has written moves its object, or the subjects in it; "" of any other.
func NamespaceOf(body string) string {
	tree, err := object(body)
	if err != nil {
		return ""
	}
	ops, _ := tree["patch"].([]any)
	for _, op := range ops {
		if text(op, "op") != "test" && strings.HasSuffix(text(op, "path"), "/namespace") {
			return text(op, "value")
		}
	}
	return text(tree, "metadata", "namespace")
}

func (m Move) clusterScoped(o Object) bool {
	// The schema is there only once it has been asked for.
	_ = openapi.SchemaForResourceType(yaml.TypeMeta{})
	if namespaced, known := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: o.APIVersion, Kind: o.Kind}); known {
		return !namespaced
	}
	return m.ClusterScoped != nil && m.ClusterScoped(o.APIVersion, o.Kind)
}

// subject is one that a binding grants a role to.
type subject struct {
	index int
	name  string
}

// subjects are those of a binding that live in a namespace.
func subjects(tree map[string]any, namespace string) []subject {
	if !slices.Contains([]string{"RoleBinding", "ClusterRoleBinding"}, text(tree, "kind")) || namespace == "" {
		return nil
	}
	all, _ := tree["subjects"].([]any)
	var found []subject
	for i, s := range all {
		if text(s, "namespace") == namespace {
			found = append(found, subject{index: i, name: text(s, "name")})
		}
	}
	return found
}

type operationText struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

func moveSubjects(o Object, moves bool, follow []subject, to string) (string, error) {
	var ops []operationText
	if moves {
		ops = append(ops, operationText{"add", "/metadata/namespace", to})
	}
	for _, s := range follow {
		path := "/subjects/" + index(s.index)
		ops = append(ops, operationText{"test", path + "/name", s.name}, operationText{"replace", path + "/namespace", to})
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Comment string          `json:"comment"`
		Kind    string          `json:"kind"`
		Target  string          `json:"target"`
		Patch   []operationText `json:"patch"`
	}{"namespace " + to, o.Kind, o.ID(), ops})
	return out.String(), err
}

// patchBody writes a YAML patch for one object. It names no apiVersion: the patch outlives releases, which may move to another.
func patchBody(o Object, fields map[string]any) (string, error) {
	fields["kind"] = o.Kind
	body, err := encode(fields)
	return "# target: " + o.ID() + "\n" + body, err
}
