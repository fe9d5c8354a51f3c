package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/server/config"
	"yardmaster/store"
)

const userUsage = "user takes add NAME, password NAME, delete NAME or list; flags such as --config and --data-dir come before that word"

// userCommand is one parsed command about users.
type userCommand struct {
	word, name   string
	role         string
	passwordFile string
	password     string
}

// instead is what a running server is asked for the same.
var instead = map[string]string{
	"add": "PUT /users/{name}", "password": "PUT /users/{name}", "delete": "DELETE /users/{name}", "list": "GET /users",
}

// users changes and lists the users in control.db of a stopped server. A new password is the one line of a file or of stdin.
func users(ctx context.Context, cfg config.Config, args []string, stdin io.Reader, stdout io.Writer) error {
	c, err := parseUser(args)
	if err != nil {
		return err
	}
	if c.word == "add" || c.word == "password" {
		if c.password, err = readPassword(c.passwordFile, stdin); err != nil {
			return err
		}
	}
	db, err := openStore(ctx, cfg, "user "+c.word, slog.New(slog.DiscardHandler))
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w; ask a running server by its API instead: %s", err, instead[c.word])
	}
	if err != nil {
		return err
	}
	err = c.run(ctx, accounts.NewUsers(db, auth.HashPassword, reservedNames(cfg)...), stdout)
	return errors.Join(err, db.Close())
}

// reservedNames are what no kept user may be called: they are somebody else's.
func reservedNames(cfg config.Config) []string {
	names := []string{"anonymous"}
	for _, u := range cfg.Auth.Users {
		names = append(names, u.Name)
	}
	for _, t := range cfg.Auth.Tokens {
		names = append(names, t.Name)
	}
	return names
}

// parseUser lets flags stand before and after the name.
func parseUser(args []string) (userCommand, error) {
	if len(args) == 0 || instead[args[0]] == "" {
		return userCommand{}, errors.New(userUsage)
	}
	c := userCommand{word: args[0]}
	flags := flag.NewFlagSet("user "+c.word, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if c.word == "add" {
		flags.StringVar(&c.role, "role", accounts.RoleUser, "")
	}
	if c.word == "add" || c.word == "password" {
		flags.StringVar(&c.passwordFile, "password-file", "", "")
	}
	var names []string
	for args = args[1:]; ; args = flags.Args()[1:] {
		if err := flags.Parse(args); err != nil {
			return c, fmt.Errorf("user %s: %w", c.word, err)
		}
		if flags.NArg() == 0 {
			break
		}
		names = append(names, flags.Arg(0))
	}
	want := 1
	if c.word == "list" {
		want = 0
	}
	if len(names) != want {
		return c, errors.New(userUsage)
	}
	c.name = strings.Join(names, "")
	return c, nil
}

// passwordMost is more than any password may have, so that one that is too long is refused for that.
const passwordMost = 1 << 10

func readPassword(file string, stdin io.Reader) (string, error) {
	from, where := stdin, "standard input"
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("password file: %w", err)
		}
		defer f.Close()
		from, where = f, file
	}
	text, err := io.ReadAll(io.LimitReader(from, passwordMost))
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("password: %s does not hold one line", where)
	}
	return line, nil
}

func (c userCommand) run(ctx context.Context, kept *accounts.Users, stdout io.Writer) error {
	switch c.word {
	case "add":
		u, err := kept.AddUser(ctx, c.name, c.password, c.role)
		if errors.Is(err, accounts.ErrUserExists) {
			return fmt.Errorf("%s: %w; user password changes the password", c.name, err)
		}
		return told(stdout, err, "user %s added, role %s", u.Name, u.Role)
	case "password":
		return told(stdout, kept.SetPassword(ctx, c.name, c.password), "password of user %s changed", c.name)
	case "delete":
		return told(stdout, kept.DeleteUser(ctx, c.name), "user %s deleted", c.name)
	}
	all, err := kept.ListUsers(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tCREATED")
	for _, u := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\n", u.Name, u.Role, u.Created.UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

func told(stdout io.Writer, err error, format string, args ...any) error {
	if err == nil {
		_, err = fmt.Fprintf(stdout, format+"\n", args...)
	}
	return err
}
