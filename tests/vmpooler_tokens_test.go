package tests

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// Tokens are made, listed and deleted by who has the password, and told of to who has the token.
func tokensAreKept(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 2}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		bare := p.curl(e)
		for _, r := range []struct{ method, path string }{{"GET", "/token"}, {"POST", "/token"}, {"DELETE", "/token/abc"}} {
			a := p.ask(bare, r.method, r.path, nil)
			p.judged(r.method+" "+r.path+" without a password", a, unknown)
			expect(p, "its challenge", a.Header.Get("WWW-Authenticate"), `Basic realm="Authentication required"`)
		}
		user := "jane" + e.base
		own := bare.As(user, "secret")
		p.judged("none", p.ask(own, http.MethodGet, "/token", nil), notFound)
		p.judged("a slash at the end", p.ask(own, http.MethodPost, "/token/", nil), notFound)
		a := p.ask(own, http.MethodPost, "/token", nil)
		expect(p, "new", a.Status, http.StatusOK)
		var made struct{ Token string }
		p.ok("new", a.JSON(&made))
		p.answers("new", a, http.StatusOK, pretty(`{"ok":true,"token":"`+made.Token+`"}`))
		expectThat(p, "form of a token", tokenForm.MatchString(made.Token), made.Token)

		for _, path := range []string{"/token", "/token/"} {
			a = p.ask(own, http.MethodGet, path, nil)
			expect(p, "list", fmt.Sprint(keysOf(p, a.Body)), "[ok "+made.Token+"]")
			expect(p, "keys of a token in a list", fmt.Sprint(keysOf(p, inner(p, a.Body, made.Token))), "[created last]")
			expect(p, "one that was never used", inner(p, inner(p, a.Body, made.Token), "last"), `"never"`)
		}
		a = p.ask(bare, http.MethodGet, "/token/"+made.Token, nil)
		expect(p, "keys of a token", fmt.Sprint(keysOf(p, inner(p, a.Body, made.Token))), "[user created]")
		p.tokenIsUsed(e, made.Token, user)

		others := bare.As("jack"+e.base, "secret")
		expect(p, "another user", p.ask(others, http.MethodPost, "/token", nil).Status, http.StatusOK)
		a = p.ask(others, http.MethodGet, "/token", nil)
		expectThat(p, "own tokens alone", len(keysOf(p, a.Body)) == 2 && keysOf(p, a.Body)[1] != made.Token, a.Body)
		p.judged("unknown", p.ask(bare, http.MethodGet, "/token/abc", nil), notFound)
		p.judged("delete an unknown one", p.ask(own, http.MethodDelete, "/token/abc", nil), unknown)
		p.judged("delete", p.ask(own, http.MethodDelete, "/token/"+made.Token+"/", nil), verdict{200, yes})
		p.judged("delete again", p.ask(own, http.MethodDelete, "/token/"+made.Token, nil), unknown)
		p.judged("what was deleted", p.ask(bare, http.MethodGet, "/token/"+made.Token, nil), notFound)
	})
}

// tokenIsUsed asks that a token tells of its last use and of its machines.
func (p *pooler) tokenIsUsed(e edition, token, user string) {
	p.Helper()
	bare := p.curl(e)
	c := bare.With(token)
	name := p.takes(c, "debian-7-i386")
	a := p.ask(bare, http.MethodGet, "/token/"+token, nil)
	of := inner(p, a.Body, token)
	expect(p, "keys of a token that was used", fmt.Sprint(keysOf(p, of)), "[user created last vms]")
	expect(p, "its user", inner(p, of, "user"), `"`+user+`"`)
	for _, key := range []string{"created", "last"} {
		_, err := time.Parse(`"`+vmpoolerclient.TimeLayout+`"`, inner(p, of, key))
		p.ok(key, err)
	}
	expect(p, "its machines", fmt.Sprint(keysOf(p, inner(p, of, "vms"))), "[running]")
	got, err := p.floaty(e).With(token).TokenStatus(p.ctx)
	p.ok("token", err)
	expect(p, "its machines", fmt.Sprint(got.Running), "["+name+"]")
	p.judged("delete a machine", p.ask(c, http.MethodDelete, "/vm/"+name, nil), verdict{200, yes})
	got, err = p.floaty(e).With(token).TokenStatus(p.ctx)
	p.ok("token", err)
	expect(p, "its machines after that", len(got.Running), 0)
}

// Where no users are configured there are no tokens, and nobody is asked for one.
func tokensNeedUsers(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 1, noAuth: true}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		for _, r := range []struct{ method, path string }{{"GET", "/token"}, {"POST", "/token"}, {"GET", "/token/abc"}, {"DELETE", "/token/abc"}} {
			p.judged(r.method+" "+r.path, p.ask(p.curl(e).As("jdoe", "secret"), r.method, r.path, nil), notFound)
		}
		c := p.curl(e)
		name := p.takes(c, "debian-7-i386")
		vm := "/vm/" + name
		p.judged("lifetime", p.ask(c, http.MethodPut, vm, `{"lifetime":"2","tags":{"a":"b"}}`), verdict{200, yes})
		expect(p, "snapshot", p.ask(c, http.MethodPost, vm+"/snapshot", nil).Status, http.StatusAccepted)
		if e.versioned {
			expect(p, "disk", p.ask(c, http.MethodPost, vm+"/disk/8", nil).Status, http.StatusAccepted)
			expect(p, "on demand", p.ask(c, http.MethodPost, "/ondemandvm/windows-10-x86_64", nil).Status, http.StatusCreated)
		}
		p.judged("delete", p.ask(c, http.MethodDelete, vm, nil), verdict{200, yes})
	})
}
