package materialize

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	targetComment = regexp.MustCompile(`^#\s*[Tt]arget\s*:\s*(.*?)\s*$`)
	targetName    = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$`)
)

// ParsePatches reads the patches of one text: YAML documents, each with a target of its own, or JSON. The target is that of the comment
// `# target: x` above the body, else of the JSON patch's "target", else metadata.name; a patch without one is refused. Every error
// is an *Error; all faults of a text are joined, up to 20, and then there are no patches.
func ParsePatches(file, text string) ([]Patch, error) {
	if len(text) > maxBytes {
		return nil, &Error{File: file, Reason: fmt.Sprintf("has %d bytes, %d are allowed", len(text), maxBytes)}
	}
	r := patchReader{file: file}
	for _, c := range split(text) {
		if r.faults.full() {
			break
		}
		r.chunk(c)
	}
	if r.carried != "" {
		r.fault(r.carriedLine, "target "+r.carried+" has no patch below it")
	} else if len(r.patches) == 0 && len(r.faults.all) == 0 {
		r.fault(0, "holds no patch")
	}
	if err := r.faults.err(); err != nil {
		return nil, err
	}
	return r.patches, nil
}

// patchReader reads the patches of one text.
type patchReader struct {
	file        string
	patches     []Patch
	carried     string // target of a comment that stands before a separator
	carriedLine int
	faults      faults
}

func (r *patchReader) fault(line int, reason string) {
	r.faults.add(&Error{File: r.file, Line: line, Reason: reason})
}

func (r *patchReader) chunk(c chunk) {
	c = c.trim()
	target, line, ok := r.comment(c)
	if !ok {
		return
	}
	if _, some := c.content(); !some {
		if target != "" {
			r.carried, r.carriedLine = target, line
		}
		return
	}
	if target == "" {
		target = r.carried
	}
	r.carried = ""
	if values(c.text) > maxValues {
		r.faults.add(tooMany(r.file, c))
		return
	}
	v, err := decode(c.text)
	if err != nil {
		r.faults.add(faultsOf(r.file, c.line, err)...)
		return
	}
	if v == nil {
		return
	}
	compiled, m := compile(v)
	if m != nil {
		r.faults.add(m.in(r.file, c.text, c.line))
		return
	}
	if len(r.patches) >= maxDocuments {
		r.fault(c.line, fmt.Sprintf("more than %d patches", maxDocuments))
		return
	}
	r.take(c, compiled, target)
}

// comment reads the target comment among the comments above the content.
func (r *patchReader) comment(c chunk) (target string, line int, ok bool) {
	end, some := c.content()
	n := 0
	for l := range strings.Lines(c.text) {
		if some && n >= end {
			break
		}
		n++
		m := targetComment.FindStringSubmatch(strings.TrimSpace(l))
		switch {
		case m == nil:
		case !fitTarget(m[1]):
			r.fault(c.line+n-1, "target "+shorten(m[1])+" is no name of an object or label")
			return "", 0, false
		case target != "" && target != m[1]:
			r.fault(c.line+n-1, "has two targets, "+target+" and "+m[1])
			return "", 0, false
		default:
			target, line = m[1], c.line+n-1
		}
	}
	return target, line, true
}

func fitTarget(s string) bool { return len(s) <= 317 && targetName.MatchString(s) }

func (r *patchReader) take(c chunk, compiled *Compiled, target string) {
	for _, t := range []string{compiled.target, compiled.name} {
		if target == "" {
			target = t
		}
	}
	switch {
	case target == "":
		r.fault(c.line, "has no target: neither a comment `# target: name` above it, nor a field target, nor metadata.name")
		return
	case !fitTarget(target):
		r.fault(c.line, "target "+shorten(target)+" is no name of an object or label")
		return
	}
	r.patches = append(r.patches, Patch{
		Target: target, Kind: compiled.kind, Format: compiled.format(),
		Body: c.text, File: r.file, Line: c.line, Comment: compiled.comment,
	})
}
