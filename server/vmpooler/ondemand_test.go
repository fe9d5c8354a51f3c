package vmpooler_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/auth"
	"yardmaster/store"
)

func TestARequestFromAskingToReady(t *testing.T) {
	for _, c := range []struct{ prefix, made, ready string }{
		{"/api/v1", `,"domain": "yard.net"`, `"debian": {"hostname": ["vm1","vm2"]},"debian-7-x86_64": {"hostname": ["vm3"]},"domain": "company.com"`},
		{"/api/v2", ``, `"debian": {"hostname": ["vm1.company.com","vm2.company.com"]},"debian-7-x86_64": {"hostname": ["vm3.company.com"]}`},
		{"/api/v3", ``, `"debian": {"hostname": ["vm1.company.com","vm2.company.com"]},"debian-7-x86_64": {"hostname": ["vm3.company.com"]}`},
	} {
		y := start(t, func(s *setting) { s.opts.Domain = "yard.net" })
		path := c.prefix + "/ondemandvm"
		y.do("POST", path, `{"debian":"2","debian-7-x86_64":1,"request_id":"r1"}`, as("jdoe")).is(201, `{"ok": true,"request_id": "r1"`+c.made+`}`)
		y.get(path+"/r1").is(202, `{"ok": true,"request_id": "r1","ready": false,"debian": {"ready": "0","pending": "2"},"debian-7-x86_64": {"ready": "0","pending": "1"}}`)
		y.put(store.VM{Name: "vm1", State: store.VMRunning, Request: "r1", Alias: "debian"},
			store.VM{Name: "vm2", State: store.VMPending, Request: "r1", Alias: "debian"},
			store.VM{Name: "vm3", State: store.VMRunning, Request: "r1", Alias: "debian-7-x86_64", Pool: "debian-7-x86_64"})
		y.get(path+"/r1/").is(202, `{"ok": true,"request_id": "r1","ready": false,"debian": {"ready": "1","pending": "1"},"debian-7-x86_64": {"ready": "1","pending": "0"}}`)
		y.put(store.VM{Name: "vm2", State: store.VMRunning, Request: "r1", Alias: "debian"})
		y.end("r1", store.RequestReady, "")
		y.get(path+"/r1").is(200, `{"ok": true,"request_id": "r1","ready": true,`+c.ready+`}`)
		y.do("DELETE", path+"/r1", "", as("jdoe")).is(200, yes)
		y.do("DELETE", path+"/r1", "", as("jdoe")).is(200, `{"ok": true,"message": "the request has already been deleted"}`)
		y.get(path+"/r1").is(200, `{"ok": true,"request_id": "r1","ready": false,"message": "The request has been deleted"}`)
		if v := y.vm("vm1"); v.State != store.VMCompleted {
			t.Errorf("%+v", v)
		}
	}
}

// end is what the keeper does with a request.
func (y *yard) end(id string, state store.RequestState, message string) {
	y.t.Helper()
	y.update(func(tx *store.Tx) error {
		r, err := store.VMRequests.Get(tx, id)
		if err != nil {
			return err
		}
		r.State, r.Message = state, message
		return store.VMRequests.Put(tx, &r)
	})
}

func TestAFailedRequestSaysWhy(t *testing.T) {
	y := start(t)
	y.do("POST", "/api/v1/ondemandvm", `{"debian":1,"request_id":"r1"}`, as("jdoe"))
	y.end("r1", store.RequestFailed, "")
	const late = `{"ok": true,"request_id": "r1","ready": false,"message": "The request failed to provision instances within the configured ondemand_request_ttl '5'"`
	y.get("/api/v1/ondemandvm/r1").is(200, late+`}`)
	y.end("r1", store.RequestFailed, "template images/x is missing")
	y.get("/api/v1/ondemandvm/r1").is(200, late+`,"reason": "template images/x is missing"}`)
}

func TestAShortTimeForRequestsIsToldWithItsUnit(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.RequestTTL = 90 * time.Second })
	y.do("POST", "/api/v1/ondemandvm", `{"debian":1,"request_id":"r1"}`, as("jdoe"))
	y.end("r1", store.RequestFailed, "")
	y.get("/api/v1/ondemandvm/r1").is(200, `{"ok": true,"request_id": "r1","ready": false,`+
		`"message": "The request failed to provision instances within the configured ondemand_request_ttl '1m30s'"}`)
	if a := y.getAs("boss", "/api/v1/full_config"); !strings.Contains(a.Body.String(), `"ondemand_request_ttl": 1.5,`) {
		t.Error(a.Body)
	}
}

func TestWhatARequestMayBe(t *testing.T) {
	y := start(t)
	refused := func(text string) string { return `{"ok": false,"message": "` + text + `"}` }
	const badID = "request_id must be 1 to 128 characters without spaces and slashes, and not . or .."
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"broken", "/api/v1/ondemandvm", `{`, 400, refused("JSON payload could not be parsed")},
		{"broken for the third version", "/api/v3/ondemandvm", ``, 400, refused("JSON payload could not be parsed")},
		{"null", "/api/v1/ondemandvm", `null`, 404, no},
		{"no object", "/api/v1/ondemandvm", `[]`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`},
		{"no pools", "/api/v1/ondemandvm", `{"request_id":"x"}`, 404, no},
		{"unknown pools", "/api/v1/ondemandvm", `{"debian":1,"b":1,"a":1}`, 404, `{"ok": false,"bad_templates": ["b","a"]}`},
		{"unknown pools in the path", "/api/v1/ondemandvm/debian+solaris", ``, 404, `{"ok": false,"bad_templates": ["solaris"]}`},
		{"too many", "/api/v1/ondemandvm", `{"debian":6}`, 403, refused("requested amount of instances exceeds the maximum 5")},
		{"too many in the path", "/api/v3/ondemandvm/debian+debian+debian+debian+debian+debian", ``, 403, refused("requested amount of instances exceeds the maximum 5")},
		{"none", "/api/v1/ondemandvm", `{"debian":0}`, 400, refused("the count of debian must be a positive integer")},
		{"no number", "/api/v1/ondemandvm", `{"debian":[]}`, 400, refused("the count of debian must be a positive integer")},
		{"an id of no path", "/api/v1/ondemandvm", `{"debian":1,"request_id":"a/b"}`, 400, refused(badID)},
		{"an id that is a folder", "/api/v1/ondemandvm", `{"debian":1,"request_id":".."}`, 400, refused(badID)},
		{"an id of one dot", "/api/v3/ondemandvm", `{"debian":1,"request_id":"."}`, 400, refused(badID)},
		{"an id of more dots", "/api/v1/ondemandvm", `{"debian":1,"request_id":"..."}`, 201, `{"ok": true,"request_id": "..."}`},
		{"as many of each name as may be", "/api/v2/ondemandvm", `{"debian":5,"debian-7-x86_64":5,"request_id":"both"}`, 201, `{"ok": true,"request_id": "both"}`},
		{"a number as id", "/api/v2/ondemandvm", `{"debian":1,"request_id":1234}`, 201, `{"ok": true,"request_id": "1234"}`},
		{"the same id", "/api/v3/ondemandvm", `{"debian":1,"request_id":"1234"}`, 409, `{"ok": false,"request_id": "1234","message": "request_id '1234' has already been created"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			y.t = t
			y.do("POST", c.path, c.body, as("jdoe")).is(c.status, c.want)
		})
	}
	y.t = t
	y.get("/api/v1/ondemandvm/none").is(404, refused("no request found for request_id 'none'"))
	y.do("DELETE", "/api/v1/ondemandvm/none", "", as("jdoe")).is(404, refused("no request found for request_id 'none'"))
	y.do("POST", "/ondemandvm/debian", "", as("jdoe")).is(404, no)
}

func TestARequestHasABoundOfItsOwn(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.MaxOnDemand = 0 })
	y.do("POST", "/api/v1/ondemandvm", `{"debian":1000000000}`, as("jdoe")).
		is(403, `{"ok": false,"message": "requested amount of instances exceeds the maximum 1000"}`)
}

func TestAnIDIsMadeUp(t *testing.T) {
	y := start(t)
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for _, path := range []string{"/api/v1/ondemandvm", "/api/v3/ondemandvm/debian", "/api/v1/ondemandvm"} {
		var made struct {
			ID string `json:"request_id"`
		}
		y.do("POST", path, `{"debian":1}`, as("jdoe")).into(&made)
		if !form.MatchString(made.ID) || seen[made.ID] {
			t.Errorf("%s: %q", path, made.ID)
		}
		seen[made.ID] = true
	}
}

func TestUsage(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1", "vm2")
	y.do("POST", "/api/v1/vm/debian", "", with(y.token("jdoe")))
	y.do("POST", "/api/v1/vm/debian", "", with(y.token("other")))
	y.put1("/api/v1/vm/vm1", `{"tags":{"department":"a=b"}}`).is(200, yes)
	y.pass(90 * time.Minute)
	y.do("DELETE", "/api/v1/vm/vm1", "", as("jdoe")).is(200, yes)
	const (
		jdoe  = `"jdoe": {"taken": 1,"ended": 1,"hours": 1.5}`
		other = `"other": {"taken": 1,"ended": 0,"hours": 0.0}`
		tags  = `"tag": {"department": {"a=b": {"taken": 0,"ended": 1,"hours": 1.5}}}`
		head  = `{"ok": true,"from": "2026-11-20","to": "2026-11-21",`
		day   = `"daily": [{"date": "2026-11-21",`
	)
	all, mine := `"user": {`+jdoe+`,`+other+`},`+tags, `"user": {`+jdoe+`},`+tags
	y.getAs("boss", "/api/v1/usage?from=2026-11-20").is(200, head+all+`,`+day+all+`}]}`)
	y.getAs("jdoe", "/api/v3/usage?from=2026-11-20").is(200, head+mine+`,`+day+mine+`}]}`)
	y.getAs("looker", "/api/v1/usage?from=2026-11-20").is(200, head+strings.Replace(mine, jdoe, "", 1)+`,`+day+strings.Replace(mine, jdoe, "", 1)+`}]}`)
	y.getAs("boss", "/api/v1/usage?from=2026-11-20&to=2026-11-20").is(200, `{"ok": true,"from": "2026-11-20","to": "2026-11-20","user": {},"tag": {},"daily": []}`)
}

func TestWhoHoldsWhat(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, User: "jdoe", CheckedOut: noon.Add(-time.Hour)},
		store.VM{Name: "vm2", State: store.VMRunning, User: "other", CheckedOut: noon.Add(-2 * time.Hour), Lifetime: 3, Request: "r1"},
		store.VM{Name: "vm3", State: store.VMReady, User: "jdoe"})
	vm1 := `"template": "debian-7-i386","user": "jdoe","lifetime": 12,"start_time": "2026-11-21T04:00:00-07:00","end_time": "2026-11-21T16:00:00-07:00","remaining": 11.0}`
	vm2 := `"template": "debian-7-i386","user": "other","lifetime": 3,"start_time": "2026-11-21T03:00:00-07:00","end_time": "2026-11-21T06:00:00-07:00","remaining": 1.0,"request_id": "r1"}`
	y.getAs("boss", "/api/v1/held").is(200, `{"ok": true,"total": 2,"vms": [{"hostname": "vm2","domain": "company.com",`+vm2+`,{"hostname": "vm1","domain": "company.com",`+vm1+`]}`)
	y.getAs("jdoe", "/api/v3/held").is(200, `{"ok": true,"total": 1,"vms": [{"hostname": "vm1.company.com",`+vm1+`]}`)
	y.getAs("looker", "/api/v1/held").is(200, `{"ok": true,"total": 0,"vms": []}`)
	for _, mode := range []auth.Mode{auth.AnonymousRead, auth.AnonymousFull} { // where there are users, nobody is none of them
		y := start(t, func(s *setting) { s.mode = mode })
		y.get("/api/v2/held").is(401, no)
	}
	bare := start(t, func(s *setting) { s.bare = true })
	bare.put(store.VM{Name: "vm1", State: store.VMRunning, User: "jdoe", CheckedOut: noon.Add(-time.Hour)})
	bare.get("/api/v2/held").is(200, `{"ok": true,"total": 1,"vms": [{"hostname": "vm1.company.com",`+vm1+`]}`)
}

func TestWhatUsersDoIsNotForStrangersEvenInAnOpenYard(t *testing.T) {
	y := start(t, experimental)
	y.ready("debian-7-i386", "vm1")
	y.do("POST", "/api/v1/vm/debian", "", with(y.token("jdoe")))
	y.put1("/api/v1/vm/vm1", `{"tags":{"department":"a"}}`).is(200, yes)
	y.do("DELETE", "/api/v1/vm/vm1", "", as("jdoe")).is(200, yes)
	y.get("/api/v1/full_config").is(401, no)
	y.getAs("jdoe", "/api/v1/full_config").is(403, `{"ok": false,"error": "Administrator access required"}`)
	const tags = `"tag": {"department": {"a": {"taken": 0,"ended": 1,"hours": 0.0}}}`
	y.get("/api/v1/usage").is(200, `{"ok": true,"from": "2026-11-21","to": "2026-11-21","user": {},`+tags+`,"daily": [{"date": "2026-11-21","user": {},`+tags+`}]}`)
	bare := start(t, func(s *setting) { s.bare = true })
	if a := bare.get("/api/v1/full_config"); a.Code != 200 {
		t.Errorf("without users: %d", a.Code)
	}
}

func TestUsageKnowsATagFromItsValue(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon}, store.VM{Name: "vm2", State: store.VMRunning, CheckedOut: noon})
	y.put1("/api/v1/vm/vm1", `{"tags":{"a=b":"c","50%":"d"}}`).is(200, yes)
	y.put1("/api/v1/vm/vm2", `{"tags":{"a":"b=c","x%3Dy":"z"}}`).is(200, yes)
	y.del("/api/v1/vm/vm1").is(200, yes)
	y.del("/api/v1/vm/vm2").is(200, yes)
	once := func(value string) string { return `{"` + value + `": {"taken": 0,"ended": 1,"hours": 0.0}}` }
	tags := `"tag": {"50%": ` + once("d") + `,"a": ` + once("b=c") + `,"a=b": ` + once("c") + `,"x%3Dy": ` + once("z") + `}`
	y.get("/api/v1/usage").is(200, `{"ok": true,"from": "2026-11-21","to": "2026-11-21","user": {},`+tags+`,"daily": [{"date": "2026-11-21","user": {},`+tags+`}]}`)
}
