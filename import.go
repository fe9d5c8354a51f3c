package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"yardmaster/executors/redis"
	"yardmaster/jobs/pools"
	"yardmaster/server/config"
	"yardmaster/store"
)

// importFrom is the import command: the name of a predecessor, then its own flags and those of the configuration in any order.
func importFrom(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] != "vmpooler" {
		return errors.New("import takes the name of a predecessor: vmpooler")
	}
	own, rest := importArgs(args[1:])
	cfg, _, err := config.LoadStore(rest, environ, os.ReadFile)
	if err != nil {
		return err
	}
	return importVMPooler(ctx, cfg, own, stdout)
}

// importOptions are the flags of the import command.
type importOptions struct {
	url, passwordFile, since string
	apply                    bool
}

func (o *importOptions) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("import vmpooler", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.url, "redis", "", "vmpooler's Redis, redis://HOST:PORT/DATABASE (default: what vmpooler.yaml says)")
	flags.StringVar(&o.passwordFile, "redis-password-file", "", "file with its password")
	flags.StringVar(&o.since, "since", "", "first day whose counts are brought over, YYYY-MM-DD")
	flags.BoolVar(&o.apply, "apply", false, "write; without it, only tell what would be written")
	return flags
}

// importArgs parts the import command's own flags from those of the configuration.
func importArgs(args []string) (own, rest []string) {
	known := (&importOptions{}).flags()
	for len(args) > 0 {
		name, _, inline := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		f := known.Lookup(name)
		n := 1
		if f != nil && !inline && name != "apply" {
			n = min(2, len(args))
		}
		if f != nil && strings.HasPrefix(args[0], "-") {
			own = append(own, args[:n]...)
		} else {
			rest = append(rest, args[0])
			n = 1
		}
		args = args[n:]
	}
	return own, rest
}

// importVMPooler takes over what a vmpooler left in its Redis, or tells what it would take over.
func importVMPooler(ctx context.Context, cfg config.Config, args []string, stdout io.Writer) (err error) {
	var o importOptions
	flags := o.flags()
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if words := slices.Concat(flags.Args(), cfg.Args); len(words) > 0 {
		return fmt.Errorf("import: unexpected word %q", words[0])
	}
	if len(cfg.Pools.List) == 0 {
		return errors.New("import: no pools are configured; name the configuration with --config or --vmpooler-config")
	}
	src, err := importSource(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	fresh := isNew(filepath.Join(cfg.DataDir, "control.db"))
	db, closeDB, err := importStore(ctx, cfg, fresh && !o.apply)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeDB()) }()
	to := pools.TakeoverOptions{Pools: poolConfig(cfg.Pools).Pools, Since: o.since, Apply: o.apply, TokenTTL: cfg.Pools.TokenTTL}
	if o.apply {
		if isNew(cfg.SecretKeyFile) && !fresh {
			if err := nothingSealed(ctx, db); err != nil {
				return fmt.Errorf("secret_key_file %s is missing: %w", cfg.SecretKeyFile, err)
			}
		}
		secrets, err := sealer(cfg.SecretKeyFile, true)
		if err != nil {
			return err
		}
		to.Seal = secrets.Seal
	}
	report, err := pools.Takeover(ctx, src, db, to)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	fmt.Fprintf(stdout, "From the Redis at %s:\n\n", src.Addr())
	return report.Write(stdout)
}

func importSource(ctx context.Context, cfg config.Config, o importOptions) (*redis.Reader, error) {
	from := redis.Options{URL: o.url}
	if from.URL == "" {
		from.URL = cfg.VMPooler.Redis.Reveal()
	}
	if from.URL == "" {
		return nil, errors.New("import: --redis is missing: the address of vmpooler's Redis, as in redis://localhost:6379")
	}
	if o.passwordFile != "" {
		text, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return nil, fmt.Errorf("--redis-password-file: %w", err)
		}
		from.Password = strings.TrimRight(string(text), "\r\n")
	}
	src, err := redis.Open(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	return src, nil
}

// importStore opens control.db, or an empty one for the time of a look where there is none yet.
func importStore(ctx context.Context, cfg config.Config, aside bool) (*store.DB, func() error, error) {
	remove := func() error { return nil }
	if aside {
		dir, err := os.MkdirTemp("", "yardmaster-import-")
		if err != nil {
			return nil, nil, err
		}
		cfg.DataDir, remove = dir, func() error { return os.RemoveAll(dir) }
	}
	db, err := openStore(ctx, cfg, "import", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}
