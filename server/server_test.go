package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yardmaster/auth"
	"yardmaster/server"
	"yardmaster/server/rest"
)

// logBuffer is read while the server still writes.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a server under test with a client of its own.
type running struct {
	url    string
	client *http.Client
	log    *logBuffer
	stop   context.CancelFunc
	served chan error
}

func start(t *testing.T, o server.Options, routes ...rest.Route) *running {
	t.Helper()
	s := &running{log: &logBuffer{}, served: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	o.Listen = "127.0.0.1:0"
	o.Logger = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Handler == nil {
		o.Handler = muxOf(t, o.Logger, routes...)
	}
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + srv.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.served <- srv.Serve(ctx)
	}()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		cancel()
		<-ended
	})
	return s
}

func muxOf(t *testing.T, log *slog.Logger, routes ...rest.Route) http.Handler {
	t.Helper()
	tokens, err := auth.NewTokens([]auth.Token{{Name: "ci", Role: auth.RoleReader,
		SHA256: "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}}) // of "secret"
	if err != nil {
		t.Fatal(err)
	}
	m, err := rest.NewMux([]rest.Dialect{server.Endpoints(tokens, routes...)}, rest.Options{Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func public(method, path string, h rest.Handler) rest.Route {
	return rest.Route{Method: method, Path: path, Need: auth.Public, Handle: h}
}

func (s *running) do(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// eventually polls; what it waits for happens after the client has its answer.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestStopCutsNoRequestAndEndsStreams(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, server.Options{Grace: time.Minute},
		public("GET", "/slow", func(*http.Request) (rest.Response, error) {
			close(entered)
			<-release
			return rest.Text(200, "whole"), nil
		}),
		public("GET", "/events", func(*http.Request) (rest.Response, error) {
			return rest.Events(func(ctx context.Context, send func(rest.Event) error) error {
				err := send(rest.Event{Name: "hello", Data: 1})
				<-ctx.Done()
				return err
			}), nil
		}))

	stream, err := s.client.Get(s.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	events := bufio.NewReader(stream.Body)
	if line, err := events.ReadString('\n'); err != nil || line != "event: hello\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	type answer struct {
		body string
		err  error
	}
	slow := make(chan answer, 1)
	go func() {
		resp, err := s.client.Get(s.url + "/slow")
		if err != nil {
			slow <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		slow <- answer{string(body), err}
	}()
	<-entered

	s.stop()
	if _, err := io.ReadAll(events); err != nil {
		t.Errorf("stream: got %v, want a clean end", err)
	}
	eventually(t, "the port is closed", func() bool {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(s.url + "/events")
		if err == nil {
			resp.Body.Close()
		}
		return err != nil
	})
	select {
	case err := <-s.served:
		t.Fatalf("stopped with a request under way: %v", err)
	default:
	}
	close(release)
	if got := <-slow; got.err != nil || got.body != "whole" {
		t.Errorf("slow request: got %q, %v", got.body, got.err)
	}
	if err := <-s.served; err != nil {
		t.Errorf("got %v, want an orderly stop", err)
	}
}

func TestStopCutsWhatOutlivesTheGrace(t *testing.T) {
	entered, left := make(chan struct{}), make(chan struct{})
	s := start(t, server.Options{Grace: time.Millisecond}, public("GET", "/stuck", func(r *http.Request) (rest.Response, error) {
		close(entered)
		<-r.Context().Done()
		close(left)
		return rest.Empty(204), nil
	}))
	go func() {
		if resp, err := s.client.Get(s.url + "/stuck"); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	s.stop()
	if err := <-s.served; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	<-left
}

func TestPanicIsAnsweredOnceAndLoggedOnce(t *testing.T) {
	s := start(t, server.Options{}, public("GET", "/panic", func(*http.Request) (rest.Response, error) { panic("table is upside down") }))
	resp, body := s.do(t, "GET", "/panic", nil, "X-Request-Id", "r-1")
	if resp.StatusCode != 500 || body != "internal error, request r-1\n" {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	eventually(t, "the access log", func() bool { return strings.Contains(s.log.String(), "request served") })
	if got := strings.Count(s.log.String(), "table is upside down"); got != 1 {
		t.Errorf("logged %d times: %s", got, s.log)
	}
}

func TestPanicAfterTheFirstByteCutsTheAnswer(t *testing.T) {
	s := start(t, server.Options{}, public("GET", "/half", func(*http.Request) (rest.Response, error) {
		return rest.Response{Stream: func(_ context.Context, w io.Writer, flush func()) error {
			_, _ = io.WriteString(w, "half")
			flush()
			panic("gone")
		}}, nil
	}))
	resp, err := s.client.Get(s.url + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("got %q as if it were whole", body)
	}
}

func TestRequestID(t *testing.T) {
	s := start(t, server.Options{NewID: func() string { return "made-here" }}, public("GET", "/id", func(r *http.Request) (rest.Response, error) {
		return rest.Text(200, rest.RequestID(r.Context())), nil
	}))
	tests := []struct{ name, sent, want string }{
		{"none", "", "made-here"},
		{"sane", "abc-1.2_Z", "abc-1.2_Z"},
		{"breaks a log line", "a b", "made-here"},
		{"too long", strings.Repeat("a", 65), "made-here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := s.do(t, "GET", "/id", nil, "X-Request-Id", tt.sent)
			if body != tt.want || resp.Header.Get("X-Request-Id") != tt.want {
				t.Errorf("got %q and %q, want %q", body, resp.Header.Get("X-Request-Id"), tt.want)
			}
		})
	}
}

func TestLogsAndMetricsShowNoSecret(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := start(t, server.Options{Registry: registry},
		rest.Route{Method: "GET", Path: "/token/{t}", Need: auth.Reader, Handle: func(*http.Request) (rest.Response, error) {
			return rest.Text(200, "12345"), nil
		}},
		server.MetricsRoute(registry, auth.Public))
	resp, _ := s.do(t, "GET", "/token/pathsecret?key=querysecret", nil, "Authorization", "Bearer secret", "X-Auth-Token", "")
	if resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	s.do(t, "BREW", "/token/pathsecret", nil, "Authorization", "Bearer secret")
	s.do(t, "GET", "/wp-secret", nil)
	_, metrics := s.do(t, "GET", "/metrics", nil)
	for _, want := range []string{
		`yardmaster_http_requests_total{code="200",dialect="server",method="GET",route="/token/{t}"} 1`,
		`yardmaster_http_requests_total{code="405",dialect="server",method="other",route="unmatched"} 1`,
		`yardmaster_http_requests_total{code="404",dialect="",method="GET",route="unmatched"} 1`,
		`yardmaster_http_request_duration_seconds_count{dialect="server",method="GET",route="/token/{t}"} 1`,
		`yardmaster_http_requests_in_flight 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	eventually(t, "the access log", func() bool { return strings.Contains(s.log.String(), `"route":"/metrics"`) })
	line, _, _ := strings.Cut(s.log.String(), "\n")
	for _, want := range []string{`"msg":"request served"`, `"route":"/token/{t}"`, `"status":200`, `"bytes":5`, `"principal":"ci"`, `"remote":"127.0.0.1"`} {
		if !strings.Contains(line, want) {
			t.Errorf("log line lacks %s: %s", want, line)
		}
	}
	if strings.Contains(s.log.String()+metrics, "secret") {
		t.Errorf("a secret came out: %s\n%s", s.log, metrics)
	}
}

func TestHeadersForBrowsers(t *testing.T) {
	s := start(t, server.Options{}, public("GET", "/a", func(*http.Request) (rest.Response, error) {
		return rest.Text(200, "").With("Cache-Control", "max-age=60"), nil
	}))
	resp, _ := s.do(t, "GET", "/a", nil)
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cache-Control": "max-age=60",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestPortInUseStopsTheStart(t *testing.T) {
	s := start(t, server.Options{}, public("GET", "/a", nothing))
	_, err := server.New(server.Options{Listen: strings.TrimPrefix(s.url, "http://"), Handler: http.NotFoundHandler()})
	if err == nil {
		t.Error("a second server took the port")
	}
}

func nothing(*http.Request) (rest.Response, error) { return rest.Empty(204), nil }
