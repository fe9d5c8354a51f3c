package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// Where machines have owners, others look and no more; an admin may do everything.
func TestVMPoolerOwnership(t *testing.T) {
	t.Parallel()
	s := startStaff(t, poolsYAML("ownership: true"), people{"root": "admin", "jane": "user", "jack": "user"})
	s.waits("jack")
	name := s.takes(s.as("jane"), "debian-12-x86_64")
	vm := "/vm/" + name
	expect(t, "another looks", s.ask(s.as("jack"), http.MethodGet, vm, nil).Status, http.StatusOK)
	for _, r := range []struct{ method, path, body string }{
		{"PUT", vm, `{"lifetime":"2"}`}, {"PUT", vm, `{"tags":{"a":"b"}}`}, {"PUT", vm, `{"disk":8}`}, {"POST", vm + "/disk/8", ""},
		{"POST", vm + "/snapshot", ""}, {"DELETE", vm, ""},
	} {
		a := s.ask(s.as("jack"), r.method, r.path, r.body)
		expect(t, "another: "+r.method+" "+r.path+" "+r.body, a.Status, http.StatusForbidden)
		expectThat(t, "it is said why", len(keysOf(t, a.Body)) == 2 && keysOf(t, a.Body)[1] == "error", a.Body)
	}
	v, err := s.floaty(editions[2]).With(s.tokens["jane"]).Do(s.ctx, http.MethodGet, vm, nil)
	s.ok("GET", err)
	expectThat(t, "nothing was changed", strings.Contains(v.Body, `"lifetime": 24`) && !strings.Contains(v.Body, "tags"), v.Body)
	s.judged("its owner changes it", s.ask(s.as("jane"), http.MethodPut, vm, `{"lifetime":"2","tags":{"a":"b"}}`), verdict{200, yes})
	s.judged("its owner deletes it", s.ask(s.as("jane"), http.MethodDelete, vm, nil), verdict{200, yes})
	s.judged("and nobody deletes it again", s.ask(s.as("root"), http.MethodDelete, vm, nil), notFound)
	name = s.takes(s.as("jack"), "rocky-9-x86_64")
	s.judged("an admin deletes it", s.ask(s.as("root"), http.MethodDelete, "/vm/"+name, nil), verdict{200, yes})
	s.requestsHaveOwners()
}

// requestsHaveOwners asks the same of on-demand requests.
func (s *staff) requestsHaveOwners() {
	s.Helper()
	a := s.ask(s.as("jane"), http.MethodPost, "/ondemandvm", `{"rocky-9-x86_64":"1","request_id":"of-jane"}`)
	expect(s, "request", a.Status, http.StatusCreated)
	expect(s, "another calls it off", s.ask(s.as("jack"), http.MethodDelete, "/ondemandvm/of-jane", nil).Status, http.StatusForbidden)
	s.judged("its owner does", s.ask(s.as("jane"), http.MethodDelete, "/ondemandvm/of-jane", nil), verdict{200, yes})
}

// Without owners, as ever, any token will do.
func TestVMPoolerWithoutOwnership(t *testing.T) {
	t.Parallel()
	s := startStaff(t, poolsYAML(), people{"jane": "user", "jack": "user"})
	s.waits("jack")
	name := s.takes(s.as("jane"), "debian-12-x86_64")
	s.judged("another deletes it", s.ask(s.as("jack"), http.MethodDelete, "/vm/"+name, nil), verdict{200, yes})
}

// Nobody holds more machines than their quota, in all and of one pool, however they ask for them.
func TestVMPoolerQuota(t *testing.T) {
	t.Parallel()
	yaml := strings.Replace(poolsYAML("quota_per_user: 3"), "size: 2, ", "size: 2, quota_per_user: 1, ", 1)
	s := startStaff(t, yaml, people{"root": "admin", "jane": "user", "jack": "user"})
	s.waits("jack")
	refused := func(what, who, body string) {
		t.Helper()
		a := s.ask(s.as(who), http.MethodPost, "/vm", body)
		expect(t, what, a.Status, http.StatusForbidden)
		expectThat(t, what+": it is said why", strings.Contains(a.Body, "error") && strings.Contains(a.Body, "at most"), a.Body)
	}
	refused("four at once", "jane", `{"debian-12-x86_64":"3","rocky-9-x86_64":"1"}`)
	refused("two of a pool that gives one", "jane", `{"rocky-9-x86_64":"2"}`)
	var names []string
	for _, pool := range []string{"rocky-9-x86_64", "debian-12-x86_64", "debian-12-x86_64"} {
		names = append(names, s.takes(s.as("jane"), pool))
	}
	refused("a fourth", "jane", `{"debian-12-x86_64":"1"}`)
	s.waits("jack")
	other := s.takes(s.as("jack"), "debian-12-x86_64")
	s.judged("a machine is given up", s.ask(s.as("jane"), http.MethodDelete, "/vm/"+names[1], nil), verdict{200, yes})
	names[1] = s.takes(s.as("jane"), "debian-12-x86_64")
	refused("a second of the pool that gives one", "jack", `{"rocky-9-x86_64":"2"}`)
	var held map[string]any
	s.reads(s.as("root"), "/held", &held)
	expectThat(t, "who holds what", strings.Contains(fmt.Sprint(held), names[0]) && strings.Contains(fmt.Sprint(held), other), held)
	s.server.Restart()
	refused("a fourth after a restart", "jane", `{"debian-12-x86_64":"1"}`)
	s.requestsCount()
	s.server.Stop()
	s.server.Check()
}

// requestsCount asks that machines made on demand count too.
func (s *staff) requestsCount() {
	s.Helper()
	a := s.ask(s.as("jane"), http.MethodPost, "/ondemandvm", `{"debian-12-x86_64":"1","request_id":"beyond"}`)
	if a.Status == http.StatusForbidden {
		return
	}
	expect(s, "a request beyond the quota", a.Status, http.StatusCreated)
	harness.Eventually(s, poolWithin, "the request fails or is ready", func() bool {
		a = s.ask(s.as("jane"), http.MethodGet, "/ondemandvm/beyond", nil)
		return a.Status == http.StatusOK
	})
	expectThat(s, "a request beyond the quota is not served", strings.Contains(a.Body, `"ready": false`), a.Body)
}
