package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// heketiForm is how a value of Heketi's becomes the text of one of ours.
type heketiForm int

const (
	heketiText      heketiForm = iota
	heketiAny                  // set at all, or true
	heketiBool                 // as it is
	heketiNot                  // the other way round
	heketiNumber               // 0 is a number
	heketiCount                // 0 leaves the default
	heketiLimit                // below 0 is no limit
	heketiSeconds              // a number of seconds
	heketiPeriod               // seconds; 0 leaves the default
	heketiPlainPort            // number or text
	heketiPort                 // on every address
	heketiFolder               // the folder of a file
	heketiExecutor
	heketiLevel
	heketiReadOnly
	heketiKnownHosts
)

var heketiExecutors = map[string]string{
	"ssh": ExecutorSSH, "inject/ssh": ExecutorSSH,
	"mock": ExecutorSim, "inject/mock": ExecutorSim,
}

var heketiLevels = map[string]string{
	"none": "error", "critical": "error", "error": "error", "warning": "warn", "info": "info", "debug": "debug",
}

// fromEnv gives a variable the JSON type that its key has.
func (f heketiForm) fromEnv(text string) (any, error) {
	switch f {
	case heketiBool, heketiNot, heketiReadOnly:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s is neither true nor false", quote(text))
		}
		return b, nil
	case heketiNumber, heketiCount, heketiLimit, heketiSeconds, heketiPeriod:
		return json.Number(text), nil
	case heketiAny:
		return true, nil
	}
	return text, nil
}

// text translates a JSON value; "" leaves the default.
func (f heketiForm) text(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	switch f {
	case heketiBool, heketiNot, heketiReadOnly, heketiAny:
		return f.fromBool(v)
	case heketiNumber, heketiCount, heketiLimit, heketiSeconds, heketiPeriod:
		return f.fromNumber(v)
	case heketiPort, heketiPlainPort:
		if n, ok := v.(json.Number); ok {
			v = n.String()
		}
	}
	s, ok := v.(string)
	if !ok {
		return "", errors.New("want text")
	}
	if s == "" {
		return "", nil
	}
	return f.fromText(s)
}

func (f heketiForm) fromBool(v any) (string, error) {
	b, ok := v.(bool)
	switch {
	case !ok:
		return "", errors.New("want true or false")
	case f == heketiNot:
		return strconv.FormatBool(!b), nil
	case f == heketiReadOnly && b:
		return "read-only", nil
	case f == heketiReadOnly, f == heketiAny && !b:
		return "", nil
	}
	return strconv.FormatBool(b), nil
}

func (f heketiForm) fromNumber(v any) (string, error) {
	raw, ok := v.(json.Number)
	if !ok {
		return "", errors.New("want a number")
	}
	n, err := strconv.Atoi(raw.String())
	if err != nil {
		return "", fmt.Errorf("%s is not a whole number", quote(raw.String()))
	}
	switch {
	case n == 0 && f != heketiNumber && f != heketiSeconds:
		return "", nil
	case n < 0 && f == heketiLimit:
		return "-1", nil
	case f == heketiSeconds, f == heketiPeriod:
		return strconv.Itoa(n) + "s", nil
	}
	return strconv.Itoa(n), nil
}

func (f heketiForm) fromText(s string) (string, error) {
	switch f {
	case heketiPort:
		return ":" + s, nil
	case heketiFolder:
		return filepath.Dir(s), nil
	case heketiExecutor:
		if to, ok := heketiExecutors[s]; ok {
			return to, nil
		}
		if strings.Contains(s, "kube") {
			return "", fmt.Errorf("%s is not served: nodes are reached over SSH; use ssh, or mock for the simulated cluster", quote(s))
		}
		return "", fmt.Errorf("%s is not ssh or mock", quote(s))
	case heketiLevel:
		if to, ok := heketiLevels[s]; ok {
			return to, nil
		}
		return "", fmt.Errorf("%s is not none, critical, error, warning, info or debug", quote(s))
	}
	return s, nil
}
