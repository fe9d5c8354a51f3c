package expand

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The components that objects belong to, in the order in which Expand returns them.
const (
	ConfigObjects   = "config"
	AuthObjects     = "auth"
	WriteObjects    = "write"
	ReadObjects     = "read"
	GraphiteObjects = "graphite"
	GatewayObjects  = "gateway"
	RelayObjects    = "relay"
	ImporterObjects = "importer"
	RouteObjects    = "route" // Services, Ingress and disruption budgets of all components
	MirrorObjects   = "mirror"
)

// Object is one Kubernetes object.
type Object struct {
	APIVersion, Kind, Namespace, Name string

	Component string // one of the constants above
	Color     string // a or b for what belongs to one colour, else empty
	Text      []byte // JSON
}

// Options say what of an instance is there beside its configuration.
type Options struct {
	Namespace string
	Standby   bool   // the colour that is not Active is up too
	Active    string // the colour that Services select; default the instance's
}

// expansion is one call of Expand.
type expansion struct {
	Config
	Instance
	Options
	objects []Object
	err     error
}

// Expand returns every object of an instance, which must be complete: each once, always in the same order. What standby adds has the
// colour that is not active, and nothing else differs. Errors are those of Validate, or say that a text is too long for the cluster.
func (c Config) Expand(i Instance, o Options) ([]Object, error) {
	if err := c.Validate(i); err != nil {
		return nil, err
	}
	if o.Active == "" {
		o.Active = i.Color
	}
	if !slices.Contains(colors, o.Active) {
		return nil, &FieldError{Field: "color", Reason: "the active colour must be a or b, is " + quoted(o.Active)}
	}
	e := &expansion{Config: c, Instance: i, Options: o}
	up := []string{o.Active}
	if o.Standby {
		up = append(up, other(o.Active))
	}
	e.configs(up)
	e.auth()
	e.writers()
	for _, color := range up {
		e.readers(color)
	}
	for _, color := range up {
		e.graphite(color)
	}
	e.gateway()
	e.relay()
	e.importer()
	e.routes(up)
	e.mirror()
	return e.objects, e.err
}

// put adds an object of which only the part below metadata is given.
func (e *expansion) put(apiVersion, kind, name, component, color string, l labels, body m) {
	metadata := m{"name": name, "labels": e.owned(l)}
	if e.Namespace != "" {
		metadata["namespace"] = e.Namespace
	}
	all := m{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
	for k, v := range body {
		all[k] = v
	}
	text, err := json.Marshal(all)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("%s %s: %w", kind, name, err)
	}
	e.objects = append(e.objects, Object{APIVersion: apiVersion, Kind: kind, Namespace: e.Namespace, Name: name,
		Component: component, Color: color, Text: text})
}

type m = map[string]any

func list(all ...any) []any { return all }
