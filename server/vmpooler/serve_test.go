package vmpooler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/jobs/pools"
	"yardmaster/server/vmpooler"
	"yardmaster/store"
)

func TestPathsThatAreNone(t *testing.T) {
	y := start(t)
	for _, request := range []string{"GET /api/v1", "GET /api/v1/", "GET /api/v1/other", "POST /api/v1/status", "DELETE /api/v3/vm", "GET /api/v2/token/a/b",
		"GET /vm/a/disk/1", "GET /healthcheck", "GET /prometheus", "GET /dashboard/other", "PATCH /vm/x", "GET /summary/a/b/c"} {
		method, path, _ := strings.Cut(request, " ")
		y.do(method, path, "", nil).is(404, no)
	}
	if a := y.get("/api/v1/vm//x"); a.Code != 301 || a.Header().Get("Location") != "/api/v1/vm/x" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

func TestEveryGetAnswersHead(t *testing.T) {
	y := start(t)
	a := y.do("HEAD", "/api/v1/vm", "", nil)
	if a.Code != 200 || a.Body.Len() != 0 || a.Header().Get("Content-Length") != "42" || a.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %q", a.Code, a.Header(), a.Body)
	}
	if a := y.do("HEAD", "/api/v1/vm/none", "", nil); a.Code != 404 {
		t.Errorf("%d", a.Code)
	}
}

func TestAnswersArePackedForThoseWhoAsk(t *testing.T) {
	y := start(t)
	plain := y.get("/api/v1/status?view=queue").Body.String()
	for accept, packed := range map[string]bool{
		"gzip": true, "gzip;q=1.0,deflate;q=0.6,identity;q=0.3": true, "deflate, GZIP": true, "*": true,
		"": false, "deflate": false, "gzip;q=0": false, "identity, gzip;q=0.5": false, "*;q=0": false,
	} {
		a := y.do("GET", "/api/v1/status?view=queue", "", header{"Accept-Encoding": accept})
		body := a.Body.String()
		if got := a.Header().Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %v", accept, got)
		}
		if packed {
			body = unzip(t, a.Body)
		}
		if body != plain || a.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q %v", accept, body, a.Header())
		}
	}
	for _, path := range []string{"/api/v1/vm/none", "/api/v1/full_config"} { // refusals too, also those before a handler
		a := y.do("GET", path, "", header{"Accept-Encoding": "gzip", "X-Auth-Token": "wrong"})
		if got := oneLine(unzip(t, a.Body)); got != no {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestTheRateIsLimitedIfThatIsSwitchedOn(t *testing.T) {
	y := start(t, func(s *setting) { s.opts.RateLimit = true })
	y.ready("debian-7-i386", "vm1")
	for i := range 20 {
		if a := y.post("/api/v1/vm/debian", ""); a.Code == 429 {
			t.Fatalf("refused after %d", i)
		}
		y.pass(time.Second)
	}
	a := y.post("/api/v1/vm/debian", "")
	a.is(429, `{"ok": false,"error": "Rate limit exceeded","limit": 20,"period": 60,"retry_after": 40}`)
	for key, want := range map[string]string{"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795262460", "Retry-After": "40"} {
		if got := a.Header().Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if a := y.do("POST", "/api/v1/vm/debian", "", with(y.token("jdoe"))); a.Code != 503 {
		t.Errorf("another client: %d", a.Code)
	}
	y.get("/api/v1/totalrunning").is(200, `{"running": 1}`)
	for range 39 { // calling on does not keep the window open
		y.pass(time.Second)
		if a := y.post("/api/v1/vm/debian", ""); a.Code != 429 {
			t.Fatalf("%d", a.Code)
		}
	}
	y.pass(time.Second)
	if a := y.post("/api/v1/vm/debian", ""); a.Code != 503 {
		t.Errorf("a minute later: %d", a.Code)
	}
}

func TestEveryClassHasALimitOfItsOwn(t *testing.T) {
	y := start(t, func(s *setting) { s.opts.RateLimit = true })
	tok := y.token("jdoe")
	until := func(method, path string, h header) (n int) {
		for n < 1000 && y.do(method, path, "", h).Code != 429 {
			n++
		}
		return n
	}
	for _, c := range []struct {
		method, path string
		headers      header
		want         int
	}{
		{"GET", "/api/v1/vm", nil, 100}, {"GET", "/token/x", nil, 0}, {"DELETE", "/vm/x", nil, 50}, {"GET", "/api/v1/vm", with(tok), 500},
		{"POST", "/api/v1/vm/x", with(tok), 20}, {"POST", "/api/v1/ondemandvm", with(tok), 0}, {"DELETE", "/vm/x", with(tok), 50}, {"GET", "/api/v1/vm", with("guess"), 0},
	} {
		if got := until(c.method, c.path, c.headers); got != c.want {
			t.Errorf("%s %s %v: %d, want %d", c.method, c.path, c.headers, got, c.want)
		}
	}
}

func TestRequestsAreLoggedIfThatIsSwitchedOn(t *testing.T) {
	y := start(t, func(s *setting) { s.opts.LogRequests = true })
	tok := y.token("jdoe")
	y.get("/api/v1/token/" + tok)
	y.do("GET", "/vm/some-machine", "", as("jdoe"))
	y.do("GET", "/vm/x", "", with("guessed"))
	log := y.log.String()
	for _, want := range []string{
		`msg="api request" request=req1 method=GET status=200 path=/api/v1/token/*** bytes=`,
		`method=GET status=404 path=/vm/some-machine bytes=17 caller=jdoe`, `status=401 path=/vm `,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in\n%s", want, log)
		}
	}
	if strings.Contains(log, tok) || strings.Contains(log, "guessed") {
		t.Errorf("a token is in\n%s", log)
	}
	quiet := start(t)
	quiet.get("/vm/x")
	if quiet.log.Len() > 0 {
		t.Error(quiet.log)
	}
}

func TestAStoreThatIsGoneIsNoAnswer(t *testing.T) {
	y := start(t)
	_ = y.db.Close()
	y.get("/api/v1/status").is(503, no)
}

// metered counts into a registry.
func metered(registry *prometheus.Registry) func(*setting) {
	return func(s *setting) {
		var err error
		if s.opts.Metrics, err = vmpooler.NewMetrics(registry, "", ""); err != nil {
			panic(err)
		}
		s.opts.UsageStats = true
	}
}

func TestMetricsHaveTheNamesThatAreCharted(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	y := start(t, metered(registry), experimental)
	tok := y.token("jo.doe")
	y.ready("debian-7-i386", "vm1", "vm2", "vm3")
	y.post("/api/v1/vm/debian", "")
	y.do("POST", "/api/v1/vm", `{"debian":1}`, as("jdoe"))
	y.post("/api/v1/vm/debian-7-x86_64+debian", "")
	y.post("/api/v1/vm/solaris+aix", "")
	y.post("/api/v1/vm", `null`)
	const build = "https://ci.example.com/job/stream_project_some_job_main/LAYER=a,RMM_COMPONENT_TO_TEST_NAME=puppet/12/"
	y.put1("/api/v1/vm/vm2", `{"tags":{"jenkins_build_url":"`+build+`"}}`)
	y.do("DELETE", "/vm/vm2", "", as("jdoe"))
	y.del("/vm/vm2")
	y.do("POST", "/api/v1/ondemandvm", `{"debian":1,"request_id":"r"}`, as("jdoe"))
	y.do("POST", "/api/v1/ondemandvm", `{"debian":1,"request_id":"r"}`, as("jdoe"))
	y.do("POST", "/api/v1/ondemandvm/debian+solaris", ``, as("jdoe"))
	y.do("POST", "/api/v1/ondemandvm", `{"debian":9}`, as("jdoe"))
	y.get("/api/v1/ondemandvm/r")
	y.do("POST", "/api/v1/config/poolsize", `{"debian-7-i386":-1,"made-up":1}`, as("jdoe"))
	y.do("POST", "/api/v1/poolreset", `{"made-up":1}`, as("jdoe"))
	y.do("GET", "/vm/x", "", with(tok+"x"))
	want := `checkout_empty{poolname=debian-7-x86_64} 1
checkout_invalid{poolname=unknown} 3
checkout_success{poolname=debian-7-i386} 2
config_invalid{poolname=debian-7-i386} 1
config_invalid{poolname=unknown} 1
delete_failed{} 1
delete_success{} 1
http_requests_total{code=200,method=delete,path=/vm} 1
http_requests_total{code=200,method=post,path=/api/v1/vm} 2
http_requests_total{code=200,method=put,path=/api/v1/vm} 1
http_requests_total{code=201,method=post,path=/api/v1/ondemandvm} 1
http_requests_total{code=202,method=get,path=/api/v1/ondemandvm} 1
http_requests_total{code=400,method=post,path=/api/v1/config} 1
http_requests_total{code=400,method=post,path=/api/v1/poolreset} 1
http_requests_total{code=401,method=get,path=/vm} 1
http_requests_total{code=403,method=post,path=/api/v1/ondemandvm} 1
http_requests_total{code=404,method=delete,path=/vm} 1
http_requests_total{code=404,method=post,path=/api/v1/ondemandvm} 1
http_requests_total{code=404,method=post,path=/api/v1/vm} 2
http_requests_total{code=409,method=post,path=/api/v1/ondemandvm} 1
http_requests_total{code=503,method=post,path=/api/v1/vm} 1
http_requests_vm_total{method=delete,operation=hostname,subpath=vm} 2
http_requests_vm_total{method=get,operation=request,subpath=ondemand} 1
http_requests_vm_total{method=post,operation=checkout,subpath=vm} 2
http_requests_vm_total{method=post,operation=requestid,subpath=ondemand} 3
http_requests_vm_total{method=post,operation=template,subpath=ondemand} 1
http_requests_vm_total{method=post,operation=template,subpath=vm} 3
http_requests_vm_total{method=put,operation=modify,subpath=vm} 1
ondemandrequest_fail_invalid{poolname=unknown} 1
ondemandrequest_fail_toomanyrequests{poolname=debian} 1
ondemandrequest_generate_duplicaterequests{} 1
ondemandrequest_generate_success{} 1
poolreset_invalid{poolname=unknown} 1
ready{poolname=debian-7-i386} 1
ready{poolname=debian-7-x86_64} 0
running{poolname=debian-7-i386} 1
running{poolname=debian-7-x86_64} 0
usage_branch_project{branch=main,operation=destroy,poolname=debian-7-i386,project=project} 1
usage_jenkins_instance{jenkins_instance=ci_example_com,operation=destroy,poolname=debian-7-i386,value_stream=stream} 1
usage_job_component{component_to_test=puppet,job_name=some_job,operation=destroy,poolname=debian-7-i386} 1
user{operation=allocate,poolname=debian-7-i386,user=jdoe} 1
user{operation=allocate,poolname=debian-7-i386,user=unauthenticated} 1
user{operation=destroy,poolname=debian-7-i386,user=jdoe} 1`
	if got := samples(t, registry, "vmpooler"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	a := y.get("/prometheus")
	if a.Code != 200 || !strings.Contains(a.Body.String(), `vmpooler_ready{poolname="debian-7-i386",vmpooler_instance="vmpooler"} 1`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	y.get("/healthcheck").is(200, yes)
}

func TestLabelsThatClientsMakeUpAreBounded(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	y := start(t, metered(registry))
	const machines = 520
	y.update(func(tx *store.Tx) error {
		for i := range machines {
			v := store.VM{Name: fmt.Sprintf("vm%d", i), Pool: "debian-7-i386", State: store.VMRunning, CheckedOut: noon,
				Tags: map[string]string{"jenkins_build_url": fmt.Sprintf("https://ci/job/stream_project_job%d_main/1/", i)}}
			if err := store.PutVM(tx, &v); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range machines {
		y.del(fmt.Sprintf("/vm/vm%d", i)).is(200, yes)
	}
	got := strings.Split(samples(t, registry, "vmpooler"), "\n")
	jobs := slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "usage_job_component{") })
	if len(jobs) != 501 || !slices.Contains(jobs, "usage_job_component{component_to_test=other,job_name=other,operation=destroy,poolname=debian-7-i386} 20") {
		t.Errorf("%d series: %s", len(jobs), jobs[len(jobs)-1])
	}
}

func TestTheKeeperCountsToo(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m, err := vmpooler.NewMetrics(registry, "pooler", "")
	if err != nil {
		t.Fatal(err)
	}
	var meter pools.Meter = m
	meter.Cloned("p", time.Second)
	meter.Booted("p", time.Minute)
	meter.Destroyed("p", time.Second)
	meter.Failed("p", "boot")
	meter.Failed("p", "clone")
	m.Migrated("p", "h1", "h2", time.Second)
	m.DuplicateHostname("p")
	m.StaleDNS("p")
	m.Connected(true)
	m.Connected(false)
	want := `clone{poolname=p} 1
connect_fail{} 1
connect_open{} 1
destroy{poolname=p} 1
errors_duplicatehostname{template_name=p} 1
errors_markedasfailed{template_name=p} 1
errors_staledns{template_name=p} 1
migrate_from{host_name=h1} 1
migrate_to{host_name=h2} 1
migrate{poolname=p} 1
time_to_ready_state{poolname=p} 1`
	if got := samples(t, registry, "pooler"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	east := prometheus.NewRegistry()
	if m, err = vmpooler.NewMetrics(east, "", "east"); err != nil {
		t.Fatal(err)
	}
	m.Cloned("p", time.Second)
	if families, err := east.Gather(); err != nil || families[0].GetMetric()[0].GetLabel()[1].GetValue() != "east" {
		t.Errorf("%v %v", families, err)
	}
	var nobody *vmpooler.Metrics
	nobody.Cloned("p", time.Second)
	nobody.Failed("p", "boot")
	if _, err := vmpooler.NewMetrics(registry, "pooler", ""); err == nil {
		t.Error("registered twice")
	}
}

func TestThePageOfMetricsMayLieElsewhere(t *testing.T) {
	y := start(t, metered(prometheus.NewRegistry()), func(s *setting) { s.mode, s.opts.MetricsPath, s.opts.MetricsOpen = "none", "/pooler/metrics", true })
	if a := y.get("/pooler/metrics"); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	closed := start(t, metered(prometheus.NewRegistry()), func(s *setting) { s.mode = "none" })
	closed.get("/prometheus").is(401, no)
	closed.get("/healthcheck").is(200, yes)
}

func TestDashboard(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.SiteName = "The <Yard>" })
	y.ready("debian-7-i386", "vm1", "vm2")
	y.put(store.VM{Name: "u1", State: store.VMRunning}, store.VM{Name: "u2", State: store.VMRunning, Pool: "debian-7-x86_64"})
	if a := y.get("/"); a.Code != 302 || a.Header().Get("Location") != "/dashboard/" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := y.get("/dashboard"); a.Code != 301 || a.Header().Get("Location") != "/dashboard/" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	page := y.get("/dashboard/")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "The &lt;Yard&gt;") || page.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v %s", page.Code, page.Header(), page.Body)
	}
	for _, banned := range []string{"http://", "https://", "<style", "style=", "onclick", "<script>"} {
		if strings.Contains(page.Body.String(), banned) {
			t.Errorf("%q is on the page", banned)
		}
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for path, kind := range map[string]string{"/dashboard/dashboard.css": "text/css; charset=utf-8", "/dashboard/dashboard.js": "text/javascript; charset=utf-8"} {
		if a := y.get(path); a.Code != 200 || a.Header().Get("Content-Type") != kind || a.Body.Len() < 1000 {
			t.Errorf("%s: %d %v, %d bytes", path, a.Code, a.Header(), a.Body.Len())
		}
	}
	y.get("/dashboard/stats/vmpooler/pool").is(200, `{"debian-7-i386": {"size": 5,"ready": 2},"debian-7-x86_64": {"size": 2,"ready": 0}}`)
	y.get("/dashboard/stats/vmpooler/pool/?history=1").is(200, `{"debian-7-i386": {"size": 5,"ready": 2,"history": [2]},"debian-7-x86_64": {"size": 2,"ready": 0,"history": [0]}}`)
	y.get("/dashboard/stats/vmpooler/running").is(200, `{"debian": {"running": 2}}`)
}

func TestEveryEditionHasTheSameRoutes(t *testing.T) {
	paths := map[string][]string{}
	for _, r := range start(t).api.Dialect().Routes {
		for _, base := range []string{"/api/v1", "/api/v2", "/api/v3"} {
			if rest, ok := strings.CutPrefix(r.Path, base); ok {
				paths[base] = append(paths[base], r.Method+" "+rest)
			}
		}
		if r.Need == 0 || r.Summary == "" {
			t.Errorf("%s %s: no need or no summary", r.Method, r.Path)
		}
	}
	if !slices.Equal(paths["/api/v1"], paths["/api/v2"]) || !slices.Equal(paths["/api/v1"], paths["/api/v3"]) || len(paths["/api/v1"]) != 35 {
		t.Errorf("%d, %d and %d routes", len(paths["/api/v1"]), len(paths["/api/v2"]), len(paths["/api/v3"]))
	}
}
