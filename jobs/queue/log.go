package queue

import (
	"context"
	"fmt"
	"log/slog"
)

// redisLog takes what go-redis would print to stderr. A Redis that is away is reported once, by the watcher.
type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis client", "text", fmt.Sprintf(format, args...))
	}
}

// asynqLog takes asynq's own log, for the same reason.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.write(args) }
func (l asynqLog) Info(args ...any)  { l.write(args) }
func (l asynqLog) Warn(args ...any)  { l.write(args) }
func (l asynqLog) Error(args ...any) { l.write(args) }
func (l asynqLog) Fatal(args ...any) { l.write(args) }

func (l asynqLog) write(args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("asynq", "text", fmt.Sprint(args...))
	}
}
