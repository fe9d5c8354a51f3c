package rest

import (
	"log/slog"
	"net/http"
)

// levelOf tells our faults from the client's, and from clients that left.
func levelOf(r *http.Request, resp Response) slog.Level {
	switch {
	case r.Context().Err() != nil:
		return slog.LevelDebug
	case statusOf(resp) >= http.StatusInternalServerError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

func attrs(t *Trace, err error) []slog.Attr {
	return []slog.Attr{
		slog.String("request", t.RequestID),
		slog.String("dialect", t.Dialect),
		slog.String("route", t.Route),
		slog.Any("err", err),
	}
}
