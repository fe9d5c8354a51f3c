package rest

import (
	"context"
	"io"
	"net/http"
)

// Response is a whole answer. At most one of JSON, Body and Stream is set.
type Response struct {
	Status int // 0 is 200
	Header http.Header
	JSON   any
	Body   []byte
	Stream Stream
	Length int64 // of a Stream, if known; else 0
	Live   bool  // a Stream without an end of its own: it is told to stop when the server stops
	Indent string
	// Cause is logged once, with its whole chain, and never sent.
	Cause error
}

// Stream writes a body piece by piece. An error before the first byte is
// rendered as usual; after it, the connection is cut, so that a client never
// takes a part for the whole. The context of a Live stream ends with the server.
type Stream func(ctx context.Context, w io.Writer, flush func()) error

// JSON answers with v, encoded as the dialect does it.
func JSON(status int, v any) Response { return Response{Status: status, JSON: v} }

// Text answers with s as it is, as plain text.
func Text(status int, s string) Response {
	return Body(status, "text/plain; charset=utf-8", []byte(s))
}

// TextError answers as net/http's Error does: plain text and a line end.
func TextError(status int, s string) Response {
	resp := Text(status, s+"\n")
	resp.Header.Set("X-Content-Type-Options", "nosniff")
	return resp
}

// Body answers with bytes of a type.
func Body(status int, contentType string, body []byte) Response {
	return Response{Status: status, Body: body, Header: http.Header{"Content-Type": {contentType}}}
}

// Empty answers without a body.
func Empty(status int) Response { return Response{Status: status} }

// Location answers without a body and points to a path or URL.
func Location(status int, target string) Response {
	return Empty(status).With("Location", target)
}

// With returns the answer with one header more; the receiver keeps its own.
func (r Response) With(key, value string) Response {
	header := r.Header.Clone()
	if header == nil {
		header = make(http.Header, 1)
	}
	header.Set(key, value)
	r.Header = header
	return r
}
