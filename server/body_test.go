package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/server"
	"yardmaster/server/rest"
)

func TestSlowBodyIsGivenUp(t *testing.T) {
	failed := make(chan error, 1)
	s := start(t, server.Options{ReadBody: 20 * time.Millisecond}, public("POST", "/in", func(r *http.Request) (rest.Response, error) {
		_, err := rest.ReadBody(r)
		failed <- err
		return rest.Response{}, err
	}))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
	if err := <-failed; err == nil {
		t.Error("a body that never came was taken")
	}
}

func TestWaitingHandlerOutlivesTheBodyDeadline(t *testing.T) {
	const deadline = 500 * time.Millisecond
	s := start(t, server.Options{ReadBody: deadline}, public("POST", "/wait", func(r *http.Request) (rest.Response, error) {
		if _, err := rest.ReadBody(r); err != nil {
			return rest.Response{}, err
		}
		select {
		case <-r.Context().Done():
			return rest.Text(200, "cut"), nil
		case <-time.After(5 * deadline):
			return rest.Text(200, "waited"), nil
		}
	}))
	if _, body := s.do(t, "POST", "/wait", strings.NewReader("{}")); body != "waited" {
		t.Errorf("got %q: the body's deadline ended the handler", body)
	}
}

func TestConnectionServesOnAfterAnUnreadBody(t *testing.T) {
	s := start(t, server.Options{}, public("POST", "/in", nothing))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i := range 3 {
		fmt.Fprint(conn, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n123")
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != 204 {
			t.Fatalf("request %d: got %v, %v", i, resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	}
}

func TestDeadlineOfOneAnswerSparesTheNext(t *testing.T) {
	const limit = 500 * time.Millisecond
	late := public("GET", "/late", func(*http.Request) (rest.Response, error) {
		<-time.After(3 * limit)
		panic("late") // answered by the server itself, which sets no deadline
	})
	m, err := rest.NewMux([]rest.Dialect{server.Endpoints(nil, late, public("GET", "/a", nothing))}, rest.Options{WriteTimeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, server.Options{Handler: m})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, step := range []struct {
		path string
		want int
	}{{"/a", 204}, {"/late", 500}} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", step.path)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != step.want {
			t.Fatalf("%s: got %v, %v, want %d", step.path, resp, err, step.want)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	}
}
