package materialize

import (
	"regexp"
	"slices"
	"strings"
)

var (
	subdomain  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	label      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	kindName   = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)
	apiVersion = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z][a-z0-9]{0,31}$`)
	accessName = regexp.MustCompile(`^[a-z0-9][^/%\s]*$`)
)

// later is a placeholder whose value is put in another time: its own name was given for it.
var later = regexp.MustCompile(`^\$\{[A-Za-z.]+\}$`)

// Identify says which object a text in normal form is.
func Identify(text string) (Object, error) {
	tree, err := object(text)
	if err != nil {
		return Object{}, err
	}
	o, fault := identity(tree)
	if fault != nil {
		return Object{}, fault.in("", text, 1)
	}
	return o, nil
}

// identity reads what an object says of itself.
func identity(tree map[string]any) (Object, *misfit) {
	for _, path := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}} {
		if s, ok := at(tree, path...).(string); !ok || s == "" {
			what := " is missing"
			if v := at(tree, path...); v != nil && v != "" {
				what = " is " + sortOf(v) + ", not text"
			}
			return Object{}, &misfit{path: path, reason: strings.Join(path, ".") + what}
		}
	}
	switch at(tree, "metadata", "namespace").(type) {
	case nil, string:
	default:
		return Object{}, &misfit{path: []string{"metadata", "namespace"}, reason: "metadata.namespace is not text"}
	}
	return Object{
		APIVersion: text(tree, "apiVersion"), Kind: text(tree, "kind"),
		Namespace: text(tree, "metadata", "namespace"), Name: text(tree, "metadata", "name"),
	}, nil
}

// valid says what is wrong with the names of an object.
func (o Object) valid(reserved []string) *misfit {
	switch {
	case !kindName.MatchString(o.Kind):
		return &misfit{path: []string{"kind"}, reason: "kind " + shorten(o.Kind) + " is no name of a kind"}
	case len(o.APIVersion) > 253 || !apiVersion.MatchString(o.APIVersion):
		return &misfit{path: []string{"apiVersion"}, reason: "apiVersion " + shorten(o.APIVersion) + " is none"}
	case o.Namespace != "" && !later.MatchString(o.Namespace) && (len(o.Namespace) > 63 || !label.MatchString(o.Namespace)):
		return &misfit{path: []string{"metadata", "namespace"},
			reason: "metadata.namespace " + shorten(o.Namespace) + " is no name of a namespace"}
	case len(o.Name) > 253 || !o.nameFits():
		return &misfit{path: []string{"metadata", "name"},
			reason: "metadata.name " + shorten(o.Name) + " must be lower-case letters, digits, - and ., and begin and end with a letter or digit"}
	case slices.Contains(reserved, o.Name):
		return &misfit{path: []string{"metadata", "name"},
			reason: "metadata.name " + o.Name + " is a word of the API's paths, the object could not be reached"}
	}
	return nil
}

// nameFits knows that roles and their bindings may also be called system:something.
func (o Object) nameFits() bool {
	if strings.HasPrefix(o.APIVersion, "rbac.authorization.k8s.io/") {
		return accessName.MatchString(o.Name)
	}
	return subdomain.MatchString(o.Name)
}
