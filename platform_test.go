package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestASecretIsWrittenDownBeforeItIsUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "admin-password")
	if err := os.WriteFile(file, []byte("older\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	refused := errors.New("refused")
	if err := leaveIn(file, "newer", func() error { return refused }); !errors.Is(err, refused) || read() != "older\n" {
		t.Errorf("got %v, and %q is kept", err, read())
	}
	if err := leaveIn(file, "newer", func() error { return nil }); err != nil || read() != "newer\n" {
		t.Errorf("got %v, and %q is kept", err, read())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	used := false
	if err := leaveIn(filepath.Join(dir, "nowhere", "x"), "newer", func() error { used = true; return nil }); err == nil || used {
		t.Errorf("used: %v, %v", used, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}
