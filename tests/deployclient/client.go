// Package deployclient sends what scripts send to a Deployment Manager API, in the two ways in which people call it: curl, and
// Python's requests. Those scripts are careless about content types, and so is this client: JSON goes out as a form or as nothing at
// all. It shares no code with the server: both can only agree on the wire.
package deployclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Form is the type that curl gives to any body that it is not told the type of.
const Form = "application/x-www-form-urlencoded"

// Style is whose habits a request has.
type Style struct {
	name   string
	header map[string]string
	token  string // how it writes the header
}

// The styles that the API's document has.
var (
	Curl   = Style{"curl", map[string]string{"User-Agent": "curl/8.14.1", "Accept": "*/*"}, "token"}
	Python = Style{"Python", map[string]string{"User-Agent": "python-requests/2.32.3", "Accept": "*/*", "Connection": "keep-alive"}, "Token"}
)

func (s Style) String() string { return s.name }

// Client asks one server. It judges nothing: every answer goes to the caller as it came.
type Client struct {
	Root  string // what the document calls api_root: "http://host:port/api/v1/control_plane"
	Style Style
	Token string // "" sends none
	HTTP  *http.Client
}

// New is a client that follows no redirect.
func New(root, token string, style Style) *Client {
	return &Client{Root: root, Style: style, Token: token, HTTP: &http.Client{
		Timeout:       5 * time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// As is the client with another token.
func (c *Client) As(token string) *Client {
	d := *c
	d.Token = token
	return &d
}

// Answer is one whole answer.
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

// mostAnswer is more than any answer of a test has.
const mostAnswer = 64 << 20

// Do sends one request; an empty type sends none.
func (c *Client) Do(ctx context.Context, method, path, kind, body string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Root+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for name, value := range c.Style.header {
		req.Header.Set(name, value)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.Token != "" {
		req.Header[c.Style.token] = []string{c.Token} // as it is written
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	return Answer{resp.StatusCode, resp.Header, string(text)}, err
}

// Get is curl without more, or requests.get.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	return c.Do(ctx, http.MethodGet, path, "", "")
}

// Post is curl -X POST, or requests.post without data.
func (c *Client) Post(ctx context.Context, path string) (Answer, error) {
	return c.Do(ctx, http.MethodPost, path, "", "")
}

// Delete is requests.delete.
func (c *Client) Delete(ctx context.Context, path string) (Answer, error) {
	return c.Do(ctx, http.MethodDelete, path, "", "")
}

// PostForm is curl --data-urlencode, or requests.post with a dict as data.
func (c *Client) PostForm(ctx context.Context, path string, fields url.Values) (Answer, error) {
	return c.Do(ctx, http.MethodPost, path, Form, fields.Encode())
}

// Dumps is requests.post with data=json.dumps(..): the type is what the script says of it, and if it says nothing there is none.
func (c *Client) Dumps(ctx context.Context, path, kind string, data any) (Answer, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Answer{}, err
	}
	return c.Do(ctx, http.MethodPost, path, kind, string(raw))
}

// PostFile is curl -F, or requests.post with files: one file in the field "file", and fields beside it.
func (c *Client) PostFile(ctx context.Context, path, name string, content []byte, fields map[string]string) (Answer, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return Answer{}, err
	}
	if _, err := part.Write(content); err != nil {
		return Answer{}, err
	}
	for field, value := range fields {
		if err := w.WriteField(field, value); err != nil {
			return Answer{}, err
		}
	}
	if err := w.Close(); err != nil {
		return Answer{}, err
	}
	return c.Do(ctx, http.MethodPost, path, w.FormDataContentType(), body.String())
}
