package native

import (
	"bytes"
	"encoding/json"
	"fmt"

	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
)

// split makes messages of a body: one JSON value, the elements of an array of them, or a value a line. A value is a notification,
// or what StackTach keeps of one: an array of its routing key and itself. What is no JSON at all is left to become a dead letter.
func split(body []byte, as eventjobs.Incoming) ([]eventjobs.Incoming, error) {
	text := bytes.TrimSpace(body)
	if len(text) == 0 {
		return nil, &filterError{"body", "is empty"}
	}
	values := elements(text, splitMost+1)
	switch {
	case isPair(values) || values == nil && json.Valid(text):
		values = [][]byte{text}
	case values == nil:
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				values = append(values, line)
			}
			if len(values) > splitMost {
				break
			}
		}
	}
	if len(values) > splitMost {
		return nil, fmt.Errorf("%w: more than %d notifications", rest.ErrTooLarge, splitMost)
	}
	out := make([]eventjobs.Incoming, 0, len(values))
	for _, v := range values {
		m := as
		m.Body = v
		if pair := elements(v, 3); isPair(pair) {
			key, err := readKey(pair[0])
			if err != nil {
				return nil, err
			}
			m.RoutingKey, m.Body = key, pair[1]
		}
		out = append(out, m)
	}
	return out, nil
}

// isPair: a routing key and a notification.
func isPair(all [][]byte) bool { return len(all) == 2 && all[0][0] == '"' }

// readKey reads the routing key of a pair, which is a JSON text and has the bounds of the query's. It may be as long as the body: what is
// too long, however it is written, is not copied.
func readKey(quoted []byte) (string, error) {
	const longest = len(`\u0000`)*keyMost + len(`""`)
	var key string
	if len(quoted) > longest || json.Unmarshal(quoted, &key) != nil || !plain(key, keyMost) {
		return "", notPlain("routing_key", keyMost)
	}
	return key, nil
}

// elements are the first of a JSON array, each a piece of it, and at most so many; nil of anything else.
func elements(v []byte, most int) [][]byte {
	if len(v) == 0 || v[0] != '[' || !json.Valid(v) {
		return nil
	}
	all, depth, inText := [][]byte{}, 0, false
	for i, from := 1, 1; i < len(v) && len(all) < most; i++ {
		switch c := v[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			depth++
		case depth > 0 && (c == ']' || c == '}'):
			depth--
		case depth == 0 && (c == ',' || c == ']'):
			if e := bytes.TrimSpace(v[from:i]); len(e) > 0 {
				all = append(all, e)
			}
			from = i + 1
		}
	}
	return all
}
