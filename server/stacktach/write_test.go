package stacktach_test

import (
	"fmt"
	"strings"
	"testing"

	"yardmaster/auth"
)

// tells wants what the domain was told since the last look.
func (y *yard) tells(want ...string) {
	y.t.Helper()
	if got := strings.Join(y.told, "; "); got != strings.Join(want, "; ") {
		y.t.Errorf("the domain was told %q, want %q", got, want)
	}
	y.told = nil
}

func TestConfirmations(t *testing.T) {
	y := start(t)
	const base = "/db/confirm/usage/exists/"
	for _, method := range []string{"PUT", "POST"} {
		y.do(method, base+"9156b83e-f684-4ec3-8f94-7e41902f27aa/", `{"send_status": 201}`).is(200, "")
		y.tells("confirm nova map[9156b83e-f684-4ec3-8f94-7e41902f27aa:201] map[]")
	}
	y.do("PUT", base+"a/", `{"send_status": "201", "more": 1}`).is(200, "")
	y.tells("confirm nova map[a:201] map[]")
	for body, want := range map[string]string{"": "Request body required", "{}": "'send_status' missing from request body", `{"send_status":null}`: "'send_status' missing from request body",
		"[]": "no JSON object", "null": "no JSON object", "{": "no JSON object", `{"send_status":"ok"}`: "whole number", `{"send_status":1.5}`: "whole number", `{"send_status":[]}`: "whole number"} {
		y.do("PUT", base+"a/", body).denied(400, want)
	}
	for _, method := range []string{"GET", "DELETE", "PATCH"} {
		y.do(method, base+"a/", `{"send_status": 201}`).is(400, `{"message": "Invalid method", "status": 400}`)
		y.do(method, base+"batch/", `{"messages": {}}`).denied(400, "Invalid method")
	}
	y.tells()
	y.unknown = []string{"a"}
	y.do("PUT", base+"a/", `{"send_status": 201}`).is(404, `{"message": "Could not find Exists record with message_id = 'a'", "status": 404}`)
	y.unknown, y.several = nil, []string{"a"}
	y.do("PUT", base+"a/", `{"send_status": 201}`).denied(500, "Multiple Exists records with message_id = 'a'")
	y.do("PUT", base+"a.b/", `{"send_status": 201}`).page()
}

func TestBatchesOfConfirmations(t *testing.T) {
	y := start(t)
	const path = "/db/confirm/usage/exists/batch/"
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"the first version", `{"messages": {"a": 200, "b": "500"}}`, []string{"confirm nova map[a:200 b:500] map[]"}},
		{"the first version, named", `{"version": 0, "messages": {"a": 200}}`, []string{"confirm nova map[a:200] map[]"}},
		{"version 1", `{"version": 1, "messages": {"nova": {"a": 200}, "glance": {"b": 201}}}`, []string{"confirm nova map[a:200] map[]", "confirm glance map[b:201] map[]"}},
		{"version 1 with nothing of glance", `{"version": 1, "messages": {"nova": {"a": 200}, "glance": {}}}`, []string{"confirm nova map[a:200] map[]"}},
		{"version 2", `{"version": 2, "messages": {"nova": {"a": {"status": 201, "event_id": "e1"}, "b": {"status": 404}, "c": {}}}}`,
			[]string{"confirm nova map[a:201 b:404 c:0] map[a:e1 b: c:]"}},
		{"nothing", `{"messages": {}}`, nil},
		{"another service", `{"version": 1, "messages": {"cinder": {"a": 200}}}`, nil},
	} {
		y.do("PUT", path, c.body).is(200, "")
		y.tells(c.want...)
	}
	for body, want := range map[string]string{"": "Request body required", "{}": "'messages' missing from request body", `{"messages":null}`: "'messages' missing from request body", `{"messages":["a"]}`: "object",
		`{"messages":{"a":{}}}`: "whole number", `{"version":2,"messages":{"nova":{"a":200}}}`: "version 2", `{"version":1,"messages":{"nova":[1]}}`: "object", `{"version":3,"messages":{}}`: "0, 1 or 2",
		`{"version":"x","messages":{}}`: "0, 1 or 2", `{"messages":{"` + strings.Repeat("a", 256) + `":1}}`: "longer", `{"messages":{` + pings(10_001) + `}}`: "10000"} {
		y.do("PUT", path, body).denied(400, want)
	}
	y.tells()
	y.unknown = []string{"gone"}
	y.do("POST", path, `{"messages": {"gone": 200}}`).is(200, "")
	if log := y.log.String(); !strings.Contains(log, "confirmations passed over") || !strings.Contains(log, "first=gone") {
		t.Error(log)
	}
}

func pings(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"%d":200`, i)
	}
	return strings.Join(all, ",")
}

func TestRepairs(t *testing.T) {
	y := start(t)
	y.do("POST", "/db/repair/", "message_ids=a&message_ids=b&service=glance").is(200, `{"absent_exists": [], "exists_not_pending": []}`)
	y.tells("repair glance [a b]")
	y.unknown, y.several = []string{"a"}, []string{"b"}
	y.do("POST", "/db/repair/", "message_ids=a&message_ids=b").is(200, `{"absent_exists": ["a"], "exists_not_pending": ["b"]}`)
	y.tells("repair nova [a b]")
	for body, want := range map[string]string{"": "'message_ids' missing", "service=nova": "'message_ids' missing", "message_ids=a&service=generic": "generic", "message_ids=%zz": "no form",
		"message_ids=" + strings.Repeat("a", 256): "longer", strings.Repeat("message_ids=a&", 5_001): "5000"} {
		y.do("POST", "/db/repair/", body).denied(400, want)
	}
}

func TestTenants(t *testing.T) {
	y := start(t)
	y.do("PUT", "/db/tenant/info/12/", `{"tenant": "12", "name": "Some One", "types": {"account_type": "b"}}`).is(200, "")
	y.do("POST", "/db/tenant/info/12/", `{"tenant": 12, "name": "x", "types": {}}`).is(200, "")
	y.tells("tenant 12 Some One map[account_type:b]", "tenant 12 x map[]")
	y.do("PUT", "/db/tenant/batch_info/", `{"tenants": [{"tenant": "1", "name": "a", "types": {}}, {"tenant": "2", "name": "b", "types": {}}, {"tenant": "1", "name": "c", "types": {}}]}`).is(200, "")
	y.tells("tenant 1 c map[]", "tenant 2 b map[]")
	y.do("PUT", "/db/tenant/batch_info/", `{"tenants": []}`).is(200, "")
	for body, want := range map[string]string{"": "Request body required", `{"tenant":"1","name":"x","types":{}}`: "Invalid tenant: 1 != 12", `{"name":"x","types":{}}`: "'tenant' missing", `{"tenant":"12","types":{}}`: "'name' missing",
		`{"tenant":"12","name":"x"}`: "'types' missing", `{"tenant":"12","name":[],"types":{}}`: "'name' must be", `{"tenant":"12","name":"x","types":[]}`: "'types' must be", `{"tenant":"12","name":"x","types":{"a":1}}`: "'types' must be",
		`{"tenant":"","name":"x","types":{}}`: "has an id", `{"tenant":"12","name":"` + strings.Repeat("x", 256) + `","types":{}}`: "longer"} {
		y.do("PUT", "/db/tenant/info/12/", body).denied(400, want)
	}
	y.do("GET", "/db/tenant/info/12/", `{}`).denied(400, "Invalid method")
	y.do("GET", "/db/tenant/batch_info/", `{}`).denied(400, "Invalid method")
	y.do("PUT", "/db/tenant/batch_info/", `{}`).denied(400, "'tenants' missing from request body")
	y.do("PUT", "/db/tenant/batch_info/", `{"tenants": {}}`).denied(400, "list")
	y.do("PUT", "/db/tenant/batch_info/", `{"tenants": [{}]}`).denied(400, "'tenant' missing")
	y.tells()
	y.do("PUT", "/db/tenant/batch_info/", `{"tenants": "`+strings.Repeat("x", 5<<20)+`"}`).denied(413, "too large")
}

func TestReadersReadAndUsersWrite(t *testing.T) {
	anonymous, err := auth.Anonymous(auth.AnonymousRead, auth.Basic("yard", nobody{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	y := startAs(t, anonymous)
	y.get("/stacky/deployments/").is(200, `[["#", "Name"]]`)
	y.get("/db/usage/launches/").is(200, `{"launches": []}`)
	for _, path := range []string{"/db/confirm/usage/exists/a/", "/db/confirm/usage/exists/batch/", "/db/repair/", "/db/tenant/info/1/", "/db/tenant/batch_info/"} {
		y.do("PUT", path, `{}`).denied(401, "Authentication required")
	}
	closed := startAs(t, auth.Basic("yard", nobody{}, nil))
	closed.get("/stacky/deployments/").refused(401, "")
	closed.get("/db/usage/launches/").denied(401, "")
	closed.get("/stacky/none/").refused(401, "")
}
