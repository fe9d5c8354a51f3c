package heketi

import (
	"log/slog"
	"net/http"

	"yardmaster/server/rest"
)

// logLevels are Heketi's names for how much is logged, most first. "none" is above everything that is ever logged.
var logLevels = []struct {
	name  string
	level slog.Level
}{
	{"debug", slog.LevelDebug},
	{"info", slog.LevelInfo},
	{"warning", slog.LevelWarn},
	{"error", slog.LevelError},
	{"critical", slog.LevelError + 4},
	{"none", slog.LevelError + 8},
}

// theLogger is the one logger that clients know by name; here it stands for the whole server.
const theLogger = "glusterfs"

type logLevelBody struct {
	LogLevel map[string]string `json:"loglevel"`
}

func (a *API) loggingGet(*http.Request) (rest.Response, error) {
	return rest.JSON(http.StatusOK, logLevelBody{map[string]string{theLogger: levelName(a.level.Level())}}), nil
}

func (a *API) loggingSet(r *http.Request) (rest.Response, error) {
	var q logLevelBody
	if err := decodeAdmin(r, &q); err != nil {
		return rest.Response{}, err
	}
	want, ok := q.LogLevel[theLogger]
	if !ok {
		return rest.Response{}, &unprocessable{`Only "glusterfs" logger may be modified`}
	}
	for _, l := range logLevels {
		if l.name == want {
			a.level.Set(l.level)
			a.log.Info("log level changed", "level", want, "principal", caller(r).Owner, "request", rest.RequestID(r.Context()))
			return a.loggingGet(r)
		}
	}
	return rest.Response{}, &unprocessable{"invalid log level: " + want}
}

// levelName is the name of the first level that lets as much through.
func levelName(l slog.Level) string {
	for _, known := range logLevels {
		if l <= known.level {
			return known.name
		}
	}
	return logLevels[len(logLevels)-1].name
}
