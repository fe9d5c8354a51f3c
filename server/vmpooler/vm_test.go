package vmpooler_test

import (
	"strings"
	"testing"
	"time"

	"yardmaster/store"
)

func TestStatesOfAMachine(t *testing.T) {
	const head, tail = `{"template": "debian-7-i386","lifetime": 12,`, `"ip": "","domain": "company.com"`
	for _, c := range []struct {
		name string
		vm   store.VM
		want string
	}{
		{"cloning", store.VM{State: store.VMPending}, head + `"state": "pending",` + tail + `}`},
		{"booting", store.VM{State: store.VMPending, Cloned: noon, Fault: "10.0.0.1:22: connection refused"},
			head + `"state": "pending",` + tail + `,"check": "10.0.0.1:22: connection refused"}`},
		{"just ready", store.VM{State: store.VMReady, Ready: noon}, head + `"state": "pending",` + tail + `}`},
		{"ready and seen again", store.VM{State: store.VMReady, Ready: noon, Checked: true}, head + `"state": "ready",` + tail + `}`},
		{"given up", store.VM{State: store.VMCompleted, CheckedOut: noon.Add(-time.Hour), Completed: noon, Reason: "deleted by its user"},
			head + `"running": 1.0,"remaining": 11.0,"start_time": "2026-11-21T04:00:00-07:00","end_time": "2026-11-21T16:00:00-07:00","state": "running",` + tail +
				`,"reason": "deleted by its user"}`},
		{"destroyed", store.VM{State: store.VMDestroyed, CheckedOut: noon.Add(-3 * time.Hour), Destroyed: noon.Add(-time.Hour), Reason: "lived for 12 hours"},
			head + `"running": 2.0,"state": "destroyed",` + tail + `,"reason": "lived for 12 hours"}`},
		{"destroyed unused", store.VM{State: store.VMDestroyed, Destroyed: noon}, head + `"state": "destroyed",` + tail + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := start(t)
			c.vm.Name = "vm1"
			y.put(c.vm)
			y.get("/api/v1/vm/vm1").is(200, `{"ok": true,"vm1": `+c.want+`}`)
		})
	}
}

func TestAMachineWithEverything(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon, Lifetime: 100, IP: "10.1.2.3", Host: "esx1", Migrated: true, Disks: []int{8, 2},
		Snaps: []store.VMSnapshot{{ID: "s1"}, {ID: "s2", Name: "clean"}}, Tags: map[string]string{"b": "2", "a": "1 \"<&>\""}})
	rest := `"template": "debian-7-i386","lifetime": 100,"running": 0.0,"remaining": 100.0,"start_time": "2026-11-21T05:00:00-07:00",` +
		`"end_time": "2026-11-25T09:00:00-07:00","state": "running","tags": {"a": "1 \"<&>\"","b": "2"},"snapshots": ["s1","s2"],"disk": ["+8gb","+2gb"],` +
		`"ip": "10.1.2.3",`
	end := `,"host": "esx1","migrated": "true","snapshot_names": {"clean": "s2"}}}`
	y.get("/api/v1/vm/vm1").is(200, `{"ok": true,"vm1": {`+rest+`"domain": "company.com"`+end)
	y.get("/vm/vm1.company.com").is(200, `{"ok": true,"vm1": {`+rest+`"domain": "company.com"`+end)
	y.get("/api/v2/vm/vm1.anything.at.all/").is(200, `{"ok": true,"vm1": {`+rest+`"fqdn": "vm1.company.com"`+end)
	y.get("/api/v3/vm/vm1").is(200, `{"ok": true,"vm1": {`+rest+`"fqdn": "vm1.company.com"`+end)
}

func TestHostnamesAreJudgedByTheThirdVersion(t *testing.T) {
	y := start(t)
	for name, want := range map[string]string{
		"vm_1": "Invalid hostname format", "-vm1": "Invalid hostname format", "vm1-": "Invalid hostname format", "vm1..com": "Invalid hostname format",
		strings.Repeat("a", 64): "Invalid hostname format", strings.Repeat("a", 254): "Hostname too long",
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			y.do(method, "/api/v3/vm/"+name, `{}`, nil).is(400, `{"ok": false,"error": "`+want+`"}`)
			y.do(method, "/api/v1/vm/"+name, `{}`, nil).is(404, no)
		}
		y.do("POST", "/api/v3/vm/"+name+"/disk/1", "", as("jdoe")).is(400, `{"ok": false,"error": "`+want+`"}`)
	}
	y.get("/api/v3/vm/VM-1.Example.com").is(404, no)
	y.get("/api/v1/vm/nobody").is(404, no)
}

func TestDeleteTakesOnlyWhatRuns(t *testing.T) {
	y := start(t)
	y.ready("debian-7-i386", "ready")
	y.put(store.VM{Name: "pending", State: store.VMPending}, store.VM{Name: "gone", State: store.VMCompleted, CheckedOut: noon})
	for _, name := range []string{"ready", "pending", "gone", "never"} {
		y.del("/api/v1/vm/"+name).is(404, no)
	}
	if v := y.vm("ready"); v.State != store.VMReady {
		t.Errorf("%+v", v)
	}
	y.put(store.VM{Name: "mine", State: store.VMRunning, CheckedOut: noon})
	y.del("/vm/mine.company.com").is(200, yes)
	y.del("/vm/mine").is(404, no)
}

func TestATakersTokenGuardsTheMachine(t *testing.T) {
	y := start(t)
	tok := y.token("jdoe")
	y.ready("debian-7-i386", "vm1", "vm2")
	y.do("POST", "/api/v1/vm/debian+debian", "", with(tok)).is(200, `{"ok": true,"debian": {"hostname": ["vm1","vm2"]},"domain": "company.com"}`)
	y.del("/api/v1/vm/vm1").is(401, no)
	y.do("DELETE", "/api/v1/vm/vm1", "", with("wrong")).is(401, no)
	y.do("DELETE", "/api/v1/vm/vm1", "", with(y.token("other"))).is(200, yes)
	y.do("DELETE", "/api/v1/vm/vm2", "", with(tok)).is(200, yes)
}

func TestOwnershipIfItIsSwitchedOn(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.Ownership = true })
	tok := y.token("jdoe")
	y.ready("debian-7-i386", "vm1")
	y.do("POST", "/api/v1/vm/debian", "", with(tok)).is(200, `{"ok": true,"debian": {"hostname": "vm1"},"domain": "company.com"}`)
	const others = `{"ok": false,"error": "the machine is somebody else's"}`
	y.do("DELETE", "/api/v1/vm/vm1", "", with(y.token("other"))).is(403, others)
	y.do("PUT", "/api/v1/vm/vm1", `{"lifetime":1}`, with(y.token("other"))).is(403, others)
	y.do("PUT", "/api/v1/vm/vm1", `{"tags":{"a":"b"}}`, nil).is(403, others)
	y.do("DELETE", "/api/v1/vm/vm1", "", as("boss")).is(200, yes)
}

func TestDisks(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	y.ready("debian-7-i386", "vm2")
	bad := func(text string) string { return `{"ok": false,"error": "Disk size ` + text + `"}` }
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/api/v1/vm/vm1/disk/8", 202, `{"ok": true,"vm1": {"disk": "+8gb"}}`},
		{"/api/v1/vm/vm1.company.com/disk/4096/", 202, `{"ok": true,"vm1": {"disk": "+4096gb"}}`},
		{"/api/v1/vm/vm1/disk/0", 404, no}, {"/api/v1/vm/vm1/disk/x", 404, no}, {"/api/v1/vm/vm1/disk/-1", 404, no},
		{"/api/v1/vm/vm1/disk/99999999999", 404, no}, {"/api/v1/vm/vm2/disk/8", 404, no}, {"/api/v1/vm/vm3/disk/8", 404, no},
		{"/api/v3/vm/vm1/disk/2048", 202, `{"ok": true,"vm1": {"disk": "+2048gb"}}`},
		{"/api/v3/vm/vm1/disk/2049", 400, bad("must be at most 2048")}, {"/api/v3/vm/vm1/disk/0", 400, bad("must be at least 1")},
		{"/api/v3/vm/vm1/disk/1.5", 400, bad("must be a valid integer")}, {"/api/v3/vm/vm3/disk/1", 404, no},
	} {
		y.do("POST", c.path, "", as("jdoe")).is(c.status, c.want)
		y.post(c.path, "").is(401, no)
	}
	y.do("PUT", "/vm/vm1/disk/7", "", as("jdoe")).is(202, `{"ok": true,"vm1": {"disk": "+7gb"}}`)
	y.do("POST", "/vm/vm1/disk/7", "", as("jdoe")).is(202, `{"ok": true,"vm1": {"disk": "+7gb"}}`)
	if got := len(y.vm("vm1").Tasks); got != 5 {
		t.Errorf("%d tasks", got)
	}
	y.put(store.VM{Name: "busy", State: store.VMRunning, Tasks: make([]store.VMTask, 100)})
	y.do("POST", "/api/v1/vm/busy/disk/1", "", as("jdoe")).is(409, `{"ok": false,"error": "the machine has an operation under way: 100 tasks wait already"}`)
}

func TestSnapshots(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon, Snaps: []store.VMSnapshot{{ID: "s1"}, {ID: "s2", Name: "clean"}}})
	id := "a" + strings.Repeat("0", 31)
	plain, called := `{"ok": true,"vm1": {"snapshot": "`+id+`"}}`, `{"ok": true,"vm1": {"snapshot": "`+id+`","name": "new"}}`
	badName := `{"ok": false,"error": "name: is not 1 to 64 of letters, digits, '.', '_' and '-'"}`
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/api/v1/vm/vm1/snapshot", ``, 202, plain},
		{"POST", "/vm/vm1/snapshot/", `{}`, 202, plain},
		{"POST", "/api/v1/vm/vm1/snapshot", `{"name":"new"}`, 202, called},
		{"POST", "/api/v3/vm/vm1/snapshot?name=new", ``, 202, called},
		{"POST", "/api/v1/vm/vm1/snapshot", `{"name":"a/b"}`, 400, badName},
		{"POST", "/api/v1/vm/vm1/snapshot?name=%20", ``, 400, badName},
		{"POST", "/api/v1/vm/vm1/snapshot?name=..", ``, 400, `{"ok": false,"error": "name: is a folder in every path"}`},
		{"POST", "/api/v1/vm/vm1/snapshot", `{"name":7}`, 400, `{"ok": false,"error": "name: is not a string"}`},
		{"POST", "/api/v1/vm/vm1/snapshot", `x`, 400, `{"ok": false,"error": "Invalid JSON: invalid character 'x' looking for beginning of value"}`},
		{"POST", "/api/v1/vm/vm1/snapshot", `[]`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`},
		{"POST", "/api/v1/vm/vm2/snapshot", ``, 404, no},
		{"POST", "/api/v1/vm/vm1/snapshot/s1", ``, 202, yes},
		{"POST", "/vm/vm1/snapshot/clean", ``, 202, yes},
		{"POST", "/api/v1/vm/vm1/snapshot/s3", ``, 404, no},
		{"POST", "/api/v1/vm/vm2/snapshot/s1", ``, 404, no},
		{"DELETE", "/api/v1/vm/vm1/snapshot/s1", ``, 202, yes},
		{"DELETE", "/api/v3/vm/vm1/snapshot/clean/", ``, 202, yes},
		{"DELETE", "/api/v1/vm/vm1/snapshot/s3", ``, 404, no},
		{"DELETE", "/vm/vm1/snapshot/s1", ``, 404, no},
	} {
		y.do(c.method, c.path, c.body, as("jdoe")).is(c.status, c.want)
		if c.path != "/vm/vm1/snapshot/s1" {
			y.do(c.method, c.path, c.body, nil).is(401, no)
		}
	}
	var kinds []string
	for _, task := range y.vm("vm1").Tasks {
		kinds = append(kinds, task.Kind)
	}
	if got := strings.Join(kinds, " "); got != "vm.snapshot vm.snapshot vm.snapshot vm.snapshot vm.revert vm.revert vm.unsnapshot vm.unsnapshot" {
		t.Error(got)
	}
}
