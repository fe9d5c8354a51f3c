// Yardmaster runs the control planes of a yard of machines as one server. This package is the only place where its parts meet:
// it reads the configuration, makes each part with what it needs, and stops them in order.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"yardmaster/server/config"
)

const usage = `usage: yardmaster COMMAND [FLAGS]

  serve     run the server (--config FILE, or --heketi-config, --vmpooler-config, --stacktach-config FILE of a predecessor)
  demo      try everything on simulated machines (--once: walk through and end; --dir DIR; --listen ADDR)
  worker    run operations for a server elsewhere, over a shared Redis
  check     look whether control.db and events.db are consistent
  backup    copy control.db of a stopped server: backup FILE (of a running one: GET /backup/db)
  import    take over the records of a predecessor: import vmpooler --redis URL (--apply)
  report    build a report by a running server: report run NAME (--hours N ..), report show ID
  compact   make events.db of a stopped server as small as what it holds
  user      add, list or delete users in control.db of a stopped server: user add NAME
  health    ask a running server whether it answers (--url URL)
  routes    print every route that the server can serve
  version   print the version

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stdout, usage+config.Usage())
	case err != nil:
		fmt.Fprintln(os.Stderr, "yardmaster: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return flag.ErrHelp
	}
	command, rest := args[0], args[1:]
	switch command {
	case "serve":
		cfg, warnings, err := config.Load(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		return serve(ctx, cfg, warnings, logger(cfg.Log, stderr), nil)
	case "worker":
		cfg, warnings, err := config.LoadWorker(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		return work(ctx, cfg, warnings, logger(cfg.Log, stderr))
	case "demo":
		return demo(ctx, rest, stdout, stderr)
	case "check", "backup", "compact":
		cfg, _, err := config.LoadStore(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		switch command {
		case "check":
			return check(ctx, cfg, stdout)
		case "compact":
			return compact(ctx, cfg, stdout)
		}
		return backup(ctx, cfg, stdout)
	case "report":
		return report(ctx, rest, environ, stdout)
	case "user":
		cfg, _, err := config.LoadStore(rest, environ, os.ReadFile)
		if err != nil {
			return err
		}
		return users(ctx, cfg, cfg.Args, os.Stdin, stdout)
	case "import":
		return importFrom(ctx, rest, environ, stdout)
	case "health":
		return askHealth(ctx, rest, stdout)
	case "routes":
		return routes(ctx, stdout)
	case "version", "--version":
		fmt.Fprintln(stdout, "yardmaster", version())
		return nil
	case "help", "-h", "--help":
		return flag.ErrHelp
	}
	return fmt.Errorf("command %q is unknown; yardmaster help lists them", command)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// level is shared by the logger and the logging route that turns it.
var level slog.LevelVar

func logger(cfg config.Log, w io.Writer) *slog.Logger {
	level.Set(cfg.Level)
	options := &slog.HandlerOptions{Level: &level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func holder(command string) string {
	host, _ := os.Hostname()
	return fmt.Sprintf("yardmaster %s, pid %d on %s", command, os.Getpid(), host)
}
