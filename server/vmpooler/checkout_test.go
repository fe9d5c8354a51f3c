package vmpooler_test

import (
	"strings"
	"testing"

	"yardmaster/store"
)

func TestVersionsNameMachinesDifferently(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/vm", `"hostname": "vm1"},"domain": "company.com"}`},
		{"/api/v1/vm", `"hostname": "vm1"},"domain": "company.com"}`},
		{"/api/v2/vm", `"hostname": "vm1.company.com"}}`},
		{"/api/v3/vm", `"hostname": "vm1.company.com"}}`},
	} {
		y := start(t)
		y.ready("debian-7-i386", "vm1")
		y.post(c.path, `{"debian":1}`).is(200, `{"ok": true,"debian": {`+c.want)
		if v := y.vm("vm1"); v.Alias != "debian" || v.Pool != "debian-7-i386" {
			t.Errorf("%+v", v)
		}
	}
}

func TestAMachineWithoutDomainHasTheConfiguredOne(t *testing.T) {
	y := start(t, func(s *setting) { s.opts.Domain = "yard.net" })
	y.update(func(tx *store.Tx) error {
		for _, name := range []string{"vm1", "vm2"} {
			if err := store.PutVM(tx, &store.VM{Name: name, Pool: "debian-7-i386", State: store.VMReady, Ready: noon}); err != nil {
				return err
			}
		}
		return nil
	})
	y.post("/api/v1/vm/debian", "").is(200, `{"ok": true,"debian": {"hostname": "vm1"},"domain": "yard.net"}`)
	y.post("/api/v3/vm/debian", "").is(200, `{"ok": true,"debian": {"hostname": "vm2.yard.net"}}`)
}

func TestWhatACheckoutBodyMayBe(t *testing.T) {
	const nothing = `{"ok": true,"domain": "yard.net"}`
	bad := func(text string) string { return `{"ok": false,"error": "` + text + `"}` }
	for _, c := range []struct {
		name, body string
		v1         int
		v1Body     string
		v3         int
		v3Body     string
	}{
		{"empty", ``, 400, bad("Invalid JSON: unexpected end of JSON input"), 404, no},
		{"no object at all", `{`, 400, bad("Invalid JSON: unexpected end of JSON input"), 400, bad("Invalid JSON: unexpected end of JSON input")},
		{"null", `null`, 404, no, 400, bad("Request body must be a JSON object")},
		{"array", `["debian"]`, 400, bad("Request body must be a JSON object"), 400, bad("Request body must be a JSON object")},
		{"text", `"debian"`, 400, bad("Request body must be a JSON object"), 400, bad("Request body must be a JSON object")},
		{"empty object", `{}`, 200, nothing, 404, no},
		{"count 0", `{"debian":"0"}`, 200, nothing, 400, bad("VM count must be at least 1")},
		{"count x", `{"debian":"x"}`, 200, nothing, 400, bad("VM count must be a valid integer")},
		{"count null", `{"debian":null}`, 200, nothing, 400, bad("VM count is required")},
		{"count below 0", `{"debian":-1}`, 200, nothing, 400, bad("VM count must be a valid integer")},
		{"count true", `{"debian":true}`, 400, bad("VM count of debian must be a valid integer"), 400, bad("VM count must be a valid integer")},
		{"count of many", `{"debian":101}`, 503, no, 400, bad("VM count must be at most 100")},
		{"count beyond numbers", `{"debian":99999999999999999999}`, 503, no, 400, bad("VM count must be at most 100")},
		{"unknown pool", `{"debian":1,"solaris":1}`, 404, no, 404, no},
		{"pool with a dot", `{"debian.7":1}`, 404, no, 400, bad("Invalid pool name format")},
		{"long pool", `{"` + strings.Repeat("a", 101) + `":1}`, 404, no, 400, bad("Pool name too long")},
		{"nameless pool", `{"":1}`, 404, no, 400, bad("Pool name is required")},
		{"too deep", `{"a":[[[[[]]]]]}`, 400, bad("VM count of a must be a valid integer"), 400, bad("Request body too complex")},
		{"too long", `{"debian":1` + strings.Repeat(" ", 11_000) + `}`, 503, no, 400, bad("Request body too large")},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := start(t, func(s *setting) { s.opts.Domain = "yard.net" })
			y.post("/api/v1/vm", c.body).is(c.v1, c.v1Body)
			y.post("/api/v3/vm", c.body).is(c.v3, c.v3Body)
		})
	}
	start(t).post("/api/v1/vm", strings.Repeat(" ", 65<<10)).is(413, bad("request body is too large: more than 65536 bytes"))
}

func TestCountsAsNumbersAndFractionsOfThem(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1", "vm2", "vm3")
	y.post("/api/v2/vm", `{"debian":2.9}`).is(200, `{"ok": true,"debian": {"hostname": ["vm1.company.com","vm2.company.com"]}}`)
	y.post("/api/v2/vm", `{"debian":" 1 of them"}`).is(200, `{"ok": true,"debian": {"hostname": "vm3.company.com"}}`)
}

func TestPathsOfPools(t *testing.T) {
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/api/v1/vm/debian-7-x86_64+debian+debian-7-x86_64", 200, `{"ok": true,"debian-7-x86_64": {"hostname": ["b1","b2"]},"debian": {"hostname": "a1"},"domain": "company.com"}`},
		{"/api/v1/vm/debian%2Bdebian", 200, `{"ok": true,"debian": {"hostname": ["a1","a2"]},"domain": "company.com"}`},
		{"/vm/debian/", 200, `{"ok": true,"debian": {"hostname": "a1"},"domain": "company.com"}`},
		{"/api/v3/vm/debian+", 200, `{"ok": true,"debian": {"hostname": "a1.company.com"}}`},
		{"/api/v1/vm/debian+solaris", 404, no},
		{"/api/v1/vm/debian++debian", 404, no},
		{"/api/v1/vm/+", 404, no},
		{"/api/v3/vm/de.bian", 404, no},
		{"/api/v1/vm/debian+debian+debian", 503, no},
	} {
		t.Run(c.path, func(t *testing.T) {
			y := start(t)
			y.ready("debian-7-i386", "a1", "a2")
			y.ready("debian-7-x86_64", "b1", "b2")
			y.post(c.path, "").is(c.status, c.want)
			if c.status != 200 {
				y.get("/api/v1/totalrunning").is(200, `{"running": 0}`)
			}
		})
	}
}

func TestATokenIsLookedAtOnlyIfItIsSent(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1", "vm2")
	a := y.do("POST", "/api/v1/vm/debian", "", with("nonsense"))
	a.is(401, no)
	if got := a.Header().Get("WWW-Authenticate"); got != `Basic realm="Authentication required"` {
		t.Errorf("challenge %q", got)
	}
	y.post("/api/v1/vm/debian", "").is(200, `{"ok": true,"debian": {"hostname": "vm1"},"domain": "company.com"}`)
	y.do("POST", "/api/v1/vm/debian", "", with(y.token("jdoe"))).is(200, `{"ok": true,"debian": {"hostname": "vm2"},"domain": "company.com"}`)
	without, by := y.vm("vm1"), y.vm("vm2")
	if without.Lifetime != 0 || without.User != "" || by.Lifetime != 24 || by.User != "jdoe" || by.Token == "" {
		t.Errorf("%+v\n%+v", without, by)
	}
}

func TestAQuotaIsToldInWords(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.QuotaUser = 1 })
	y.ready("debian-7-i386", "vm1", "vm2")
	tok := y.token("jdoe")
	y.do("POST", "/api/v1/vm", `{"debian":2}`, with(tok)).is(403, `{"ok": false,"error": "quota exceeded: jdoe holds 0 machines of at most 1"}`)
	y.do("POST", "/api/v1/vm", `{"debian":1}`, with(tok)).is(200, `{"ok": true,"debian": {"hostname": "vm1"},"domain": "company.com"}`)
}

func TestAnEmptyYardHasNoPools(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.Pools = nil })
	y.get("/api/v1/vm").printed(200, "[\n\n]")
	y.get("/api/v1/config").is(404, no)
	y.get("/api/v1/status?view=capacity").is(200,
		`{"capacity": {"current": 0,"total": 0,"percent": 0},"status": {"ok": true,"message": "Battle station fully armed and operational.","uptime": 0.0}}`)
}
