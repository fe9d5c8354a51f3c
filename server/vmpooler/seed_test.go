package vmpooler_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/store"
)

// The examples of the first version's own document, one after the other.

func TestTokensAsDocumented(t *testing.T) {
	y := start(t)
	made := y.do("POST", "/api/v1/token", "", as("jdoe"))
	var created struct {
		OK    bool
		Token string
	}
	made.into(&created)
	if made.Code != 200 || !created.OK || !regexp.MustCompile(`^[a-z][a-z0-9]{31}$`).MatchString(created.Token) {
		t.Fatalf("%d %s", made.Code, made.Body)
	}
	made.is(200, `{"ok": true,"token": "`+created.Token+`"}`)
	tok := created.Token
	y.do("GET", "/api/v1/token", "", as("jdoe")).is(200, `{"ok": true,"`+tok+`": {"created": "2026-11-21 05:00:00 -0700","last": "never"}}`)
	y.get("/api/v1/token/"+tok).is(200, `{"ok": true,"`+tok+`": {"user": "jdoe","created": "2026-11-21 05:00:00 -0700"}}`)

	y.pass(time.Minute)
	y.ready("debian-7-i386", "dqs4914g2wjyy5w", "hul7ib0ssr0f4o0")
	y.do("POST", "/api/v1/vm/debian-7-i386+debian-7-i386", "", with(tok)).is(200,
		`{"ok": true,"debian-7-i386": {"hostname": ["dqs4914g2wjyy5w","hul7ib0ssr0f4o0"]},"domain": "company.com"}`)
	y.get("/api/v1/token/"+tok).is(200, `{"ok": true,"`+tok+`": {"user": "jdoe","created": "2026-11-21 05:00:00 -0700","last": "2026-11-21 05:01:00 -0700",`+
		`"vms": {"running": ["dqs4914g2wjyy5w","hul7ib0ssr0f4o0"]}}}`)

	y.do("DELETE", "/api/v1/token/"+tok, "", as("jdoe")).is(200, yes)
	y.get("/api/v1/token/"+tok).is(404, no)
}

func TestPoolListAsDocumented(t *testing.T) {
	start(t).get("/api/v1/vm").printed(200, "[\n  \"debian-7-i386\",\n  \"debian-7-x86_64\"\n]")
}

func TestCheckoutAsDocumented(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "o41xtodlvnvu5cw", "khirruvwfjlmx3y", "fq6qlpjlsskycq6", "sc0o4xqtodlul5w", "4m4dkhqiufnjmxy")
	y.ready("debian-7-x86_64", "y91qbrbpfj6d13q", "zb91y9qbrbf6d3q")
	y.post("/api/v1/vm", `{"debian-7-i386":"2","debian-7-x86_64":"1"}`).printed(200, strings.TrimSpace(`
{
  "ok": true,
  "debian-7-i386": {
    "hostname": [
      "o41xtodlvnvu5cw",
      "khirruvwfjlmx3y"
    ]
  },
  "debian-7-x86_64": {
    "hostname": "y91qbrbpfj6d13q"
  },
  "domain": "company.com"
}`))
	y.post("/api/v1/vm/debian-7-i386", "").is(200, `{"ok": true,"debian-7-i386": {"hostname": "fq6qlpjlsskycq6"},"domain": "company.com"}`)
	y.post("/api/v1/vm/debian-7-i386+debian-7-i386+debian-7-x86_64", "").is(200,
		`{"ok": true,"debian-7-i386": {"hostname": ["sc0o4xqtodlul5w","4m4dkhqiufnjmxy"]},"debian-7-x86_64": {"hostname": "zb91y9qbrbf6d3q"},"domain": "company.com"}`)
	y.post("/api/v1/vm/debian-7-i386", "").is(503, no)
}

func TestAllOrNothing(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "vm1", "vm2")
	y.ready("debian-7-x86_64", "vm3")
	y.post("/api/v1/vm", `{"debian-7-i386":1,"debian-7-x86_64":2}`).is(503, no)
	for _, name := range []string{"vm1", "vm2", "vm3"} {
		if v := y.vm(name); v.State != store.VMReady || !v.CheckedOut.IsZero() {
			t.Errorf("%s is %+v", name, v)
		}
	}
}

func TestMachineAsDocumented(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "pxpmtoonx7fiqg6", State: store.VMRunning, CheckedOut: noon.Add(-3*time.Hour - 6*time.Minute),
		Tags: map[string]string{"user": "jdoe", "department": "engineering"}})
	y.get("/api/v1/vm/pxpmtoonx7fiqg6").printed(200, strings.TrimSpace(`
{
  "ok": true,
  "pxpmtoonx7fiqg6": {
    "template": "debian-7-i386",
    "lifetime": 12,
    "running": 3.1,
    "remaining": 8.9,
    "start_time": "2026-11-21T01:54:00-07:00",
    "end_time": "2026-11-21T13:54:00-07:00",
    "state": "running",
    "tags": {
      "department": "engineering",
      "user": "jdoe"
    },
    "ip": "",
    "domain": "company.com"
  }
}`))
}

func TestChangesAsDocumented(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "fq6qlpjlsskycq6", State: store.VMRunning, CheckedOut: noon.Add(-5 * time.Minute)})
	tok := y.token("jdoe")
	y.do("PUT", "/api/v1/vm/fq6qlpjlsskycq6", `{"lifetime":"2"}`, with(tok)).is(200, yes)
	y.do("PUT", "/api/v1/vm/fq6qlpjlsskycq6", `{"tags":{"department":"engineering","user":"jdoe"}}`, with(tok)).is(200, yes)
	if v := y.vm("fq6qlpjlsskycq6"); v.Lifetime != 2 || v.Tags["department"] != "engineering" || v.Tags["user"] != "jdoe" {
		t.Errorf("%+v", v)
	}
	y.del("/api/v1/vm/fq6qlpjlsskycq6").is(200, yes)
	if v := y.vm("fq6qlpjlsskycq6"); v.State != store.VMCompleted {
		t.Errorf("%+v", v)
	}
}

func TestDisksAndSnapshotsAsDocumented(t *testing.T) {
	y := start(t)
	running := store.VM{Name: "fq6qlpjlsskycq6", State: store.VMRunning, CheckedOut: noon.Add(-5 * time.Minute), Lifetime: 2}
	y.put(running)
	tok := y.token("jdoe")
	y.do("POST", "/api/v1/vm/fq6qlpjlsskycq6/disk/8", "", with(tok)).is(202, `{"ok": true,"fq6qlpjlsskycq6": {"disk": "+8gb"}}`)
	id := "a" + strings.Repeat("0", 31)
	y.do("POST", "/api/v1/vm/fq6qlpjlsskycq6/snapshot", "", with(tok)).is(202, `{"ok": true,"fq6qlpjlsskycq6": {"snapshot": "`+id+`"}}`)
	if tasks := y.vm("fq6qlpjlsskycq6").Tasks; len(tasks) != 2 || tasks[0].GB != 8 || tasks[1].Arg != id || tasks[0].Owner != "jdoe" || tasks[0].RequestID != "req1" {
		t.Fatalf("%+v", tasks)
	}
	y.do("POST", "/api/v1/vm/fq6qlpjlsskycq6/snapshot/"+id, "", with(tok)).is(404, no)

	running.Disks, running.Snaps = []int{8}, []store.VMSnapshot{{ID: id, At: noon}}
	y.put(running)
	y.get("/api/v1/vm/fq6qlpjlsskycq6").is(200, `{"ok": true,"fq6qlpjlsskycq6": {"template": "debian-7-i386","lifetime": 2,"running": 0.08,"remaining": 1.92,`+
		`"start_time": "2026-11-21T04:55:00-07:00","end_time": "2026-11-21T06:55:00-07:00","state": "running","snapshots": ["`+id+`"],"disk": ["+8gb"],`+
		`"ip": "","domain": "company.com"}}`)
	y.do("POST", "/api/v1/vm/fq6qlpjlsskycq6/snapshot/"+id, "", with(tok)).is(202, yes)
	if tasks := y.vm("fq6qlpjlsskycq6").Tasks; len(tasks) != 1 || tasks[0].Arg != id {
		t.Errorf("%+v", tasks)
	}
}

func TestStatusAsDocumented(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "r1", "r2", "r3", "r4", "r5")
	y.ready("debian-7-x86_64", "r6")
	y.put(store.VM{Name: "p1", State: store.VMPending, Cloned: noon}, store.VM{Name: "p2", State: store.VMPending},
		store.VM{Name: "u1", State: store.VMRunning, CheckedOut: noon}, store.VM{Name: "c1", State: store.VMCompleted})
	y.update(func(tx *store.Tx) error {
		for _, took := range []time.Duration{2790 * time.Millisecond, 14810 * time.Millisecond} {
			if err := store.AddTask(tx, store.TaskClone, "debian-7-i386", took); err != nil {
				return err
			}
		}
		return nil
	})
	y.pass(1234567 * time.Millisecond)
	y.get("/api/v1/status?view=capacity,clone,queue").is(200, `{"capacity": {"current": 6,"total": 7,"percent": 85.7},`+
		`"clone": {"duration": {"average": 8.8,"min": 2.79,"max": 14.81,"total": 17.6},"count": {"total": 2}},`+
		`"queue": {"pending": 2,"cloning": 1,"booting": 1,"ready": 6,"running": 1,"completed": 1,"total": 10},`+
		`"status": {"ok": true,"message": "Battle station fully armed and operational.","uptime": 1234.6}}`)
}

func TestStatusWithEmptyPoolsAsDocumented(t *testing.T) {
	y := start(t)
	y.get("/api/v1/status?view=pools").is(200, `{"pools": {`+
		`"debian-7-i386": {"ready": 0,"running": 0,"pending": 0,"max": 5,"lastBoot": "","alias": ["debian"]},`+
		`"debian-7-x86_64": {"ready": 0,"running": 0,"pending": 0,"max": 2,"lastBoot": ""}},`+
		`"status": {"ok": false,"message": "Found 2 empty pools.","empty": ["debian-7-i386","debian-7-x86_64"],"uptime": 0.0}}`)
}

// aDay has what the document's summary has.
func aDay(y *yard) {
	y.t.Helper()
	y.update(func(tx *store.Tx) error {
		for _, took := range []float64{83.09, 121.06, 105.85} {
			if err := store.AddTask(tx, store.TaskBoot, "debian-7-i386", time.Duration(took*float64(time.Second))); err != nil {
				return err
			}
		}
		if err := store.AddTask(tx, store.TaskClone, "debian-7-x86_64", 4600*time.Millisecond); err != nil {
			return err
		}
		for i, value := range []string{"engineering", "IT", "help desk", "IT"} {
			if err := store.AddTag(tx, "vm"+string(rune('a'+i)), "department", value); err != nil {
				return err
			}
		}
		return store.AddTag(tx, "vma", "user", "jnelson")
	})
}

const (
	zeroDay = `{"duration": {"average": 0,"min": 0,"max": 0,"total": 0},"count": {"total": 0}}`
	bootDay = `{"duration": {"average": 103.3,"min": 83.09,"max": 121.06,"total": 310.0,"pool": {"debian-7-i386": {"total": 310.0,"average": 103.3,"min": 83.09,"max": 121.06}}},` +
		`"count": {"total": 3,"pool": {"debian-7-i386": {"total": 3}}}}`
	cloneDay = `{"duration": {"average": 4.6,"min": 4.6,"max": 4.6,"total": 4.6,"pool": {"debian-7-x86_64": {"total": 4.6,"average": 4.6,"min": 4.6,"max": 4.6}}},` +
		`"count": {"total": 1,"pool": {"debian-7-x86_64": {"total": 1}}}}`
	tagDay = `{"department": {"engineering": 1,"help desk": 1,"IT": 2,"total": 4},"user": {"jnelson": 1,"total": 1}}`
)

func TestSummaryAsDocumented(t *testing.T) {
	y := start(t)
	aDay(y)
	y.get("/api/v1/summary").is(200, `{"boot": {"duration": {"average": 103.3,"min": 83.09,"max": 121.06,"total": 310.0,`+
		`"pool": {"debian-7-i386": {"total": 310.0,"average": 103.3,"min": 83.09,"max": 121.06}}},`+
		`"count": {"average": 3,"min": 3,"max": 3,"total": 3,"pool": {"debian-7-i386": {"total": 3}}}},`+
		`"clone": {"duration": {"average": 4.6,"min": 4.6,"max": 4.6,"total": 4.6,"pool": {"debian-7-x86_64": {"total": 4.6,"average": 4.6,"min": 4.6,"max": 4.6}}},`+
		`"count": {"average": 1,"min": 1,"max": 1,"total": 1,"pool": {"debian-7-x86_64": {"total": 1}}}},`+
		`"tag": `+tagDay+`,"daily": [{"date": "2026-11-21","boot": `+bootDay+`,"clone": `+cloneDay+`,"tag": `+tagDay+`}]}`)
}

func TestSummaryOfSeveralDaysAsDocumented(t *testing.T) {
	y := start(t)
	aDay(y)
	y.get("/api/v1/summary?from=2026-11-20&to=2026-11-21").is(200, `{"boot": {"duration": {"average": 103.3,"min": 83.09,"max": 121.06,"total": 310.0,`+
		`"pool": {"debian-7-i386": {"total": 310.0,"average": 103.3,"min": 83.09,"max": 121.06}}},`+
		`"count": {"average": 1.5,"min": 0,"max": 3,"total": 3,"pool": {"debian-7-i386": {"total": 3}}}},`+
		`"clone": {"duration": {"average": 4.6,"min": 4.6,"max": 4.6,"total": 4.6,"pool": {"debian-7-x86_64": {"total": 4.6,"average": 4.6,"min": 4.6,"max": 4.6}}},`+
		`"count": {"average": 0.5,"min": 0,"max": 1,"total": 1,"pool": {"debian-7-x86_64": {"total": 1}}}},`+
		`"tag": `+tagDay+`,"daily": [{"date": "2026-11-20","boot": `+zeroDay+`,"clone": `+zeroDay+`,"tag": {}},`+
		`{"date": "2026-11-21","boot": `+bootDay+`,"clone": `+cloneDay+`,"tag": `+tagDay+`}]}`)
}

func TestEmptySummaryIsPrintedAsRubyDoes(t *testing.T) {
	start(t).get("/api/v1/summary/tag").printed(200, strings.TrimSpace(`
{
  "tag": {
  },
  "daily": [
    {
      "date": "2026-11-21",
      "tag": {
      }
    }
  ]
}`))
}
