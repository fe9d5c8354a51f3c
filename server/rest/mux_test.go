package rest_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

var (
	errMissing  = errors.New("no such volume")
	errSecret   = errors.New("disk sdq of host 10.0.0.7 is on fire")
	errOnlyRoot = errors.New("only for administrators")
)

// byHeader believes whatever the header As says: the mux is under test here.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (auth.Principal, error) {
	switch as := r.Header.Get("As"); as {
	case "":
		return auth.Principal{}, missingToken()
	case "forged":
		return auth.Principal{}, &auth.Refusal{Status: 401, Text: "forged", Challenge: "Test"}
	default:
		role, err := auth.ParseRole(as)
		return auth.Principal{Name: as, Role: role}, err
	}
}

// missingToken is the refusal of a real door that was sent nothing.
func missingToken() error {
	tokens, err := auth.NewTokens(nil)
	if err != nil {
		return err
	}
	_, err = tokens.Authenticate(httptest.NewRequest("GET", "/", nil))
	return err
}

func echo(name string) rest.Handler {
	return func(r *http.Request) (rest.Response, error) {
		return rest.Text(200, name+" "+r.Method+" "+rest.Var(r, "id")), nil
	}
}

func fail(err error) rest.Handler {
	return func(*http.Request) (rest.Response, error) { return rest.Response{}, err }
}

func route(method, path string, need auth.Need, h rest.Handler) rest.Route {
	return rest.Route{Method: method, Path: path, Need: need, Handle: h}
}

func volumes() rest.Dialect {
	return rest.Dialect{
		Name:     "volumes",
		Prefixes: []string{"hello", "volumes", "db/dump", "fail", "decode"},
		Auth:     byHeader{},
		Slash:    rest.SlashRedirect,
		NotFound: rest.TextError(404, "Invalid path or request"),
		Render:   rest.PlainText(rest.Table{{Is: errMissing, Status: 404}, {Is: errOnlyRoot, Status: 401}, {Is: rest.ErrBody, Status: 422}}),
		Gate: func(r *http.Request, p auth.Principal) error {
			if p.Role == auth.RoleUser && r.URL.Path != "/volumes" {
				return errOnlyRoot
			}
			return nil
		},
		Routes: []rest.Route{
			route("GET", "/hello", auth.Public, echo("hello")),
			route("GET", "/volumes", auth.User, echo("list")),
			route("POST", "/volumes", auth.User, echo("create")),
			route("GET", "/volumes/{id:[A-Fa-f0-9]+}", auth.Reader, echo("info")),
			route("DELETE", "/volumes/{id:[A-Fa-f0-9]+}", auth.Admin, echo("delete")),
			route("GET", "/db/dump", auth.Admin, echo("dump")),
			route("GET", "/fail/missing", auth.Reader, fail(errors.Join(errMissing))),
			route("GET", "/fail/unknown", auth.Reader, fail(errSecret)),
			route("POST", "/decode", auth.Admin, decodeSize),
		},
	}
}

func decodeSize(r *http.Request) (rest.Response, error) {
	var v struct{ Size int }
	if err := rest.Decode(r, &v); err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(200, v), nil
}

func events() rest.Dialect {
	return rest.Dialect{
		Name: "events", Prefixes: []string{"db", "token"}, Slash: rest.SlashIgnore,
		Render: rest.PlainText(nil), Indent: "  ", JSONType: "application/json",
		Routes: []rest.Route{
			route("GET", "/db/usage/launches/", auth.Public, echo("launches")),
			route("GET", "/token", auth.Public, func(*http.Request) (rest.Response, error) {
				return rest.JSON(200, map[string]int{"a": 1}), nil
			}),
			route("HEAD", "/db/{id}", auth.Public, func(*http.Request) (rest.Response, error) { return rest.Empty(204), nil }),
			route("GET", "/db/{id}", auth.Public, echo("db")),
		},
	}
}

func newMux(t testing.TB, log io.Writer, fallback string, dialects ...rest.Dialect) http.Handler {
	t.Helper()
	m, err := rest.NewMux(dialects, rest.Options{Logger: slog.New(slog.NewTextHandler(log, nil)), Fallback: fallback, MaxBody: 64})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func do(h http.Handler, method, target, as, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if as != "" {
		r.Header.Set("As", as)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOrderOfJudges(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes(), events())
	tests := []struct {
		name, method, target, as string
		status                   int
		body                     string
	}{
		{"public needs no token", "GET", "/hello", "", 200, "hello GET "},
		{"public ignores a bad token", "GET", "/hello", "forged", 200, "hello GET "},
		{"known path without token", "GET", "/volumes", "", 401, "Token required\n"},
		{"unknown path below a prefix without token", "GET", "/volumes/x/y", "", 401, "Token required\n"},
		{"unknown prefix without token", "GET", "/nowhere", "", 401, "Token required\n"},
		{"root without token", "GET", "/", "", 401, "Token required\n"},
		{"unknown prefix", "GET", "/nowhere", "admin", 404, "Invalid path or request\n"},
		{"root", "GET", "/", "admin", 404, "Invalid path or request\n"},
		{"id that is none", "GET", "/volumes/xyz", "admin", 404, "Invalid path or request\n"},
		{"known path, other method", "PUT", "/volumes/ab", "admin", 405, ""},
		{"other method without token", "PUT", "/volumes/ab", "", 401, "Token required\n"},
		{"gate before need", "DELETE", "/volumes/ab", "user", 401, "only for administrators\n"},
		{"gate before router", "GET", "/nowhere", "user", 401, "only for administrators\n"},
		{"need", "DELETE", "/volumes/ab", "reader", 403, "Administrator access required\n"},
		{"user where a user may", "POST", "/volumes", "user", 200, "create POST "},
		{"variable", "DELETE", "/volumes/aB0", "admin", 200, "delete DELETE aB0"},
		{"longer prefix wins", "GET", "/db/dump", "admin", 200, "dump GET "},
		{"shorter prefix keeps the rest", "GET", "/db/other", "", 200, "db GET other"},
		{"segments, not letters", "GET", "/db/dumpling", "", 200, "db GET dumpling"},
		{"missing record", "GET", "/fail/missing", "reader", 404, "no such volume\n"},
		{"forged token", "GET", "/volumes", "forged", 401, "forged\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(m, tt.method, tt.target, tt.as, "")
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestUnknownPrefixWithoutFallback(t *testing.T) {
	m := newMux(t, io.Discard, "", events())
	if w := do(m, "GET", "/nowhere", "", ""); w.Code != 404 {
		t.Errorf("got %d, want 404", w.Code)
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes())
	w := do(m, "PATCH", "/volumes/ab", "admin", "")
	if got, want := w.Header().Get("Allow"), "DELETE, GET, HEAD"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChallengeGoesOut(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes())
	if got := do(m, "GET", "/volumes", "forged", "").Header().Get("WWW-Authenticate"); got != "Test" {
		t.Errorf("got %q, want Test", got)
	}
}

func TestSlashes(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes(), events())
	tests := []struct {
		name, method, target, as string
		status                   int
		location                 string
	}{
		{"stray slash", "GET", "/volumes/", "admin", 301, "/volumes"},
		{"query is kept", "GET", "/volumes/?a=b", "admin", 301, "/volumes?a=b"},
		{"judged first", "GET", "/volumes/", "", 401, ""},
		{"stray slash, other method", "PUT", "/volumes/", "admin", 405, ""},
		{"stray slash of nothing", "GET", "/volumes/xyz/", "admin", 404, ""},
		{"double slash", "GET", "//volumes", "admin", 301, "/volumes"},
		{"double slash is no other host", "GET", "//volumes//ab", "admin", 301, "/volumes/ab"},
		{"dots", "GET", "/nowhere/../volumes", "admin", 301, "/volumes"},
		{"ignored", "GET", "/token/", "", 200, ""},
		{"as the route has it", "GET", "/db/usage/launches/", "", 200, ""},
		{"never added where it is ignored", "GET", "/db/usage/launches", "", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			r.URL.Path, r.URL.RawQuery, _ = strings.Cut(tt.target, "?")
			r.Header.Set("As", tt.as)
			w := httptest.NewRecorder()
			m.ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Location") != tt.location {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Header().Get("Location"), tt.status, tt.location)
			}
		})
	}
}

func TestHead(t *testing.T) {
	m := newMux(t, io.Discard, "", volumes(), events())
	w := do(m, "HEAD", "/volumes/ab", "reader", "")
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "12" {
		t.Errorf("got %d, %d bytes, length %q", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
	if w := do(m, "HEAD", "/db/x", "", ""); w.Code != 204 {
		t.Errorf("a route of its own: got %d, want 204", w.Code)
	}
}

func TestUnforeseenErrorStaysInTheLog(t *testing.T) {
	var log bytes.Buffer
	m := newMux(t, &log, "", volumes())
	r := httptest.NewRequest("GET", "/fail/unknown", nil)
	r.Header.Set("As", "reader")
	r = r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "r1"}))
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != 500 || w.Body.String() != "internal error, request r1\n" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
	if got := strings.Count(log.String(), errSecret.Error()); got != 1 || !strings.Contains(log.String(), "request=r1") {
		t.Errorf("logged %d times: %s", got, &log)
	}
}

func TestDecode(t *testing.T) {
	m := newMux(t, io.Discard, "", volumes())
	tests := []struct {
		name, body string
		status     int
		answer     string
	}{
		{"value, unknown field ignored", `{"size":3,"x":1}`, 200, "{\"Size\":3}\n"},
		{"empty", ``, 422, "request body: unexpected end of JSON input\n"},
		{"broken", `{`, 422, "request body: unexpected end of JSON input\n"},
		{"rest after the value", `{} {}`, 422, "request body: invalid character '{' after top-level value\n"},
		{"too large", `{"x":"` + strings.Repeat("x", 64) + `"}`, 413, "request body is too large: more than 64 bytes\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(m, "POST", "/decode", "admin", tt.body)
			if w.Code != tt.status || w.Body.String() != tt.answer {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tt.status, tt.answer)
			}
		})
	}
}

func TestJSONShapes(t *testing.T) {
	m := newMux(t, io.Discard, "", volumes(), events())
	w := do(m, "POST", "/decode", "admin", `{}`)
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=UTF-8" {
		t.Errorf("default type is %q", got)
	}
	w = do(m, "GET", "/token", "", "")
	if got, want := w.Body.String(), "{\n  \"a\": 1\n}\n"; got != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %q as %q, want %q", got, w.Header().Get("Content-Type"), want)
	}
}

func TestErrorsAreTypedForClients(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes())
	h := do(m, "GET", "/nowhere", "admin", "").Header()
	if h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", h)
	}
}

func TestAnyoneIsCheckedOnlyWhenSomethingIsSent(t *testing.T) {
	d := volumes()
	d.Routes = []rest.Route{route("GET", "/hello", auth.Anyone, func(r *http.Request) (rest.Response, error) {
		return rest.Text(200, auth.From(r.Context()).Name), nil
	})}
	d.Gate = nil
	m := newMux(t, io.Discard, "", d)
	for as, want := range map[string]string{"": "anonymous", "user": "user", "forged": "forged\n"} {
		if w := do(m, "GET", "/hello", as, ""); w.Body.String() != want {
			t.Errorf("as %q: got %q, want %q", as, w.Body, want)
		}
	}
}

func TestBadTablesStopTheStart(t *testing.T) {
	ok := echo("x")
	tests := []struct {
		name   string
		change func(*rest.Dialect)
		want   string
	}{
		{"no need", func(d *rest.Dialect) { d.Routes[1].Need = 0 }, "no need is set"},
		{"no handler", func(d *rest.Dialect) { d.Routes[1].Handle = nil }, "no handler"},
		{"route twice", func(d *rest.Dialect) { d.Routes = append(d.Routes, d.Routes[1]) }, "named twice"},
		{"route twice under another variable", func(d *rest.Dialect) {
			d.Routes = append(d.Routes, route("GET", "/volumes/{name:[A-Fa-f0-9]+}", auth.Admin, ok))
		}, "named twice"},
		{"outside", func(d *rest.Dialect) { d.Routes = append(d.Routes, route("GET", "/x", auth.Admin, ok)) }, "outside"},
		{"in another's prefix", func(d *rest.Dialect) { d.Routes = append(d.Routes, route("GET", "/token/x", auth.Admin, ok)) }, "outside"},
		{"variable first segment", func(d *rest.Dialect) {
			d.Prefixes = append(d.Prefixes, "")
			d.Routes = append(d.Routes, route("GET", "/{x}", auth.Admin, ok))
		}, "outside"},
		{"prefix of another", func(d *rest.Dialect) { d.Prefixes = append(d.Prefixes, "token") }, `prefix "token" belongs to volumes`},
		{"crooked prefix", func(d *rest.Dialect) { d.Prefixes = append(d.Prefixes, "/x") }, "plain segments"},
		{"nobody authenticates", func(d *rest.Dialect) { d.Auth = nil }, "authenticates nobody"},
		{"no error writer", func(d *rest.Dialect) { d.Render = nil }, "no error writer"},
		{"broken expression", func(d *rest.Dialect) { d.Routes[3].Path = "/volumes/{id:[}" }, "dialect volumes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := volumes()
			tt.change(&d)
			_, err := rest.NewMux([]rest.Dialect{d, events()}, rest.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := rest.NewMux([]rest.Dialect{events()}, rest.Options{Fallback: "volumes"}); err == nil {
		t.Error("a fallback that is not served was accepted")
	}
}

func TestRoutesPage(t *testing.T) {
	d := volumes()
	d.Routes[4].Summary = "delete a volume"
	page := rest.Routes([]rest.Dialect{d})
	if want := "| DELETE | `/volumes/{id}` | admin | delete a volume |\n"; !strings.Contains(page, want) {
		t.Errorf("got %s, want a line %s", page, want)
	}
}

func TestTraceIsFilledIn(t *testing.T) {
	m := newMux(t, io.Discard, "volumes", volumes())
	for target, want := range map[string]rest.Trace{
		"/volumes/ab": {Dialect: "volumes", Route: "/volumes/{id}"},
		"/volumes/":   {Dialect: "volumes", Route: "/volumes"},
		"/nowhere":    {Dialect: "volumes", Route: rest.Unmatched},
	} {
		trace := &rest.Trace{}
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("As", "admin")
		m.ServeHTTP(httptest.NewRecorder(), r.WithContext(rest.WithTrace(r.Context(), trace)))
		if trace.Dialect != want.Dialect || trace.Route != want.Route || trace.Principal.Name != "admin" {
			t.Errorf("%s: got %+v, want %+v", target, *trace, want)
		}
	}
}

func TestVariablesAcrossSegments(t *testing.T) {
	d := events()
	d.Routes = []rest.Route{
		route("GET", "/db/file/{id:.*}", auth.Public, echo("file")),
		route("GET", "/db/{id}/x", auth.Public, echo("x")),
		route("GET", "/db/{id}.json", auth.Public, echo("json")),
		route("GET", "/db/{id:[a-f]{2}}/{part}", auth.Public, echo("part")),
	}
	m := newMux(t, io.Discard, "", d)
	tests := map[string]string{
		"/db/file/a/b/c": "file GET a/b/c",
		"/db/file/":      "file GET ",
		"/db/q/x":        "x GET q",
		"/db/q.json":     "json GET q",
		"/db/ab/y":       "part GET ab",
		"/db/abc/y":      "no such path\n",
		"/db/q/x/y":      "no such path\n",
		"/db":            "no such path\n",
	}
	for target, want := range tests {
		if got := do(m, "GET", target, "", "").Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}
