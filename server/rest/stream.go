package rest

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// stream runs a Stream. Its header goes out with its first byte or flush.
func (m *mux) stream(w http.ResponseWriter, r *http.Request, d *Dialect, resp Response) {
	ctx := r.Context()
	if resp.Live {
		live, cancel := context.WithCancel(ctx)
		defer untilStop(live, cancel)()
		ctx = live
	}
	s := &streamWriter{mux: m, w: w, r: r, resp: resp}
	var err error
	if r.Method != http.MethodHead {
		err = resp.Stream(ctx, s, s.flush)
	}
	switch {
	case err == nil, resp.Live && ctx.Err() != nil && s.started:
		s.start()
		m.setDeadline(w) // for what net/http still holds
	case !s.started:
		m.write(w, r, d, render(r, d, err))
	default:
		if r.Context().Err() == nil {
			m.log.LogAttrs(ctx, slog.LevelError, "stream cut", attrs(traceOf(ctx), err)...)
		}
		panic(http.ErrAbortHandler)
	}
}

type streamWriter struct {
	mux     *mux
	w       http.ResponseWriter
	r       *http.Request
	resp    Response
	started bool
}

func (s *streamWriter) start() {
	if s.started {
		return
	}
	s.started = true
	maps.Copy(s.w.Header(), s.resp.Header)
	if s.resp.Length > 0 {
		s.w.Header().Set("Content-Length", strconv.FormatInt(s.resp.Length, 10))
	}
	s.w.WriteHeader(statusOf(s.resp))
}

func (s *streamWriter) Write(p []byte) (int, error) {
	defer s.bounded()()
	s.start()
	return s.w.Write(p)
}

func (s *streamWriter) flush() {
	defer s.bounded()()
	s.start()
	_ = http.NewResponseController(s.w).Flush()
}

// bounded limits one piece, not the pause after it: an HTTP/2 stream would be
// reset while it waits for the next event.
func (s *streamWriter) bounded() (lift func()) {
	s.mux.setDeadline(s.w)
	return func() { _ = http.NewResponseController(s.w).SetWriteDeadline(time.Time{}) }
}
