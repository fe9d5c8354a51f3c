package vmpooler_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/vm"
	"yardmaster/jobs/pools"
	"yardmaster/store"
)

func experimental(s *setting) { s.cfg.Experimental = true }

func TestPoolsCannotBeChangedUnlessThatIsSwitchedOn(t *testing.T) {
	y := start(t)
	for _, request := range []string{"POST config/poolsize", "DELETE config/poolsize/debian-7-i386", "POST config/pooltemplate", "DELETE config/pooltemplate/x",
		"POST config/clonetarget", "DELETE config/clonetarget/debian-7-i386", "POST poolreset"} {
		method, path, _ := strings.Cut(request, " ")
		for _, version := range []string{"v1", "v2", "v3"} {
			y.do(method, "/api/"+version+"/"+path, `{`, nil).is(405, no)
		}
	}
	on := start(t, experimental)
	for _, request := range []string{"POST config/poolsize", "DELETE config/poolsize/debian-7-i386", "POST poolreset"} {
		method, path, _ := strings.Cut(request, " ")
		on.do(method, "/api/v1/"+path, `{`, nil).is(401, no)
	}
}

func TestPoolSizes(t *testing.T) {
	y := start(t, experimental)
	bad := func(names string) string { return `{"ok": false,"not_configured": [` + names + `]}` }
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"debian-7-i386":"6"}`, 201, yes}, {`{"debian-7-i386":6}`, 200, yes}, {`{"debian-7-i386":6.0,"debian-7-x86_64":"2"}`, 200, yes},
		{`{"debian-7-i386":"6","solaris":"1"}`, 400, bad(`"solaris"`)}, {`{"debian":"1"}`, 400, bad(`"debian"`)},
		{`{"debian-7-i386":"x","debian-7-x86_64":-1}`, 400, bad(`"debian-7-i386","debian-7-x86_64"`)},
		{`{"debian-7-i386":null}`, 400, bad(`"debian-7-i386"`)}, {`{"debian-7-i386":100001}`, 400, bad(`"debian-7-i386"`)},
		{`{"debian-7-i386":true,"debian-7-x86_64":9}`, 400, bad(`"debian-7-i386"`)}, {`{}`, 200, yes}, {`null`, 404, no},
		{`{"x`, 400, `{"ok": false,"message": "JSON payload could not be parsed"}`}, {`[]`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`},
	} {
		y.do("POST", "/api/v1/config/poolsize", c.body, as("jdoe")).is(c.status, c.want)
	}
	y.get("/api/v1/poolstat?pool=debian-7-i386,debian-7-x86_64").is(200,
		`{"pools": {"debian-7-i386": {"max": 6,"alias": ["debian"],"ready": 0},"debian-7-x86_64": {"max": 2,"ready": 0}}}`)
	y.do("DELETE", "/api/v3/config/poolsize/debian-7-i386", "", as("jdoe")).is(201, `{"ok": true,"pool_size_before_reset": 6,"pool_size_before_overrides": 5}`)
	y.do("DELETE", "/api/v1/config/poolsize/debian-7-i386", "", as("jdoe")).is(200, `{"ok": true,"pool_size_before_reset": 5,"pool_size_before_overrides": 5}`)
	y.do("DELETE", "/api/v1/config/poolsize/solaris", "", as("jdoe")).is(404, no)
	y.do("DELETE", "/api/v1/config/poolsize/debian", "", as("jdoe")).is(404, no)
}

func TestPoolTemplatesAndTargets(t *testing.T) {
	y := start(t, experimental)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"pooltemplate", `{"debian-7-i386":"images/new"}`, 201, yes}, {"pooltemplate", `{"debian-7-i386":"images/new"}`, 200, yes},
		{"pooltemplate", `{"debian-7-i386":"/images/new/","debian-7-x86_64":"new","solaris":"a/b"}`, 400,
			`{"ok": false,"bad_templates": ["debian-7-i386","debian-7-x86_64","solaris"]}`},
		{"pooltemplate", `{"debian-7-i386":7}`, 400, `{"ok": false,"bad_templates": ["debian-7-i386"]}`},
		{"clonetarget", `{"debian-7-i386":"cluster2"}`, 201, yes}, {"clonetarget", `{"debian-7-i386":"cluster2"}`, 200, yes},
		{"clonetarget", `{"solaris":"cluster2"}`, 400, `{"ok": false,"bad_templates": ["solaris"]}`},
		{"clonetarget", `{"debian-7-i386":""}`, 400, `{"ok": false,"bad_templates": ["debian-7-i386"]}`},
	} {
		y.do("POST", "/api/v1/config/"+c.path, c.body, as("jdoe")).is(c.status, c.want)
	}
	y.do("DELETE", "/api/v1/config/pooltemplate/debian-7-i386/", "", as("jdoe")).
		is(201, `{"ok": true,"template_before_reset": "images/new","template_before_overrides": "images/debian-7-i386"}`)
	y.do("DELETE", "/api/v1/config/pooltemplate/debian-7-i386", "", as("jdoe")).
		is(200, `{"ok": true,"template_before_reset": "images/debian-7-i386","template_before_overrides": "images/debian-7-i386"}`)
}

func TestACloneTargetIsTakenBack(t *testing.T) {
	y := start(t, experimental, func(s *setting) { s.cfg.Pools[1].CloneTarget = "cluster1" })
	for pool, before := range map[string]string{"debian-7-i386": "", "debian-7-x86_64": "cluster1"} {
		y.do("POST", "/api/v1/config/clonetarget", `{"`+pool+`":"cluster2"}`, as("jdoe")).is(201, yes)
		y.do("DELETE", "/api/v1/config/clonetarget/"+pool, "", as("jdoe")).
			is(201, `{"ok": true,"clone_target_before_reset": "cluster2","clone_target_before_overrides": "`+before+`"}`)
		y.do("DELETE", "/api/v3/config/clonetarget/"+pool, "", as("jdoe")).
			is(200, `{"ok": true,"clone_target_before_reset": "`+before+`","clone_target_before_overrides": "`+before+`"}`)
	}
	y.do("DELETE", "/api/v1/config/clonetarget/solaris", "", as("jdoe")).is(404, no)
	if a := y.get("/api/v1/config"); strings.Contains(a.Body.String(), "cluster2") || strings.Count(a.Body.String(), "clone_target") != 1 {
		t.Error(a.Body)
	}
}

func TestPoolReset(t *testing.T) {
	y := start(t, experimental)
	y.do("POST", "/api/v1/poolreset", `{"debian-7-x86_64":"1","debian-7-i386":"1"}`, as("jdoe")).is(201, yes)
	y.do("POST", "/api/v1/poolreset", `{"debian-7-i386":"1","solaris":"1"}`, as("jdoe")).is(400, `{"ok": false,"bad_pools": ["solaris"]}`)
	y.do("POST", "/api/v1/poolreset", `{`, as("jdoe")).is(400, `{"ok": false,"message": "JSON payload could not be parsed"}`)
	y.do("POST", "/api/v1/poolreset", `null`, as("jdoe")).is(404, no)
	err := y.db.View(t.Context(), func(tx *store.Tx) error {
		o, err := store.PoolOverrides.Get(tx, "debian-7-i386")
		if err == nil && !o.Reset.Equal(noon) {
			t.Errorf("%+v", o)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// whole is a configuration in which everything is said.
func whole(s *setting) {
	experimental(s)
	s.cfg.SiteName, s.cfg.Prefix, s.cfg.TaskLimit, s.cfg.OnDemandLimit, s.cfg.CheckInterval = "The Yard", "p-", 10, 11, time.Minute
	s.cfg.DataTTL, s.cfg.LifetimeMost, s.cfg.MaxTries, s.cfg.MaxRetries, s.cfg.MigrationLimit = 168*time.Hour, 168, 3, 4, 5
	s.cfg.AllowedTags, s.cfg.TagFilter = []string{"user"}, map[string]*regexp.Regexp{"url": regexp.MustCompile("//(.*)/")}
	s.cfg.BackendWeight, s.cfg.QuotaUser = map[string]int{"c1": 5}, 20
	s.cfg.Providers["sim"] = pools.Provider{Purge: true, Allow: []string{"base-*"}}
	s.cfg.Pools = []pools.Pool{{Pool: vm.Pool{Name: "p", Template: "t/p", CloneTarget: "c1", Folder: "f", Datastore: "d", Datacenter: "dc", Network: "n", Full: true,
		Domain: "x.com", Ready: vm.Readiness{Check: "ssh", Port: 2222}, Options: map[string]string{"cpu": "2"}}, Aliases: []string{"a", "b"}, Size: 1, Provider: "sim",
		Timeout: 15 * time.Minute, NotifyAfter: 5 * time.Minute, ReadyTTL: time.Hour, Lifetime: 1, LifetimeAuth: 2, QuotaUser: 3, CheckHostname: true, SkipDNS: true}}
}

const wholePool = `{"name": "p","alias": ["a","b"],"template": "t/p","folder": "f","datastore": "d","datacenter": "dc","network": "n","size": 1,"provider": "sim",` +
	`"clone_target": "c1","domain": "x.com","timeout": 15,"timeout_notification": 5,"ready_ttl": 60,"vm_lifetime": 1,"vm_lifetime_auth": 2,"quota_user": 3,` +
	`"check_hostname_for_mismatch": true,"create_linked_clone": false,"skip_dns_check_before_creating_vm": true,"ready_check": "ssh","ready_port": 2222,`

func TestConfigShowsPoolsAsTheyAre(t *testing.T) {
	start(t, whole).get("/api/v1/config").is(200, `{"pool_configuration": [`+wholePool+`"template_ready": true}],"status": {"ok": true}}`)
	y := start(t, experimental)
	y.do("POST", "/api/v1/config/poolsize", `{"debian-7-i386":9}`, as("jdoe"))
	first := `{"name": "debian-7-i386","alias": ["debian"],"template": "images/debian-7-i386","size": 9,"provider": "sim","domain": "example.com",` +
		`"check_hostname_for_mismatch": false,"create_linked_clone": true,"template_ready": true}`
	second := `{"name": "debian-7-x86_64","template": "images/debian-7-x86_64","size": 2,"provider": "sim","domain": "example.com",` +
		`"check_hostname_for_mismatch": false,"create_linked_clone": true,"template_ready": true}`
	y.get("/api/v3/config/").is(200, `{"pool_configuration": [`+first+`,`+second+`],"status": {"ok": true}}`)
}

func TestFullConfig(t *testing.T) {
	start(t, whole).getAs("boss", "/api/v1/full_config").is(200, `{"full_config": {"config": {"site_name": "The Yard","prefix": "p-","task_limit": 10,"ondemand_clone_limit": 11,`+
		`"max_ondemand_instances_per_request": 5,"ondemand_request_ttl": 5,"vm_checktime": 1,"data_ttl": 168,"vm_lifetime": 12,"vm_lifetime_auth": 24,`+
		`"max_lifetime_upper_limit": 168,"max_tries": 3,"max_vm_retries": 4,"migration_limit": 5,"allowed_tags": ["user"],"backend_weight": {"c1": 5},`+
		`"experimental_features": true,"ownership": false,"quota_user": 20,"wait_most": 60},`+
		`"providers": {"sim": {"purge_unconfigured_resources": true,"resources_allowlist": ["base-*"]}},`+
		`"pools": [`+wholePool+`"options": {"cpu": "2"}}],"tagfilter": {"url": "//(.*)/"}},"status": {"ok": true}}`)
}
