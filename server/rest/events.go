package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Event is one server-sent event. One without a name and data is a comment
// that keeps idle connections open, and an ID that it may have is where the
// client goes on.
type Event struct {
	ID   string
	Name string
	Data any // as JSON; a json.RawMessage goes out unchanged
}

// Events answers with server-sent events until run returns, the client leaves
// or the server stops; the last two end run's context. The events of one
// answer are sent by one goroutine: run's own.
func Events(run func(ctx context.Context, send func(Event) error) error) Response {
	return Response{
		Live: true,
		Header: http.Header{
			"Content-Type":      {"text/event-stream"},
			"Cache-Control":     {"no-store"},
			"X-Accel-Buffering": {"no"},
		},
		Stream: func(ctx context.Context, w io.Writer, flush func()) error {
			flush()
			return run(ctx, func(e Event) error {
				text, err := e.encode()
				if err != nil {
					return err
				}
				if _, err := w.Write(text); err != nil {
					return err
				}
				flush()
				return ctx.Err()
			})
		},
	}
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

func (e Event) encode() ([]byte, error) {
	var b strings.Builder
	if e.ID != "" {
		fmt.Fprintf(&b, "id: %s\n", oneLine.Replace(e.ID))
	}
	if e.Name == "" && e.Data == nil {
		return []byte(b.String() + ": keep-alive\n\n"), nil
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.Name, err)
	}
	if e.Name != "" {
		fmt.Fprintf(&b, "event: %s\n", oneLine.Replace(e.Name))
	}
	fmt.Fprintf(&b, "data: %s\n\n", data)
	return []byte(b.String()), nil
}
