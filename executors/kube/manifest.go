package kube

import (
	"cmp"
	"fmt"
	"strings"
)

// Ref names an object. Two kinds of one name in different API groups count as one object here.
type Ref struct {
	APIVersion string `json:"api_version,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"` // "" is the cluster's own, or none for kinds that live outside of namespaces
	Name       string `json:"name"`
}

// ID is "Kind.name". Names begin in lower case, so that it is never one itself.
func (r Ref) ID() string { return r.Kind + "." + r.Name }

// String is for people: "Deployment web in shop".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Name + " in " + r.Namespace
}

// Compare orders by namespace, kind and name.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(strings.Compare(r.Namespace, o.Namespace), strings.Compare(r.Kind, o.Kind), strings.Compare(r.Name, o.Name),
		strings.Compare(r.APIVersion, o.APIVersion))
}

// Manifest is what an object should be.
type Manifest struct {
	Ref
	Text []byte // YAML or JSON of the whole object
}

// Parse reads the name of an object from its manifest.
func Parse(text []byte) (Manifest, error) {
	obj, err := decode(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	return Manifest{Ref: refOf(obj), Text: text}, nil
}
