package materialize

import (
	"regexp"
	"strings"
)

var placeholder = regexp.MustCompile(`\$\{\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)\s*\}|\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}`)

// fill puts values in for the placeholders of a text and keeps its lines. What looks like a placeholder of a release's configs and
// has no value is a fault; other people's templates (shell variables, alert labels) stay.
func fill(file, text string, values map[string]string, f *faults) string {
	if !strings.Contains(text, "${") && !strings.Contains(text, "{{") {
		return text
	}
	var out strings.Builder
	done := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[done:m[0]])
		done = m[1]
		whole := text[m[0]:m[1]]
		name, ours := placeholderName(text, m)
		value, known := values[name]
		switch {
		case !known && ours:
			f.add(&Error{File: file, Line: 1 + strings.Count(text[:m[0]], "\n"), Reason: "placeholder " + shorten(whole) + " has no value"})
		case !known:
			value = whole
		case strings.ContainsAny(value, "\r\n"):
			f.add(&Error{File: file, Line: 1 + strings.Count(text[:m[0]], "\n"), Reason: "the value of placeholder " + whole + " has a line break"})
		}
		out.WriteString(value)
	}
	out.WriteString(text[done:])
	return out.String()
}

// placeholderName is what stands between the brackets, and whether only a release's configs write it so.
func placeholderName(text string, m []int) (name string, ours bool) {
	if m[2] >= 0 {
		name = text[m[2]:m[3]]
		return name, strings.HasPrefix(name, "ib.")
	}
	name = text[m[4]:m[5]]
	return name, name == strings.ToUpper(name)
}
