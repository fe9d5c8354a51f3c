package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yardmaster/auth"
	"yardmaster/server/rest"
)

func streaming(resp rest.Response) rest.Dialect {
	return rest.Dialect{
		Name: "s", Prefixes: []string{"s"}, Render: rest.PlainText(rest.Table{{Is: errMissing, Status: 404}}),
		Routes: []rest.Route{route("GET", "/s", auth.Public, func(*http.Request) (rest.Response, error) { return resp, nil })},
	}
}

func TestStream(t *testing.T) {
	broken := errors.New("disk gone")
	write := func(err error) rest.Stream {
		return func(_ context.Context, w io.Writer, _ func()) error {
			_, werr := io.WriteString(w, "12345")
			return errors.Join(err, werr)
		}
	}
	before := func(context.Context, io.Writer, func()) error { return errMissing }
	tests := []struct {
		name   string
		resp   rest.Response
		status int
		body   string
		cut    bool
	}{
		{"whole", rest.Response{Stream: write(nil), Length: 5}, 200, "12345", false},
		{"empty", rest.Response{Stream: func(context.Context, io.Writer, func()) error { return nil }}, 200, "", false},
		{"fails before the first byte", rest.Response{Stream: before}, 404, "no such volume\n", false},
		{"fails after it", rest.Response{Stream: write(broken)}, 200, "", true},
		{"fails after it, length told", rest.Response{Stream: write(broken), Length: 9}, 200, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			srv := httptest.NewServer(newMux(t, &log, "", streaming(tt.resp)))
			defer srv.Close()
			resp, err := http.Get(srv.URL + "/s")
			if err != nil {
				if !tt.cut {
					t.Fatal(err)
				}
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || (err != nil) != tt.cut || (!tt.cut && string(body) != tt.body) {
				t.Errorf("got %d %q %v, want %d %q, cut %v", resp.StatusCode, body, err, tt.status, tt.body, tt.cut)
			}
			if tt.cut && !strings.Contains(log.String(), "disk gone") {
				t.Errorf("the reason is not in the log: %s", &log)
			}
		})
	}
}

func TestEventsOnTheWire(t *testing.T) {
	resp := rest.Events(func(_ context.Context, send func(rest.Event) error) error {
		return errors.Join(
			send(rest.Event{ID: "7", Name: "op\nevent: forged", Data: map[string]string{"text": "a\nb"}}),
			send(rest.Event{}),
			send(rest.Event{ID: "8"}),
			send(rest.Event{Data: []int{1}}))
	})
	w := do(newMux(t, io.Discard, "", streaming(resp)), "GET", "/s", "", "")
	want := "id: 7\nevent: op event: forged\ndata: {\"text\":\"a\\nb\"}\n\n: keep-alive\n\nid: 8\n: keep-alive\n\ndata: [1]\n\n"
	if w.Body.String() != want || w.Header().Get("Content-Type") != "text/event-stream" || !w.Flushed {
		t.Errorf("got %q %v, want %q", w.Body, w.Header(), want)
	}
}

func TestEventsEnd(t *testing.T) {
	stopping := make(chan struct{})
	ended := make(chan error, 1)
	m := newMux(t, io.Discard, "", streaming(rest.Events(func(ctx context.Context, send func(rest.Event) error) error {
		err := send(rest.Event{Name: "first", Data: 1})
		<-ctx.Done()
		ended <- ctx.Err()
		return errors.Join(err, ctx.Err())
	})))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{Stopping: stopping})))
	}))
	defer srv.Close()
	open := func() *http.Response {
		resp, err := http.Get(srv.URL + "/s")
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "event: first\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		return resp
	}

	t.Run("when the client leaves", func(t *testing.T) {
		open().Body.Close()
		<-ended
	})
	t.Run("when the server stops, without a fault", func(t *testing.T) {
		resp := open()
		defer resp.Body.Close()
		close(stopping)
		<-ended
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Errorf("got %v, want a clean end", err)
		}
	})
}

func TestFromHTTPHoldsTheWholeAnswer(t *testing.T) {
	h := rest.FromHTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "held")
	}))
	resp, err := h(httptest.NewRequest("GET", "/", nil))
	if err != nil || resp.Status != 202 || string(resp.Body) != "held" || resp.Header.Get("ETag") != `"1"` {
		t.Errorf("got %+v, %v", resp, err)
	}
}

func TestRedirectLooksLikeNetHTTP(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST"} {
		const target = `/queue/ab?x="1"&y=2`
		r := httptest.NewRequest(method, "/", nil)
		want := httptest.NewRecorder()
		http.Redirect(want, r, target, http.StatusAccepted)
		got := rest.Redirect(r, http.StatusAccepted, target)
		if method == "HEAD" {
			got.Body = nil // the mux leaves it out
		}
		if string(got.Body) != want.Body.String() || got.Header.Get("Content-Type") != want.Header().Get("Content-Type") {
			t.Errorf("%s: got %q %v, want %q %v", method, got.Body, got.Header, want.Body, want.Header())
		}
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	a := rest.Text(200, "x")
	b := a.With("X-Pending", "true")
	if a.Header.Get("X-Pending") != "" || b.Header.Get("X-Pending") != "true" || b.Header.Get("Content-Type") == "" {
		t.Errorf("got %v and %v", a.Header, b.Header)
	}
}

func TestQuietStreamOutlivesTheWriteTimeout(t *testing.T) {
	const limit = 500 * time.Millisecond
	d := streaming(rest.Events(func(_ context.Context, send func(rest.Event) error) error {
		err := send(rest.Event{Data: 1})
		<-time.After(5 * limit)
		return errors.Join(err, send(rest.Event{Data: 2}))
	}))
	m, err := rest.NewMux([]rest.Dialect{d}, rest.Options{WriteTimeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	for _, http2 := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(m)
		srv.EnableHTTP2 = http2
		srv.StartTLS()
		resp, err := srv.Client().Get(srv.URL + "/s")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if want := "data: 1\n\ndata: 2\n\n"; string(body) != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", resp.Proto, body, err, want)
		}
		resp.Body.Close()
		srv.Close()
	}
}
