package notice

import (
	"bytes"
	"encoding/json"
	"strings"
)

// concealed stands for every secret.
const concealed = `"***"`

// deepestText is how many texts of JSON within each other are looked into.
const deepestText = 4

// Conceal gives a JSON text in which the values of names that carry secrets (tokens, passwords) are replaced by three stars, at any
// depth, also in JSON that is a text in it; all else is as it was. Of what is no JSON it conceals what looks the same. The argument
// is not changed.
func Conceal(body []byte) []byte { return conceal(body, deepestText) }

func conceal(body []byte, depth int) []byte {
	var out []byte
	done := 0 // what of body is in out, once there is one
	replace := func(from, to int, by []byte) {
		out = append(append(out, body[done:from]...), by...)
		done = to
	}
	for at := 0; ; {
		name, next := nextText(body, at)
		if next < 0 {
			break
		}
		open := next - len(name) - 2
		at = next
		colon := skipBlank(body, at)
		if colon >= len(body) || body[colon] != ':' {
			if within := inner(body[open:next], depth); within != nil {
				replace(open, next, within)
			}
			continue
		}
		if !secret(name) {
			continue
		}
		value := skipBlank(body, colon+1)
		if end := valueEnd(body, value); end > value && string(body[value:end]) != "null" {
			replace(value, end, []byte(concealed))
			at = end
		}
	}
	if done == 0 {
		return body
	}
	return append(out, body[done:]...)
}

// inner is a text, in its quotes, that holds JSON with secrets, with those concealed; nil if it is none.
func inner(quoted []byte, depth int) []byte {
	if depth == 0 || len(quoted) < 4 || (quoted[1] != '{' && quoted[1] != '[') {
		return nil
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil
	}
	within := conceal([]byte(text), depth-1)
	if string(within) == text {
		return nil
	}
	again, err := json.Marshal(string(within))
	if err != nil {
		return nil
	}
	return again
}

// valueEnd is the place behind the value that begins there: a text, a list or an object to its end, else up to what ends it.
func valueEnd(body []byte, at int) int {
	depth := 0
	for i := at; i < len(body); i++ {
		switch c := body[i]; c {
		case '"':
			_, end := nextText(body, i)
			if end < 0 {
				return len(body)
			}
			if i = end - 1; depth == 0 {
				return end
			}
		case '{', '[':
			depth++
		case '}', ']', ',', '\n':
			if depth == 0 {
				return i
			}
			if c == '}' || c == ']' {
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	return len(body)
}

// nextText is the next text in quotes, without them, and the place behind it; -1 if there is none.
func nextText(body []byte, at int) (inside []byte, next int) {
	open := bytes.IndexByte(body[at:], '"')
	if open < 0 {
		return nil, -1
	}
	begin := at + open + 1
	for i := begin; i < len(body); {
		shut := bytes.IndexByte(body[i:], '"')
		if shut < 0 {
			return nil, -1
		}
		i += shut
		back := i
		for back > begin && body[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return body[begin:i], i + 1
		}
		i++
	}
	return nil, -1
}

func skipBlank(body []byte, at int) int {
	for at < len(body) && (body[at] == ' ' || body[at] == '\t' || body[at] == '\n' || body[at] == '\r') {
		at++
	}
	return at
}

// secretNames end the names of what nobody may read, in lower case.
var secretNames = []string{"auth_token", "auth-token", "authtoken", "password", "passwd", "admin_pass", "adminpass", "new_pass", "secret", "private_key",
	"access_token", "trust_id", "api_key", "credential", "credentials"}

func secret(name []byte) bool {
	if len(name) < 5 || len(name) > 256 {
		return false
	}
	plain := string(name)
	if bytes.IndexByte(name, '\\') >= 0 && json.Unmarshal([]byte(`"`+plain+`"`), &plain) != nil {
		return false
	}
	lower := strings.ToLower(plain)
	if lower == "token" {
		return true
	}
	for _, s := range secretNames {
		if strings.HasSuffix(lower, s) {
			return true
		}
	}
	return false
}
