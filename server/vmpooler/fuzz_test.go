package vmpooler

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// FuzzBodies promises that whatever is posted is read or refused in words, that what is read keeps its bounds, and that every
// refusal is JSON.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":"2","b":" 3x","a":4}`, `{"a":[{"b":null}],"tags":{"x":"y"}}`, `null`, `false`, `[1]`, `"s"`, ``, `{"a":1e400}`,
		`{"lifetime":"12.7","tags":{"a":"#{b}\u0007\u007f"},"disk":-0}`, `{"":-1}`, strings.Repeat("[", 200), `{"a":` + strings.Repeat("[", 90) + strings.Repeat("]", 90) + `}`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	a := &API{zone: time.UTC}
	a.cfg.AllowedTags = []string{"a"}
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range []edition{{API: a}, {API: a, fqdn: true, strict: true}} {
			o, err := e.body(httptest.NewRequest("POST", "/", strings.NewReader(text)))
			if err != nil {
				checkRefusal(t, a, err)
				continue
			}
			if e.strict && (len(text) > strictBytes || nesting(o) > strictDepth) {
				t.Errorf("%d bytes and %d levels were read", len(text), nesting(o))
			}
			wants, err := e.wantsOf(o)
			checkRefusal(t, a, err)
			for _, w := range wants {
				if w.Count < 0 || e.strict && (w.Count < 1 || w.Count > mostStrict) {
					t.Errorf("%+v", w)
				}
			}
			c, failures := e.judge(o)
			if failures == nil && (c.Lifetime != nil && (*c.Lifetime < 1 || *c.Lifetime >= longest) || c.Disk < 0 || c.Disk > mostDisk) {
				t.Errorf("accepted %+v", c)
			}
			checkRefusal(t, a, &fault{http.StatusBadRequest, notOK(member{"failure", failures})})
		}
	})
}

func checkRefusal(t *testing.T, a *API, err error) {
	t.Helper()
	if err == nil {
		return
	}
	resp := a.render(httptest.NewRequest("POST", "/", nil), err)
	if resp.Status < 400 || resp.Status >= 500 || !json.Valid(resp.Body) {
		t.Errorf("%v: %d %q", err, resp.Status, resp.Body)
	}
}

// FuzzObjects promises that what was read is printed as the same JSON, with its keys in the same order.
func FuzzObjects(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[true,null,"x"]}`, `[]`, `[{},[[]]]`, `"\u2028</script>\u0000"`, `{"a":1,"b":2,"a":3}`, `1.50`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parse([]byte(text))
		if err != nil {
			if json.Valid([]byte(text)) && !errors.Is(err, errTooDeep) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		v = printable(v)
		again, err := parse(pretty(v))
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", text, pretty(v), err)
		}
		if got, want := string(pretty(printable(again))), string(pretty(v)); got != want {
			t.Errorf("%q is printed as %q and then as %q", text, want, got)
		}
		if s := inspect(v); !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00\x1b") {
			t.Errorf("%q reads %q", text, s)
		}
	})
}

// printable turns numbers into texts: answers hold no numbers that came from outside.
func printable(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case array:
		for i := range v {
			v[i] = printable(v[i])
		}
	case object:
		for i := range v {
			v[i].value = printable(v[i].value)
		}
	}
	return v
}

// FuzzPaths promises that names in paths become names that cannot lead elsewhere, and that nothing asked for is lost.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"debian", "a+a+b", "+", "a++b", "vm1.example.com", ".vm1", "..", "a+", "", "-a", "x_y", "%2B", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		asked, got := strings.Count(strings.TrimRight(name, "+"), "+")+1, 0
		seen := []string{}
		for _, w := range wantsIn(name) {
			if strings.Contains(w.Name, "+") || slices.Contains(seen, w.Name) || w.Count < 1 {
				t.Errorf("%q: %+v", name, w)
			}
			seen, got = append(seen, w.Name), got+w.Count
		}
		if got != asked {
			t.Errorf("%q: %d of %d", name, got, asked)
		}
		for _, strict := range []bool{false, true} {
			short, err := edition{API: &API{}, strict: strict}.machine(name)
			if err == nil && (strings.Contains(short, ".") || strict && !hostnameForm.MatchString(short)) {
				t.Errorf("%q is machine %q", name, short)
			}
		}
	})
}

// FuzzQueries promises the same for what comes as a query.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{"view=a,b", "view", "view=", "%zz&view=x", "wait=60s", "wait=1e9", "from=2026-01-01&to=x", "wait=99999999999999999999s", "gzip;q=0.5, *"} {
		f.Add(seed)
	}
	a := &API{zone: time.UTC}
	a.cfg.WaitMost = time.Minute
	f.Fuzz(func(t *testing.T, query string) {
		if v := viewsOf(query); v != nil && len(v) == 0 {
			t.Errorf("%q: no view and not all", query)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		d, err := a.wait(r)
		checkRefusal(t, a, err)
		if d < 0 || d > time.Minute {
			t.Errorf("%q waits %v", query, d)
		}
		for _, name := range []string{"from", "to"} {
			if day, err := date(r, name, "2026-11-21"); err == nil && dateOf(day) != "2026-11-21" && dateOf(day) != r.URL.Query().Get(name) {
				t.Errorf("%q is %v", query, day)
			}
		}
		prefersGzip([]string{query})
		build, ok := buildOf(query)
		if ok && build.instance == "" {
			t.Errorf("%q was built nowhere", query)
		}
	})
}

func TestUnforeseenErrorsGoToTheLogAlone(t *testing.T) {
	a := &API{zone: time.UTC}
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "req1"}))
	secret := errors.New("disk /secret/place")
	resp := a.render(r, secret)
	if resp.Status != 500 || string(resp.Body) != "{\n  \"ok\": false,\n  \"error\": \"internal error, request req1\"\n}" || resp.Cause != secret {
		t.Errorf("%d %s %v", resp.Status, resp.Body, resp.Cause)
	}
	resp = a.render(r, io.ErrUnexpectedEOF)
	if resp.Status != 500 {
		t.Errorf("%d", resp.Status)
	}
}

func TestRefusalsOfOtherDoors(t *testing.T) {
	a := &API{}
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range []struct {
		refusal auth.Refusal
		status  int
		body    string
		retry   string
	}{
		{auth.Refusal{Status: 400, Text: "another form", Challenge: "Bearer"}, 401, `{ "ok": false}`, ""},
		{auth.Refusal{Status: 401, Text: "wrong", Challenge: "Bearer"}, 401, `{ "ok": false}`, ""},
		{auth.Refusal{Status: 403, Text: "too small"}, 403, `{ "ok": false, "error": "too small"}`, ""},
		{auth.Refusal{Status: 429, Text: "later", RetryAfter: 1500 * time.Millisecond}, 429, `{ "ok": false, "error": "later"}`, "2"},
	} {
		resp := a.render(r, &c.refusal)
		body := strings.ReplaceAll(strings.ReplaceAll(string(resp.Body), "\n}", "}"), "\n ", "")
		if resp.Status != c.status || body != c.body || resp.Header.Get("Retry-After") != c.retry {
			t.Errorf("%d %q %v, want %+v", resp.Status, body, resp.Header, c)
		}
		if challenge := resp.Header.Get("WWW-Authenticate"); (challenge != "") != (c.status == 401) {
			t.Errorf("%d: challenge %q", c.status, challenge)
		}
	}
}
