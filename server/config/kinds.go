package config

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// kind is one sort of value: how it is read, shown and named to people.
type kind[T any] struct {
	name       string
	secret     bool
	structured bool
	boolean    bool
	parts      []part // of the records in a list
	parse      func(*yaml.Node) (T, error)
	format     func(T) string
}

// scalar makes a kind of a parser of text.
func scalar[T any](name string, parse func(string) (T, error), format func(T) string) kind[T] {
	return kind[T]{name: name, format: format, parse: func(n *yaml.Node) (T, error) {
		text, err := scalarText(n)
		if err != nil {
			var zero T
			return zero, err
		}
		return parse(text)
	}}
}

func scalarText(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", errors.New("want a single value, not a list or a group of keys")
	}
	if strings.ContainsFunc(n.Value, isControl) {
		return "", errors.New("line breaks and control characters are not allowed")
	}
	return n.Value, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func same(s string) string { return s }

func text() kind[string] {
	return scalar("text", func(s string) (string, error) { return s, nil }, same)
}

func path() kind[string] {
	return scalar("path", func(s string) (string, error) { return s, nil }, same)
}

// redisURL may carry a password until the loader moves it out, so it is never quoted.
func redisURL() kind[string] {
	return scalar("URL", func(s string) (string, error) { return s, checkRedisURL(s) }, same)
}

func secret() kind[Secret] {
	k := scalar("secret", func(s string) (Secret, error) { return Secret(s), nil }, Secret.String)
	k.secret = true
	return k
}

// word is text of a small alphabet: much of it reaches a shell on a storage node, or becomes a name that others must accept.
func word(name, pattern string) kind[string] {
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return scalar(name, func(s string) (string, error) {
		if !re.MatchString(s) {
			return "", fmt.Errorf("%s is not a valid %s", quote(s), name)
		}
		return s, nil
	}, same)
}

func boolean() kind[bool] {
	k := scalar("true or false", func(s string) (bool, error) {
		switch strings.ToLower(s) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, fmt.Errorf("%s is neither true nor false", quote(s))
	}, strconv.FormatBool)
	k.boolean = true
	return k
}

func number(low, high int) kind[int] {
	return scalar(fmt.Sprintf("number, %d to %d", low, high), func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, fmt.Errorf("%s is not a whole number", quote(s))
		}
		if n < low || n > high {
			return 0, fmt.Errorf("%d is not within %d to %d", n, low, high)
		}
		return n, nil
	}, strconv.Itoa)
}

// duration refuses bare numbers: nobody remembers which unit a file meant.
func duration(low time.Duration) kind[time.Duration] {
	return scalar("duration", func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%s is not a duration such as 500ms, 15s or 2h", quote(s))
		}
		if d < low {
			return 0, fmt.Errorf("%s is less than %s", showDuration(d), showDuration(low))
		}
		return d, nil
	}, showDuration)
}

// showDuration drops the zero units of 168h0m0s.
func showDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func choice[T ~string](values ...T) kind[T] {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	list := orList(names)
	return scalar(list, func(s string) (T, error) {
		if !slices.Contains(values, T(s)) {
			return "", fmt.Errorf("%s is not %s", quote(s), list)
		}
		return T(s), nil
	}, func(v T) string { return string(v) })
}

func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func level() kind[slog.Level] {
	names := choice("debug", "info", "warn", "error")
	return scalar(names.name, func(s string) (slog.Level, error) {
		var l slog.Level
		if _, err := names.parse(&yaml.Node{Kind: yaml.ScalarNode, Value: s}); err != nil {
			return 0, err
		}
		return l, l.UnmarshalText([]byte(s))
	}, func(l slog.Level) string { return strings.ToLower(l.String()) })
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

func size(low, high int64) kind[int64] {
	return scalar("size", func(s string) (int64, error) {
		n, ok := parseSize(s)
		if !ok {
			return 0, fmt.Errorf("%s is not a size such as 512KiB or 8MiB", quote(s))
		}
		if n < low || n > high {
			return 0, fmt.Errorf("%s is not within %s to %s", showSize(n), showSize(low), showSize(high))
		}
		return n, nil
	}, showSize)
}

func parseSize(s string) (int64, bool) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > 1<<62/u.bytes {
			return 0, false
		}
		return n * u.bytes, true
	}
	return 0, false
}

func showSize(n int64) string {
	for _, u := range sizeUnits {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}
