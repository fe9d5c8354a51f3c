package materialize

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// shape is what the OpenAPI schema says of a value, looked up when first asked for: resolving it is dearer than a merge. nil is a
// value without a schema, such as all of a custom resource. It serves one object and is not shared.
type shape struct {
	schema *openapi.ResourceSchema
	fields map[string]*shape
	elem   *shape
	merged bool     // a list that is merged
	keys   []string // by these fields; none: a set of scalars
}

func shapeOf(o Object) *shape {
	return newShape(openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: o.APIVersion, Kind: o.Kind}))
}

func newShape(s *openapi.ResourceSchema) *shape {
	if s == nil || s.Schema == nil {
		return nil
	}
	strategy, keys := s.PatchStrategyAndKeyList()
	return &shape{schema: s, merged: slices.Contains(strings.Split(strategy, ","), "merge"), keys: keys}
}

func (s *shape) field(name string) *shape {
	if s == nil {
		return nil
	}
	f, known := s.fields[name]
	if !known {
		if s.fields == nil {
			s.fields = map[string]*shape{}
		}
		f = newShape(s.schema.Field(name))
		s.fields[name] = f
	}
	return f
}

func (s *shape) element() *shape {
	if s == nil {
		return nil
	}
	if s.elem == nil {
		s.elem = newShape(s.schema.Elements())
	}
	return s.elem
}

// below is the shape of a place within.
func (s *shape) below(path []string) *shape {
	for _, step := range path {
		if s != nil && s.schema.Schema.Type.Contains("array") {
			s = s.element()
		} else {
			s = s.field(step)
		}
	}
	return s
}

// textual says that the schema has text there.
func (s *shape) textual() bool { return s != nil && s.schema.Schema.Type.Contains("string") }
