// Package client is a Go client of the yard's API: it signs requests as Heketi's clients do, follows the operation behind an
// answer, and reads the native API. It imports nothing of the server's, so that what it understands is what the wire says.
package client

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client speaks to one server as one issuer. It is safe for concurrent use.
type Client struct {
	base   string
	issuer string
	key    []byte
	bearer string // instead of a signed token; "": sign, if there is a key
	http   *http.Client
	now    func() time.Time
}

// New is a client of the server at base ("http://host:port"). issuer is "admin" or "user", key the one that belongs to it.
func New(base, issuer, key string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), issuer: issuer, key: []byte(key), now: time.Now,
		http: &http.Client{Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Error is an answer that was none of those asked for.
type Error struct {
	Status int
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (status %d)", e.Text, e.Status) }

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// token signs one request; it serves for nothing else and for a minute only.
func (c *Client) token(method, path string) string {
	sum := sha256.Sum256([]byte(method + "&" + path))
	now := c.now()
	claims, _ := json.Marshal(map[string]any{"iss": c.issuer, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "qsh": hex.EncodeToString(sum[:])})
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// do sends one request; path may carry a query.
func (c *Client) do(ctx context.Context, method, path string, in any) (*http.Response, []byte, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case c.bearer != "":
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	case len(c.key) > 0:
		req.Header.Set("Authorization", "bearer "+c.token(method, req.URL.Path))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, raw, err
}

// Get reads a JSON answer into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.Call(ctx, http.MethodGet, path, nil, out)
}

// Call sends in and reads the JSON answer into out, if it is given. Anything but a 2xx is an *Error.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	resp, raw, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &Error{Status: resp.StatusCode, Text: strings.TrimSpace(string(raw))}
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// Start sends a change that is answered with 202 and gives the id of its operation.
func (c *Client) Start(ctx context.Context, method, path string, in any) (string, error) {
	resp, raw, err := c.do(ctx, method, path, in)
	if err != nil {
		return "", err
	}
	location := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusAccepted || !strings.HasPrefix(location, "/queue/") {
		return "", &Error{Status: resp.StatusCode, Text: strings.TrimSpace(string(raw))}
	}
	return strings.TrimPrefix(location, "/queue/"), nil
}

// Operation is what the native API says of one.
type Operation struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"`
	Progress string    `json:"progress"`
	Targets  []string  `json:"targets"`
	Result   string    `json:"result"`
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Journal  []struct {
		Name string    `json:"name"`
		At   time.Time `json:"at"`
	} `json:"journal"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// Ended says that nothing more will become of the operation.
func (o Operation) Ended() bool {
	return o.State == "succeeded" || o.State == "failed" || o.State == "canceled"
}

// Wait follows an operation to its end, or to the end of ctx.
func (c *Client) Wait(ctx context.Context, id string) (Operation, error) {
	for {
		var op Operation
		if err := c.Get(ctx, "/operations/"+id+"/wait?timeout=30s", &op); err != nil {
			return op, err
		}
		if op.Ended() {
			return op, nil
		}
	}
}

// Do starts a change and follows it to its end; an operation that did not succeed is an error with its message.
func (c *Client) Do(ctx context.Context, method, path string, in any) (Operation, error) {
	id, err := c.Start(ctx, method, path, in)
	if err != nil {
		return Operation{}, err
	}
	op, err := c.Wait(ctx, id)
	if err == nil && op.State != "succeeded" {
		text := op.State
		if op.Error != nil {
			text = op.Error.Message
		}
		err = fmt.Errorf("operation %s: %s", id, text)
	}
	return op, err
}

// Health asks an address for its /healthz and gives the answer; anything but 200 is an *Error.
func Health(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &Error{Status: resp.StatusCode, Text: strings.TrimSpace(string(raw))}
	}
	return strings.TrimSpace(string(raw)), err
}
