package rest_test

import (
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yardmaster/server/rest"
)

// No path may panic, reach a route without its caller, or be sent to another host.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "", "//", "/volumes", "/volumes/ab/", "//evil.example/volumes/", "/db/dump", "/db//dump/..", "/a/b/c/d/e/f", "*", "/\\evil/", "/./volumes/%2e"} {
		f.Add("GET", seed)
	}
	f.Add("BREW", "/volumes")
	m := newMux(f, io.Discard, "volumes", volumes())
	f.Fuzz(func(t *testing.T, method, path string) {
		trace := &rest.Trace{}
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.URL.Path = method, path
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), trace)))
		if w.Code != 401 && trace.Route != "/hello" {
			t.Errorf("%s %q: got %d without credentials", method, path, w.Code)
		}
		location, err := url.Parse(w.Header().Get("Location"))
		if err != nil || location.Host != "" || strings.HasPrefix(location.Path, "//") {
			t.Errorf("%q is sent to %q", path, w.Header().Get("Location"))
		}
	})
}

// A body is either taken or refused as the client's fault.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"size":1}`, `{"size":"1"}`, "[1]", "null", "\xff", `{"size":1e999}`} {
		f.Add(seed)
	}
	m := newMux(f, io.Discard, "", volumes())
	f.Fuzz(func(t *testing.T, body string) {
		switch w := do(m, "POST", "/decode", "admin", body); w.Code {
		case 200, 413, 422:
		default:
			t.Errorf("%q: got %d %s", body, w.Code, w.Body)
		}
	})
}
