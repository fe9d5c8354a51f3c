package notice

import "strconv"

// empty says that a value counts as nothing: it is not there, null, the empty text, zero or false, or an object or list, none of
// which names anything.
func (v value) empty() bool {
	switch v.kind {
	case text:
		return len(v.raw) == 0
	case number, boolean:
		return string(v.raw) == "0" || string(v.raw) == "false"
	default:
		return true
	}
}

// column is the value as a text that may be null. A number or a truth value is as it was written, an object or a list null.
func (v value) column() Text {
	switch v.kind {
	case text:
		return Text{v.string(), true}
	case number, boolean:
		return Text{string(v.raw), true}
	default:
		return Text{}
	}
}

// columnOr is column with a text for what is not there at all.
func (v value) columnOr(missing string) Text {
	if v.kind == absent {
		return Text{missing, true}
	}
	return v.column()
}

// or is the value, or another one if it is not there at all.
func (v value) or(other value) value {
	if v.kind == absent {
		return other
	}
	return v
}

// orIfEmpty is the value, or another one if it counts as nothing.
func (v value) orIfEmpty(other value) value {
	if v.empty() {
		return other
	}
	return v
}

// count reads a value that should be a whole number, be it in a text. Null, the empty text and nothing are 0.
func (v value) count(field string) (int64, *Error) {
	switch {
	case v.kind == absent, v.kind == null, v.kind == text && len(v.raw) == 0:
		return 0, nil
	case v.kind != text && v.kind != number:
		return 0, &Error{field, "not a number"}
	}
	s := v.column().S
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	const most = 1 << 53 // beyond it a float is not exact
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f > most || f < -most {
		return 0, &Error{field, excerpt(s) + " is no whole number"}
	}
	return int64(f), nil
}
