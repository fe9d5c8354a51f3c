package kv_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yardmaster/store/kv"
)

// child starts the test binary in another role on a file.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

// childHolds keeps the file open until its parent kills it, or ends and with it the input.
func childHolds(path string) {
	opts := options()
	opts.Holder = "serving the tests"
	if _, err := kv.Open(path, opts); err != nil {
		die(err)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestASecondProcessIsRefusedAndToldWhoHoldsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	cmd, out := child(t, "hold", path)
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if line, err := out.ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	_, err := kv.Open(path, options())
	want(t, err, kv.ErrLocked)
	for _, part := range []string{path, fmt.Sprintf("pid %d ", cmd.Process.Pid), "serving the tests", "is running", "2024-05-06T12:00:00Z"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not mention %q: %v", part, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	closeDB(t, openAt(t, path))
}

func TestTheHoldersNoteGoesWithIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if _, err := os.Stat(path + ".holder"); err != nil {
		t.Error(err)
	}
	closeDB(t, d)
	if _, err := os.Stat(path + ".holder"); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestALockedFileIsExplainedAsFarAsItsNoteGoes(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ note, want string }{
		"no note":      {"", "left no note"},
		"not a note":   {"hello\n", "does not say who"},
		"another host": {"pid 1\nhost elsewhere\ncommand x\n", "probably held by pid 1 on host elsewhere"},
		"gone":         {"pid 2147483647\nhost " + host + "\n", "which is gone; another process has the file now"},
		"forged lines": {"pid 1\nhost a\x1b[31mb\rc\n", "on host a [31mb c,"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			openAt(t, path)
			if err := os.Remove(path + ".holder"); err != nil {
				t.Fatal(err)
			}
			if tc.note != "" {
				if err := os.WriteFile(path+".holder", []byte(tc.note), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := kv.Open(path, options())
			want(t, err, kv.ErrLocked)
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	_, err := kv.Open(path, kv.Options{})
	want(t, err, kv.ErrBadOptions)
	opts := options()
	opts.LockTimeout = -1
	_, err = kv.Open(path, opts)
	want(t, err, kv.ErrBadOptions)
	_, err = kv.Open(filepath.Join(path, "no", "such", "directory"), options())
	want(t, err, os.ErrNotExist)
}

func FuzzHolderNote(f *testing.F) {
	f.Add("pid 12\nhost a\nstarted 2024-05-06T12:00:00Z\ncommand yardmaster\nname b\n")
	f.Add("pid -1\npid 99999999999999999999\nhost\n\nx")
	f.Add("pid 7\r\nhost \x00\x1b[0m\u2028b")
	f.Fuzz(func(t *testing.T, text string) {
		said := kv.Describe(text)
		if strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' }) {
			t.Errorf("control characters got through: %q", said)
		}
	})
}
