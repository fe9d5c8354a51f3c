package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// files is a disk for the loader.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

// keyed is the least that a server needs to start.
const keyed = "heketi: {admin_key: adminsecret, user_key: usersecret, executor: sim}\n"

// source is what one case hands to Load.
type source struct {
	yaml  string
	args  []string
	env   []string
	files files
}

func (s source) load() (Config, Warnings, error) {
	disk := files{"y.yaml": s.yaml}
	for name, data := range s.files {
		disk[name] = data
	}
	return Load(append([]string{"--config", "y.yaml"}, s.args...), s.env, disk.read)
}

func mustLoad(t *testing.T, s source) (Config, Warnings) {
	t.Helper()
	c, w, err := s.load()
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c, w
}

// wantError requires one line that has all the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("error has more than one line: %q", err)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("error is a %T, want *Error", err)
	}
}

func contains(w Warnings, part string) bool {
	return strings.Contains(strings.Join(w, "\n"), part)
}

func hex64(digit string) string { return strings.Repeat(digit, 64) }

func bcryptLike() string { return fmt.Sprintf("$2y$10$%s", strings.Repeat("a", 53)) }
