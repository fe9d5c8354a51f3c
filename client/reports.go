package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// WithToken is a client of the server at base that signs in with a token of the yard, or with none where the server asks for none.
func WithToken(base, token string) *Client {
	c := New(base, "", "")
	c.bearer = token
	return c
}

// ErrNoReport means that an operation has ended without a report.
var ErrNoReport = errors.New("the operation has made no report")

// BuildReport has a report built and gives its id. Options are those of POST /reports.
func (c *Client) BuildReport(ctx context.Context, name string, options map[string]string) (string, error) {
	in := map[string]string{"name": name}
	for k, v := range options {
		in[k] = v
	}
	var begun Operation
	if err := c.Call(ctx, http.MethodPost, "/reports", in, &begun); err != nil {
		return "", err
	}
	op, err := c.Wait(ctx, begun.ID)
	if err != nil {
		return "", err
	}
	if op.Error != nil {
		return "", errors.New(op.Error.Message)
	}
	id, ok := strings.CutPrefix(op.Result, "report/")
	if !ok {
		return "", ErrNoReport
	}
	return id, nil
}

// Report is what a stored report says, as JSON.
func (c *Client) Report(ctx context.Context, id string) (json.RawMessage, error) {
	var got struct{ Report json.RawMessage }
	err := c.Get(ctx, "/reports/"+id, &got)
	return got.Report, err
}
