package notice

import "strconv"

// kind is what a value is in JSON.
type kind uint8

const (
	absent kind = iota
	null
	text
	number
	boolean
	object
	list
)

// value is one value where it stands in the message. A text is without its quotes, and still escaped.
type value struct {
	raw   []byte
	kind  kind
	plain bool // of a text: ASCII without escapes
}

// scanner reads JSON once, from the front, and checks all of it, also what nobody asks for. It accepts what encoding/json
// accepts, up to a depth. The first thing that is wrong stays in wrong, and ends every loop: nothing is read after it.
type scanner struct {
	data  []byte
	pos   int
	left  int // how many more levels may be opened
	wrong string
}

func (s *scanner) fail(reason string) {
	if s.wrong == "" {
		s.wrong = "not JSON at byte " + strconv.Itoa(s.pos) + ": " + reason
	}
	s.pos = len(s.data)
}

// peek is the next byte that is not blank; 0 at the end, which no JSON holds outside of texts.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// document reads one object that is all of the data.
func (s *scanner) document(visit func(key []byte)) {
	if s.peek() != '{' {
		s.fail("a notification is an object")
		return
	}
	s.walk(visit)
	s.peek()
	if s.pos < len(s.data) {
		s.fail("something follows the notification")
	}
}

// walk visits the fields of the object that comes next. The visitor must take each value.
func (s *scanner) walk(visit func(key []byte)) {
	s.open()
	for more := s.peek() != '}'; more && s.wrong == ""; more = s.another('}') {
		if key := s.key(); key != nil {
			visit(key)
		}
	}
	s.close()
}

// versionedData is the field of a versioned object that holds all that counts.
const versionedData = "nova_object.data"

// fields is walk for what may be an object or anything else, which has no fields, and may be versioned: then its fields are those
// of its data, and it says so. First the visitor is called with a nil key: forget what an earlier value of the same name said,
// for the last one counts.
func (s *scanner) fields(visit func(key []byte)) (versioned bool) {
	visit(nil)
	if s.peek() != '{' {
		s.skip()
		return false
	}
	s.walk(func(key []byte) {
		switch {
		case string(key) == versionedData:
			versioned = true
			s.fields(visit)
		case versioned:
			s.skip()
		default:
			visit(key)
		}
	})
	return versioned
}

// items visits what the next value lists; what is no list has nothing.
func (s *scanner) items(visit func()) {
	if s.peek() != '[' {
		s.skip()
		return
	}
	s.open()
	for more := s.peek() != ']'; more && s.wrong == ""; more = s.another(']') {
		visit()
	}
	s.close()
}

func (s *scanner) open() {
	if s.left--; s.left < 0 {
		s.fail("nested too deep")
		return
	}
	s.pos++
}

// close takes the bracket that another or peek has seen.
func (s *scanner) close() {
	s.left++
	if s.wrong == "" {
		s.pos++
	}
}

// another says whether a comma comes, and takes it; else the end must come.
func (s *scanner) another(end byte) bool {
	switch c := s.peek(); {
	case s.wrong != "":
		return false
	case c == ',':
		s.pos++
		return true
	case c == end:
		return false
	default:
		s.fail("a comma or the end of an object or a list is missing")
		return false
	}
}

// key takes a name and its colon. It is nil only if there is none.
func (s *scanner) key() []byte {
	if s.peek() != '"' {
		s.fail("a name is missing")
		return nil
	}
	v := s.text()
	if s.peek() != ':' {
		s.fail("a colon is missing")
		return nil
	}
	s.pos++
	if v.plain {
		return v.raw
	}
	return appendText(make([]byte, 0, len(v.raw)), v.raw)
}

// value takes the next value as it stands.
func (s *scanner) value() value {
	c := s.peek()
	if c == '"' {
		return s.text()
	}
	from := s.pos
	k := s.skip()
	if s.wrong != "" {
		return value{}
	}
	return value{raw: s.data[from:s.pos], kind: k}
}

// skip takes the next value, and says what it was.
func (s *scanner) skip() kind {
	switch c := s.peek(); c {
	case '"':
		s.text()
		return text
	case '{':
		s.open()
		for more := s.peek() != '}'; more && s.wrong == ""; more = s.another('}') {
			s.key()
			s.skip()
		}
		s.close()
		return object
	case '[':
		s.open()
		for more := s.peek() != ']'; more && s.wrong == ""; more = s.another(']') {
			s.skip()
		}
		s.close()
		return list
	case 't':
		s.word("true")
		return boolean
	case 'f':
		s.word("false")
		return boolean
	case 'n':
		s.word("null")
		return null
	default:
		s.number()
		return number
	}
}

func (s *scanner) word(w string) {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		s.fail("a value is missing")
		return
	}
	s.pos += len(w)
}

func (s *scanner) number() {
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	switch {
	case s.pos < len(s.data) && s.data[s.pos] == '0':
		s.pos++
	case s.digits() == 0:
		s.fail("a value is missing")
		return
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if s.digits() == 0 {
			s.fail("a number ends in its point")
			return
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			s.fail("a number has no exponent")
		}
	}
}

func (s *scanner) digits() int {
	from := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos - from
}
