package vmpooler_test

import (
	"net/url"
	"strings"
	"testing"

	"yardmaster/store"
)

const wellWithUptime = `"status": {"ok": true,"message": "Battle station fully armed and operational.","uptime": 0.0}}`

func TestViewsOfTheStatus(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"", "boot capacity clone pools queue status"},
		{"?view", "boot capacity clone pools queue status"},
		{"?view=", "status"},
		{"?view=capacity,boot", "boot capacity status"},
		{"?view=capacity%2Cqueue&x=y", "capacity queue status"},
		{"?view=capacity, queue", "capacity status"},
		{"?view=nonsense", "status"},
		{"?view=boot&view=clone", "clone status"},
		{"?v%69ew=clone", "clone status"},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := start(t).get("/api/v1/status" + strings.ReplaceAll(c.query, " ", "%20"))
			var parts []string
			for line := range strings.Lines(a.Body.String()) {
				if key, ok := strings.CutPrefix(line, `  "`); ok {
					name, _, _ := strings.Cut(key, `"`)
					parts = append(parts, name)
				}
			}
			if got := strings.Join(parts, " "); a.Code != 200 || got != c.want {
				t.Errorf("%d %s, want %s", a.Code, got, c.want)
			}
		})
	}
}

func TestEmptyPoolsCountOnlyWhereTheyAreShown(t *testing.T) {
	y := start(t)
	y.get("/status?view=capacity").is(200, `{"capacity": {"current": 0,"total": 7,"percent": 0.0},`+wellWithUptime)
	y.ready("debian-7-i386", "vm1")
	y.get("/api/v2/status/?view=pools").is(200, `{"pools": {"debian-7-i386": {"ready": 1,"running": 0,"pending": 0,"max": 5,"lastBoot": "2026-11-21 04:00:00 -0700","alias": ["debian"]},`+
		`"debian-7-x86_64": {"ready": 0,"running": 0,"pending": 0,"max": 2,"lastBoot": ""}},`+
		`"status": {"ok": false,"message": "Found 1 empty pools.","empty": ["debian-7-x86_64"],"uptime": 0.0}}`)
	small := start(t, func(s *setting) { s.cfg.Pools[0].Size, s.cfg.Pools[1].Size = 0, 0 })
	small.get("/status?view=pools").is(200, `{"pools": {"debian-7-i386": {"ready": 0,"running": 0,"pending": 0,"max": 0,"lastBoot": "","alias": ["debian"]},`+
		`"debian-7-x86_64": {"ready": 0,"running": 0,"pending": 0,"max": 0,"lastBoot": ""}},`+wellWithUptime)
}

func TestTheThirdVersionAlsoCountsWhatIsRequested(t *testing.T) {
	y := start(t)
	y.do("POST", "/api/v3/ondemandvm", `{"debian":2,"request_id":"r"}`, as("jdoe")).is(201, `{"ok": true,"request_id": "r"}`)
	y.get("/api/v3/status?view=queue").is(200,
		`{"queue": {"requested": 2,"pending": 0,"cloning": 0,"booting": 0,"ready": 0,"running": 0,"completed": 0,"total": 0},`+wellWithUptime)
}

func TestPoolStat(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1")
	one := `"debian-7-i386": {"max": 5,"alias": ["debian"],"ready": 1}`
	two := `"debian-7-x86_64": {"max": 2,"ready": 0}`
	y.get("/api/v1/poolstat?pool=debian-7-i386").is(200, `{"pools": {`+one+`}}`)
	y.get("/api/v2/poolstat/?pool=debian-7-x86_64,debian").is(200, `{"pools": {`+one+`,`+two+`}}`)
	y.get("/api/v1/poolstat").printed(200, "{\n  \"pools\": {\n  }\n}")
	y.get("/api/v1/poolstat?pool=solaris").is(200, `{"pools": {}}`)
	y.get("/poolstat?pool=debian").is(404, no)
}

func TestTotalRunning(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning}, store.VM{Name: "vm2", State: store.VMRunning, Pool: "debian-7-x86_64"})
	y.get("/api/v3/totalrunning").is(200, `{"running": 2}`)
}

func TestPartsOfTheSummary(t *testing.T) {
	y := start(t)
	aDay(y)
	const pool = `"pool": {"debian-7-i386": {"total": 310.0,"average": 103.3,"min": 83.09,"max": 121.06}}`
	y.get("/api/v1/summary/boot/duration").is(200, `{"boot": {"duration": {"average": 103.3,"min": 83.09,"max": 121.06,"total": 310.0,`+pool+`}},`+
		`"daily": [{"date": "2026-11-21","boot": {"duration": {"average": 103.3,"min": 83.09,"max": 121.06,"total": 310.0,`+pool+`}}}]}`)
	y.get("/summary/boot/count/").is(200, `{"boot": {"count": {"average": 3,"min": 3,"max": 3,"total": 3,"pool": {"debian-7-i386": {"total": 3}}}},`+
		`"daily": [{"date": "2026-11-21","boot": {"count": {"total": 3,"pool": {"debian-7-i386": {"total": 3}}}}}]}`)
	y.get("/api/v3/summary/tag/user").is(200, `{"tag": {"user": {"jnelson": 1,"total": 1}},"daily": [{"date": "2026-11-21","tag": {"user": {"jnelson": 1,"total": 1}}}]}`)
	y.get("/api/v3/summary/tag/nobody").is(200, `{"tag": {},"daily": [{"date": "2026-11-21","tag": {}}]}`)
	y.get("/api/v1/summary/clone/other").is(200, `{"clone": {},"daily": [{"date": "2026-11-21","clone": {}}]}`)
	y.get("/api/v1/summary/disk").is(404, no)
	y.get("/api/v1/summary/clone?to=2026-11-22").is(200, `{"clone": {"duration": {"average": 4.6,"min": 4.6,"max": 4.6,"total": 4.6,"pool": {"debian-7-x86_64": {"total": 4.6,"average": 4.6,"min": 4.6,"max": 4.6}}},`+
		`"count": {"average": 0.5,"min": 0,"max": 1,"total": 1,"pool": {"debian-7-x86_64": {"total": 1}}}},`+
		`"daily": [{"date": "2026-11-21","clone": `+cloneDay+`},{"date": "2026-11-22","clone": `+zeroDay+`}]}`)
}

func TestATagWhoseValueIsTotalIsInTheSumAlone(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning}, store.VM{Name: "vm2", State: store.VMRunning})
	y.put1("/vm/vm1", `{"tags":{"scope":"total"}}`).is(200, yes)
	y.put1("/vm/vm2", `{"tags":{"scope":"part"}}`).is(200, yes)
	const counts = `"tag": {"scope": {"part": 1,"total": 2}}`
	y.get("/summary/tag").is(200, `{`+counts+`,"daily": [{"date": "2026-11-21",`+counts+`}]}`)
}

func TestDatesThatAreNone(t *testing.T) {
	y := start(t)
	for _, path := range []string{"/api/v1/summary", "/summary/boot", "/api/v3/summary/nothing", "/api/v1/usage"} {
		for query, want := range map[string]string{
			"from=yesterday":                 "Invalid date format 'yesterday', must match YYYY-MM-DD.",
			"from=":                          "Invalid date format '', must match YYYY-MM-DD.",
			"to=2026-1-1":                    "Invalid date format '2026-1-1', must match YYYY-MM-DD.",
			"from=2026-13-45":                "Invalid date format '2026-13-45', must match YYYY-MM-DD.",
			"from=2026-11-02&to=2026-11-01":  "Date range is invalid, 'to' cannot come before 'from'.",
			"from=2026-11-22&to=2026-11-23":  "Date range is invalid, 'from' must be in the past.",
			"from=1000-01-01":                "Date range is invalid, it has more than 3660 days.",
			"to=9999-12-31":                  "Date range is invalid, it has more than 3660 days.",
			"from=" + url.QueryEscape("<b>"): "Invalid date format '<b>', must match YYYY-MM-DD.",
		} {
			y.get(path+"?"+query).is(400, want)
		}
	}
}

func TestATagCountsOnEveryDayOnWhichItIsSet(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning})
	for range 2 {
		y.put1("/vm/vm1", `{"tags":{"user":"jdoe"}}`).is(200, yes)
		y.put1("/vm/vm1", `{"tags":{"user":"else"}}`).is(200, yes)
		y.pass(24 * 3600e9)
	}
	y.get("/summary/tag?from=2026-11-21").is(200, `{"tag": {"user": {"else": 2,"total": 2}},"daily": [{"date": "2026-11-21","tag": {"user": {"else": 1,"total": 1}}},`+
		`{"date": "2026-11-22","tag": {"user": {"else": 1,"total": 1}}},{"date": "2026-11-23","tag": {}}]}`)
}
