package rest

import (
	"bytes"
	"net/http"
)

// FromHTTP makes a Handler of a net/http one whose answers are small enough to
// be held in memory, such as metrics, profiles and embedded files.
func FromHTTP(h http.Handler) Handler {
	return func(r *http.Request) (Response, error) {
		answer := &heldAnswer{header: make(http.Header)}
		h.ServeHTTP(answer, r)
		return Response{Status: answer.status, Header: answer.header, Body: answer.body.Bytes()}, nil
	}
}

type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *heldAnswer) Header() http.Header { return a.header }

func (a *heldAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *heldAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}
