package vsphere

import (
	"encoding/json"
	"strings"
	"time"
)

// note is what a machine's annotation says of it, for people who meet it in vCenter. Fields that somebody added are kept.
type note struct {
	Name      string
	CreatedBy string
	Template  string
	Created   time.Time
	Mark      string // as given to Create
	User      string // who has it checked out
}

// The fields of the annotation; the first four are vmpooler's.
const (
	noteName     = "name"
	noteCreator  = "created_by"
	noteTemplate = "base_template"
	noteCreated  = "creation_timestamp"
	noteMark     = "mark"
	noteUser     = "user"
	noteText     = "notes" // what was there before, if it was no such note
)

// noteMost is how long an annotation may be that is read as a note.
const noteMost = 64 << 10

func (n note) text() string {
	f := fields{}
	f.set(noteName, n.Name)
	f.set(noteCreator, n.CreatedBy)
	f.set(noteTemplate, n.Template)
	f.set(noteCreated, n.Created.Format(time.RFC3339))
	if n.Mark != "" {
		f.set(noteMark, n.Mark)
	}
	return f.text()
}

// fields are those of an annotation.
type fields map[string]json.RawMessage

func (f fields) set(name, value string) { f[name] = json.RawMessage(encode(value)) }

func (f fields) text() string { return encode(f) }

// encode gives JSON that people can read. Strings, and what was decoded before, always encode.
func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

// read gives the fields of an annotation, nil if it is no note of ours.
func read(annotation string) fields {
	var f fields
	if len(annotation) > noteMost || json.Unmarshal([]byte(annotation), &f) != nil {
		return nil
	}
	return f
}

// value is one field, "" if it is none.
func (f fields) value(name string) (text string) {
	_ = json.Unmarshal(f[name], &text) // anything but a string is none
	return text
}

// tagged puts a user into an annotation; "" takes the user out.
func tagged(annotation, user string) string {
	f := read(annotation)
	if f == nil {
		f = fields{}
		if annotation != "" {
			f.set(noteText, annotation)
		}
	}
	if delete(f, noteUser); user != "" {
		f.set(noteUser, user)
	}
	return f.text()
}
