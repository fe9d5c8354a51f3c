package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

const (
	flagConfig       = "config"
	flagHeketiConfig = "heketi-config"

	flagVMPoolerConfig = "vmpooler-config"

	flagStackTachConfig = "stacktach-config"
)

// setting is one flag as it was given.
type setting struct{ name, value string }

// commandLine is the parsed command line; values are not looked at yet.
type commandLine struct {
	given []setting
	rest  []string
}

// path is the file that a flag names, else the fallback.
func (c commandLine) path(name, fallback string) string {
	for _, s := range c.given {
		if s.name == name {
			fallback = s.value
		}
	}
	return fallback
}

func parseFlags(args []string) (commandLine, error) {
	var line commandLine
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	keep := func(name string) func(string) error {
		return func(value string) error {
			line.given = append(line.given, setting{name, value})
			return nil
		}
	}
	set.Func(flagConfig, "", keep(flagConfig))
	set.Func(flagHeketiConfig, "", keep(flagHeketiConfig))
	set.Func(flagVMPoolerConfig, "", keep(flagVMPoolerConfig))
	set.Func(flagStackTachConfig, "", keep(flagStackTachConfig))
	for _, o := range Options() {
		switch {
		case o.Flag == "":
		case o.boolean:
			set.BoolFunc(o.Flag, "", keep(o.Flag))
		default:
			set.Func(o.Flag, "", keep(o.Flag))
		}
	}
	if err := set.Parse(args); err != nil {
		return commandLine{}, flagError(err, set)
	}
	line.rest = set.Args()
	return line, nil
}

// flagError rewrites the flag package's complaint in the form of all others.
func flagError(err error, set *flag.FlagSet) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		set.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
		reason := "unknown flag"
		if like := closest(strings.TrimLeft(name, "-"), known); like != "" {
			reason += " (did you mean --" + like + "?)"
		}
		return &Error{Where: "--" + clip(name), Reason: reason}
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return &Error{Where: "--" + clip(name), Reason: "needs a value"}
	}
	return &Error{Where: "command line", Reason: clip(text)}
}

// flags applies the flags, the strongest source.
func (l *loader) flags(line commandLine) error {
	keys := map[string]string{}
	for _, o := range Options() {
		if o.Flag != "" {
			keys[o.Flag] = o.Key
		}
	}
	for _, s := range line.given {
		key, ok := keys[s.name]
		if !ok {
			continue
		}
		if err := l.put(key, s.value, origin{rank: rankFlag, where: "--" + s.name}); err != nil {
			return err
		}
	}
	return nil
}

// Usage lists the flags, one paragraph each.
func Usage() string {
	var b strings.Builder
	entry := func(name, kind, help string) { fmt.Fprintf(&b, "  --%s %s\n      %s\n", name, kind, help) }
	entry(flagConfig, "FILE", "YAML file to read; also "+envConfig+".")
	entry(flagHeketiConfig, "FILE", "heketi.json to read; also "+envHeketiConfig+".")
	entry(flagVMPoolerConfig, "FILE", "vmpooler.yaml to read; also "+envVMPoolerConfig+".")
	entry(flagStackTachConfig, "FILE", "StackTach's deployments (JSON) to read; also "+envStackTachConfig+".")
	for _, o := range Options() {
		if o.Flag == "" {
			continue
		}
		kind := "(" + o.Type + ")"
		if o.Default != "" {
			kind = "(" + o.Type + "; default " + o.Default + ")"
		}
		entry(o.Flag, kind, o.Help)
	}
	return b.String()
}
