package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"yardmaster/tests/hmclient"
)

// shownKeys are those of an instance, in the document's order.
var shownKeys = []string{"org", "name", "plan", "storage", "indexRules", "overrides", "overridesA", "overridesB", "adminKey", "color", "tsdbAuth", "revision",
	"state", "importer", "jobData", "rolloutConcurrency"}

func metricsDeploy(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	keys, err := hmclient.Keys(m.do("GET", "/instance/1/testinstance1", "").Body)
	expectThat(t, "keys of an instance", err == nil && slices.Equal(keys, shownKeys), keys)
	i := m.instance("testinstance1")
	expect(t, "org", i.Org, 1)
	expect(t, "name", i.Name, "testinstance1")
	expect(t, "plan", i.Plan.Name, "Small")
	expect(t, "scale", i.Plan.ScaleFactor.String(), "1")
	expectThat(t, "the plan's size", i.Plan.Partitions > 0 && i.Plan.CPU > 0 && i.Plan.Mem > 0, i.Plan)
	expectThat(t, "storage schemas by default", strings.Contains(i.Storage["schemas"], "retentions"), i.Storage)
	expectThat(t, "aggregations by default", strings.Contains(i.Storage["aggregations"], "aggregationMethod"), i.Storage)
	expectThat(t, "index rules by default", strings.Contains(i.IndexRules, "max-stale"), i.IndexRules)
	for _, raw := range []string{string(i.Overrides), string(i.OverridesA), string(i.OverridesB), string(i.Importer), string(i.JobData)} {
		expect(t, "what is not there", raw, "null")
	}
	expect(t, "color", i.Color, "a")
	expect(t, "revision", i.Revision, 1)
	expect(t, "state", i.State, "active")
	expectThat(t, "rollout concurrency", i.RolloutConcurrency > 0, i.RolloutConcurrency)
	expectThat(t, "a key was drawn", len(i.AdminKey) >= 15, len(i.AdminKey))

	var all []hmclient.Listed
	m.ask("GET", "/instance", "", &all)
	expect(t, "list", fmt.Sprint(all), "[{testinstance1 1}]")
	expect(t, "diff of a fresh instance", m.text("GET", "/instance/1/testinstance1/diff", ""), "")
	expect(t, "status of a fresh instance", m.text("GET", "/instance/statuslist", ""), "OK  testinstance1\n")
	if m.plane == nil {
		return
	}
	m.thereAre(true, "mt-write00-1-small-testinstance1", "mt-read00-1-small-testinstance1-a", "graphite-1-small-testinstance1-a", "tsdb-gw-1-small-testinstance1")
	m.thereAre(false, "mt-read00-1-small-testinstance1-b", "graphite-1-small-testinstance1-b")
	expect(t, "the Service of reads", m.selects("mt-read-1-small-testinstance1"), "a")
	expect(t, "the Service of graphite", m.selects("graphite-1-small-testinstance1"), "a")
	var mirror struct {
		Metadata struct{ Labels map[string]string }
	}
	expectThat(t, "mirror", m.onCluster("", "configmaps", "instance-1-testinstance1", &mirror), "is not there")
	expect(t, "label of the mirror", mirror.Metadata.Labels["app"], "instance-config")
}

func metricsRefusals(t *testing.T, on ground) {
	m := on(t, idle)
	post := func(body string) hmclient.Answer { t.Helper(); return m.do("POST", "/instance", body) }
	for what, c := range map[string]struct{ body, field string }{
		"no JSON":                {`{`, ""},
		"an unknown field":       {small("x", `"colour": "a"`), "colour"},
		"no organization":        {`{"name": "x"}`, "org"},
		"organization 0":         {`{"org": 0, "name": "x"}`, "org"},
		"no name":                {`{"org": 1}`, "name"},
		"a name with a dot":      {small("x.y", ""), "name"},
		"a name in capitals":     {small("X", ""), "name"},
		"a long name":            {small(strings.Repeat("x", 60), ""), "name"},
		"a name of a path":       {small("statuslist", ""), "name"},
		"another name of a path": {small("diff", ""), "name"},
		"an unknown plan":        {`{"org": 1, "name": "x", "plan": {"Name": "Tiny", "ScaleFactor": 1}}`, "plan"},
		"no partitions":          {`{"org": 1, "name": "x", "plan": {"Name": "Small", "ScaleFactor": 1, "Partitions": 4096}}`, "Partitions"},
		"a color":                {small("x", `"color": "green"`), "color"},
		"storage schemas":        {small("x", `"storage": {"schemas": "[default]\npattern = .*\nretentions = often\n", "aggregations": ""}`), "schemas"},
		"aggregations":           {small("x", `"storage": {"schemas": "", "aggregations": "[default]\npattern = .*\nxFilesFactor = 7\naggregationMethod = avg\n"}`), "aggregations"},
		"index rules":            {small("x", `"indexRules": "[default]\npattern =\nmax-stale = long\n"`), "indexRules"},
		"an unknown component":   {small("x", `"overrides": {"metrictonk": {"image": "a:b"}}`), "overrides"},
		"an unknown override":    {small("x", `"overridesA": {"metrictank": {"picture": "a:b"}}`), "overridesA"},
		"a concurrency of none":  {small("x", `"rolloutConcurrency": -1`), "rolloutConcurrency"},
		"a concurrency of many":  {small("x", `"rolloutConcurrency": 65`), "rolloutConcurrency"},
		"a text for a number":    {`{"org": "one", "name": "x"}`, "org"},
		"a key that is no truth": {small("x", `"tsdbAuth": {"keykeykeykeykey": {"isAdmin": "perhaps", "orgId": "1"}}`), "tsdbAuth"},
	} {
		m.refused(what, post(c.body), http.StatusBadRequest, c.field)
		if !strings.Contains(what, "of a path") { // that matters only where something is made
			m.refused(what+", compared", m.do("POST", "/instance/diff", c.body), http.StatusBadRequest, c.field)
		}
	}
	a := post(`{"org": 0, "name": "X", "color": "c"}`)
	m.refused("three faults at once", a, 400, "org", "name", "color")
	expect(t, "nothing was made", strings.TrimSpace(m.do("GET", "/instance", "").Body), "[]")
}

func metricsChange(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	before := m.instance("testinstance1")
	stored := m.do("GET", "/instance/1/testinstance1", "").Body
	changed := strings.Replace(stored, `"rolloutConcurrency":`+fmt.Sprint(before.RolloutConcurrency), `"rolloutConcurrency":7`, 1)
	m.works("POST", "/instance", changed, "hm-deploy-1-testinstance1-2")
	after := m.instance("testinstance1")
	expect(t, "what was changed", after.RolloutConcurrency, 7)
	expect(t, "what was not", after.AdminKey, before.AdminKey)
	expect(t, "revision", after.Revision, 2)

	m.works("POST", "/instance", small("testinstance1", `"overridesA": {"metrictank": {"env": {"MT_LOG_LEVEL": "debug"}}}`), "hm-deploy-1-testinstance1-3")
	after = m.instance("testinstance1")
	expectThat(t, "overrides", strings.Contains(string(after.OverridesA), "MT_LOG_LEVEL") && string(after.OverridesB) == "null", string(after.OverridesA))
	expect(t, "a key that is left out stays", after.AdminKey, before.AdminKey)
	m.works("PUT", "/instance/1/testinstance1/update", "", "hm-deploy-1-testinstance1-4")
	expect(t, "an update counts", m.instance("testinstance1").Revision, 4)
	expect(t, "and changes nothing", string(m.instance("testinstance1").OverridesA), string(after.OverridesA))

	// A larger plan has other names: the new ones come, the old ones go.
	m.works("POST", "/instance", `{"org": 1, "name": "testinstance1", "plan": {"Name": "Medium", "ScaleFactor": 1}}`, "hm-deploy-1-testinstance1-5")
	plan := m.instance("testinstance1").Plan
	expect(t, "plan", fmt.Sprint(plan), "{Medium 1 32 100 1000}")
	expect(t, "nothing differs", m.text("GET", "/instance/1/testinstance1/diff", ""), "")
	if m.plane != nil {
		m.thereAre(true, "mt-write00-1-medium-testinstance1", "mt-write03-1-medium-testinstance1", "mt-read03-1-medium-testinstance1-a")
		m.thereAre(false, "mt-write00-1-small-testinstance1", "mt-read00-1-small-testinstance1-a", "mt-write04-1-medium-testinstance1")
	}
}

func metricsKeys(t *testing.T, on ground) {
	m := on(t)
	const keys = `"adminKey": "keykeykeykeykey", "tsdbAuth": {"keykeykeykeykey": {"isAdmin": "true", "orgId": "1"}, "anotherkeyanotherkey": {"isAdmin": "false", "orgId": "1"}}`
	m.works("POST", "/instance", small("keys", keys), "hm-deploy-1-keys-1")
	i := m.instance("keys")
	expect(t, "admin key", i.AdminKey, "keykeykeykeykey")
	expect(t, "auth keys", fmt.Sprint(i.TSDBAuth), "map[anotherkeyanotherkey:{false 1} keykeykeykeykey:{true 1}]")
	diff := m.text("POST", "/instance/diff", small("keys", `"adminKey": "newkeynewkeynewkey", "tsdbAuth": {"thirdkeythirdkey": {"isAdmin": "true", "orgId": "1"}}`))
	expectThat(t, "another key is a difference", strings.Contains(diff, "--- secrets: "), diff)
	for _, key := range []string{"keykeykeykeykey", "anotherkeyanotherkey", "newkeynewkeynewkey", "thirdkeythirdkey"} {
		expectThat(t, "no key in a diff", !strings.Contains(diff, key), diff)
	}
	expectThat(t, "no key in the log", !strings.Contains(m.server.Output(), "keykeykeykeykey"), "there is one")
	if m.plane == nil {
		return
	}
	var mirror struct{ Data map[string]string }
	expectThat(t, "mirror", m.onCluster("", "configmaps", "instance-1-keys", &mirror), "is not there")
	expectThat(t, "no key in the mirror", !strings.Contains(fmt.Sprint(mirror.Data), "keykeykeykeykey"), mirror.Data)
}

func metricsDelete(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	m.works("POST", "/instance", small("testinstance2", ""), "hm-deploy-1-testinstance2-1")
	m.works("DELETE", "/instance", `{"name": "testinstance1", "org": 1, "keepData": true}`, "hm-delete-1-testinstance1")
	m.refused("the instance is gone", m.do("GET", "/instance/1/testinstance1", ""), 404, "testinstance1")
	m.refused("twice", m.do("DELETE", "/instance", `{"name": "testinstance1", "org": 1, "keepData": true}`), 404)
	expect(t, "the other one is not", m.text("GET", "/instance/statuslist", ""), "OK  testinstance2\n")
	if m.plane != nil {
		m.thereAre(false, "mt-write00-1-small-testinstance1", "mt-read00-1-small-testinstance1-a", "graphite-1-small-testinstance1-a", "tsdb-gw-1-small-testinstance1")
		m.thereAre(true, "mt-write00-1-small-testinstance2")
		expect(t, "mirror", m.onCluster("", "configmaps", "instance-1-testinstance1", nil), false)
	}
	m.begins("DELETE", "/instance", `{"name": "testinstance2", "org": 1}`, "hm-delete-1-testinstance2")
	j := m.ends(1, "hm-delete-1-testinstance2", "SUCCEEDED")
	expectThat(t, "data that could not be deleted is told", strings.Contains(j.Reason, "Kafka") || m.plane == nil, j.Reason)
	// Made again it counts from the start, and is deleted under the same id.
	m.works("POST", "/instance", small("testinstance1", ""), "hm-deploy-1-testinstance1-1")
	m.works("DELETE", "/instance", `{"name": "testinstance1", "org": 1, "keepData": true}`, "hm-delete-1-testinstance1")
}

func metricsOrganizations(t *testing.T, on ground) {
	m := deployed(t, on, "shared")
	m.begins("POST", "/instance", strings.Replace(small("shared", ""), `"org": 1`, `"org": 2`, 1), "hm-deploy-2-shared-1")
	m.refused("a job of another organization", m.do("GET", "/jobs/1/hm-deploy-2-shared-1", ""), 404)
	m.refused("nor aborted", m.do("DELETE", "/jobs/1/hm-deploy-2-shared-1", ""), 404)
	m.ends(2, "hm-deploy-2-shared-1", "SUCCEEDED")
	expect(t, "both are told apart", m.text("GET", "/instance/statuslist", ""), "OK  1/shared\nOK  2/shared\n")
	m.begins("DELETE", "/instance", `{"name": "shared", "org": 2, "keepData": true}`, "hm-delete-2-shared")
	m.ends(2, "hm-delete-2-shared", "SUCCEEDED")
	expect(t, "one is left", m.text("GET", "/instance/statuslist", ""), "OK  shared\n")
	expect(t, "nothing of it is missing", m.text("GET", "/instance/1/shared/diff", ""), "")
}

func metricsRestart(t *testing.T, on ground) {
	m := deployed(t, on, "testinstance1")
	before := m.do("GET", "/instance/1/testinstance1", "").Body
	m.server.Restart()
	expect(t, "an instance", m.do("GET", "/instance/1/testinstance1", "").Body, before)
	var j hmclient.Job
	m.ask("GET", "/jobs/1/hm-deploy-1-testinstance1-1", "", &j)
	expect(t, "a job", fmt.Sprint(j), "{hm-deploy-1-testinstance1-1 SUCCEEDED }")
	if m.plane != nil { // the simulated cluster goes with the server
		expect(t, "the cluster", m.text("GET", "/instance/1/testinstance1/diff", ""), "")
	}
	m.works("PUT", "/instance/1/testinstance1/update", "", "hm-deploy-1-testinstance1-2")
	expect(t, "after an update", m.text("GET", "/instance/statuslist", ""), "OK  testinstance1\n")
}
