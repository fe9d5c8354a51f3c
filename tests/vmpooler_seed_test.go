package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// documented is the API document of the first version: its pools, and its calls as curl sends them.
type documented struct {
	*pooler
	bare *vmpoolerclient.Client
}

// documentedYAML has the pools that the document's examples name.
const documentedYAML = `---
:config:
  domain: 'company.com'
  vm_lifetime: 12
:providers:
  :dummy:
    provider_class: dummy
    skip_dns_check_before_creating_vm: true
:auth:
  provider: 'dummy'
:pools:
  - {name: 'debian-7-i386', template: 'Templates/debian-7-i386', size: 5, provider: dummy}
  - {name: 'debian-7-x86_64', template: 'Templates/debian-7-x86_64', size: 5, provider: dummy}
`

func startDocumented(t *testing.T, yaml string) *documented {
	t.Helper()
	p := startPooler(t, harness.Options{VMPooler: yaml})
	return &documented{p, p.curl(editions[0])}
}

// printed asks that an answer is the document's example, letter by letter, once what a server makes up stands as in the example.
func (d *documented) printed(what string, a vmpoolerclient.Answer, status int, example string, made ...string) {
	d.Helper()
	for i := 0; i+1 < len(made); i += 2 {
		example = strings.ReplaceAll(example, made[i], made[i+1])
	}
	d.answers(what, a, status, pretty(example))
}

// The document's examples of tokens.
func TestVMPoolerDocumentTokens(t *testing.T) {
	t.Parallel()
	d := startDocumented(t, documentedYAML)
	jdoe := d.bare.As("jdoe", "secret")
	a := d.ask(jdoe, http.MethodPost, "/token", nil)
	var made struct{ Token string }
	d.ok("POST /token", a.JSON(&made))
	const token = "utpg2i2xswor6h8ttjhu3d47z53yy47y"
	expectThat(t, "form of a token", tokenForm.MatchString(made.Token) && len(made.Token) == len(token), made.Token)
	d.printed("POST /token", a, http.StatusOK, `{"ok": true, "token": "`+token+`"}`, token, made.Token)

	a = d.ask(jdoe, http.MethodGet, "/token", nil)
	created := d.timeIn(inner(t, a.Body, made.Token), "created")
	d.printed("GET /token", a, http.StatusOK, `{"ok": true, "`+token+`": {"created": "2015-04-28 19:17:47 -0700", "last": "never"}}`,
		token, made.Token, "2015-04-28 19:17:47 -0700", created)

	got := d.ask(d.bare.With(made.Token), http.MethodPost, "/vm/debian-7-i386+debian-7-i386", nil)
	names := d.hostnames(got, "debian-7-i386")
	a = d.ask(d.bare, http.MethodGet, "/token/"+made.Token, nil)
	slices.Sort(names)
	listed := d.hostsIn(inner(t, inner(t, a.Body, made.Token), "vms"), "running")
	slices.Sort(listed)
	expect(t, "GET /token/<token>: machines", fmt.Sprint(listed), fmt.Sprint(names))
	last := d.timeIn(inner(t, a.Body, made.Token), "last")
	running := d.hostsIn(inner(t, inner(t, a.Body, made.Token), "vms"), "running")
	d.printed("GET /token/<token>", a, http.StatusOK, `{"ok": true, "`+token+`": {"user": "jdoe", "created": "2015-04-28 19:17:47 -0700",
		"last": "2015-11-04 12:28:37 -0700", "vms": {"running": ["dqs4914g2wjyy5w", "hul7ib0ssr0f4o0"]}}}`, token, made.Token,
		"2015-04-28 19:17:47 -0700", created, "2015-11-04 12:28:37 -0700", last, "dqs4914g2wjyy5w", running[0], "hul7ib0ssr0f4o0", running[1])

	d.printed("DELETE /token/<token>", d.ask(jdoe, http.MethodDelete, "/token/"+made.Token, nil), http.StatusOK, `{"ok": true}`)
}

// timeIn gives a time of an answer as it stands there.
func (d *documented) timeIn(body, key string) string {
	d.Helper()
	var text string
	d.ok(key, json.Unmarshal([]byte(inner(d, body, key)), &text))
	at, err := time.Parse(vmpoolerclient.TimeLayout, text)
	d.ok(key, err)
	expectThat(d, key+" is now", time.Since(at) < poolWithin, at)
	return text
}

func (d *documented) hostsIn(body, key string) (names []string) {
	d.Helper()
	d.ok(key, json.Unmarshal([]byte(inner(d, body, key)), &names))
	return names
}

// hostnames are the machines of one key of a checkout, one or several.
func (d *documented) hostnames(a vmpoolerclient.Answer, key string) []string {
	d.Helper()
	text := inner(d, inner(d, a.Body, key), "hostname")
	if strings.HasPrefix(text, "[") {
		return d.hostsIn(inner(d, a.Body, key), "hostname")
	}
	return []string{strings.Trim(text, `"`)}
}

// The document's examples of checkouts. "-d" without a body, as the document has it, sends the next word of the line.
func TestVMPoolerDocumentCheckouts(t *testing.T) {
	t.Parallel()
	d := startDocumented(t, documentedYAML)
	d.printed("GET /vm", d.ask(d.bare, http.MethodGet, "/vm", nil), http.StatusOK, `["debian-7-i386", "debian-7-x86_64"]`)

	a := d.ask(d.bare, http.MethodPost, "/vm", `{"debian-7-i386":"2","debian-7-x86_64":"1"}`)
	i386, x64 := d.hostnames(a, "debian-7-i386"), d.hostnames(a, "debian-7-x86_64")
	d.printed("POST /vm", a, http.StatusOK, `{"ok": true, "debian-7-i386": {"hostname": ["o41xtodlvnvu5cw", "khirruvwfjlmx3y"]},
		"debian-7-x86_64": {"hostname": "y91qbrbpfj6d13q"}, "domain": "company.com"}`,
		"o41xtodlvnvu5cw", i386[0], "khirruvwfjlmx3y", i386[1], "y91qbrbpfj6d13q", x64[0])

	a = d.ask(d.bare, http.MethodPost, "/vm/debian-7-i386", "--url")
	one := d.hostnames(a, "debian-7-i386")
	d.printed("POST /vm/<pool>", a, http.StatusOK, `{"ok": true, "debian-7-i386": {"hostname": "fq6qlpjlsskycq6"}, "domain": "company.com"}`,
		"fq6qlpjlsskycq6", one[0])

	a = d.ask(d.bare, http.MethodPost, "/vm/debian-7-i386+debian-7-i386+debian-7-x86_64", "--url")
	more, and := d.hostnames(a, "debian-7-i386"), d.hostnames(a, "debian-7-x86_64")
	d.printed("POST /vm/<pool>+<pool>+<pool>", a, http.StatusOK, `{"ok": true,
		"debian-7-i386": {"hostname": ["sc0o4xqtodlul5w", "4m4dkhqiufnjmxy"]},
		"debian-7-x86_64": {"hostname": "zb91y9qbrbf6d3q"}, "domain": "company.com"}`,
		"sc0o4xqtodlul5w", more[0], "4m4dkhqiufnjmxy", more[1], "zb91y9qbrbf6d3q", and[0])

	all := slices.Concat(i386, x64, one, more, and)
	slices.Sort(all)
	expect(t, "machines, each given once", len(slices.Compact(all)), 7)
	d.judged("all or none", d.ask(d.bare, http.MethodPost, "/vm", `{"debian-7-i386":"1","debian-7-x86_64":"6"}`), unavailable)
}

// The document's examples of one machine: its look, its changes, its end.
func TestVMPoolerDocumentMachine(t *testing.T) {
	t.Parallel()
	d := startDocumented(t, documentedYAML)
	name := d.takes(d.bare, "debian-7-x86_64")
	token := d.token("jdoe")
	c := d.bare.With(token)
	vm := "/vm/" + name
	for _, body := range []string{`{"lifetime":"2"}`, `{"tags":{"department":"engineering","user":"jdoe"}}`} {
		d.printed("PUT "+body, d.ask(c, http.MethodPut, vm, body), http.StatusOK, `{"ok": true}`)
	}
	d.printed("POST /vm/<hostname>/disk/<size>", d.ask(c, http.MethodPost, vm+"/disk/8", nil), http.StatusAccepted,
		`{"ok": true, "fq6qlpjlsskycq6": {"disk": "+8gb"}}`, "fq6qlpjlsskycq6", name)
	a := d.ask(c, http.MethodPost, vm+"/snapshot", nil)
	id := strings.Trim(inner(t, inner(t, a.Body, name), "snapshot"), `"`)
	expectThat(t, "form of a snapshot's id", snapshotForm.MatchString(id), id)
	d.printed("POST /vm/<hostname>/snapshot", a, http.StatusAccepted,
		`{"ok": true, "fq6qlpjlsskycq6": {"snapshot": "n4eb4kdtp7rwv4x158366vd9jhac8btq"}}`,
		"fq6qlpjlsskycq6", name, "n4eb4kdtp7rwv4x158366vd9jhac8btq", id)

	var v map[string]any
	harness.Eventually(t, poolWithin, "disk and snapshot are there", func() bool {
		v = nil
		a := d.ask(d.bare, http.MethodGet, vm, nil)
		d.ok("GET", json.Unmarshal([]byte(inner(t, a.Body, name)), &v))
		return v["disk"] != nil && v["snapshots"] != nil
	})
	for key, want := range map[string]string{"template": "debian-7-x86_64", "lifetime": "2", "state": "running", "domain": "company.com",
		"tags": "map[department:engineering user:jdoe]", "disk": "[+8gb]", "snapshots": "[" + id + "]"} {
		expect(t, "GET /vm/<hostname>: "+key, fmt.Sprint(v[key]), want)
	}
	hours, isNumber := v["running"].(float64)
	expectThat(t, "GET /vm/<hostname>: running", isNumber && hours >= 0 && hours < 0.1, v["running"])
	d.printed("POST /vm/<hostname>/snapshot/<snapshot>", d.ask(c, http.MethodPost, vm+"/snapshot/"+id, nil), http.StatusAccepted, `{"ok": true}`)
	d.printed("DELETE /vm/<hostname>", d.ask(d.bare, http.MethodDelete, vm, nil), http.StatusOK, `{"ok": true}`)
}

// The document's examples of status and summary: all that they show is there, in the numbers of this server.
func TestVMPoolerDocumentStatus(t *testing.T) {
	t.Parallel()
	harness.OneDay(t)
	d := startDocumented(t, strings.Replace(documentedYAML, "size: 5, provider: dummy}\n", "size: 2, provider: dummy}\n", 1))
	status := d.ask(d.bare, http.MethodGet, "/status", nil)
	expect(t, "GET /status", status.Status, http.StatusOK)
	for part, keys := range map[string][]string{
		"capacity": {"current", "total", "percent"}, "clone": {"duration", "count"}, "status": {"ok", "message"},
		"queue": {"pending", "cloning", "booting", "ready", "running", "completed", "total"},
	} {
		for _, key := range keys {
			expectThat(t, "GET /status: "+part+"."+key, slices.Contains(keysOf(t, inner(t, status.Body, part)), key), status.Body)
		}
	}
	name := d.takes(d.bare, "debian-7-i386")
	d.judged("PUT", d.ask(d.bare, http.MethodPut, "/vm/"+name, `{"tags":{"department":"help desk","user":"arodgers"}}`), verdict{200, yes})
	now := time.Now().UTC()
	from, to := now.AddDate(0, 0, -1).Format(time.DateOnly), now.Format(time.DateOnly)
	a := d.ask(d.bare, http.MethodGet, "/summary?from="+from+"&to="+to, nil)
	expect(t, "GET /summary", a.Status, http.StatusOK)
	for _, task := range []string{"boot", "clone"} {
		for _, half := range []string{"duration", "count"} {
			expect(t, "GET /summary: "+task+" "+half, fmt.Sprint(keysOf(t, inner(t, inner(t, a.Body, task), half))[:4]), "[average min max total]")
		}
	}
	var sum struct {
		Tag   map[string]map[string]int
		Daily []struct {
			Date        string
			Boot, Clone struct {
				Duration struct{ Average, Min, Max, Total *float64 }
				Count    struct{ Total *int }
			}
			Tag map[string]map[string]int
		}
	}
	d.ok("GET /summary", a.JSON(&sum))
	expect(t, "GET /summary: tag", fmt.Sprint(sum.Tag), "map[department:map[help desk:1 total:1] user:map[arodgers:1 total:1]]")
	if len(sum.Daily) != 2 {
		t.Fatalf("GET /summary: daily: %+v", sum.Daily)
	}
	expect(t, "GET /summary: first day", sum.Daily[0].Date, from)
	for _, day := range sum.Daily {
		for _, half := range []any{day.Boot.Duration.Average, day.Boot.Duration.Min, day.Clone.Duration.Max, day.Clone.Duration.Total} {
			expectThat(t, "GET /summary: a number of "+day.Date, half.(*float64) != nil, a.Body)
		}
		expectThat(t, "GET /summary: counts of "+day.Date, day.Boot.Count.Total != nil && day.Clone.Count.Total != nil, a.Body)
	}
	expect(t, "GET /summary: nothing on the first day", len(sum.Daily[0].Tag)+*sum.Daily[0].Clone.Count.Total, 0)
}

// The document's example of pools that have run empty.
func TestVMPoolerDocumentEmptyPools(t *testing.T) {
	t.Parallel()
	yaml := strings.ReplaceAll(documentedYAML, "debian-7-i386", "centos-6-x86_64")
	yaml = strings.Replace(yaml, "    skip_dns", "    createvm_fail_percent: 100\n    skip_dns", 1)
	server := harness.Start(t, harness.Options{VMPooler: yaml})
	p := &pooler{TB: t, ctx: t.Context(), server: server}
	body := inner(t, p.ask(p.curl(editions[0]), http.MethodGet, "/status", nil).Body, "status")
	expect(t, "ok", inner(t, body, "ok"), "false")
	expect(t, "message", inner(t, body, "message"), `"Found 2 empty pools."`)
	var empty []string
	p.ok("empty", json.Unmarshal([]byte(inner(t, body, "empty")), &empty))
	expect(t, "empty", fmt.Sprint(empty), "[centos-6-x86_64 debian-7-x86_64]")
}
