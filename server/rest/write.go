package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

const defaultJSONType = "application/json; charset=UTF-8"

// write sends the answer. Nothing is sent before all of it is known to be
// sound, except for streams.
func (m *mux) write(w http.ResponseWriter, r *http.Request, d *Dialect, resp Response) {
	if resp.JSON != nil {
		body, err := encode(resp.JSON, first(resp.Indent, d.Indent))
		if err != nil {
			resp = Internal(r, fmt.Errorf("encode answer: %w", err))
		} else {
			resp.Body = body
		}
	}
	m.logCause(r, resp)
	if resp.Stream != nil {
		m.stream(w, r, d, resp)
		return
	}
	maps.Copy(w.Header(), resp.Header)
	if resp.JSON != nil && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", first(d.JSONType, defaultJSONType))
	}
	if len(resp.Body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	}
	m.setDeadline(w)
	w.WriteHeader(statusOf(resp))
	if len(resp.Body) > 0 && r.Method != http.MethodHead {
		_, _ = w.Write(resp.Body) // a client that left is no fault of ours
	}
}

// setDeadline gives a slow client a bounded time for what comes next. Writers
// without deadlines, as in tests, are left alone.
func (m *mux) setDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(m.writeTimeout))
}

func (m *mux) logCause(r *http.Request, resp Response) {
	if resp.Cause == nil {
		return
	}
	trace := traceOf(r.Context())
	m.log.LogAttrs(r.Context(), levelOf(r, resp), "request failed", attrs(trace, resp.Cause)...)
}

func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func statusOf(resp Response) int {
	if resp.Status == 0 {
		return http.StatusOK
	}
	return resp.Status
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
