package kube

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What stands for a secret's value: in a row, in two sides of which it differs, and anywhere else.
const (
	maskedExpected = "*** (expected)"
	maskedLive     = "*** (live)"
	maskedBefore   = "*** (before)"
	maskedAfter    = "*** (after)"
	masked         = "***"
)

var (
	secretName = regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|private.?key|api.?key|access.?key`)
	secretEnv  = regexp.MustCompile(`(?i)passw|passphrase|secret|token|credential|key|private|pwd|pass($|[_.-])|(^|[_.-])pw($|[_.-])|auth$`)
	secretFlag = regexp.MustCompile(`(?i)(passw|passphrase|secret|token|credential|key)[a-z0-9_.-]*[=: ]`)
	userinfo   = regexp.MustCompile(`(://[^/\s:@"']*:)([^/\s"']+)@`)
)

// spot is one place in an object: where it is, and whether what stands there is secret.
type spot struct {
	key    string // "spec.containers[0].env"
	name   string // of its last field
	kind   string // of the object
	secret bool
	sealed bool // its data is, whatever its kind
	closed bool // the values of all variables are secret, whatever they are called
}

// root is the whole object's spot.
func root(kind string) spot { return spot{kind: kind} }

// field is the spot of one field of a map.
func (s spot) field(name string, in map[string]any) spot {
	f := spot{key: join(s.key, name), name: name, kind: s.kind, secret: s.secret, sealed: s.sealed, closed: s.closed}
	switch {
	case s.secret:
	case (s.kind == "Secret" || s.sealed) && (f.key == "data" || f.key == "stringData"):
		f.secret = true
	case name == annotationLastApplied:
		f.secret = true
	case s.name == "env" && name == "value":
		env, _ := in["name"].(string)
		f.secret = s.closed || secretEnv.MatchString(env)
	case secretName.MatchString(name):
		_, text := in[name].(string)
		f.secret = text && name != "secretName"
	}
	return f
}

// item is the spot of one item of a list. It keeps the list's name, which says what its fields mean.
func (s spot) item(i int, v any) spot {
	f := s
	f.key = fmt.Sprintf("%s[%d]", s.key, i)
	if text, ok := v.(string); ok && (s.name == "args" || s.name == "command") && secretFlag.MatchString(text) {
		f.secret = true
	}
	return f
}

// join writes a field's name behind a path; names with dots stand in brackets, as annotations' do.
func join(path, name string) string {
	if strings.ContainsAny(name, ".[]") {
		return path + "[" + name + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// veil is a copy of v with all that is secret in it replaced.
func (s spot) veil(v any, by string) any {
	if s.secret {
		return by
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = s.field(k, v).veil(e, by)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.item(i, e).veil(e, by)
		}
		return out
	case string:
		return userinfo.ReplaceAllString(v, "${1}"+by+"@")
	}
	return v
}

// secrets are all secret texts in v, as they stand there and as they were before base64.
func (s spot) secrets(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			s.field(k, v).secrets(e, into)
		}
	case []any:
		for i, e := range v {
			s.item(i, e).secrets(e, into)
		}
	case string:
		if !s.secret {
			for _, found := range userinfo.FindAllStringSubmatch(v, -1) {
				into[found[2]] = true
			}
			return
		}
		into[v] = true
		if plain, err := base64.StdEncoding.DecodeString(v); err == nil && s.kind == "Secret" {
			into[string(plain)] = true
		}
	case int64, float64: // a password of digits without quotes is refused, and told
		if s.secret {
			into[fmt.Sprint(v)] = true
		}
	}
}

// concealed keeps an error's meaning, with the manifest's secrets out of its text.
type concealed struct {
	text string
	err  error
}

func (c concealed) Error() string { return c.text }
func (c concealed) Unwrap() error { return c.err }

// tellsNothing is the length below which a secret is looked for in no text: it would be found everywhere.
const tellsNothing = 3

// conceal takes the secrets of a manifest out of an error that the cluster gave for it.
func conceal(manifest map[string]any, err error) error {
	if err == nil {
		return nil
	}
	found := map[string]bool{}
	root(textAt(manifest, "kind")).secrets(manifest, found)
	var all []string
	for s := range found {
		if len(s) >= tellsNothing {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // one may hold another
	text := err.Error()
	for _, s := range all {
		text = strings.ReplaceAll(text, s, masked)
		text = strings.ReplaceAll(text, strings.Trim(fmt.Sprintf("%q", s), `"`), masked)
	}
	if text == err.Error() {
		return err
	}
	return concealed{text, err}
}
