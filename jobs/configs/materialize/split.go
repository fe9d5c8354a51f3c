package materialize

import (
	"fmt"
	"strings"
)

// chunk is one document of a text, as given.
type chunk struct {
	text string
	line int // of text's first line, from 1
}

// split cuts a text at its document separators. Chunks without content stay, for their comments.
func split(text string) []chunk {
	text = strings.TrimPrefix(text, "\ufeff")
	var all []chunk
	var now strings.Builder
	start, line := 1, 0
	flush := func(next int) {
		all = append(all, chunk{text: now.String(), line: start})
		now.Reset()
		start = next
	}
	for l := range strings.Lines(text) {
		line++
		rest, marker := cutMarker(l)
		switch {
		case !marker:
			now.WriteString(l)
		case strings.TrimSpace(rest) == "":
			flush(line + 1)
		default:
			flush(line)
			now.WriteString(rest)
		}
	}
	flush(line + 1)
	return all
}

// cutMarker says whether a line begins or ends a document, and what stands behind the marker.
func cutMarker(line string) (rest string, marker bool) {
	if !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "...") {
		return "", false
	}
	rest = line[3:]
	if rest == "" || strings.ContainsRune(" \t\r\n", rune(rest[0])) {
		return strings.TrimLeft(rest, " \t"), true
	}
	return "", false
}

// content is the number of the first line in a chunk that is neither blank nor comment nor directive, from 0; false if there is none.
func (c chunk) content() (int, bool) {
	n := 0
	for l := range strings.Lines(c.text) {
		l = strings.TrimSpace(l)
		if l != "" && l[0] != '#' && l[0] != '%' {
			return n, true
		}
		n++
	}
	return 0, false
}

// trim leaves out blank lines at the beginning and ends the text in one newline.
func (c chunk) trim() chunk {
	for {
		l, rest, more := strings.Cut(c.text, "\n")
		if !more || strings.TrimSpace(l) != "" {
			break
		}
		c.text = rest
		c.line++
	}
	c.text = strings.TrimRight(c.text, " \t\r\n") + "\n"
	return c
}

// values is how many values a text has at most: each begins a list or map, or follows a comma, a dash or a colon.
func values(text string) int {
	n := 0
	for i := range len(text) {
		switch text[i] {
		case ',', '[', '{':
			n++
		case '-', ':', '?':
			if i+1 == len(text) || strings.IndexByte(" \t\r\n", text[i+1]) >= 0 {
				n++
			}
		}
	}
	return n
}

func tooMany(file string, c chunk) *Error {
	return &Error{File: file, Line: c.line, Reason: fmt.Sprintf("has too many values, %d are allowed in a document", maxValues)}
}

// shorten is for words of others in an error.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
