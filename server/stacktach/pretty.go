package stacktach

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
)

// deepest is how many levels are indented; what lies deeper stays on its line, so that the text stays within a multiple of the body.
const deepest = 32

// pretty prints JSON as json.dumps with an indent of two does: a blank at the end of lines that go on, ASCII alone, numbers as Python
// reads them. Keys keep their order. What is no JSON is given as it is.
func pretty(raw []byte) string {
	if !json.Valid(raw) {
		return string(raw)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	p := printer{out: make([]byte, 0, 2*len(raw))}
	for {
		token, err := dec.Token()
		if err == io.EOF || err != nil {
			return string(p.out)
		}
		p.token(token)
	}
}

// printer holds the levels that are open.
type printer struct {
	out    []byte
	levels []level
}

type level struct {
	object bool
	values int
	key    bool // a key was printed, its value follows
}

func (p *printer) token(t json.Token) {
	if d, ok := t.(json.Delim); ok && (d == ']' || d == '}') {
		p.end(byte(d))
		return
	}
	p.begin()
	switch t := t.(type) {
	case json.Delim:
		p.out = append(p.out, byte(t))
		p.levels = append(p.levels, level{object: t == '{'})
	case string:
		p.out = appendASCII(p.out, t)
	case json.Number:
		p.out = appendNumber(p.out, t.String())
	case bool:
		p.out = strconv.AppendBool(p.out, t)
	case nil:
		p.out = append(p.out, "null"...)
	}
}

// begin prints what stands before a value or a key.
func (p *printer) begin() {
	if len(p.levels) == 0 {
		return
	}
	top := &p.levels[len(p.levels)-1]
	if top.key {
		top.key = false
		p.out = append(p.out, ": "...)
		return
	}
	if top.values > 0 {
		p.out = append(p.out, ", "...)
	}
	top.values++
	top.key = top.object
	p.line(len(p.levels))
}

func (p *printer) end(closing byte) {
	if p.levels[len(p.levels)-1].values > 0 {
		p.line(len(p.levels) - 1)
	}
	p.levels = p.levels[:len(p.levels)-1]
	p.out = append(p.out, closing)
}

func (p *printer) line(depth int) {
	if len(p.levels) > deepest {
		return
	}
	p.out = append(p.out, '\n')
	for range depth {
		p.out = append(p.out, "  "...)
	}
}

// appendNumber keeps integers of any length; a float that is too large for one stays as it came.
func appendNumber(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ".eE") {
		if s == "-0" {
			s = "0"
		}
		return append(b, s...)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return append(b, s...)
	}
	return appendFloat(b, f)
}
