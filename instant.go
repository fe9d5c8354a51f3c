//go:build instant

package main

import (
	"context"
	"log/slog"
	"strings"
	"yardmaster/executors"
	"yardmaster/server/config"
)

// This build is for measuring the server by itself: its machines make and remove volumes in no time by doing nothing. All else
// is asked of the simulated ones.
func init() {
	reach = func(cfg config.Config, log *slog.Logger) (executors.Runner, func() error, error) {
		hosts, stop, err := machines(cfg, log)
		return instant{hosts}, stop, err
	}
}

type instant struct{ executors.Runner }

// whole is what a script has in it that makes or removes a volume or a brick, and what the machine says at its end.
var whole = []struct{ command, says string }{
	{" lvcreate ", ""}, {" lvremove ", "pool gone\n"}, {"G volume create ", ""}, {"G volume delete ", ""}, {"sync -f ", ""},
}

func (i instant) Run(ctx context.Context, host, script string) (executors.Result, error) {
	for _, w := range whole {
		if strings.Contains(script, w.command) {
			return executors.Result{Stdout: w.says}, nil
		}
	}
	return i.Runner.Run(ctx, host, script)
}
