package tests

import (
	"net/http"
	"strconv"
	"testing"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// Who guesses passwords is made to wait, also with the right one; the wait is told, and ends.
func TestVMPoolerGuessersWait(t *testing.T) {
	t.Parallel()
	who := people{"jdoe": "user", "jane": "user"}
	server := harness.New(t, harness.Options{YAML: poolsYAML()})
	who.settle(t, server)
	server.Start()
	p := &pooler{TB: t, ctx: t.Context(), server: server}
	right := p.curl(editions[0]).As("jdoe", who.password("jdoe"))
	guess := right.As("jdoe", "guess")
	var a vmpoolerclient.Answer
	tries := 0
	for a.Status != http.StatusTooManyRequests {
		if tries++; tries > 20 {
			t.Fatalf("%d guesses, and the last is answered with %d", tries, a.Status)
		}
		a = p.ask(guess, http.MethodPost, "/token", nil)
		if a.Status != http.StatusTooManyRequests {
			p.judged("a wrong password", a, unknown)
		}
	}
	expectThat(t, "some mistakes are nobody's fault", tries >= 4, tries)
	for what, c := range map[string]*vmpoolerclient.Client{"the right password": right, "another name": right.As("nobody", "x")} {
		a = p.ask(c, http.MethodPost, "/token", nil)
		expect(t, what+" after too many guesses", a.Status, http.StatusTooManyRequests)
		after, err := strconv.Atoi(a.Header.Get("Retry-After"))
		expectThat(t, what+": how long to wait", err == nil && after > 0 && after <= 10, a.Header)
		expectThat(t, what+": body", len(keysOf(t, a.Body)) > 0 && inner(t, a.Body, "ok") == "false", a.Body)
	}
	harness.Eventually(t, poolWithin, "the wait ends", func() bool {
		return p.ask(right, http.MethodPost, "/token", nil).Status == http.StatusOK
	})
}

// A token is no password: guessing one is answered as ever, and does not lock its user out.
func TestVMPoolerTokenGuesses(t *testing.T) {
	t.Parallel()
	s := startStaff(t, poolsYAML(), people{"jdoe": "user"})
	for range 20 {
		s.judged("a token that is none", s.ask(s.curl(editions[2]).With("abcdefghijklmnopqrstuvwxyz012345"), http.MethodGet, "/vm", nil), unknown)
	}
	expect(t, "the right one after that", s.ask(s.as("jdoe"), http.MethodGet, "/vm", nil).Status, http.StatusOK)
}

// With rate limits who asks too often is told when to come back, each sort of request by itself.
func TestVMPoolerRateLimits(t *testing.T) {
	t.Parallel()
	s := startStaff(t, poolsYAML("rate_limiting: true"), people{"jdoe": "user"})
	c := s.as("jdoe")
	for range 20 {
		expect(t, "a checkout", s.ask(c, http.MethodPost, "/vm/nobody", nil).Status, http.StatusNotFound)
	}
	a := s.ask(c, http.MethodPost, "/vm/nobody", nil)
	after, err := strconv.Atoi(a.Header.Get("Retry-After"))
	expectThat(t, "when to come back", err == nil && after > 0 && after <= 60, a.Header)
	s.answers("one too many", a, http.StatusTooManyRequests,
		pretty(`{"ok":false,"error":"Rate limit exceeded","limit":20,"period":60,"retry_after":`+strconv.Itoa(after)+`}`))
	expect(t, "X-RateLimit-Limit", a.Header.Get("X-RateLimit-Limit"), "20")
	expect(t, "X-RateLimit-Remaining", a.Header.Get("X-RateLimit-Remaining"), "0")
	expectThat(t, "X-RateLimit-Reset", a.Header.Get("X-RateLimit-Reset") != "", a.Header)
	expect(t, "another sort of request", s.ask(c, http.MethodGet, "/vm", nil).Status, http.StatusOK)
	expect(t, "a deletion", s.ask(c, http.MethodDelete, "/vm/nobody", nil).Status, http.StatusNotFound)
}
