package tests

import (
	"fmt"
	"net/http"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// A change is made whole or not at all, and all that is wrong with it is said in the words that clients know.
func changesAreJudged(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	token := p.token("jdoe")
	refusal := func(texts ...string) verdict { return verdict{400, failure(texts...)} }
	positive := func(n string) verdict {
		return refusal("You provided a lifetime (" + n + ") but you must provide a positive number.")
	}
	whole := func(n string) verdict { return refusal("Lifetime must be a positive integer (got " + n + ")") }
	high := func(n string) verdict {
		return refusal("You provided a lifetime (" + n + ") that exceeds the configured maximum of 168.")
	}
	fine := verdict{200, yes}
	p.eachEdition(t, func(p *pooler, e edition) {
		bare := p.curl(e)
		c := bare.With(token)
		name := p.takes(c, "debian-7-i386")
		for _, r := range []struct {
			name, body string
			v1, v3     verdict
		}{
			{"no lifetime at all", `{"lifetime":0}`, positive("0"), whole("0")},
			{"a negative one", `{"lifetime":-1}`, positive("-1"), whole("-1")},
			{"one in words", `{"lifetime":"soon"}`, positive("soon"), whole("soon")},
			{"the limit itself", `{"lifetime":168}`, high("168"), verdict{}},
			{"beyond the limit", `{"lifetime":"1000"}`, high("1000"), verdict{}},
			{"tags that are a text", `{"tags":"str"}`, refusal("You provided tags (str) as something other than a hash."), verdict{}},
			{"unknown argument", `{"colour":"blue"}`, refusal("Unknown argument blue."), verdict{}},
			{"all of it wrong", `{"lifetime":168,"colour":"blue"}`,
				refusal("You provided a lifetime (168) that exceeds the configured maximum of 168.", "Unknown argument blue."), verdict{}},
			{"one part of it wrong", `{"tags":{"a":"b"},"lifetime":168}`, high("168"), verdict{}},
			{"a tag that is a number", `{"tags":{"a":1}}`, verdict{400, "{\n  \"ok\": false,\n  \"failure\": [\n..."}, verdict{}},
			{"a disk of nothing", `{"disk":0}`, verdict{400, "{\n  \"ok\": false,\n  \"failure\": [\n..."}, verdict{}},
			{"broken", `{"lifetime":`, verdict{400, no}, brokenJSON},
			{"a list", `[1]`, badly("Request body must be a JSON object"), verdict{}},
			{"no body", "", verdict{400, no}, fine},
			{"nothing in it", "{}", fine, verdict{}},
			{"an empty tag", `{"tags":{"a":""}}`, fine, verdict{}},
			{"a tag that is null", `{"tags":{"a":null}}`, fine, verdict{}},
		} {
			want := r.v1
			if e.strict && r.v3.status != 0 {
				want = r.v3
			}
			p.judged(r.name, p.ask(c, http.MethodPut, "/vm/"+name, r.body), want)
		}
		v, err := p.floaty(e).Query(p.ctx, name)
		p.ok("query", err)
		expect(p, "nothing was changed", fmt.Sprint(v.Lifetime, len(v.Tags)), "24 0")

		p.judged("without a token", p.ask(bare, http.MethodPut, "/vm/"+name, `{"lifetime":"2"}`), unknown)
		p.judged("tags without a token", p.ask(bare, http.MethodPut, "/vm/"+name, `{"tags":{"a":"b"}}`), fine)
		p.judged("hours as a text", p.ask(c, http.MethodPut, "/vm/"+name+".company.com", `{"lifetime":"2"}`), fine)
		p.judged("hours and a bit", p.ask(c, http.MethodPut, "/vm/"+name+"/", `{"lifetime":12.7,"tags":{"a":"c","d":"e f"}}`), fine)
		v, err = p.floaty(e).Query(p.ctx, name)
		p.ok("query", err)
		expect(p, "what was changed", fmt.Sprint(v.Lifetime, v.Tags), "12 map[a:c d:e f]")
		p.judged("of what is not there", p.ask(c, http.MethodPut, "/vm/nobody", `{"lifetime":"2"}`), notFound)
		p.tagForms(e)
		expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
	})
}

// tagForms asks that the third version alone judges tags by their form.
func (p *pooler) tagForms(e edition) {
	p.Helper()
	c := p.curl(e)
	name := p.takes(c, "centos-6-x86_64")
	status := map[bool]int{false: http.StatusOK, true: http.StatusBadRequest}[e.strict]
	for _, body := range []string{`{"tags":{"two words":"x"}}`, `{"tags":{"a":"{}"}}`, `{"tags":{"slash/ed":"x"}}`} {
		expect(p, "PUT "+body, p.ask(c, http.MethodPut, "/vm/"+name, body).Status, status)
	}
	for _, body := range []string{
		`{"tags":{"jenkins_build_url":"https://ci.example.com/job/a_b-c/12/"}}`, `{"tags":{"mail.of":"jdoe@example.com"}}`,
	} {
		p.judged("PUT "+body, p.ask(c, http.MethodPut, "/vm/"+name, body), verdict{200, yes})
	}
	expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
}

// Where only some tags are allowed, one that is not refuses them all; where a tag has a filter, its value is cut.
func tagsAreAllowed(t *testing.T) {
	yaml := poolerYAML{size: 1, config: []string{"allowed_tags: [ 'department', 'url' ]"}, more: []string{":tagfilter:", `  url: '(.*)\/'`}}
	p := startPooler(t, harness.Options{VMPooler: yaml.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		c := p.curl(e)
		name := p.takes(c, "debian-7-i386")
		p.judged("one that is not allowed", p.ask(c, http.MethodPut, "/vm/"+name, `{"tags":{"department":"eng","bogus":"me"}}`),
			verdict{400, failure(`You provided unsuppored tags ({"department"=>"eng", "bogus"=>"me"}).`)})
		fine := `{"tags":{"department":"eng","url":"https://example.com/a/b"}}`
		p.judged("those that are", p.ask(c, http.MethodPut, "/vm/"+name, fine), verdict{200, yes})
		v, err := p.floaty(e).Query(p.ctx, name)
		p.ok("query", err)
		expect(p, "tags", fmt.Sprint(v.Tags), "map[department:eng url:https://example.com/a]")
		expect(p, "delete", p.ask(c, http.MethodDelete, "/vm/"+name, nil).Status, http.StatusOK)
	})
}

// verdict sends a POST without a body.
func (p *pooler) verdict(c *vmpoolerclient.Client, path string) verdict {
	p.Helper()
	a := p.ask(c, http.MethodPost, path, nil)
	return verdict{a.Status, a.Body}
}

// Disks and snapshots want a token, a machine and sense.
func tasksAreJudged(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1}.String()})
	token := p.token("jdoe")
	p.eachEdition(t, func(p *pooler, e edition) {
		bare := p.curl(e)
		c := bare.With(token)
		name := p.takes(c, "debian-7-i386")
		vm := "/vm/" + name
		for size, want := range map[string][2]verdict{
			"0":    {notFound, badly("Disk size must be at least 1")},
			"x":    {notFound, badly("Disk size must be a valid integer")},
			"-1":   {notFound, badly("Disk size must be a valid integer")},
			"2049": {{202, pretty(`{"ok":true,"` + name + `":{"disk":"+2049gb"}}`)}, badly("Disk size must be at most 2048")},
			"8":    {{202, pretty(`{"ok":true,"` + name + `":{"disk":"+8gb"}}`)}, {202, pretty(`{"ok":true,"` + name + `":{"disk":"+8gb"}}`)}},
		} {
			strict := map[bool]int{true: 1}[e.strict]
			p.judged("a disk of "+size, p.ask(c, http.MethodPost, vm+"/disk/"+size, nil), want[strict])
		}
		p.judged("a disk without a token", p.ask(bare, http.MethodPost, vm+"/disk/8", nil), unknown)
		p.judged("a disk for nobody", p.ask(c, http.MethodPost, "/vm/nobody/disk/8", nil), notFound)
		if !e.versioned {
			p.judged("a disk as the old paths have it", p.ask(c, http.MethodPut, vm+"/disk/8", nil),
				verdict{202, pretty(`{"ok":true,"` + name + `":{"disk":"+8gb"}}`)})
		}
		for _, r := range []struct {
			name string
			got  verdict
			want verdict
		}{
			{"a snapshot without a token", p.verdict(bare, vm+"/snapshot"), unknown},
			{"a snapshot of nobody", p.verdict(c, "/vm/nobody/snapshot"), notFound},
			{"back without a token", p.verdict(bare, vm+"/snapshot/x"), unknown},
			{"back to nothing", p.verdict(c, vm+"/snapshot/abcdefghijklmnopqrstuvwxyz012345"), notFound},
			{"back, by nobody", p.verdict(c, "/vm/nobody/snapshot/x"), notFound},
			{"an unknown token", p.verdict(bare.With("x"), vm+"/snapshot"), unknown},
		} {
			expect(p, r.name, r.got, r.want)
		}
		expect(p, "delete", p.ask(c, http.MethodDelete, vm, nil).Status, http.StatusOK)
		p.judged("a snapshot of what was deleted", p.ask(c, http.MethodPost, vm+"/snapshot", nil), notFound)
	})
}
