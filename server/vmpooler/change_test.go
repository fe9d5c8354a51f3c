package vmpooler_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"yardmaster/store"
)

func TestWhatAPutMayBe(t *testing.T) {
	failed := func(texts ...string) string { return `{"ok": false,"failure": ["` + strings.Join(texts, `","`) + `"]}` }
	const positive = "but you must provide a positive number."
	for _, c := range []struct {
		name, body string
		v1         int
		v1Body     string
		v3         int
		v3Body     string
	}{
		{"nothing", `{}`, 200, yes, 200, yes},
		{"empty", ``, 400, no, 200, yes},
		{"broken", `{"lifetime":`, 400, no, 400, `{"ok": false,"error": "Invalid JSON: unexpected end of JSON input"}`},
		{"array", `[1]`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`},
		{"null", `null`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`, 400, `{"ok": false,"error": "Request body must be a JSON object"}`},
		{"lifetime as a number", `{"lifetime":3}`, 200, yes, 200, yes},
		{"lifetime with a fraction", `{"lifetime":"12.7"}`, 200, yes, 200, yes},
		{"lifetime 0", `{"lifetime":0}`, 400, failed("You provided a lifetime (0) " + positive), 400, failed("Lifetime must be a positive integer (got 0)")},
		{"lifetime in words", `{"lifetime":"long"}`, 400, failed("You provided a lifetime (long) " + positive), 400, failed("Lifetime must be a positive integer (got long)")},
		{"lifetime null", `{"lifetime":null}`, 400, failed("You provided a lifetime () " + positive), 400, failed("Lifetime must be a positive integer (got )")},
		{"lifetime of a list", `{"lifetime":[1]}`, 400, failed("You provided a lifetime ([1]) " + positive), 400, failed("Lifetime must be a positive integer (got [1])")},
		{"the longest lifetime", `{"lifetime":167}`, 200, yes, 200, yes},
		{"too long a lifetime", `{"lifetime":168}`, 400, failed("You provided a lifetime (168) that exceeds the configured maximum of 168."),
			400, failed("You provided a lifetime (168) that exceeds the configured maximum of 168.")},
		{"a tag", `{"tags":{"department":"engineering"}}`, 200, yes, 200, yes},
		{"a tag that is not allowed", `{"tags":{"bogus":"me"}}`, 400, failed(`You provided unsuppored tags ({\"bogus\"=>\"me\"}).`),
			400, failed(`You provided unsuppored tags ({\"bogus\"=>\"me\"}).`)},
		{"one of two is not allowed", `{"tags":{"department":"a","bogus":null}}`, 400, failed(`You provided unsuppored tags ({\"department\"=>\"a\", \"bogus\"=>nil}).`),
			400, failed(`You provided unsuppored tags ({\"department\"=>\"a\", \"bogus\"=>nil}).`)},
		{"tags in words", `{"tags":"str"}`, 400, failed("You provided tags (str) as something other than a hash."), 400, failed("You provided tags (str) as something other than a hash.")},
		{"a number as a tag", `{"tags":{"user":5}}`, 400, failed("You provided a tag (user) whose value is not a string."), 400, failed("You provided a tag (user) whose value is not a string.")},
		{"an odd tag", `{"tags":{"user":"a;b"}}`, 200, yes, 400, failed("Tag value contains invalid characters")},
		{"an odd key", `{"tags":{"user;":"a"}}`, 400, failed(`You provided unsuppored tags ({\"user;\"=>\"a\"}).`),
			400, failed(`You provided unsuppored tags ({\"user;\"=>\"a\"}).`, "Invalid tag key format")},
		{"a disk", `{"disk":"8"}`, 200, yes, 200, yes},
		{"no disk", `{"disk":0}`, 400, failed("Disk size must be at least 1"), 400, failed("Disk size must be at least 1")},
		{"something else", `{"cpus":4}`, 400, failed("Unknown argument 4."), 400, failed("Unknown argument 4.")},
		{"everything wrong", `{"lifetime":0,"cpus":{"a":[1,2.50,true]},"disk":null}`,
			400, failed("You provided a lifetime (0) "+positive, `Unknown argument {\"a\"=>[1, 2.5, true]}.`, "Disk size is required"),
			400, failed("Lifetime must be a positive integer (got 0)", `Unknown argument {\"a\"=>[1, 2.5, true]}.`, "Disk size is required")},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := start(t, func(s *setting) {
				s.cfg.AllowedTags = []string{"department", "user"}
				s.cfg.LifetimeMost = 168
			})
			y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
			y.do("PUT", "/api/v1/vm/vm1", c.body, as("jdoe")).is(c.v1, c.v1Body)
			y.do("PUT", "/api/v3/vm/vm1", c.body, as("jdoe")).is(c.v3, c.v3Body)
			y.do("PUT", "/api/v1/vm/vm2", c.body, as("jdoe")).is(404, no)
			if c.v1 != 200 && c.v3 != 200 {
				if v := y.vm("vm1"); v.Lifetime != 0 || v.Tags != nil || v.Tasks != nil {
					t.Errorf("changed in part: %+v", v)
				}
			}
		})
	}
}

func TestNothingOfAPutIsDoneIfAPartIsWrong(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	y.do("PUT", "/api/v1/vm/vm1", `{"tags":{"a":"b"},"disk":8,"lifetime":-1}`, as("jdoe")).
		is(400, `{"ok": false,"failure": ["You provided a lifetime (-1) but you must provide a positive number."]}`)
	if v := y.vm("vm1"); v.Tags != nil || v.Tasks != nil {
		t.Errorf("%+v", v)
	}
	y.do("PUT", "/api/v1/vm/vm1", `{"tags":{"a":"b","c":"","d":null},"disk":8,"lifetime":"7"}`, as("jdoe")).is(200, yes)
	if v := y.vm("vm1"); len(v.Tags) != 1 || v.Tags["a"] != "b" || len(v.Tasks) != 1 || v.Lifetime != 7 {
		t.Errorf("%+v", v)
	}
}

func TestNothingOfAPutIsDoneIfItsDiskMustWait(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon, Tasks: make([]store.VMTask, 100)},
		store.VM{Name: "vm2", State: store.VMRunning, CheckedOut: noon, Tags: manyTags(100)})
	y.do("PUT", "/api/v1/vm/vm1", `{"tags":{"a":"b"},"disk":8,"lifetime":7}`, as("jdoe")).
		is(409, `{"ok": false,"error": "the machine has an operation under way: 100 tasks wait already"}`)
	if v := y.vm("vm1"); v.Tags != nil || v.Lifetime != 0 {
		t.Errorf("%+v", v)
	}
	y.do("PUT", "/api/v1/vm/vm2", `{"tags":{"a":"b"},"disk":8,"lifetime":7}`, as("jdoe")).
		is(400, `{"ok": false,"failure": ["You provided too many tags: the machine would have 101, of at most 100."]}`)
	if v := y.vm("vm2"); v.Tasks != nil || v.Lifetime != 0 {
		t.Errorf("%+v", v)
	}
}

func manyTags(n int) map[string]string {
	tags := make(map[string]string, n)
	for i := range n {
		tags[fmt.Sprintf("tag%03d", i)] = "x"
	}
	return tags
}

func TestAMachineHasOnlySoManyTags(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon}, store.VM{Name: "vm2", State: store.VMRunning, CheckedOut: noon})
	body := func(from, to int, value string) string {
		var pairs []string
		for i := from; i < to; i++ {
			pairs = append(pairs, fmt.Sprintf(`"tag%03d":"%s"`, i, value))
		}
		return `{"tags":{` + strings.Join(pairs, ",") + `}}`
	}
	y.put1("/api/v1/vm/vm1", body(0, 3500, "x")).is(400, `{"ok": false,"failure": ["You provided too many tags: the machine would have 3500, of at most 100."]}`)
	y.put1("/api/v1/vm/vm1", body(0, 60, "x")).is(200, yes)
	y.put1("/api/v3/vm/vm1", body(60, 101, "x")).is(400, `{"ok": false,"failure": ["You provided too many tags: the machine would have 101, of at most 100."]}`)
	y.put1("/api/v3/vm/vm1", body(50, 100, "y")).is(200, yes)
	y.do("PUT", "/api/v1/vm/vm1", `{"lifetime":7}`, as("jdoe")).is(200, yes)
	if v := y.vm("vm1"); len(v.Tags) != 100 || v.Tags["tag049"] != "x" || v.Tags["tag050"] != "y" || v.Lifetime != 7 {
		t.Errorf("%+v", v)
	}
	y.put1("/vm/vm2", body(0, 12, strings.Repeat("x", 4096))).is(200, yes)
	y.put1("/vm/vm2", body(12, 16, strings.Repeat("x", 4096))).
		is(400, `{"ok": false,"failure": ["You provided too long tags: the machine would have 65632 bytes of them, of at most 65536."]}`)
	if v := y.vm("vm2"); len(v.Tags) != 12 {
		t.Errorf("%d tags", len(v.Tags))
	}
}

func TestTagsNeedNoToken(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	y.put1("/api/v1/vm/vm1", `{"tags":{"a":"b"}}`).is(200, yes)
	y.put1("/api/v1/vm/vm1", `{"lifetime":1}`).is(401, no)
	y.put1("/api/v3/vm/vm1", `{"tags":{"a":"c"},"lifetime":1}`).is(401, no)
	y.put1("/api/v1/vm/vm1", `{"disk":1}`).is(401, no)
	if v := y.vm("vm1"); v.Tags["a"] != "b" || v.Lifetime != 0 {
		t.Errorf("%+v", v)
	}
}

func TestATagIsFiltered(t *testing.T) {
	y := start(t, func(s *setting) { s.cfg.TagFilter = map[string]*regexp.Regexp{"url": regexp.MustCompile(`//(.*?)/`)} })
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	y.put1("/vm/vm1", `{"tags":{"url":"http://jenkins/job/1","other":"//x/"}}`).is(200, yes)
	if v := y.vm("vm1"); v.Tags["url"] != "jenkins" || v.Tags["other"] != "//x/" {
		t.Errorf("%+v", v.Tags)
	}
}

func TestATagHasBoundsInEveryVersion(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	long := strings.Repeat("a", 40)
	for body, want := range map[string]string{
		`{"tags":{"` + strings.Repeat("a", 256) + `":"b"}}`:  `{"ok": false,"failure": ["You provided a tag (` + long + `) that is too long."]}`,
		`{"tags":{"a":"` + strings.Repeat("b", 4097) + `"}}`: `{"ok": false,"failure": ["You provided a tag (a) that is too long."]}`,
	} {
		y.put1("/vm/vm1", body).is(400, want)
	}
	y.put1("/vm/vm1", `{"tags":{"`+strings.Repeat(`\u0000`, 255)+`":"`+strings.Repeat(`\u0000`, 4096)+`"}}`).is(200, yes)
}

func TestALifetimeOfCenturiesIsRefused(t *testing.T) {
	y := start(t)
	y.put(store.VM{Name: "vm1", State: store.VMRunning, CheckedOut: noon})
	y.do("PUT", "/api/v1/vm/vm1", `{"lifetime":20000}`, as("jdoe")).is(200, yes)
	y.do("PUT", "/api/v1/vm/vm1", `{"lifetime":99999999999999999999}`, as("jdoe")).
		is(400, `{"ok": false,"failure": ["You provided a lifetime (99999999999999999999) that exceeds the possible maximum of 876000."]}`)
	y.do("PUT", "/api/v1/vm/vm1", `{"lifetime":1e999}`, as("jdoe")).
		is(400, `{"ok": false,"failure": ["You provided a lifetime (Infinity) that exceeds the possible maximum of 876000."]}`)
}
