// Package heketiclient sends what the clients of a Heketi send, byte for byte where it matters: heketi-cli and the Go client
// in one style, the Python client in the other. It signs by hand and shares no code with the server, so that both can only
// agree on the wire. It judges nothing: every answer goes to the caller as it came.
package heketiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Style is whose habits a client has.
type Style struct {
	name     string
	lifetime time.Duration // of a token
	poll     time.Duration // between two looks at the queue
	bare     bool          // a body "{}" with every GET and DELETE, and no content type on anything
}

// The two styles that are out there.
var (
	Go     = Style{name: "Go", lifetime: time.Minute, poll: 400 * time.Millisecond}
	Python = Style{name: "Python", lifetime: time.Second, poll: time.Second, bare: true}
)

func (s Style) String() string { return s.name }

// Every is the style with another time between two looks at the queue, for tests that follow hundreds of operations.
func (s Style) Every(d time.Duration) Style {
	s.poll = d
	return s
}

// Client speaks to one server with one of its two keys.
type Client struct {
	Base   string // "http://host:port"
	Issuer string // "admin" or "user"
	Key    string
	Style  Style
	HTTP   *http.Client
}

// New is a client that follows no redirect by itself: each hop needs a token of its own.
func New(base, issuer, key string, style Style) *Client {
	return &Client{Base: base, Issuer: issuer, Key: key, Style: style, HTTP: &http.Client{
		Timeout:       2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// Answer is one whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Text is what a client shows of an error.
func (a Answer) Text() string { return strings.TrimSpace(a.Body) }

// JSON reads the body into out.
func (a Answer) JSON(out any) error {
	if err := json.Unmarshal([]byte(a.Body), out); err != nil {
		return fmt.Errorf("status %d, body %q: %w", a.Status, a.Body, err)
	}
	return nil
}

// Once sends one signed request. A nil body sends none, but the Python style's "{}".
func (c *Client) Once(ctx context.Context, method, path string, body any) (Answer, error) {
	raw, err := c.encode(method, body)
	if err != nil {
		return Answer{}, err
	}
	header := http.Header{}
	if body != nil && !c.Style.bare {
		header.Set("Content-Type", "application/json")
	}
	return c.Raw(ctx, method, path, raw, header)
}

func (c *Client) encode(method string, body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		if c.Style.bare && (method == http.MethodGet || method == http.MethodDelete) {
			return []byte("{}"), nil
		}
		return nil, nil
	case string: // as it is, also when it is no JSON
		return []byte(b), nil
	default:
		return json.Marshal(body)
	}
}

// Raw sends a request with that body and those headers, signed unless they hold an Authorization of their own, even an
// empty one.
func (c *Client) Raw(ctx context.Context, method, path string, body []byte, header http.Header) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if _, given := req.Header["Authorization"]; !given {
		req.Header.Set("Authorization", "bearer "+c.Token(method, req.URL.Path))
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}, err
}
