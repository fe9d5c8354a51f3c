package tests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
	"yardmaster/tests/stackyclient"
)

// within is how long anything about events may take on a busy machine.
const within = time.Minute

// stack is a running server with events, a stacky for it, and a model that was told the same.
type stack struct {
	testing.TB
	ctx    context.Context
	server *harness.Server
	stacky *stackyclient.Client
	out    *bytes.Buffer // what stacky prints
	model  *stackmodel.Model
}

func meetStack(t testing.TB, server *harness.Server) *stack {
	t.Helper()
	s := &stack{TB: t, ctx: t.Context(), server: server, out: &bytes.Buffer{}}
	s.stacky = stackyclient.New(server.URL, s.out)
	t.Cleanup(s.stacky.Close)
	return s
}

// sub is the stack for a subtest, with a stacky of its own.
func (s *stack) sub(t testing.TB) *stack {
	n := meetStack(t, s.server)
	n.model = s.model
	return n
}

// q is a query in pairs of name and value.
type q = stackyclient.Params

// asks sends one request as stacky does.
func (s *stack) asks(path string, p q) stackyclient.Answer {
	s.Helper()
	a, err := s.stacky.Get(s.ctx, path, p)
	if err != nil {
		s.Fatalf("%s %v: %v", path, p, err)
	}
	return a
}

// same asks that an answer is, value for value, what the model says.
func (s *stack) same(path string, p q, want any) {
	s.Helper()
	a := s.asks(path, p)
	what := fmt.Sprintf("%s %v", path, []string(p))
	expect(s, what+": status", a.Status, http.StatusOK)
	s.equal(what, a.Body, want)
}

// equal compares JSON with what would be that JSON.
func (s *stack) equal(what string, body []byte, want any) {
	s.Helper()
	raw, err := json.Marshal(want)
	if err != nil {
		s.Fatal(err)
	}
	var got, expected any
	if err := json.Unmarshal(body, &got); err != nil {
		s.Fatalf("%s: %v in %.300q", what, err, body)
	}
	if err := json.Unmarshal(raw, &expected); err != nil {
		s.Fatal(err)
	}
	expectThat(s, what, reflect.DeepEqual(got, expected), difference(expected, got))
}

// difference is the beginning of what differs, worked out only if something does.
func difference(want, got any) fmt.Stringer {
	return lazy(func() string { return fmt.Sprintf("(-want +got)\n%.3000s", cmp.Diff(want, got)) })
}

type lazy func() string

func (l lazy) String() string { return l() }

// refused asks for a status and the text of an error as /stacky has it.
func (s *stack) refused(path string, p q, status int, text string) {
	s.Helper()
	a := s.asks(path, p)
	what := fmt.Sprintf("%s %v", path, []string(p))
	expect(s, what+": status", a.Status, status)
	s.equal(what, a.Body, [][]any{{"Error", "Message"}, {http.StatusText(status), text}})
}

// refusedSomehow is refused where the text is the server's own, with a word that must be in it.
func (s *stack) refusedSomehow(path string, p q, status int, word string) {
	s.Helper()
	a := s.asks(path, p)
	what := fmt.Sprintf("%s %v", path, []string(p))
	expect(s, what+": status", a.Status, status)
	var rows [][]string
	err := a.JSON(&rows)
	shaped := err == nil && len(rows) == 2 && len(rows[1]) == 2 && fmt.Sprint(rows[0]) == "[Error Message]" && rows[1][0] == http.StatusText(status)
	expectThat(s, what, shaped && strings.Contains(rows[1][1], word), string(a.Body))
}

// call sends a request of any kind, with a token unless that is "".
func (s *stack) call(method, path, token string, body []byte, header http.Header) (int, http.Header, []byte) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.server.URL+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	if token != "" {
		req.Header.Set("X-AUTH-TOKEN", token)
	}
	resp, err := s.stacky.HTTP.Do(req)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, resp.Header, raw
}

// gets reads what must be there.
func (s *stack) gets(path, token string, out any) {
	s.Helper()
	status, _, body := s.call(http.MethodGet, path, token, nil, nil)
	expect(s, "GET "+path, status, http.StatusOK)
	if err := json.Unmarshal(body, out); err != nil {
		s.Fatalf("GET %s: %v in %.300q", path, err, body)
	}
}

// ok fails the test if an error came where none may.
func (s *stack) ok(what string, err error) {
	s.Helper()
	expectThat(s, what, err == nil, err)
}

// printed is what stacky has printed since it was asked last.
func (s *stack) printed() string {
	text := s.out.String()
	s.out.Reset()
	return text
}

// counted is how many events of a service are stored, as anybody may ask.
func (s *stack) counted(service string) (n int) {
	var stats struct {
		Stats []struct {
			Count int `json:"event_count"`
		}
	}
	if a := s.asks("/db/stats/events/", q{"service", service}); a.JSON(&stats) != nil {
		return -1
	}
	for _, one := range stats.Stats {
		n += one.Count
	}
	return n
}

// The tokens that tests use of what StackTach never had, by their roles.
const (
	ops = "the token of the administrator"
	ci  = "the token of a user"
	eye = "the token of a reader"
)

// tokens is the configuration of them.
func tokens() string {
	var all []string
	for token, role := range map[string]string{ops: "admin", ci: "user", eye: "reader"} {
		sum := sha256.Sum256([]byte(token))
		all = append(all, "{name: the-"+role+", sha256: "+hex.EncodeToString(sum[:])+", role: "+role+"}")
	}
	return "YARDMASTER_AUTH_TOKENS=[" + strings.Join(all, ", ") + "]"
}
