package deploymanager

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"yardmaster/server/rest"
)

// form is what a request brings: fields of its body, or else of its query, and files. Whatever way they were sent in, fields are
// texts; those of JSON that are none stand as their JSON does.
type form struct {
	values map[string][]string
	query  url.Values
	files  []file
	faults []string
}

// file is one that was uploaded.
type file struct {
	name string
	body []byte
}

// mostParts bounds the parts of one upload.
const mostParts = 1000

// readForm takes JSON by its first letter, whatever type the client gave it, since scripts send it as a form.
func readForm(r *http.Request) (*form, error) {
	f := &form{values: map[string][]string{}, query: r.URL.Query()}
	if r.Body == nil {
		return f, nil
	}
	body := bufio.NewReader(r.Body)
	head, err := body.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, bodyFault(err)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case firstLetter(head) == '{':
		return f, f.readJSON(body)
	case kind == "multipart/form-data" && len(head) > 0:
		return f, f.readParts(body, boundary(params, head))
	case kind == "application/json" && firstLetter(head) != 0:
		return nil, &rest.BodyError{Err: errors.New("is no JSON object")}
	case err != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/"):
		return nil, &rest.BodyError{Err: fmt.Errorf("content type: %w", err)}
	}
	return f, f.readFields(body)
}

// peeked is how far the first letter, or the first line of parts, is looked for.
const peeked = 256

const byteOrderMark = "\ufeff"

// firstLetter is the first byte that is no blank; 0 if there is none.
func firstLetter(head []byte) byte {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte(byteOrderMark)))
	if len(head) == 0 {
		return 0
	}
	return head[0]
}

// boundary is what a client forgets that sets the content type by hand; then the first line of the body tells it.
func boundary(params map[string]string, head []byte) string {
	if b := params["boundary"]; b != "" {
		return b
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	b, is := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("--"))
	if !is {
		return ""
	}
	return string(b)
}

func (f *form) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return bodyFault(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte(byteOrderMark)), &fields); err != nil {
		return &rest.BodyError{Err: err}
	}
	for name, value := range fields {
		f.values[name] = texts(value)
	}
	return nil
}

// texts are the elements of a list, or the one value that is none; nothing for null.
func texts(value json.RawMessage) []string {
	if value = bytes.TrimSpace(value); value[0] != '[' {
		return text(value)
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return []string{string(value)}
	}
	all := []string{}
	for _, e := range elements {
		all = append(all, text(bytes.TrimSpace(e))...)
	}
	return all
}

func text(value json.RawMessage) []string {
	var s string
	switch {
	case string(value) == "null":
		return nil
	case json.Unmarshal(value, &s) == nil:
		return []string{s}
	}
	return []string{string(value)}
}

func (f *form) readFields(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return bodyFault(err)
	}
	values, err := url.ParseQuery(strings.TrimSpace(string(raw)))
	if err != nil {
		return &rest.BodyError{Err: err}
	}
	f.values = values
	return nil
}

func (f *form) readParts(body io.Reader, boundary string) error {
	if boundary == "" {
		return &rest.BodyError{Err: errors.New("has no multipart boundary")}
	}
	parts := multipart.NewReader(body, boundary)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return &rest.BodyError{Err: errors.New("has no parts")}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return bodyFault(err)
		case n == mostParts:
			return &rest.BodyError{Err: fmt.Errorf("has more than %d parts", mostParts)}
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			return bodyFault(err)
		}
		f.take(part.FormName(), part.FileName(), raw)
	}
}

// take knows a file by its name; the field "file" is one even without.
func (f *form) take(field, name string, raw []byte) {
	switch {
	case name != "":
		f.files = append(f.files, file{name, raw})
	case field == "file":
		f.files = append(f.files, file{field, raw})
	default:
		f.values[field] = append(f.values[field], string(raw))
	}
}

// bodyFault tells a body that is too long from one that is broken.
func bodyFault(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return fmt.Errorf("%w: more than %d bytes", rest.ErrTooLarge, long.Limit)
	}
	return &rest.BodyError{Err: err}
}
