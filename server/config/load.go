package config

import (
	"errors"
	"fmt"
	"strings"
)

// ReadFile reads a whole file; os.ReadFile in production.
type ReadFile = func(name string) ([]byte, error)

// Warnings are lines for the operator about what was accepted with a reservation.
type Warnings = []string

// command is what the configuration is for; each needs other keys.
type command int

const (
	serve command = iota
	worker
	store
)

const (
	envPrefix       = "YARDMASTER_"
	envConfig       = envPrefix + "CONFIG"
	envHeketiConfig = envPrefix + "HEKETI_CONFIG"

	envVMPoolerConfig = envPrefix + "VMPOOLER_CONFIG"

	envStackTachConfig = envPrefix + "STACKTACH_CONFIG"
)

// Load reads the configuration of the server. An error that wraps
// flag.ErrHelp asks for Usage; every other one is an *Error.
func Load(args, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(serve, args, environ, readFile)
}

// LoadWorker reads the configuration of a worker process, which needs a shared
// Redis and the way to the nodes, but no listener and no keys of clients.
func LoadWorker(args, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(worker, args, environ, readFile)
}

// LoadStore reads the configuration of a command that only opens the
// databases. It reads no key files, and leaves the words after the flags in Args.
func LoadStore(args, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(store, args, environ, readFile)
}

// LoadHeketi reads a heketi.json and the environment as the server's whole configuration.
func LoadHeketi(file string, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(serve, []string{"--" + flagHeketiConfig, file}, environ, readFile)
}

// LoadVMPooler reads a vmpooler.yaml and the environment as the server's whole configuration.
func LoadVMPooler(file string, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(serve, []string{"--" + flagVMPoolerConfig, file}, environ, readFile)
}

// LoadStackTach reads StackTach's deployments and the environment as the server's whole configuration.
func LoadStackTach(file string, environ []string, readFile ReadFile) (Config, Warnings, error) {
	return load(serve, []string{"--" + flagStackTachConfig, file}, environ, readFile)
}

// loader collects values from all sources and remembers where each came from.
type loader struct {
	table    table
	cfg      Config
	from     map[string]origin
	places   map[string][]origin // of the entries of a list
	warnings Warnings
	readFile ReadFile
	heketi   string // the heketi.json that was read
	wantTLS  bool   // it says enable_tls
	vmpooler string // the vmpooler.yaml that was read

	stacktach string // StackTach's deployments that were read
}

func newLoader(readFile ReadFile) *loader {
	t := newTable()
	return &loader{table: t, cfg: t.defaults(), from: map[string]origin{}, places: map[string][]origin{}, readFile: readFile}
}

func load(cmd command, args, environ []string, readFile ReadFile) (Config, Warnings, error) {
	l := newLoader(readFile)
	if err := l.gather(args, environ); err != nil {
		return Config{}, nil, err
	}
	if err := l.settle(cmd); err != nil {
		return Config{}, nil, err
	}
	if err := l.validate(cmd); err != nil {
		return Config{}, nil, err
	}
	if cmd != store {
		l.caution(cmd)
	}
	return l.cfg, l.warnings, nil
}

// gather applies every source, the weakest first.
func (l *loader) gather(args, environ []string) error {
	line, err := parseFlags(args)
	if err != nil {
		return err
	}
	env := environment(environ)
	if file := line.path(flagHeketiConfig, env[envHeketiConfig]); file != "" {
		if err := l.heketiFile(file, env); err != nil {
			return err
		}
	}
	if err := l.vmpoolerConfig(line, env); err != nil {
		return err
	}
	if err := l.stacktachConfig(line, env); err != nil {
		return err
	}
	if file := line.path(flagConfig, env[envConfig]); file != "" {
		if err := l.yamlFile(file); err != nil {
			return err
		}
	}
	if err := l.environment(env); err != nil {
		return err
	}
	l.cfg.Args = line.rest
	return l.flags(line)
}

// put sets a key from text and remembers its origin.
func (l *loader) put(key, text string, from origin) error {
	o, ok := l.table[key]
	if !ok {
		return fmt.Errorf("config: no key %q in the table", key)
	}
	if err := o.fromText(&l.cfg, text); err != nil {
		return refuse(err, o.Key, from)
	}
	l.from[o.Key] = from
	delete(l.places, o.Key)
	return nil
}

// refuse names the key and, inside a list or a group, the part of it.
func refuse(err error, key string, from origin) error {
	if from.key != "" {
		key = from.key
	}
	var f *fieldError
	if errors.As(err, &f) {
		return &Error{Where: from.line(f.line).where, Key: key + f.at, Reason: f.reason}
	}
	return &Error{Where: from.where, Key: key, Reason: err.Error()}
}

func (l *loader) warn(format string, args ...any) {
	l.warnings = append(l.warnings, oneLine(fmt.Sprintf(format, args...)))
}

// refuse blames the source that a key's value came from.
func (l *loader) refuse(key, reason string) error { return l.from[key].refuse(key, reason) }

// refuseEntry blames the entry of a list for one of its fields.
func (l *loader) refuseEntry(list string, i int, field, reason string) error {
	from := l.from[list]
	key := fmt.Sprintf("%s[%d]", list, i)
	if places := l.places[list]; i < len(places) {
		from = places[i]
	}
	if from.key != "" {
		key = from.key
	}
	name, _, _ := strings.Cut(field, "[")
	name, _, _ = strings.Cut(name, ".")
	if theirs, ok := from.fields[name]; ok {
		field = theirs + field[len(name):]
	}
	return &Error{Where: from.where, Key: key + "." + field, Reason: reason}
}

// slurp reads the file that a key names.
func (l *loader) slurp(key, name string) ([]byte, error) {
	data, err := l.readFile(name)
	if err != nil {
		return nil, l.refuse(key, err.Error())
	}
	return data, nil
}

// environment splits NAME=value pairs; empty values count as not set.
func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" {
			env[name] = value
		}
	}
	return env
}
