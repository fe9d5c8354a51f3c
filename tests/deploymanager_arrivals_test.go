package tests

import (
	"net/http"
	"strings"
	"testing"
)

// definition is of a kind that no cluster has; its name is the site's own, since definitions have no namespace.
func definition(group string) string {
	return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets." + group + "\nspec:\n  group: " + group +
		"\n  scope: Namespaced\n  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}\n  versions:\n  - name: v1\n    served: true\n" +
		"    storage: true\n    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n"
}

func widget(group, name string) string {
	return "apiVersion: " + group + "/v1\nkind: Widget\nmetadata:\n  name: " + name + "\n  namespace: ${ib.namespace}\nspec: {size: 1}\n"
}

// deployArrivals is about pushes in which one object needs another, or spoils what the others need.
func deployArrivals(t *testing.T, on place) {
	s := on(t)
	group := s.namespace + ".example.com"
	text := strings.Join([]string{widget(group, "one"), widget(group, "two"), definition(group)}, "---\n")
	s.applied("a kind and objects of it", s.enveloped("kind", s.form("/base_configs", "release_version", "1", "base_config", text), http.StatusOK),
		"one", "two", "widgets."+group)
	expect(t, "drift", len(s.drift().Inconsistent), 0)

	spoilt := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: spoilt\n  namespace: ${ib.namespace}\ndata: {password: \"no base64!\"}\n"
	e := s.enveloped("a spoilt Secret", s.form("/base_configs", "release_version", "1", "base_config", spoilt+"---\n"+object("deployment-web")), http.StatusInternalServerError)
	got, err := e.Applied()
	s.ok("lists", err)
	expect(t, "the others", strings.Join(got.Successful, " "), "deployment-web")
	expectThat(t, "its reason", strings.Contains(string(e.Data), "base64") && !strings.Contains(string(e.Data), "no base64!"), string(e.Data))
}
