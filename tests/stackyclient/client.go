// Package stackyclient is the stacky command line: it sends what the original sends and does with the answers what that does, as
// strictly. A table whose rows do not have as many columns as its header, a report that is no list, a row of watch with one column too
// many: all that would end the original with a traceback is an error here. It shares no code with the server: both can only agree on
// the wire.
package stackyclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// Client is stacky with STACKTACH_URL set to Base. It prints to Out.
type Client struct {
	Base string
	Out  io.Writer
	HTTP *http.Client
}

// New is a client for a server, which prints to out. It follows redirects, as the original must.
func New(base string, out io.Writer) *Client {
	return &Client{Base: base, Out: out, HTTP: &http.Client{Timeout: 2 * time.Minute,
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}}}
}

// Close gives back idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// Params are those of a query, in pairs of name and value.
type Params []string

func (p Params) encode() string {
	v := url.Values{}
	for i := 0; i+1 < len(p); i += 2 {
		v.Add(p[i], p[i+1])
	}
	return v.Encode()
}

// Answer is the last answer of a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Path   string // where it came from, after redirects, with its query
}

// JSON reads the body into out.
func (a Answer) JSON(out any) error {
	if err := json.Unmarshal(a.Body, out); err != nil {
		return &Crash{fmt.Sprintf("no JSON: %v in %.200q", err, a.Body)}
	}
	return nil
}

// Get sends one request, and judges nothing.
func (c *Client) Get(ctx context.Context, path string, p Params) (Answer, error) {
	if query := p.encode(); query != "" {
		path += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+path, nil)
	if err != nil {
		return Answer{}, err
	}
	for name, value := range map[string]string{"User-Agent": "python-requests/1.2.3 CPython/2.7.3 Linux/3.2.0-4-amd64", "Accept": "*/*",
		"Accept-Encoding": "gzip, deflate, compress"} {
		req.Header.Set(name, value)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	return read(resp)
}

// mostAnswer is more than any answer of a test has.
const mostAnswer = 64 << 20

func read(resp *http.Response) (Answer, error) {
	var body io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(resp.Body)
		if err != nil {
			return Answer{}, err
		}
		body = packed
	}
	raw, err := io.ReadAll(io.LimitReader(body, mostAnswer))
	return Answer{resp.StatusCode, resp.Header, raw, resp.Request.URL.RequestURI()}, err
}

// Exit is how a command ends that the server refused.
type Exit struct{ Answer }

func (e *Exit) Error() string { return fmt.Sprintf("status %d: %.200s", e.Status, e.Body) }

// Code is the exit status that the shell sees.
func (e *Exit) Code() int { return e.Status % 256 }

// Crash is what would end the original with a traceback.
type Crash struct{ What string }

func (e *Crash) Error() string { return e.What }

var titled = regexp.MustCompile(`(?i)<title>(.*)</title>`)

// check is what every command does with every answer.
func (c *Client) check(ctx context.Context, path string, p Params) (Answer, error) {
	a, err := c.Get(ctx, path, p)
	if err != nil || a.Status == http.StatusOK {
		return a, err
	}
	fmt.Fprintf(c.Out, "Error fetching results (%d)\n", a.Status)
	if m := titled.FindSubmatch(a.Body); m != nil {
		fmt.Fprintf(c.Out, "Server reported: %s\n", m[1])
	}
	return a, &Exit{a}
}

// table fetches rows.
func (c *Client) table(ctx context.Context, path string, p Params) (rows [][]any, err error) {
	a, err := c.check(ctx, path, p)
	if err != nil {
		return nil, err
	}
	return rows, decode(a.Body, &rows)
}

// decode keeps numbers as they were sent.
func decode(body []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return &Crash{fmt.Sprintf("%v in %.200q", err, body)}
	}
	return nil
}
