package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mostShortText is how many bytes AMQP has for the name of an exchange or a queue and for a routing key.
const mostShortText = 255

// amqpName is the name of an exchange or a queue.
func amqpName() kind[string] {
	return scalar("text", func(s string) (string, error) {
		if s == "" {
			return "", errors.New("is empty")
		}
		return shortText(s)
	}, same)
}

func routingKey() kind[string] { return scalar("routing key", shortText, same) }

func shortText(s string) (string, error) {
	if len(s) > mostShortText {
		return "", fmt.Errorf("%s is longer than %d bytes", quote(s), mostShortText)
	}
	return s, nil
}

// cronText is five fields, or one of the words that begin with @. What the fields mean is for the reader of schedules to say.
func cronText() kind[string] {
	return word("cron expression", `(?:(?:CRON_TZ|TZ)=[A-Za-z0-9_+/-]+ +)?(?:[0-9A-Za-z*/,?-]+(?: +[0-9A-Za-z*/,?-]+){4}|@[a-z]+|@every +[0-9][0-9a-zµ.]*)`)
}

// arguments are values of any sort by name, as a broker is told them.
func arguments() kind[map[string]any] {
	return kind[map[string]any]{
		name: "group of name: value", structured: true,
		parse: func(n *yaml.Node) (map[string]any, error) {
			v, err := plainGroup(n, 0)
			if err != nil {
				return nil, err
			}
			return v, nil
		},
		format: func(m map[string]any) string {
			pairs := make([]string, 0, len(m))
			for _, k := range keysOf(m) {
				pairs = append(pairs, fmt.Sprintf("%s: %v", k, m[k]))
			}
			return "{" + strings.Join(pairs, ", ") + "}"
		},
	}
}

// mostNesting is more than any argument has.
const mostNesting = 8

func plainGroup(n *yaml.Node, depth int) (map[string]any, error) {
	return parseMapping(n, kind[any]{parse: func(v *yaml.Node) (any, error) { return plain(v, depth+1) }})
}

// plain is the value that a node says, in Go's own types.
func plain(n *yaml.Node, depth int) (any, error) {
	if depth > mostNesting {
		return nil, errors.New("is nested too deeply")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return plainGroup(n, depth)
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, item := range n.Content {
			v, err := plain(item, depth+1)
			if err != nil {
				return nil, within(fmt.Sprintf("[%d]", i), item.Line, err)
			}
			out[i] = v
		}
		return out, nil
	}
	text, err := scalarText(n)
	if err != nil {
		return nil, err
	}
	return plainScalar(n.Tag, text)
}

var decimal = regexp.MustCompile(`^[-+]?(?:0|[1-9][0-9_]*)$`)

func plainScalar(tag, text string) (any, error) {
	switch tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return boolean().parse(&yaml.Node{Kind: yaml.ScalarNode, Value: text})
	case "!!int":
		if !decimal.MatchString(text) {
			return nil, fmt.Errorf("%s is not a decimal number", quote(text))
		}
		return wholeNumber(text)
	case "!!float":
		if decimal.MatchString(text) { // YAML takes one for a fraction that is too large
			return wholeNumber(text)
		}
		v, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, fmt.Errorf("%s is not a number that fits", quote(text))
		}
		return v, nil
	case "!!str":
		return text, nil
	}
	return nil, fmt.Errorf("%s is neither text, a number, true nor false", quote(text))
}

func wholeNumber(text string) (any, error) {
	v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit into 64 bits", quote(text))
	}
	return v, nil
}
