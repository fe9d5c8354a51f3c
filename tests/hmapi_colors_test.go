package tests

import (
	"strings"
	"testing"
)

func metricsStandby(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	const root = "/instance/1/testinstance1"
	m.refused("no standby to switch to", m.do("POST", root+"/switchcolor", ""), 409)
	m.begins("POST", root+"/standby-on", "", "hm-standby-on-1-testinstance1-1")
	m.ends(1, "hm-standby-on-1-testinstance1-1", "SUCCEEDED")
	expect(t, "color", m.instance("testinstance1").Color, "a")
	expect(t, "a standby is no difference", m.text("GET", root+"/diff", ""), "")
	m.onServices("a", true)

	m.succeeds("POST", root+"/switchcolor", "")
	expect(t, "color", m.instance("testinstance1").Color, "b")
	expect(t, "a switch is no difference", m.text("GET", root+"/diff", ""), "")
	expect(t, "nor a new revision", m.instance("testinstance1").Revision, 1)
	m.onServices("b", true)
	m.succeeds("POST", root+"/switchcolor", "")
	expect(t, "color", m.instance("testinstance1").Color, "a")
	m.onServices("a", true)
	m.succeeds("POST", root+"/switchcolor", "")

	m.succeeds("POST", root+"/standby-off", "")
	expect(t, "color", m.instance("testinstance1").Color, "b")
	expect(t, "the color that was left is no difference", m.text("GET", root+"/diff", ""), "")
	m.onServices("b", false)
	m.refused("nothing to switch to", m.do("POST", root+"/switchcolor", ""), 409)
	m.works("PUT", root+"/update", "", "hm-deploy-1-testinstance1-2")
	expect(t, "an update stays on it", m.instance("testinstance1").Color, "b")
	m.onServices("b", false)
	expect(t, "jobs", strings.TrimSpace(m.do("GET", "/jobs", "").Body), "[]")
}

// onServices wants the Services to lead to a color, and the other one to be there or not.
func (m *metrics) onServices(color string, both bool) {
	m.Helper()
	if m.plane == nil {
		return
	}
	other := map[string]string{"a": "b", "b": "a"}[color]
	for _, service := range []string{"mt-read", "graphite"} {
		expect(m, service+" leads to", m.selects(service+"-1-small-testinstance1"), color)
	}
	m.thereAre(true, "mt-read00-1-small-testinstance1-"+color, "graphite-1-small-testinstance1-"+color)
	m.thereAre(both, "mt-read00-1-small-testinstance1-"+other, "graphite-1-small-testinstance1-"+other)
}

func metricsImporter(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	const path = "/instance/1/testinstance1/importer"
	m.succeeds("POST", path, "")
	expectThat(t, "importer", string(m.instance("testinstance1").Importer) != "null", "null")
	expect(t, "an importer is no difference", m.text("GET", "/instance/1/testinstance1/diff", ""), "")
	m.works("PUT", "/instance/1/testinstance1/update", "", "hm-deploy-1-testinstance1-2")
	expectThat(t, "it outlives an update", string(m.instance("testinstance1").Importer) != "null", "null")
	m.succeeds("DELETE", path, "")
	expect(t, "importer", string(m.instance("testinstance1").Importer), "null")
	expect(t, "nor is its end", m.text("GET", "/instance/1/testinstance1/diff", ""), "")
	m.succeeds("POST", path, `{"partitionScheme": "byOrg"}`)
	expectThat(t, "settings", strings.Contains(string(m.instance("testinstance1").Importer), `"partitionScheme":"byOrg"`), string(m.instance("testinstance1").Importer))
	m.succeeds("DELETE", path, "")
	m.refused("settings that are none", m.do("POST", path, `{"color": "a"}`), 400, "color")
	m.refused("nor JSON", m.do("POST", path, `{`), 400)
}
