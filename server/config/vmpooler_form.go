package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// vmpoolerForm makes a value of vmpooler's one of ours; nil leaves the default.
type vmpoolerForm func(*rubyNode) (*yaml.Node, error)

func ours(from *rubyNode, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: from.line}
}

func asText(n *rubyNode) (*yaml.Node, error) {
	if n.shape != yaml.ScalarNode {
		return nil, errors.New("want a single value, not a list or a group of keys")
	}
	return ours(n, n.text), nil
}

var rubyBools = map[string]string{
	"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false",
}

func asBool(n *rubyNode) (*yaml.Node, error) {
	text, err := asText(n)
	if err != nil {
		return nil, err
	}
	b, ok := rubyBools[strings.ToLower(n.text)]
	if !ok {
		return nil, fmt.Errorf("%s is neither true nor false", quote(n.text))
	}
	text.Value = b
	return text, nil
}

// asOpposite is for a switch that is the other way round here.
func asOpposite(n *rubyNode) (*yaml.Node, error) {
	b, err := asBool(n)
	if err == nil {
		b.Value = strconv.FormatBool(b.Value == "false")
	}
	return b, err
}

// asSwitch is for a feature that has no counterpart: off is what there is.
func asSwitch(n *rubyNode) (*yaml.Node, error) {
	b, err := asBool(n)
	if err == nil && b.Value == "false" {
		return nil, nil
	}
	return b, err
}

var (
	rubyOctal   = regexp.MustCompile(`^[-+]?0[0-7_,]+$`)
	rubyHex     = regexp.MustCompile(`^[-+]?0x[0-9a-fA-F_,]+$`)
	rubyDecimal = regexp.MustCompile(`^[-+]?[0-9]+(?:[,_][0-9]+)*(?:\.[0-9]+)?$`)
)

// rubyNumber reads a number as Ruby does: unquoted, a leading 0 makes it octal; commas and underscores may part its digits.
func rubyNumber(n *rubyNode) (float64, error) {
	if n.shape != yaml.ScalarNode {
		return 0, errors.New("want a number, not a list or a group of keys")
	}
	text, base := n.text, 10
	switch {
	case n.plain && rubyOctal.MatchString(text):
		base = 8
	case n.plain && rubyHex.MatchString(text):
		text, base = strings.Replace(text, "0x", "", 1), 16
	case !rubyDecimal.MatchString(text) || n.plain && len(text) > 1 && text[0] == '0' && !strings.Contains(text, "."):
		return 0, fmt.Errorf("%s is not a number", quote(n.text))
	}
	text = strings.NewReplacer("_", "", ",", "").Replace(text)
	if base == 10 {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is not a number", quote(n.text))
		}
		return f, nil
	}
	i, err := strconv.ParseInt(text, base, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number", quote(n.text))
	}
	return float64(i), nil
}

func asNumber(n *rubyNode) (*yaml.Node, error) {
	f, err := rubyNumber(n)
	if err != nil {
		return nil, err
	}
	if f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return nil, fmt.Errorf("%s is not a whole number", quote(n.text))
	}
	return ours(n, strconv.Itoa(int(f))), nil
}

// asLifetime is hours in which 0 is for ever, as far as that can be said here.
func asLifetime(n *rubyNode) (*yaml.Node, error) {
	v, err := asNumber(n)
	if err == nil && v.Value == "0" {
		v.Value = strconv.Itoa(mostHours)
	}
	return v, err
}

func asSeconds(n *rubyNode) (*yaml.Node, error) { return asDuration(n, time.Second) }
func asMinutes(n *rubyNode) (*yaml.Node, error) { return asDuration(n, time.Minute) }
func asHours(n *rubyNode) (*yaml.Node, error)   { return asDuration(n, time.Hour) }

func asDuration(n *rubyNode, unit time.Duration) (*yaml.Node, error) {
	f, err := rubyNumber(n)
	if err != nil {
		return nil, err
	}
	if math.Abs(f)*float64(unit) > float64(mostHours*time.Hour) {
		return nil, fmt.Errorf("%s is too much", quote(n.text))
	}
	return ours(n, time.Duration(math.Round(f*float64(unit))).String()), nil
}

// asTexts is a list, or one value alone.
func asTexts(n *rubyNode) (*yaml.Node, error) {
	items := n.list
	if n.shape != yaml.SequenceNode {
		items = []*rubyNode{n}
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: n.line}
	for i, item := range items {
		text, err := asText(item)
		if err != nil {
			return nil, &fieldError{fmt.Sprintf("[%d]", i), item.line, "want text"}
		}
		out.Content = append(out.Content, text)
	}
	return out, nil
}

// asWords is a list, or text that is split at blanks.
func asWords(n *rubyNode) (*yaml.Node, error) {
	if n.shape != yaml.ScalarNode {
		return asTexts(n)
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Line: n.line}
	for _, word := range strings.Fields(n.text) {
		out.Content = append(out.Content, ours(n, word))
	}
	return out, nil
}

var patternSigns = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// asNames is a list of names where we have patterns.
func asNames(n *rubyNode) (*yaml.Node, error) {
	out, err := asTexts(n)
	if err == nil {
		for _, item := range out.Content {
			item.Value = patternSigns.Replace(item.Value)
		}
	}
	return out, err
}

// groupOf is a group whose values are all of one form.
func groupOf(form vmpoolerForm) vmpoolerForm {
	return func(n *rubyNode) (*yaml.Node, error) {
		if n.shape != yaml.MappingNode {
			return nil, errors.New("want a group of keys")
		}
		out := &yaml.Node{Kind: yaml.MappingNode, Line: n.line}
		for _, k := range n.keys {
			if k.value.shape == 0 {
				continue
			}
			v, err := form(k.value)
			if err != nil {
				return nil, &fieldError{"." + clip(k.name), k.line, err.Error()}
			}
			out.Content = append(out.Content, ours(&rubyNode{line: k.line}, k.name), v)
		}
		return out, nil
	}
}

// asAnything is for what has no effect, whatever it says.
func asAnything(n *rubyNode) (*yaml.Node, error) { return ours(n, ""), nil }

// asDomain checks a domain where it is written, not where it is used.
func asDomain(n *rubyNode) (*yaml.Node, error) {
	v, err := asText(n)
	if err == nil {
		_, err = domain().parse(v)
	}
	return v, err
}

// asLinked tells of a false, which vmpooler did not mind.
func asLinked(n *rubyNode) (*yaml.Node, error) {
	b, err := asBool(n)
	if err == nil && b.Value == "true" {
		return nil, nil
	}
	return b, err
}

func asAuthProvider(n *rubyNode) (*yaml.Node, error) {
	v, err := asText(n)
	if err == nil && v.Value != AuthDummy && v.Value != AuthLDAP {
		return nil, fmt.Errorf("%s is not %s or %s", quote(v.Value), AuthDummy, AuthLDAP)
	}
	return v, err
}

// asUnverified reads OpenSSL's verify_mode.
func asUnverified(n *rubyNode) (*yaml.Node, error) {
	f, err := rubyNumber(n)
	if err != nil {
		return nil, err
	}
	return ours(n, strconv.FormatBool(f == 0)), nil
}

// asSimFile keeps off vmpooler's own file, which has another format.
func asSimFile(n *rubyNode) (*yaml.Node, error) {
	v, err := asText(n)
	if err == nil && v.Value != "" {
		v.Value += ".yardmaster"
	}
	return v, err
}
