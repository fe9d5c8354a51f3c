package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
	"yardmaster/client"
	"yardmaster/jobs"
	"yardmaster/jobs/volumes"
	"yardmaster/server/config"
	"yardmaster/server/rest"
	"yardmaster/store"

	"github.com/prometheus/client_golang/prometheus"
)

// routes prints docs/routes.md: the tables are made as for a server, with nothing behind them, and none of their handlers is called.
func routes(stdout io.Writer) error {
	cfg, _, err := config.Load(nil, []string{"YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_PROFILING=true",
		"YARDMASTER_HEKETI_ADMIN_KEY=" + newID(), "YARDMASTER_HEKETI_USER_KEY=" + newID()}, os.ReadFile)
	if err != nil {
		return err
	}
	all, _, err := tables(cfg, &store.DB{}, nil, &jobs.Runner{}, &volumes.Service{}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, rest.Routes(all))
	return err
}

func check(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	db, err := openStore(ctx, cfg, "check", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	problems, err := db.Check(ctx)
	if err == nil {
		var more []string
		more, err = volumes.Audit(ctx, db)
		for _, p := range problems {
			more = append(more, p.String())
		}
		for _, p := range more {
			fmt.Fprintln(stdout, p)
		}
		if err == nil && len(more) > 0 {
			err = fmt.Errorf("control.db has %d problems", len(more))
		}
	}
	if err == nil {
		fmt.Fprintln(stdout, "control.db is consistent")
	}
	return errors.Join(err, db.Close())
}

func backup(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	if len(cfg.Args) != 1 {
		return errors.New("backup takes the name of one new file")
	}
	db, err := openStore(ctx, cfg, "backup", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(cfg.Args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	n, err := db.Backup(ctx, func(int64) (io.Writer, error) { return file, nil })
	err = errors.Join(err, file.Sync(), file.Close(), db.Close())
	if err == nil {
		fmt.Fprintf(stdout, "%d bytes in %s\n", n, cfg.Args[0])
	}
	return err
}

// demo runs the whole system on simulated machines and walks through it by its own API.
func demo(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	once := flags.Bool("once", false, "walk through, then end")
	dir := flags.String("dir", "", "folder for the data (default: a new temporary one)")
	listen := flags.String("listen", "127.0.0.1:8080", "address; port 0 takes a free one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		made, err := os.MkdirTemp("", "yardmaster-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(made)
		*dir = made
	}
	if *once {
		*listen = "127.0.0.1:0"
	}
	keys := client.Keys{Admin: newID(), User: newID()}
	cfg, warnings, err := config.Load([]string{"--listen", *listen, "--data-dir", *dir, "--log-level", "warn", "--log-format", "text"}, []string{
		"YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_HEKETI_ADMIN_KEY=" + keys.Admin, "YARDMASTER_HEKETI_USER_KEY=" + keys.User,
		"YARDMASTER_SIM_NODES=6", "YARDMASTER_SIM_DEVICES_PER_NODE=4", "YARDMASTER_SIM_LATENCY=20ms", "YARDMASTER_HEKETI_OPEN_HELLO=true"}, os.ReadFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan string, 1)
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, cfg, warnings, logger(cfg.Log, stderr), func(addr string) { ready <- addr })
	}()
	select {
	case err := <-served:
		return err
	case addr := <-ready:
		tour := client.Tour{Client: client.New("http://"+addr, "admin", keys.Admin), Keys: keys, Out: stdout}
		for n := 1; n <= cfg.Sim.Nodes; n++ {
			manage, storage, devices := simulated(n, cfg.Sim)
			tour.Nodes = append(tour.Nodes, client.TourNode{Manage: manage, Storage: storage, Zone: (n-1)%3 + 1, Devices: devices})
		}
		if err := tour.Walk(ctx); err != nil {
			cancel()
			return errors.Join(err, <-served)
		}
		if *once {
			cancel()
		} else {
			fmt.Fprintf(stdout, "\nIt stays up until you press Ctrl-C. Its data is in %s.\n", *dir)
		}
	}
	return <-served
}

// askHealth is the container's own health check: the image has no other program.
func askHealth(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	url := flags.String("url", "http://127.0.0.1:8080/healthz", "address of /healthz")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := client.Health(ctx, *url)
	if err == nil {
		fmt.Fprintln(stdout, text)
	}
	return err
}
