package rest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

// BenchmarkRoute measures a whole pass through the mux, caller and variables
// included, with 150 routes in ten prefixes, at the last route of the last one.
func BenchmarkRoute(b *testing.B) {
	d := rest.Dialect{Name: "many", Auth: byHeader{}, Render: rest.PlainText(nil)}
	answer := func(*http.Request) (rest.Response, error) { return rest.Empty(204), nil }
	for p := range 10 {
		prefix := fmt.Sprintf("things%d", p)
		d.Prefixes = append(d.Prefixes, prefix)
		for i := range 15 {
			d.Routes = append(d.Routes, route("GET", fmt.Sprintf("/%s/{id:[A-Fa-f0-9]+}/part%d", prefix, i), auth.Reader, answer))
		}
	}
	m := newMux(b, io.Discard, "", d)
	r := httptest.NewRequest("GET", "/things9/0123456789abcdef0123456789abcdef/part14", nil)
	r.Header.Set("As", "reader")
	w := &nowhere{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		m.ServeHTTP(w, r)
	}
	if w.status != 204 {
		b.Fatalf("got %d", w.status)
	}
}

type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
