// Package vmpoolerclient sends what the clients of a vmpooler send, byte for byte where it matters: the Ruby tool vmfloaty, the
// Go library go-vmpooler, and curl as people call it from scripts. Each reads answers as strictly as the original does, so that
// what would break the original fails here. It shares no code with the server: both can only agree on the wire.
package vmpoolerclient

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Style is whose habits a request has.
type Style struct {
	name   string
	header map[string]string
	body   string // content type of a body; "" sends none
	close  bool   // a connection for each request
}

// The styles that are out there. Faraday, below vmfloaty, says of every body that it is a form, and so does curl.
var (
	Ruby = Style{name: "Ruby", body: "application/x-www-form-urlencoded", close: true, header: map[string]string{
		"User-Agent": "Faraday v1.10.3", "Accept": "*/*", "Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3"}}
	Go   = Style{name: "Go", header: map[string]string{"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}}
	Curl = Style{name: "curl", body: "application/x-www-form-urlencoded", close: true, header: map[string]string{
		"User-Agent": "curl/7.47.0", "Accept": "*/*"}}
)

func (s Style) String() string { return s.name }

// Client sends requests of one style to one version of the API. It judges nothing: every answer goes to the caller as it came.
type Client struct {
	Base           string // as people configure it, with its version: "http://host:port/api/v1"
	Style          Style
	Token          string // X-AUTH-TOKEN; "" sends none
	User, Password string // HTTP Basic; "" sends none
	HTTP           *http.Client
}

// New is a client without credentials. It follows no redirect.
func New(base string, style Style) *Client {
	return &Client{Base: base, Style: style, HTTP: &http.Client{
		Timeout:       2 * time.Minute,
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}, // a style says itself what it can unpack
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// With is the client with a token.
func (c *Client) With(token string) *Client {
	d := *c
	d.Token = token
	return &d
}

// As is the client with a name and a password, and without a token.
func (c *Client) As(user, password string) *Client {
	d := *c
	d.User, d.Password, d.Token = user, password, ""
	return &d
}

// Answer is one whole answer, unpacked.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON reads the body into out.
func (a Answer) JSON(out any) error {
	if err := json.Unmarshal([]byte(a.Body), out); err != nil {
		return fmt.Errorf("status %d, body %q: %w", a.Status, a.Body, err)
	}
	return nil
}

// Refused is an answer that the client's user is shown as an error.
type Refused struct{ Answer }

func (r *Refused) Error() string { return fmt.Sprintf("HTTP %d: %s", r.Status, r.Body) }

// Do sends one request. A nil body sends none, a string goes as it is, anything else as JSON.
func (c *Client) Do(ctx context.Context, method, path string, body any) (Answer, error) {
	text, err := encode(body)
	if err != nil {
		return Answer{}, err
	}
	var reader io.Reader
	if text != "" {
		reader = strings.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, reader)
	if err != nil {
		return Answer{}, err
	}
	c.dress(req, text != "")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	return read(resp)
}

func encode(body any) (string, error) {
	switch b := body.(type) {
	case nil:
		return "", nil
	case string:
		return b, nil
	}
	raw, err := json.Marshal(body)
	return string(raw), err
}

// dress gives a request what its style always sends.
func (c *Client) dress(req *http.Request, hasBody bool) {
	req.Close = c.Style.close
	for name, value := range c.Style.header {
		req.Header.Set(name, value)
	}
	if hasBody && c.Style.body != "" {
		req.Header.Set("Content-Type", c.Style.body)
	}
	if c.Token != "" {
		req.Header.Set("X-AUTH-TOKEN", c.Token)
	}
	if c.User != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
}

// mostAnswer is more than any answer of a test has.
const mostAnswer = 16 << 20

func read(resp *http.Response) (Answer, error) {
	var body io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(resp.Body)
		if err != nil {
			return Answer{}, err
		}
		body = packed
	}
	text, err := io.ReadAll(io.LimitReader(body, mostAnswer))
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}, err
}
