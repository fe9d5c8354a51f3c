package notice

import (
	"bytes"
	"strings"
)

// concealed stands for every secret.
const concealed = `"***"`

// Conceal gives a JSON text in which the texts of names that carry secrets (tokens, passwords) are replaced by three stars, at any
// depth; all else is as it was. Of what is no JSON it conceals what looks the same. The argument is not changed.
func Conceal(body []byte) []byte {
	var out []byte
	done := 0 // what of body is in out, once there is one
	for at := 0; ; {
		name, next := nextText(body, at)
		if next < 0 {
			break
		}
		at = next
		value := skipBlank(body, at)
		if value >= len(body) || body[value] != ':' || !secret(name) {
			continue
		}
		value = skipBlank(body, value+1)
		if value >= len(body) || body[value] != '"' {
			continue
		}
		_, end := nextText(body, value)
		if end < 0 {
			end = len(body)
		}
		out = append(append(out, body[done:value]...), concealed...)
		done, at = end, end
	}
	if done == 0 {
		return body
	}
	return append(out, body[done:]...)
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
	"access_token", "trust_id"}

func secret(name []byte) bool {
	if len(name) < 6 || len(name) > 64 {
		return false
	}
	lower := strings.ToLower(string(name))
	for _, s := range secretNames {
		if strings.HasSuffix(lower, s) {
			return true
		}
	}
	return false
}
