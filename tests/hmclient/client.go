// Package hmclient sends what people send to a hosted-metrics API with curl: a user and a password, and JSON that calls itself a form
// unless somebody said otherwise. It shares no code with the server: both can only agree on the wire.
package hmclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Form is the type that curl gives to any body that it is not told the type of.
const Form = "application/x-www-form-urlencoded"

// Client asks one server. It judges nothing: every answer goes to the caller as it came.
type Client struct {
	Root           string // "http://host:port"
	User, Password string // "" sends none
	Token          string // of the yard; the predecessor knew none
	HTTP           *http.Client
}

// New is a client that follows no redirect.
func New(root, user, password string) *Client {
	return &Client{Root: root, User: user, Password: password, HTTP: &http.Client{
		Timeout:       5 * time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// As is the client as another user.
func (c *Client) As(user, password string) *Client {
	d := *c
	d.User, d.Password = user, password
	return &d
}

// Answer is one whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON reads the body into out, which must know every key.
func (a Answer) JSON(out any) error {
	dec := json.NewDecoder(strings.NewReader(a.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return fmt.Errorf("status %d, body %q: %w", a.Status, a.Body, err)
	}
	return nil
}

// mostAnswer is more than any answer of a test has.
const mostAnswer = 16 << 20

// Do is curl -X; a body is what -d sends.
func (c *Client) Do(ctx context.Context, method, path, body string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Root+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("User-Agent", "curl/8.14.1")
	req.Header.Set("Accept", "*/*")
	if body != "" {
		req.Header.Set("Content-Type", Form)
	}
	if c.User != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
	if c.Token != "" {
		req.Header.Set("X-Auth-Token", c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	return Answer{resp.StatusCode, resp.Header, string(text)}, err
}
