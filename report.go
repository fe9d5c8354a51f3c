package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"yardmaster/client"
)

// tokenVariable holds a token of the yard for commands that ask a running server.
const tokenVariable = "YARDMASTER_TOKEN"

var errReportUsage = errors.New("report run NAME [--OPTION VALUE ..] or report show ID, with --url URL and --token-file FILE (or " + tokenVariable + ")")

// report is the report command: it asks a running server, which alone has the events.
func report(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) < 2 {
		return errReportUsage
	}
	options, err := pairs(args[2:])
	if err != nil {
		return err
	}
	c, err := reportClient(options, environ)
	if err != nil {
		return err
	}
	id := args[1]
	switch args[0] {
	case "show":
		if len(options) > 0 {
			return errReportUsage
		}
	case "run":
		if id, err = c.BuildReport(ctx, args[1], options); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "report %s\n", id)
	default:
		return errReportUsage
	}
	said, err := c.Report(ctx, id)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, said, "", "  "); err != nil {
		return err
	}
	fmt.Fprintln(stdout, out.String())
	return nil
}

// pairs reads --name value and --name=value; what the names mean the server knows.
func pairs(args []string) (map[string]string, error) {
	out := map[string]string{}
	for len(args) > 0 {
		name, dashed := strings.CutPrefix(args[0], "--")
		name, value, inline := strings.Cut(name, "=")
		switch {
		case !dashed || name == "":
			return nil, fmt.Errorf("%q is no option; %w", args[0], errReportUsage)
		case !inline && len(args) == 1:
			return nil, fmt.Errorf("--%s needs a value", name)
		case !inline:
			value, args = args[1], args[1:]
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("--%s is there twice", name)
		}
		out[name], args = value, args[1:]
	}
	return out, nil
}

// reportClient takes the options that say how to reach the server.
func reportClient(options map[string]string, environ []string) (*client.Client, error) {
	url, file := options["url"], options["token-file"]
	delete(options, "url")
	delete(options, "token-file")
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	token := ""
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, tokenVariable+"="); ok {
			token = v
		}
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("token-file: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	return client.WithToken(url, token), nil
}
