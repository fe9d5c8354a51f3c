package tests

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// expectations counts what the tests of this process have asked of answers.
var expectations atomic.Int64

// expect asks one thing of an answer, and lets the test go on if it is not so.
func expect[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	expectations.Add(1)
	if got != want {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

// expectThat is expect for what is no comparison of two values.
func expectThat(t testing.TB, what string, ok bool, got any) {
	t.Helper()
	expectations.Add(1)
	if !ok {
		t.Errorf("%s: got %v", what, got)
	}
}

// yard is a running server and its clients: the two keys in the Go client's style, which look at the queue often.
type yard struct {
	testing.TB
	ctx    context.Context
	server *harness.Server
	admin  *heketiclient.Client
	user   *heketiclient.Client
}

// often replaces the real clients' pause between two looks at the queue in tests that follow many operations.
const often = 15 * time.Millisecond

// begin starts a server with nothing in it.
func begin(t testing.TB, o harness.Options) *yard {
	t.Helper()
	return meet(t, harness.Start(t, o))
}

func meet(t testing.TB, server *harness.Server) *yard {
	t.Helper()
	y := &yard{TB: t, ctx: t.Context(), server: server}
	y.admin = y.client("admin", harness.AdminKey, heketiclient.Go.Every(often))
	y.user = y.client("user", harness.UserKey, heketiclient.Go.Every(often))
	return y
}

func (y *yard) client(issuer, key string, style heketiclient.Style) *heketiclient.Client {
	c := heketiclient.New(y.server.URL, issuer, key, style)
	y.Cleanup(c.Close)
	return c
}

// do sees a request of the administrator through to its last answer.
func (y *yard) do(method, path string, body any) heketiclient.Answer {
	y.Helper()
	a, err := y.admin.Do(y.ctx, method, path, body)
	if err != nil {
		y.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// once sends one request of the administrator.
func (y *yard) once(method, path string, body any) heketiclient.Answer {
	y.Helper()
	return y.as(y.admin, method, path, body)
}

func (y *yard) as(c *heketiclient.Client, method, path string, body any) heketiclient.Answer {
	y.Helper()
	a, err := c.Once(y.ctx, method, path, body)
	if err != nil {
		y.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// get reads what must be there.
func (y *yard) get(path string, out any) {
	y.Helper()
	a := y.once(http.MethodGet, path, nil)
	expect(y, "GET "+path, a.Status, http.StatusOK)
	if err := a.JSON(out); err != nil {
		y.Fatalf("GET %s: %v", path, err)
	}
}

// accepted starts a change and gives its place in the queue.
func (y *yard) accepted(method, path string, body any) string {
	y.Helper()
	a := y.once(method, path, body)
	if a.Status != http.StatusAccepted {
		y.Fatalf("%s %s: %d %q, want 202", method, path, a.Status, a.Text())
	}
	return a.Header.Get("Location")
}

// makes sees a change through that ends with an object, and reads that.
func (y *yard) makes(path string, body, out any) {
	y.Helper()
	a := y.do(http.MethodPost, path, body)
	expect(y, "POST "+path, a.Status, http.StatusOK)
	if a.Status != http.StatusOK {
		y.Fatalf("POST %s: %s", path, a.Text())
	}
	if err := a.JSON(out); err != nil {
		y.Fatalf("POST %s: %v", path, err)
	}
}

// ends sees a change through that leaves nothing to look at.
func (y *yard) ends(method, path string, body any) {
	y.Helper()
	a := y.do(method, path, body)
	if a.Status != http.StatusNoContent {
		y.Errorf("%s %s: %s", method, path, a.Text())
	}
	expect(y, method+" "+path, a.Status, http.StatusNoContent)
}

// refuses asks for the one status and the exact text with which a change ends, at once or in the queue.
func (y *yard) refuses(method, path string, body any, status int, text string) {
	y.Helper()
	y.refused(fmt.Sprintf("%s %s %v", method, path, body), y.do(method, path, body), status, text)
}

func (y *yard) refused(what string, a heketiclient.Answer, status int, text string) {
	y.Helper()
	expect(y, what+": status", a.Status, status)
	expect(y, what+": body", a.Body, text+"\n")
}

// gone asks that nothing answers under a path.
func (y *yard) gone(path string) {
	y.Helper()
	y.refused("GET "+path, y.once(http.MethodGet, path, nil), http.StatusNotFound, "Id not found")
}

// isID says whether a text has the form of every id.
func isID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// nowhere is an id that nothing has.
const nowhere = "0123456789abcdef0123456789abcdef"
