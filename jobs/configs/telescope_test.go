package configs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

func TestLogsHideWholeSecrets(t *testing.T) {
	x := export{private: private{Secrets: []string{"harbour", "harbour-master", "-----BEGIN KEY-----\nline-one-of-it\nline-two-of-it\n-----END KEY-----"}}}
	x.in.Request.End = time.Now()
	got := x.cut([]byte("a harbour-master b\nline-one-of-it\nc line-two-of-it\nharbour\n"))
	if want := "a *** b\n***\nc ***\n***\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnImportThatCameToNothingLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	d := &Domain{cfg: Platform{ExportDir: dir}}
	if err := os.WriteFile(filepath.Join(dir, "import-1.zip"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	op := store.Operation{Kind: kindImport}
	if err := jobs.SetInput(&op, importInput{"import-1.zip"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := (importKind{onCluster{d}}).Undo(context.Background(), op, nil); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestOnlyOwnFilesAreSweptAway(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	s := &Service{Domain: &Domain{cfg: Platform{ExportDir: dir, ExportKeep: time.Hour}, now: func() time.Time { return now }}}
	own := "01234567-89ab-cdef-0123-456789abcdef.zip"
	for _, name := range []string{own, own + ".part", "import-42.zip", "thesis.zip", "notes.txt"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now.Add(-2*time.Hour), now.Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sweepExports(context.Background()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range left {
		names = append(names, f.Name())
	}
	if got := strings.Join(names, " "); got != "notes.txt thesis.zip" {
		t.Errorf("left %s", got)
	}
}
